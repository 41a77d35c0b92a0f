"""When keys change: former seals stay trusted, former QR keys stay published, and no step is lost.

In the folder of keys, ``present.pem`` notes the seal in use, ``retired/*.pem`` are the former ones:
each file the seal's certificate first, then those above it. ``qr-KID.pub.pem`` are former QR keys.
Every file is written whole or not at all, and under a name that a second try gives it too.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import ECKey

from forms_server.documents.qr_keys import QrKeys, load_qr_keys
from forms_server.documents.signing_keys import (
    SigningKey,
    chain_of,
    check_usage,
    load_certificates,
)
from forms_server.errors import DocumentError
from forms_server.whole_files import write_whole

PRESENT_FILE = "present.pem"
RETIRED_FOLDER = "retired"
LOCK_FILE = "rotation.lock"
FINGERPRINT_DIGITS = 16


@dataclass(frozen=True, slots=True)
class FormerSeal:
    """A seal that is or was in use: its certificate and those above it, the issuer's first."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]

    @property
    def anchors(self) -> tuple[x509.Certificate, ...]:
        """What its documents are judged by: who issued it or, where nobody is named, itself."""
        return self.chain or (self.certificate,)


def note_present(folder: Path, key: SigningKey) -> None:
    """Note the seal in use; one noted before, if it is another, is among the former from now on.

    So a seal is never forgotten, whoever exchanged it and however. Refuses with ``keys-folder``.
    """
    present = FormerSeal(key.certificate, key.chain)
    path = folder / PRESENT_FILE
    if path.is_file() and path.read_bytes() == _pem(present):
        return
    with _rotating(folder):
        if path.is_file():
            _retire(folder, _read(path))
        write_whole(path, _pem(present))


def retire(folder: Path, certificates: Sequence[x509.Certificate]) -> Path:
    """Keep a former seal trusted: its certificate first, those above it in whatever order.

    Refuses with ``certificates-unreadable`` where there is none, ``seal-certificate-usage`` where
    the first is no seal's, and ``keys-folder``.
    """
    if not certificates:
        raise DocumentError("certificates-unreadable", path=folder)
    seal, *others = certificates
    check_usage(seal)
    with _rotating(folder):
        return _retire(folder, FormerSeal(seal, chain_of(seal, others)))


def former_seals(folder: Path) -> tuple[FormerSeal, ...]:
    """The former seals; refuses with ``certificates-unreadable`` a file that holds none."""
    return tuple(_read(path) for path in sorted((folder / RETIRED_FOLDER).glob("*.pem")))


def rotate_qr_key(folder: Path, qr_file: str) -> QrKeys:
    """A new QR key in place of the present one, whose public half is published for ever.

    The public half is written first: a crash in between leaves the present key published twice.
    """
    with _rotating(folder):
        present = load_qr_keys(folder / qr_file)
        former = folder / f"qr-{present.kid}.pub.pem"
        write_whole(former, present.private_key.as_pem(private=False))
        write_whole(folder / qr_file, ECKey.generate_key("P-256").as_pem(private=True))
        return load_qr_keys(folder / qr_file)


def _read(path: Path) -> FormerSeal:
    certificates = load_certificates(path)
    if not certificates:
        raise DocumentError("certificates-unreadable", path=path)
    return FormerSeal(certificates[0], certificates[1:])


def _retire(folder: Path, seal: FormerSeal) -> Path:
    """The name says until when the seal was good, and which one it was."""
    retired = folder / RETIRED_FOLDER
    retired.mkdir(mode=0o700, exist_ok=True)
    until = seal.certificate.not_valid_after_utc
    digits = seal.certificate.fingerprint(SHA256()).hex()[:FINGERPRINT_DIGITS]
    path = retired / f"{until:%Y-%m-%d}-{digits}.pem"
    write_whole(path, _pem(seal))
    return path


def _pem(seal: FormerSeal) -> bytes:
    return b"".join(one.public_bytes(Encoding.PEM) for one in (seal.certificate, *seal.chain))


@contextmanager
def _rotating(folder: Path) -> Iterator[None]:
    """One process at a time changes the folder."""
    try:
        with (folder / LOCK_FILE).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise DocumentError("keys-folder", path=folder, reason=error.strerror) from error
