"""Offices and accounts as rows; what the roles may do is tested in tests/services."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from forms_server.errors import StorageError
from forms_server.languages import BilingualText
from forms_server.storage.records import AccountRecord, Change, OfficeRecord, Records

from .conftest import NOW, new_account

CHANGE = Change(at=NOW)


def test_an_office_is_entered_once_and_renamed(records: Records, office: OfficeRecord) -> None:
    renamed = records.offices.ensure("0101", BilingualText(kk="Жаңа", ru="Новый"))
    assert renamed.id == office.id
    assert renamed.name.kk == "Жаңа"
    assert records.offices.by_id(office.id) == records.offices.by_code("0101") == renamed
    assert records.offices.list() == (renamed,)


def test_an_account_comes_back_with_its_office(
    records: Records, account: AccountRecord, office: OfficeRecord
) -> None:
    assert (account.office, account.active, account.session_epoch) == (office, True, 1)
    assert records.accounts.by_id(account.id) == records.accounts.by_login("clerk") == account
    assert records.accounts.list(office.id) == (account,)
    assert "not a hash" not in repr(account)


def test_a_login_is_taken_once(
    records: Records, account: AccountRecord, office: OfficeRecord
) -> None:
    with pytest.raises(StorageError, match="account-login-taken"):
        records.accounts.add(new_account(office, "clerk"), CHANGE)


def test_an_unknown_role_is_refused_by_the_database(records: Records, office: OfficeRecord) -> None:
    with pytest.raises(StorageError, match="record-conflict"):
        records.accounts.add(new_account(office, "guest", role="guest"), CHANGE)


def test_a_new_password_ends_the_sessions(records: Records, account: AccountRecord) -> None:
    changed = records.accounts.set_password(account.id, "another", change=CHANGE)
    assert (changed.password_hash, changed.session_epoch) == ("another", 2)


def test_a_renewed_hash_keeps_them_unless_it_comes_late(
    records: Records, account: AccountRecord
) -> None:
    records.accounts.replace_hash(account.id, old=account.password_hash, new="renewed")
    records.accounts.replace_hash(account.id, old=account.password_hash, new="late")
    renewed = records.accounts.by_id(account.id)
    assert renewed is not None
    assert (renewed.password_hash, renewed.session_epoch) == ("renewed", 1)


def test_the_last_administrator_stays(records: Records, office: OfficeRecord) -> None:
    first = records.accounts.add(new_account(office, "a", role="administrator"), CHANGE)
    with pytest.raises(StorageError, match="account-last-administrator"):
        records.accounts.set_active(first.id, active=False, change=CHANGE)
    records.accounts.add(new_account(office, "b", role="administrator"), CHANGE)
    closed = records.accounts.set_active(first.id, active=False, change=CHANGE)
    assert (closed.active, closed.session_epoch) == (False, 2)


def test_changes_are_told_in_the_audit_trail(records: Records, account: AccountRecord) -> None:
    records.accounts.set_active(account.id, active=False, change=Change(at=NOW, by=account.id))
    records.accounts.set_active(account.id, active=True, change=CHANGE)
    records.accounts.set_password(account.id, "another", change=CHANGE)
    kinds = [event.kind for event in records.events.of_subject("clerk")]
    assert kinds == [
        "account-created",
        "account-closed",
        "account-opened",
        "account-password-changed",
    ]


def test_of_several_first_starts_one_makes_the_accounts(
    records: Records, office: OfficeRecord
) -> None:
    def start(_turn: int) -> bool:
        return records.accounts.add_first((new_account(office, "clerk"),), CHANGE)

    assert not records.accounts.exist()
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(start, range(4))) == [False, False, False, True]
    assert records.accounts.exist()


def test_a_missing_account_is_refused(records: Records) -> None:
    with pytest.raises(StorageError, match="account-missing"):
        records.accounts.set_password(7, "x", change=CHANGE)
