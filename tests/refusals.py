"""That something is refused by its code, and said to people."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from forms_server.errors import FormsServerError


@contextmanager
def refused(code: str) -> Iterator[None]:
    """What is done in the block ends with this refusal, for which there are words."""
    with pytest.raises(FormsServerError) as refusal:
        yield
    assert refusal.value.code == code, refusal.value
    assert all(refusal.value.say(language) for language in ("kk", "ru", "en"))
