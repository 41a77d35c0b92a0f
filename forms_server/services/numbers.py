"""IINs and BINs typed outside of forms: who signs, and whose an account is."""

from __future__ import annotations

from forms_server.errors import ServiceError
from forms_server.fields.identity import is_check_digit_right

DIGITS = 12


def read_number(typed: str, *, code: str) -> str | None:
    """An IIN or BIN as typed, with spaces or dashes; ``None`` if empty, refuses with ``code``."""
    digits = "".join(typed.replace("-", " ").split())
    if not digits:
        return None
    is_number = len(digits) == DIGITS and digits.isascii() and digits.isdecimal()
    if not is_number or not is_check_digit_right(digits):
        raise ServiceError(code)
    return digits
