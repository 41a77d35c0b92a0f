"""Keys on PKCS#11 tokens: the seal's, held open, and persons', opened for one signature at a time.

PKCS#11 keeps the state of a login for a whole application: once one session on a token is logged
in, all of them are, and a second login is refused without a look at its PIN (PKCS#11 v2.40, 5.6,
C_Login). So persons' keys lie on tokens other than the seal's; a person's key is logged in, used
and logged out under one lock; and where a token turns out to be logged in already, everybody is
logged out before the PIN is tried again. Sessions do not outlive a fork: whoever finds itself in
another process opens anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass

from forms_server.documents.der import UNREADABLE
from forms_server.documents.signing_keys import chain_of
from forms_server.errors import DocumentError

ID_PREFIX = "id:"
"""A key is named by its label or, after this, by its CKA_ID in hexadecimal digits."""
LABEL_PLACE = "{label}"
"""In the name of the persons' token: each person has a token, and so a PIN, of their own."""

SEAL_REFUSALS: dict[type[Exception], str] = {
    pkcs11.NoSuchToken: "token-missing",
    pkcs11.MultipleTokensReturned: "token-ambiguous",
    pkcs11.NoSuchKey: "token-key-missing",
    pkcs11.MultipleObjectsReturned: "token-key-ambiguous",
    pkcs11.PinIncorrect: "token-pin-wrong",
    pkcs11.PinInvalid: "token-pin-wrong",
    pkcs11.PinLenRange: "token-pin-wrong",
    pkcs11.PinLocked: "token-pin-locked",
}
"""What a token may answer, and the code of the refusal; anything else is ``token-failed``."""
PERSON_REFUSALS: dict[type[Exception], str] = {
    **SEAL_REFUSALS,
    pkcs11.NoSuchToken: "key-missing",
    pkcs11.NoSuchKey: "key-missing",
    pkcs11.PinIncorrect: "key-pin-wrong",
    pkcs11.PinInvalid: "key-pin-wrong",
    pkcs11.PinLenRange: "key-pin-wrong",
    pkcs11.PinLocked: "key-pin-locked",
}

ANEW = (pkcs11.UserAlreadyLoggedIn, pkcs11.NoSuchToken)
"""Answers that another start may better: the token has not looked at the PIN, or has come since."""
PIN_REFUSED = (pkcs11.PinIncorrect, pkcs11.PinInvalid, pkcs11.PinLenRange, pkcs11.PinLocked)

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a key lies: the PKCS#11 module (a shared library), the token's label, the key's name.

    ``key`` is the label (CKA_LABEL) or ``id:`` and the CKA_ID in hexadecimal digits.
    """

    module: Path
    token: str
    key: str


class TokenKey:
    """The seal's key on a token: its session and its object are held, and opened anew when lost.

    Its certificate is the token's or, where that has none, the first of ``others``, which are those
    above it. Refuses with ``token-…`` what the token does not have or do. A PIN that the token has
    refused is not tried again by this process: a few wrong ones lock it.
    """

    def __init__(self, place: Place, *, pin: str, others: Sequence[x509.Certificate] = ()) -> None:
        self._place = place
        self._pin = pin
        self._library = _library(place.module)
        self._opened: _Opened | None = None
        self._refused: DocumentError | None = None
        with self._library.lock, _named(SEAL_REFUSALS, place):
            kept, around = _certificates(self._hold())
        if not kept and not others:
            raise DocumentError("token-certificate-missing", token=place.token, key=place.key)
        self.certificate = kept[0] if kept else others[0]
        self.chain = chain_of(self.certificate, (*around, *others))

    def sign(self, data: bytes) -> bytes:
        """See ``SigningKey.sign``.

        Refuses with ``token-missing``, ``token-failed`` and the like; the next call tries again.
        """
        with self._library.lock:
            try:
                return _sign(self._hold(), data, pin=self._pin)
            except pkcs11.PKCS11Error:
                # A reset alone may have lost the session: it is opened once more before we give up.
                self._library.restart()
                with _named(SEAL_REFUSALS, self._place):
                    return _sign(self._hold(), data, pin=self._pin)

    def close(self) -> None:
        """Give the session back; another signature would open it again."""
        with self._library.lock:
            if self._opened and self._opened.is_of(self._library):
                _close(self._opened)
            self._opened = None

    def _hold(self) -> _Opened:
        if self._refused:
            raise self._refused
        if self._opened is None or not self._opened.is_of(self._library):
            try:
                with _named(SEAL_REFUSALS, self._place):
                    self._opened = _log_in(self._library, self._place, self._pin)
            except DocumentError as error:
                if error.code in {"token-pin-wrong", "token-pin-locked"}:
                    self._refused = error
                raise
        return self._opened


class PersonKey:
    """A person's key on a token: logged in for each signature, logged out at once after it."""

    def __init__(self, place: Place, *, pin: str) -> None:
        self._place = place
        self._pin = pin
        self._library = _library(place.module)
        kept, around = self._use(_certificates)
        if not kept:
            raise DocumentError("key-certificate-missing", key=place.key)
        self.certificate = kept[0]
        self.chain = chain_of(kept[0], around)

    def sign(self, data: bytes) -> bytes:
        """See ``SigningKey.sign``; refuses as ``open_person_key``."""
        return self._use(lambda opened: _sign(opened, data, pin=self._pin))

    def _use(self, work: Callable[[_Opened], Answer]) -> Answer:
        with self._library.lock, _named(PERSON_REFUSALS, self._place):
            opened = _log_in(self._library, self._place, self._pin)
            try:
                return work(opened)
            finally:
                _close(opened)


def open_person_key(module: Path, token: str, label: str, pin: str) -> PersonKey:
    """The key of a person that the server keeps for them; ``pin`` is what the person typed.

    ``{label}`` in ``token`` stands for the label: a token each. Refuses with ``key-pin-wrong``,
    ``key-pin-locked``, ``key-missing`` (no such token or key), ``key-certificate-missing`` and
    ``token-failed``.
    """
    place = Place(module=module, token=token.replace(LABEL_PLACE, label), key=label)
    return PersonKey(place, pin=pin)


def close_tokens() -> None:
    """Log out everywhere and finalise the modules: before a fork, and at the end."""
    for library in _LIBRARIES.values():
        with library.lock:
            library.finalise()


@dataclass(slots=True)
class _Library:
    """A loaded module; ``generation`` grows whenever all its sessions were lost."""

    path: Path
    loaded: Any
    process: int = field(default_factory=os.getpid)
    generation: int = 0
    lock: Any = field(default_factory=RLock)

    def ready(self) -> Any:
        """The module, initialised in this process (PKCS#11 v2.40, 5.4: a child begins anew)."""
        if self.process != os.getpid() or not self.loaded.initialized:
            self.restart()
        return self.loaded

    def restart(self) -> None:
        """All sessions end and everybody is logged out; tokens that came or went are noticed."""
        self.finalise()
        self.process = os.getpid()
        with _named_failure(self.path):
            self.loaded.initialize()

    def finalise(self) -> None:
        self.generation += 1
        with suppress(pkcs11.PKCS11Error):  # a child has nothing that it could finalise
            self.loaded.finalize()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A session that is logged in, and the private key in it; good while its library's are."""

    session: Any
    key: Any
    generation: int
    process: int

    def is_of(self, library: _Library) -> bool:
        return (self.generation, self.process) == (library.generation, os.getpid())


_LIBRARIES: dict[Path, _Library] = {}
_LOADING = RLock()


def _library(path: Path) -> _Library:
    """A module is loaded once in a process: its state is the application's, not a session's."""
    with _LOADING:
        if path not in _LIBRARIES:
            with _named_failure(path):
                _LIBRARIES[path] = _Library(path=path, loaded=pkcs11.lib(str(path)))
        return _LIBRARIES[path]


@contextmanager
def _named_failure(path: Path) -> Iterator[None]:
    try:
        yield
    except pkcs11.PKCS11Error as error:
        raise DocumentError("token-module", path=path, reason=_words(error)) from error


@contextmanager
def _named(refusals: dict[type[Exception], str], place: Place) -> Iterator[None]:
    """Where what a token answers becomes a refusal of ours."""
    try:
        yield
    except pkcs11.PKCS11Error as error:
        code = refusals.get(type(error), "token-failed")
        raise DocumentError(code, token=place.token, key=place.key, reason=_words(error)) from error


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _log_in(library: _Library, place: Place, pin: str) -> _Opened:
    """A session that this PIN, and no other, has opened."""
    try:
        return _open(library, place, pin)
    except ANEW:
        library.restart()
        return _open(library, place, pin)
    except PIN_REFUSED:
        library.restart()  # the library leaves the session open that it could not log in
        raise


def _open(library: _Library, place: Place, pin: str) -> _Opened:
    """A session logged in with this PIN, which is closed again where the key is not found."""
    token = library.ready().get_token(token_label=place.token)
    session = token.open(user_pin=pin)
    opened = _Opened(session=session, key=None, generation=library.generation, process=os.getpid())
    try:
        key = session.get_key(object_class=ObjectClass.PRIVATE_KEY, **_name(place))
    except pkcs11.PKCS11Error:
        _close(opened)
        raise
    return _Opened(session=session, key=key, generation=opened.generation, process=opened.process)


def _close(opened: _Opened) -> None:
    """Log out and close; a session that the token has lost is out already."""
    with suppress(pkcs11.PKCS11Error):
        opened.session.close()


def _name(place: Place) -> dict[str, Any]:
    if not place.key.startswith(ID_PREFIX):
        return {"label": place.key}
    try:
        return {"id": bytes.fromhex(place.key.removeprefix(ID_PREFIX))}
    except ValueError as error:
        raise DocumentError("token-key-missing", token=place.token, key=place.key) from error


def _certificates(
    opened: _Opened,
) -> tuple[tuple[x509.Certificate, ...], tuple[x509.Certificate, ...]]:
    """The key's certificates, the newest first, and all others of the token.

    The key's are those with its CKA_ID (PKCS#11 v2.40, 4.6.3).
    """
    wanted = opened.key[Attribute.ID]
    found = [
        (bytes(one[Attribute.ID]) == wanted, bytes(one[Attribute.VALUE]))
        for one in opened.session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE})
    ]
    try:
        read = [(is_own, x509.load_der_x509_certificate(der)) for is_own, der in found]
    except UNREADABLE as error:
        raise DocumentError("token-certificate-unreadable") from error
    read.sort(key=lambda pair: pair[1].not_valid_before_utc, reverse=True)
    own = tuple(certificate for is_own, certificate in read if is_own)
    return own, tuple(certificate for is_own, certificate in read if not is_own)


def _sign(opened: _Opened, data: bytes, *, pin: str) -> bytes:
    """RSA is hashed by the token; ECDSA is told the hash, and answers r and s as they are."""
    more = {"pin": pin} if _asks_each_time(opened.key) else {}
    if opened.key.key_type is KeyType.RSA:
        return bytes(opened.key.sign(data, mechanism=Mechanism.SHA256_RSA_PKCS, **more))
    raw = opened.key.sign(sha256(data).digest(), mechanism=Mechanism.ECDSA, **more)
    half = len(raw) // 2
    return encode_dss_signature(
        int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
    )


def _asks_each_time(key: Any) -> bool:
    """Whether the PIN is wanted anew for each signature (CKA_ALWAYS_AUTHENTICATE)."""
    try:
        return bool(key[Attribute.ALWAYS_AUTHENTICATE])
    except pkcs11.AttributeTypeInvalid:
        return False
