"""What an installation decides about keys on tokens: the seal's and persons'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from forms_server.errors import SettingsError
from forms_server.trust_settings import optional_file

MODULE = "FORMS_SERVER_PKCS11_MODULE"
SEAL_TOKEN = "FORMS_SERVER_SEAL_TOKEN"  # noqa: S105 - the name of a variable
SEAL_KEY_LABEL = "FORMS_SERVER_SEAL_KEY_LABEL"
SEAL_PIN_FILE = "FORMS_SERVER_SEAL_PIN_FILE"
SEAL_CHAIN_FILE = "FORMS_SERVER_SEAL_CHAIN_FILE"
PERSONS_TOKEN = "FORMS_SERVER_PERSONS_TOKEN"  # noqa: S105 - the name of a variable
SEAL_KEY_FILE = "FORMS_SERVER_SEAL_KEY_FILE"
SEAL_PASSWORD_FILE = "FORMS_SERVER_SEAL_PASSWORD_FILE"  # noqa: S105 - the name of a variable

NEEDED = {
    SEAL_TOKEN: (MODULE, SEAL_KEY_LABEL, SEAL_PIN_FILE),
    SEAL_KEY_LABEL: (SEAL_TOKEN,),
    SEAL_PIN_FILE: (SEAL_TOKEN,),
    PERSONS_TOKEN: (MODULE,),
}
"""A setting, and what it does not work without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """Where keys lie that are in no file: PKCS#11 module, tokens by label, the seal's PIN file.

    ``seal_key_label`` is a label or ``id:`` and hexadecimal digits. ``persons_token`` may hold
    ``{label}``, for which the label of a person's key is put: a token each. ``seal_chain_file`` has
    the certificates above the seal's, whatever kind of key that is.
    """

    module: Path | None = None
    seal_token: str | None = None
    seal_key_label: str | None = None
    seal_pin_file: Path | None = None
    seal_chain_file: Path | None = None
    persons_token: str | None = None

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> KeySettings:
        """Refuses with ``settings-…`` two kinds of key, half a key, and one token for both uses."""
        _check_seal(environment)
        _check_complete(environment)
        settings = cls(
            module=optional_file(environment, MODULE),
            seal_token=environment.get(SEAL_TOKEN) or None,
            seal_key_label=environment.get(SEAL_KEY_LABEL) or None,
            seal_pin_file=optional_file(environment, SEAL_PIN_FILE),
            seal_chain_file=optional_file(environment, SEAL_CHAIN_FILE),
            persons_token=environment.get(PERSONS_TOKEN) or None,
        )
        if settings.persons_token and settings.persons_token == settings.seal_token:
            raise SettingsError("settings-tokens-same", token=settings.seal_token)
        return settings


def _check_seal(environment: Mapping[str, str]) -> None:
    if environment.get(SEAL_KEY_FILE) and environment.get(SEAL_TOKEN):
        raise SettingsError("settings-seal-two-keys")
    if environment.get(SEAL_KEY_FILE) and not environment.get(SEAL_PASSWORD_FILE):
        raise SettingsError("settings-seal-password")


def _check_complete(environment: Mapping[str, str]) -> None:
    for given, needed in NEEDED.items():
        for missing in needed:
            if environment.get(given) and not environment.get(missing):
                raise SettingsError("settings-token-incomplete", given=given, missing=missing)
