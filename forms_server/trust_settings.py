"""What an installation decides about trust: the seal's level, who is asked, who is believed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from forms_server.errors import SettingsError

OID = re.compile(r"[0-2](\.\d+)+")
ASK, LEAVE = "ask", "leave"


class SealLevel(StrEnum):
    """The PAdES baseline level that every document is to reach (ETSI EN 319 142-1, 6)."""

    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"
    B_LTA = "B-LTA"

    @property
    def wants_time_stamp(self) -> bool:
        return self is not SealLevel.B_B

    @property
    def wants_proofs(self) -> bool:
        return self in {SealLevel.B_LT, SealLevel.B_LTA}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustSettings:
    """The seal's level, the time-stamp authority, authorities of persons, and revocation.

    ``tsa_policy`` is an object identifier, where the authority has more than one policy.
    ``asks_revocation``: whether responders of certificates may be asked over the network.
    """

    level: SealLevel = SealLevel.B_B
    tsa_url: str | None = None
    tsa_policy: str | None = None
    tsa_authorities_file: Path | None = None
    person_authorities_file: Path | None = None
    asks_revocation: bool = True
    ncanode_url: str | None = None
    """A NCANode service, which checks GOST signatures; without one they stay unchecked."""

    @classmethod
    def from_env(cls, environment: Mapping[str, str]) -> TrustSettings:
        """Refuses with ``settings-…`` what is misspelt, missing, or cannot work together."""
        settings = cls(
            level=_level(environment),
            tsa_url=_url(environment, "FORMS_SERVER_TSA_URL"),
            tsa_policy=_policy(environment, "FORMS_SERVER_TSA_POLICY"),
            tsa_authorities_file=optional_file(environment, "FORMS_SERVER_TSA_AUTHORITIES_FILE"),
            person_authorities_file=optional_file(
                environment, "FORMS_SERVER_PERSON_AUTHORITIES_FILE"
            ),
            asks_revocation=_asks_revocation(environment),
            ncanode_url=_url(environment, "FORMS_SERVER_NCANODE_URL"),
        )
        if settings.level.wants_time_stamp and not (
            settings.tsa_url and settings.tsa_authorities_file
        ):
            raise SettingsError("settings-time-stamp-missing", level=settings.level.value)
        if settings.level.wants_proofs and not settings.asks_revocation:
            raise SettingsError("settings-revocation-level", level=settings.level.value)
        return settings


def optional_file(environment: Mapping[str, str], name: str) -> Path | None:
    """The file that a setting names, ``None`` where it is not set (``settings-file-missing``)."""
    value = environment.get(name)
    if not value:
        return None
    path = Path(value)
    if not path.is_file():
        raise SettingsError("settings-file-missing", name=name, path=path)
    return path


def _level(environment: Mapping[str, str]) -> SealLevel:
    value = environment.get("FORMS_SERVER_SEAL_LEVEL", SealLevel.B_B)
    if value not in set(SealLevel):
        raise SettingsError("settings-seal-level", value=value, known=", ".join(SealLevel))
    return SealLevel(value)


def _url(environment: Mapping[str, str], name: str) -> str | None:
    value = environment.get(name)
    if not value:
        return None
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise SettingsError("settings-address", name=name, value=value) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError("settings-address", name=name, value=value)
    return value


def _policy(environment: Mapping[str, str], name: str) -> str | None:
    value = environment.get(name)
    if value and not OID.fullmatch(value):
        raise SettingsError("settings-policy", name=name, value=value)
    return value or None


def _asks_revocation(environment: Mapping[str, str]) -> bool:
    value = environment.get("FORMS_SERVER_REVOCATION", ASK)
    if value not in {ASK, LEAVE}:
        raise SettingsError("settings-revocation", value=value)
    return value == ASK
