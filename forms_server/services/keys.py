"""Keys: which are opened from which setting, what is trusted beside them, how long they last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from forms_server.documents.development_keys import (
    AUTHORITY_FILE,
    KEYS_DIRECTORY,
    QR_FILE,
    SEAL_FILE,
    SEAL_PASSWORD_FILE,
    ensure_development_keys,
)
from forms_server.documents.qr_keys import QrKeys, load_qr_keys
from forms_server.documents.rotation import (
    FormerSeal,
    former_seals,
    note_present,
    retire,
    rotate_qr_key,
)
from forms_server.documents.secret_files import read_secret
from forms_server.documents.signing_keys import (
    KeptKey,
    SigningKey,
    algorithm_of,
    chain_of,
    check_signing_key,
    is_development,
    load_certificates,
    open_p12,
)
from forms_server.documents.tokens import LABEL_PLACE, Place, TokenKey, open_person_key
from forms_server.errors import DocumentError
from forms_server.settings import Settings

WARNING_DAYS = 30
"""A certificate that lasts less long is warned of: a new one takes weeks to get."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys of one process, and by which certificates its seals are judged.

    ``seals`` are the seal's certificate and those of former seals, ``trusted`` those above them.
    """

    seal: SigningKey
    seals: tuple[x509.Certificate, ...]
    trusted: tuple[x509.Certificate, ...]
    qr: QrKeys


class KeyUse(StrEnum):
    """What a key or certificate is there for."""

    SEAL = "seal"
    AUTHORITY = "authority"
    FORMER_SEAL = "former-seal"
    QR = "qr"
    FORMER_QR = "former-qr"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """A key or certificate as an operator wants to know it; QR keys have no certificate's days.

    ``place``: a file, a token, or ``development``. ``days_left`` is negative after the end.
    """

    use: KeyUse
    name: str
    place: str
    algorithm: str
    since: datetime | None = None
    until: datetime | None = None
    days_left: int | None = None

    @property
    def is_warned_of(self) -> bool:
        """Whether something has to be done: only what is in use can run out."""
        is_used = self.use in {KeyUse.SEAL, KeyUse.AUTHORITY}
        return is_used and self.days_left is not None and self.days_left < WARNING_DAYS


def open_keys(settings: Settings, now: datetime) -> Keys:
    """All keys, ready to use; refuses a seal that must not be used (``check_signing_key``)."""
    ensure_development_keys(settings.home, now=now)
    folder = settings.home / KEYS_DIRECTORY
    seal = open_seal(settings)
    check_signing_key(seal, at=now)
    note_present(folder, seal)
    every = (FormerSeal(seal.certificate, seal.chain), *former_seals(folder))
    anchors = (*(one for each in every for one in each.anchors), *_development_authority(folder))
    return Keys(
        seal=seal,
        seals=tuple(dict.fromkeys(each.certificate for each in every)),
        trusted=tuple(dict.fromkeys(anchors)),
        qr=load_qr_keys(folder / QR_FILE),
    )


def open_seal(settings: Settings) -> SigningKey:
    """The seal's key that the settings name, not yet judged; the development key if none.

    Refuses what cannot be opened: see ``signing_keys.open_p12`` and ``tokens.TokenKey``.
    """
    chain_file = settings.keys.seal_chain_file
    others = load_certificates(chain_file) if chain_file else ()
    if settings.keys.seal_token:
        seal: SigningKey = _open_token(settings, others)
    else:
        seal = _open_file(settings, others)
    if chain_file and not seal.chain:
        raise DocumentError("seal-chain-wrong", path=chain_file)
    return seal


def open_key_of_person(settings: Settings, label: str, *, pin: str) -> SigningKey:
    """The key that the server keeps for a person; see ``tokens.open_person_key``.

    Refuses with ``key-missing`` also where no token is set for persons, or the label would make it
    the seal's token; an empty PIN is no try that a token would count (``key-pin-wrong``).
    """
    if not pin:
        raise DocumentError("key-pin-wrong")
    module, token = settings.keys.module, settings.keys.persons_token
    if module is None or token is None:
        raise DocumentError("key-missing")
    if token.replace(LABEL_PLACE, label) == settings.keys.seal_token:
        raise DocumentError("key-missing")
    return open_person_key(module, token, label, pin)


def list_keys(settings: Settings, now: datetime) -> tuple[KeyFacts, ...]:
    """Every key and certificate in use, and the former ones; also those that are out of force."""
    ensure_development_keys(settings.home, now=now)
    folder = settings.home / KEYS_DIRECTORY
    seal = open_seal(settings)
    place = _place(settings, seal)
    used = [_facts(KeyUse.SEAL, seal.certificate, place=place, now=now)]
    used += [_facts(KeyUse.AUTHORITY, one, place=place, now=now) for one in seal.chain]
    former = [
        _facts(KeyUse.FORMER_SEAL, each.certificate, place=str(folder), now=now)
        for each in former_seals(folder)
        if each.certificate != seal.certificate
    ]
    return (*used, *former, *_qr_facts(load_qr_keys(folder / QR_FILE), folder))


def retire_seal(settings: Settings, file: Path | None, now: datetime) -> Path:
    """Keep the certificate of a former seal: the file's, or that of the seal in use."""
    ensure_development_keys(settings.home, now=now)
    if file is None:
        seal = open_seal(settings)
        certificates: tuple[x509.Certificate, ...] = (seal.certificate, *seal.chain)
    else:
        certificates = load_certificates(file)
    return retire(settings.home / KEYS_DIRECTORY, certificates)


def renew_qr_key(settings: Settings, now: datetime) -> QrKeys:
    """A new QR key; the one before is published for as long as its documents are looked at."""
    ensure_development_keys(settings.home, now=now)
    return rotate_qr_key(settings.home / KEYS_DIRECTORY, QR_FILE)


def _open_file(settings: Settings, others: tuple[x509.Certificate, ...]) -> KeptKey:
    folder = settings.home / KEYS_DIRECTORY
    p12 = settings.seal_key_file or folder / SEAL_FILE
    password = settings.seal_password_file or folder / SEAL_PASSWORD_FILE
    key = open_p12(p12, password)
    return replace(key, chain=chain_of(key.certificate, (*key.chain, *others)))


def _open_token(settings: Settings, others: tuple[x509.Certificate, ...]) -> TokenKey:
    """A token's settings are there together or not at all: ``KeySettings`` sees to that."""
    keys = settings.keys
    if not (keys.module and keys.seal_token and keys.seal_key_label and keys.seal_pin_file):
        raise AssertionError("half a token's settings")
    place = Place(module=keys.module, token=keys.seal_token, key=keys.seal_key_label)
    return TokenKey(place, pin=_pin(keys.seal_pin_file), others=others)


def _pin(path: Path) -> str:
    try:
        return read_secret(path).decode("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError("token-pin-unreadable", path=path) from error


def _development_authority(folder: Path) -> tuple[x509.Certificate, ...]:
    """What was sealed before there was a real key stays readable as what it is."""
    return load_certificates(folder / AUTHORITY_FILE)


def _place(settings: Settings, seal: SigningKey) -> str:
    if settings.keys.seal_token:
        return f"token {settings.keys.seal_token}"
    if settings.seal_key_file:
        return str(settings.seal_key_file)
    return "development" if is_development(seal.certificate) else "home"


def _facts(use: KeyUse, certificate: x509.Certificate, *, place: str, now: datetime) -> KeyFacts:
    until = certificate.not_valid_after_utc
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return KeyFacts(
        use=use,
        name=str(names[0].value) if names else certificate.subject.rfc4514_string(),
        place=place,
        algorithm=algorithm_of(certificate),
        since=certificate.not_valid_before_utc,
        until=until,
        days_left=(until - now).days,
    )


def _qr_facts(qr: QrKeys, folder: Path) -> Iterator[KeyFacts]:
    for published in qr.jwks["keys"]:
        kid = published["kid"]
        use = KeyUse.QR if kid == qr.kid else KeyUse.FORMER_QR
        yield KeyFacts(use=use, name=kid, place=str(folder), algorithm="P-256")
