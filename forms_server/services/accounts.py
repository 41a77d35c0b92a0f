"""Who acts and what they may do: sign-in, roles and their permissions, the making of accounts.

How often somebody may try to sign in is counted by the web, which knows where they call from.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from forms_server.errors import ServiceError, words
from forms_server.languages import BilingualText
from forms_server.services.numbers import read_number
from forms_server.storage.records import (
    AccountRecord,
    Change,
    NewAccount,
    NewEvent,
    OfficeRecord,
    Records,
)

HASHER = PasswordHasher()
"""Argon2id with the library's parameters, the second choice of RFC 9106, section 4."""
LOGIN = re.compile(r"[a-z0-9][a-z0-9.-]{1,79}")
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200
PASSWORD_WORDS = 5
LONGEST_LABEL = 80
CONSONANTS = "bdfghkmnprstvz"
VOWELS = "aeiou"


class Role(StrEnum):
    """What an account is in its office."""

    CLERK = "clerk"
    HEAD = "head"
    ADMINISTRATOR = "administrator"

    @property
    def label(self) -> BilingualText:
        return words(f"role-{self}")


class Permission(StrEnum):
    """Something that not everybody may do."""

    FILL = "fill"
    ISSUE = "issue"
    READ_DOCUMENTS = "read-documents"
    ANNUL = "annul"
    CLOSE_JOURNALS = "close-journals"
    READ_EVENTS = "read-events"
    MANAGE_ACCOUNTS = "manage-accounts"


PERMISSIONS: Mapping[Role, frozenset[Permission]] = MappingProxyType(
    {
        Role.CLERK: frozenset({Permission.FILL, Permission.ISSUE, Permission.READ_DOCUMENTS}),
        Role.HEAD: frozenset(
            {
                Permission.FILL,
                Permission.ISSUE,
                Permission.READ_DOCUMENTS,
                Permission.ANNUL,
                Permission.CLOSE_JOURNALS,
                Permission.READ_EVENTS,
            }
        ),
        Role.ADMINISTRATOR: frozenset({Permission.MANAGE_ACCOUNTS, Permission.READ_EVENTS}),
    }
)
"""Who keeps the accounts sees no citizen's document, and who issues documents makes no accounts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: every story takes one. The web keeps ``account_id`` and ``session_epoch``."""

    account_id: int
    login: str
    display_name: str
    role: Role
    office: OfficeRecord
    session_epoch: int

    def may(self, permission: Permission) -> bool:
        return permission in PERMISSIONS[self.role]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRequest:
    """An account that an administrator asks for."""

    login: str
    display_name: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerRequest:
    """Who an account is to be where it signs, as typed; ``None`` leaves it, empty takes it away.

    ``key_label``: what the key is called on the PKCS#11 token that the server keeps.
    """

    iin: str | None = field(default=None, repr=False)
    key_label: str | None = None


def require(actor: Actor, permission: Permission) -> None:
    """Refuses with ``not-allowed``."""
    if not actor.may(permission):
        raise ServiceError("not-allowed")


def sign_in(records: Records, login: str, *, password: str, now: datetime) -> Actor:
    """The actor of this login; refuses with ``sign-in-refused``, whatever is wrong.

    An unknown login and a closed account cost one hashing too, so that time tells nothing; for the
    same reason, and because anybody can cause it, a refusal is not written to the audit trail.
    """
    account = records.accounts.by_login(login.strip().lower())
    nobody = _hash_of_nobody()
    stored = nobody if account is None else account.password_hash
    fits = _fits(stored, password)
    if account is None or not account.active or not fits:
        raise ServiceError("sign-in-refused")
    _renew_hash(records, account, password=password)
    records.events.append(_event_of_sign_in(account, now))
    return _actor(account)


def actor_of(records: Records, account_id: int, *, session_epoch: int) -> Actor | None:
    """The actor of a session; ``None`` once the account is closed or its password was changed."""
    account = records.accounts.by_id(account_id)
    if account is None or not account.active or account.session_epoch != session_epoch:
        return None
    return _actor(account)


def change_password(
    records: Records, actor: Actor, *, current: str, new: str, now: datetime
) -> Actor:
    """Changes one's own password and ends all sessions; the actor that comes back is a new one.

    Refuses with ``password-wrong``, ``password-short`` or ``password-long``.
    """
    account = _account_in_office(records, actor, actor.account_id)
    if not _fits(account.password_hash, current):
        raise ServiceError("password-wrong")
    _check_password(new)
    change = Change(at=now, by=actor.account_id)
    return _actor(records.accounts.set_password(account.id, _hash(new), change=change))


def create_first_accounts(
    records: Records, office: OfficeRecord, *, now: datetime
) -> tuple[tuple[str, str], ...]:
    """A clerk, a head and an administrator with their passwords, to be shown this once.

    Nothing where there are accounts already; of several processes only one gets the passwords.
    """
    if records.accounts.exist():
        return ()
    passwords = {role: make_password() for role in Role}
    accounts = tuple(_first_account(office, role, password=passwords[role]) for role in Role)
    if not records.accounts.add_first(accounts, Change(at=now)):
        return ()
    return tuple((role.value, passwords[role]) for role in Role)


def list_accounts(records: Records, actor: Actor) -> tuple[AccountRecord, ...]:
    """The accounts of the administrator's own office."""
    require(actor, Permission.MANAGE_ACCOUNTS)
    return records.accounts.list(actor.office.id)


def create_account(
    records: Records, actor: Actor, *, request: AccountRequest, now: datetime
) -> tuple[AccountRecord, str]:
    """A new account in the administrator's own office and its password, to be shown this once."""
    require(actor, Permission.MANAGE_ACCOUNTS)
    login = request.login.strip().lower()
    if not LOGIN.fullmatch(login):
        raise ServiceError("login-malformed")
    password = make_password()
    new = NewAccount(
        office_id=actor.office.id,
        login=login,
        display_name=request.display_name,
        role=request.role.value,
        password_hash=_hash(password),
    )
    return records.accounts.add(new, Change(at=now, by=actor.account_id)), password


def reset_password(
    records: Records, actor: Actor, *, account_id: int, now: datetime
) -> tuple[AccountRecord, str]:
    """A new random password, to be shown this once; the account's sessions end."""
    require(actor, Permission.MANAGE_ACCOUNTS)
    account = _account_in_office(records, actor, account_id)
    password = make_password()
    change = Change(at=now, by=actor.account_id)
    return records.accounts.set_password(account.id, _hash(password), change=change), password


def set_account_active(
    records: Records, actor: Actor, *, account_id: int, active: bool, now: datetime
) -> AccountRecord:
    """Opens or closes an account; the last administrator's stays open."""
    require(actor, Permission.MANAGE_ACCOUNTS)
    account = _account_in_office(records, actor, account_id)
    change = Change(at=now, by=actor.account_id)
    return records.accounts.set_active(account.id, active=active, change=change)


def set_signer(
    records: Records, actor: Actor, *, account_id: int, request: SignerRequest, now: datetime
) -> AccountRecord:
    """Who the account is where it signs documents; the trail is told of it without the IIN.

    Refuses with ``signer-iin-wrong`` and ``key-label-wrong``.
    """
    require(actor, Permission.MANAGE_ACCOUNTS)
    account = _account_in_office(records, actor, account_id)
    iin, label = account.iin, account.key_label
    if request.iin is not None:
        iin = read_number(request.iin, code="signer-iin-wrong")
    if request.key_label is not None:
        label = _read_label(request.key_label)
    change = Change(at=now, by=actor.account_id)
    return records.accounts.set_signer(account.id, iin=iin, key_label=label, change=change)


def make_password() -> str:
    """Five pronounceable words such as ``baku-tomi-…``: 61 bits, and easy to copy from a screen."""
    return "-".join(_syllable() + _syllable() for _ in range(PASSWORD_WORDS))


def _read_label(typed: str) -> str | None:
    label = typed.strip()
    if len(label) > LONGEST_LABEL or not label.isprintable():
        raise ServiceError("key-label-wrong", longest=LONGEST_LABEL)
    return label or None


def _syllable() -> str:
    return secrets.choice(CONSONANTS) + secrets.choice(VOWELS)


def _first_account(office: OfficeRecord, role: Role, *, password: str) -> NewAccount:
    return NewAccount(
        office_id=office.id,
        login=role.value,
        display_name=role.label.both,
        role=role.value,
        password_hash=_hash(password),
    )


def _event_of_sign_in(account: AccountRecord, now: datetime) -> NewEvent:
    return NewEvent(at=now, kind="signed-in", subject=account.login, account_id=account.id)


def _account_in_office(records: Records, actor: Actor, account_id: int) -> AccountRecord:
    """Of another office's account an administrator does not even learn that there is one."""
    account = records.accounts.by_id(account_id)
    if account is None or account.office.id != actor.office.id:
        raise ServiceError("account-missing")
    return account


def _actor(account: AccountRecord) -> Actor:
    return Actor(
        account_id=account.id,
        login=account.login,
        display_name=account.display_name,
        role=Role(account.role),
        office=account.office,
        session_epoch=account.session_epoch,
    )


def _check_password(password: str) -> None:
    """Length is all that is asked (NIST SP 800-63B, section 5.1.1.2)."""
    if len(password) < SHORTEST_PASSWORD:
        raise ServiceError("password-short", limit=SHORTEST_PASSWORD)
    if len(password) > LONGEST_PASSWORD:
        raise ServiceError("password-long", limit=LONGEST_PASSWORD)


def _normal(password: str) -> str:
    """One spelling of a letter, whatever the keyboard sends: й may come as и and a breve."""
    return unicodedata.normalize("NFC", password)


def _hash(password: str) -> str:
    return HASHER.hash(_normal(password))


def _fits(stored: str, password: str) -> bool:
    try:
        return HASHER.verify(stored, _normal(password))
    except (VerificationError, InvalidHashError):
        return False


def _renew_hash(records: Records, account: AccountRecord, *, password: str) -> None:
    """A release of argon2 with stronger parameters reaches old passwords at the next sign-in."""
    if HASHER.check_needs_rehash(account.password_hash):
        records.accounts.replace_hash(account.id, old=account.password_hash, new=_hash(password))


@cache
def _hash_of_nobody() -> str:
    """A hash that no password fits, costing as much to check as a real one."""
    return HASHER.hash(secrets.token_hex())
