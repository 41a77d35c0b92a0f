"""Offices and the accounts that work in them; passwords arrive here only as hashes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import ColumnElement, Engine, select
from sqlalchemy.orm import Session

from forms_server.errors import StorageError
from forms_server.languages import BilingualText
from forms_server.storage.counters import FIRST_ACCOUNTS, next_value
from forms_server.storage.database import reading, writing
from forms_server.storage.events import add_event
from forms_server.storage.tables import Account, Office
from forms_server.storage.values import (
    AccountRecord,
    NewAccount,
    NewEvent,
    OfficeRecord,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """When an account is changed and by which account (``None``: from the command line)."""

    at: datetime
    by: int | None = None


@dataclass(frozen=True, slots=True)
class Offices:
    """The offices of this database."""

    _engine: Engine

    def ensure(self, code: str, name: BilingualText) -> OfficeRecord:
        """The office of this code, entered if there is none; an existing one takes the new name."""
        with writing(self._engine) as session:
            row = session.scalar(select(Office).where(Office.code == code)) or Office(code=code)
            row.name_kk, row.name_ru = name.kk, name.ru
            session.add(row)
            session.flush()
            return _office(row)

    def by_id(self, office_id: int) -> OfficeRecord | None:
        return self._one(Office.id == office_id)

    def by_code(self, code: str) -> OfficeRecord | None:
        return self._one(Office.code == code)

    def list(self) -> tuple[OfficeRecord, ...]:
        with reading(self._engine) as session:
            return tuple(
                _office(row) for row in session.scalars(select(Office).order_by(Office.code))
            )

    def _one(self, condition: ColumnElement[bool]) -> OfficeRecord | None:
        with reading(self._engine) as session:
            row = session.scalar(select(Office).where(condition))
            return None if row is None else _office(row)


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of this database; an account is closed, never deleted: documents name it."""

    _engine: Engine

    def add(self, new: NewAccount, change: Change) -> AccountRecord:
        with writing(self._engine) as session:
            return _enter(session, new, change=change)

    def add_first(self, several: tuple[NewAccount, ...], change: Change) -> bool:
        """Enters these if there is no account at all; whether it did."""
        with writing(self._engine) as session:
            next_value(session, FIRST_ACCOUNTS)
            if session.scalar(select(Account.id).limit(1)) is not None:
                return False
            for new in several:
                _enter(session, new, change=change)
            return True

    def exist(self) -> bool:
        with reading(self._engine) as session:
            return session.scalar(select(Account.id).limit(1)) is not None

    def by_id(self, account_id: int) -> AccountRecord | None:
        return self._one(Account.id == account_id)

    def by_login(self, login: str) -> AccountRecord | None:
        return self._one(Account.login == login)

    def list(self, office_id: int) -> tuple[AccountRecord, ...]:
        query = select(Account).where(Account.office_id == office_id).order_by(Account.login)
        with reading(self._engine) as session:
            return tuple(_account(row) for row in session.scalars(query))

    def set_password(self, account_id: int, password_hash: str, *, change: Change) -> AccountRecord:
        """Ends every session of the account as well."""
        with writing(self._engine) as session:
            row = _lock(session, account_id)
            row.password_hash = password_hash
            row.session_epoch += 1
            return _tell(session, row, kind="account-password-changed", change=change)

    def replace_hash(self, account_id: int, *, old: str, new: str) -> None:
        """The same password hashed with newer parameters; nothing if it was changed meanwhile."""
        with writing(self._engine) as session:
            row = _lock(session, account_id)
            if row.password_hash == old:
                row.password_hash = new

    def set_active(self, account_id: int, *, active: bool, change: Change) -> AccountRecord:
        """Opens or closes an account, never the last administrator's; closing ends its sessions."""
        with writing(self._engine) as session:
            row = _lock(session, account_id)
            if not active:
                _check_not_last(session, row)
                row.session_epoch += 1
            row.active = active
            kind = "account-opened" if active else "account-closed"
            return _tell(session, row, kind=kind, change=change)

    def set_signer(
        self, account_id: int, *, iin: str | None, key_label: str | None, change: Change
    ) -> AccountRecord:
        """Who the account is where it signs, and which key the server keeps for it."""
        with writing(self._engine) as session:
            row = _lock(session, account_id)
            detail = {
                "iin_changed": row.iin != iin,
                "key_label_changed": row.key_label != key_label,
                "has_iin": iin is not None,
                "has_key": key_label is not None,
            }
            row.iin, row.key_label = iin, key_label
            return _tell(session, row, kind="account-signer-set", change=change, detail=detail)

    def _one(self, condition: ColumnElement[bool]) -> AccountRecord | None:
        with reading(self._engine) as session:
            row = session.scalar(select(Account).where(condition))
            return None if row is None else _account(row)


def _enter(session: Session, new: NewAccount, *, change: Change) -> AccountRecord:
    if session.scalar(select(Account.id).where(Account.login == new.login)) is not None:
        raise StorageError("account-login-taken", login=new.login)
    row = Account(
        office_id=new.office_id,
        login=new.login,
        display_name=new.display_name,
        role=new.role,
        password_hash=new.password_hash,
        active=True,
        session_epoch=1,
        created_at=change.at,
    )
    session.add(row)
    return _tell(session, row, kind="account-created", change=change)


def _lock(session: Session, account_id: int) -> Account:
    query = select(Account).where(Account.id == account_id).with_for_update(of=Account)
    row = session.scalar(query)
    if row is None:
        raise StorageError("account-missing")
    return row


def _check_not_last(session: Session, row: Account) -> None:
    """Without an administrator nobody could make accounts any more."""
    others = select(Account.id).where(
        Account.role == "administrator", Account.active, Account.id != row.id
    )
    if row.role == "administrator" and session.scalar(others.with_for_update()) is None:
        raise StorageError("account-last-administrator")


def _tell(
    session: Session,
    row: Account,
    *,
    kind: str,
    change: Change,
    detail: Mapping[str, bool] = MappingProxyType({}),
) -> AccountRecord:
    session.flush()
    event = NewEvent(
        at=change.at,
        kind=kind,
        subject=row.login,
        account_id=change.by,
        detail={"role": row.role, **detail},
    )
    add_event(session, event)
    return _account(row)


def _office(row: Office) -> OfficeRecord:
    name = BilingualText(kk=row.name_kk, ru=row.name_ru)
    return OfficeRecord(id=row.id, code=row.code, name=name)


def _account(row: Account) -> AccountRecord:
    return AccountRecord(
        id=row.id,
        office=_office(row.office),
        login=row.login,
        display_name=row.display_name,
        role=row.role,
        password_hash=row.password_hash,
        active=row.active,
        session_epoch=row.session_epoch,
        created_at=row.created_at,
        iin=row.iin,
        key_label=row.key_label,
    )
