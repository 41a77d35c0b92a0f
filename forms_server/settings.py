"""What an installation decides: read once from the environment, checked at start, then frozen."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from forms_server.errors import SettingsError, words
from forms_server.key_settings import KeySettings
from forms_server.languages import BilingualText
from forms_server.trust_settings import TrustSettings, optional_file

ROOT = Path(__file__).resolve().parents[1]
NCALAYER = "wss://127.0.0.1:13579"
"""Where NCALayer listens on a signer's own computer."""
SENTENCES = ROOT / "form_specs" / "sentences.toml"
SEAL_ALONE = TrustSettings()
NO_TOKENS = KeySettings()
LONGEST_PUBLIC_URL = 60
"""Bytes of the address before ``/v/``: a longer one would make the QR too dense for paper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficeSettings:
    """The office that the first start enters in the database."""

    code: str
    name: BilingualText


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where things lie and who we are; secrets are named by file, never held in the environment."""

    home: Path
    database_url: str
    public_url: str
    root: Path
    office: OfficeSettings
    seal_key_file: Path | None
    seal_password_file: Path | None
    time_zone: str
    keys: KeySettings = NO_TOKENS
    trust: TrustSettings = SEAL_ALONE
    sentences_file: Path = SENTENCES
    """The sentences of equivalence by day."""
    trusted_proxies: int = 0
    """How many proxies stand before us and may tell a visitor's address."""
    ncalayer_url: str = NCALAYER
    """Where the pages of signing look for NCALayer; always on the signer's own computer."""

    @classmethod
    def from_env(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Settings from ``FORMS_SERVER_*`` and ``DATABASE_URL``; refuses what cannot work."""
        home = Path(environment.get("FORMS_SERVER_HOME", ROOT / "var")).resolve()
        return cls(
            home=home,
            database_url=environment.get("DATABASE_URL", f"sqlite:///{home / 'forms.db'}"),
            public_url=_public_url(environment),
            root=ROOT,
            office=_office(environment),
            seal_key_file=optional_file(environment, "FORMS_SERVER_SEAL_KEY_FILE"),
            seal_password_file=optional_file(environment, "FORMS_SERVER_SEAL_PASSWORD_FILE"),
            time_zone=_time_zone(environment),
            keys=KeySettings.from_env(environment),
            trust=TrustSettings.from_env(environment),
            sentences_file=optional_file(environment, "FORMS_SERVER_SENTENCES_FILE") or SENTENCES,
            trusted_proxies=_count(environment, "FORMS_SERVER_TRUSTED_PROXIES"),
            ncalayer_url=_ncalayer_url(environment),
        )


def _office(environment: Mapping[str, str]) -> OfficeSettings:
    sample = words("sample-office")
    return OfficeSettings(
        code=environment.get("FORMS_SERVER_OFFICE_CODE", "0000"),
        name=BilingualText(
            kk=environment.get("FORMS_SERVER_OFFICE_NAME_KK", sample.kk),
            ru=environment.get("FORMS_SERVER_OFFICE_NAME_RU", sample.ru),
        ),
    )


def _public_url(environment: Mapping[str, str]) -> str:
    url = environment.get("FORMS_SERVER_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
    if not _is_whole_address(url):
        raise SettingsError("settings-public-url", value=url)
    if len(url.encode()) > LONGEST_PUBLIC_URL:
        raise SettingsError("settings-public-url-long", value=url, limit=LONGEST_PUBLIC_URL)
    return url


def _ncalayer_url(environment: Mapping[str, str]) -> str:
    """An address that may stand in a content security policy, and that leaves no computer."""
    url = environment.get("FORMS_SERVER_NCALAYER_URL", NCALAYER)
    if not re.fullmatch(r"wss?://(127\.0\.0\.1|localhost):[0-9]{1,5}", url):
        raise SettingsError("settings-ncalayer-url", value=url)
    return url


def _is_whole_address(url: str) -> bool:
    """Scheme, host and at most a path; the QR adds ``/v/TOKEN#SEAL`` to it."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    return is_web and url.isascii() and not re.search(r"[?#\s]", url)


def _time_zone(environment: Mapping[str, str]) -> str:
    name = environment.get("FORMS_SERVER_TIME_ZONE", "Asia/Almaty")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError("settings-time-zone", value=name) from error
    return name


def _count(environment: Mapping[str, str], name: str) -> int:
    value = environment.get(name, "0")
    if not (value.isascii() and value.isdecimal()):
        raise SettingsError("settings-count", name=name, value=value)
    return int(value)
