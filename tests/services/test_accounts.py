"""Accounts: who may sign in, who may do what, what ends a session."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher, extract_parameters

from forms_server.errors import FormsServerError
from forms_server.languages import BilingualText
from forms_server.services import accounts
from forms_server.services.accounts import (
    PERMISSIONS,
    AccountRequest,
    Actor,
    Permission,
    Role,
    SignerRequest,
    actor_of,
    change_password,
    create_account,
    create_first_accounts,
    list_accounts,
    make_password,
    require,
    reset_password,
    set_account_active,
    set_signer,
    sign_in,
)
from forms_server.storage.records import Change, OfficeRecord, Records, open_records
from tests.databases import migrate

NOW = datetime(2025, 5, 2, 9, 30, tzinfo=UTC)
NEW_PASSWORD = "жаңа құпиясөз"  # noqa: S105


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    url = f"sqlite:///{tmp_path / 'forms.db'}"
    migrate(url)
    opened = open_records(url)
    yield opened
    opened.close()


@pytest.fixture
def office(records: Records) -> OfficeRecord:
    return records.offices.ensure("0101", BilingualText(kk="Үлгі бөлім", ru="Образцовый отдел"))


@pytest.fixture
def passwords(records: Records, office: OfficeRecord) -> dict[str, str]:
    return dict(create_first_accounts(records, office, now=NOW))


@pytest.fixture
def clerk(records: Records, passwords: dict[str, str]) -> Actor:
    return sign_in(records, "clerk", password=passwords["clerk"], now=NOW)


@pytest.fixture
def administrator(records: Records, passwords: dict[str, str]) -> Actor:
    return sign_in(records, "administrator", password=passwords["administrator"], now=NOW)


def test_the_first_start_makes_one_account_a_role(
    records: Records, office: OfficeRecord, passwords: dict[str, str]
) -> None:
    assert set(passwords) == {"clerk", "head", "administrator"}
    for login, password in passwords.items():
        actor = sign_in(records, login, password=password, now=NOW)
        assert (actor.role, actor.office) == (login, office)
    assert create_first_accounts(records, office, now=NOW) == ()


def test_first_accounts_are_named_for_their_role_in_both_languages(clerk: Actor) -> None:
    assert clerk.display_name == "Маман / Специалист"


def test_passwords_are_kept_only_as_argon2id(records: Records, passwords: dict[str, str]) -> None:
    account = records.accounts.by_login("clerk")
    assert account is not None
    assert account.password_hash.startswith("$argon2id$")
    assert passwords["clerk"] not in repr(records.events.recent()) + repr(account)


def test_random_passwords_are_readable_and_differ() -> None:
    several = {make_password() for _ in range(100)}
    assert len(several) == 100
    assert all(len(password) == 24 and password.count("-") == 4 for password in several)


def test_a_login_may_be_typed_in_capitals(records: Records, passwords: dict[str, str]) -> None:
    assert sign_in(records, " Clerk ", password=passwords["clerk"], now=NOW).login == "clerk"


@pytest.mark.parametrize("login", ["clerk", "nobody", ""])
def test_a_wrong_pair_is_refused_in_the_same_words(
    records: Records, passwords: dict[str, str], login: str
) -> None:
    with pytest.raises(FormsServerError, match="sign-in-refused"):
        sign_in(records, login, password=passwords["head"], now=NOW)


def test_an_unknown_login_costs_the_same_hashing_as_a_known_one() -> None:
    nobody = accounts._hash_of_nobody()
    assert extract_parameters(nobody) == extract_parameters(accounts.HASHER.hash("any"))


def test_signing_in_is_told_in_the_audit_trail(records: Records, clerk: Actor) -> None:
    assert [event.kind for event in records.events.of_subject("clerk")][-1] == "signed-in"


def test_a_hash_with_old_parameters_is_renewed(
    records: Records, passwords: dict[str, str], clerk: Actor
) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=1024).hash(NEW_PASSWORD)
    before = records.accounts.set_password(clerk.account_id, weak, change=Change(at=NOW))
    actor = sign_in(records, "clerk", password=NEW_PASSWORD, now=NOW)
    after = records.accounts.by_id(clerk.account_id)
    assert after is not None
    assert after.password_hash != weak
    assert actor.session_epoch == after.session_epoch == before.session_epoch
    assert sign_in(records, "clerk", password=NEW_PASSWORD, now=NOW) == actor


def test_a_hash_that_is_none_lets_nobody_in(records: Records, clerk: Actor) -> None:
    records.accounts.set_password(clerk.account_id, "x", change=Change(at=NOW))
    with pytest.raises(FormsServerError, match="sign-in-refused"):
        sign_in(records, "clerk", password="x", now=NOW)  # noqa: S106


def test_a_changed_password_ends_the_old_sessions(
    records: Records, passwords: dict[str, str], clerk: Actor
) -> None:
    old = clerk.session_epoch
    changed = change_password(records, clerk, current=passwords["clerk"], new=NEW_PASSWORD, now=NOW)
    assert actor_of(records, clerk.account_id, session_epoch=old) is None
    assert actor_of(records, clerk.account_id, session_epoch=changed.session_epoch) == changed
    with pytest.raises(FormsServerError, match="sign-in-refused"):
        sign_in(records, "clerk", password=passwords["clerk"], now=NOW)


def test_a_letter_typed_in_two_parts_is_the_same_letter(
    records: Records, passwords: dict[str, str], clerk: Actor
) -> None:
    change_password(records, clerk, current=passwords["clerk"], new="й" * 12, now=NOW)
    assert sign_in(records, "clerk", password="и\u0306" * 12, now=NOW)


@pytest.mark.parametrize(
    ("current", "new", "code"),
    [
        ("wrong", NEW_PASSWORD, "password-wrong"),
        (None, "short", "password-short"),
        (None, "long" * 100, "password-long"),
    ],
)
def test_a_bad_change_is_refused(
    records: Records,
    passwords: dict[str, str],
    clerk: Actor,
    *,
    current: str | None,
    new: str,
    code: str,
) -> None:
    with pytest.raises(FormsServerError, match=code):
        change_password(records, clerk, current=current or passwords["clerk"], new=new, now=NOW)
    assert actor_of(records, clerk.account_id, session_epoch=clerk.session_epoch) == clerk


def test_nobody_is_the_actor_of_a_missing_account(records: Records) -> None:
    assert actor_of(records, 7, session_epoch=1) is None


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("permission", list(Permission))
def test_the_table_of_permissions_is_what_counts(
    office: OfficeRecord, role: Role, permission: Permission
) -> None:
    actor = Actor(
        account_id=1, login="x", display_name="x", role=role, office=office, session_epoch=1
    )
    if permission in PERMISSIONS[role]:
        require(actor, permission)
    else:
        with pytest.raises(FormsServerError, match="not-allowed"):
            require(actor, permission)


def test_only_the_head_annuls_and_only_the_administrator_makes_accounts() -> None:
    def who(permission: Permission) -> set[Role]:
        return {role for role, may in PERMISSIONS.items() if permission in may}

    assert who(Permission.ANNUL) == {Role.HEAD}
    assert who(Permission.MANAGE_ACCOUNTS) == {Role.ADMINISTRATOR}
    assert who(Permission.READ_DOCUMENTS) == {Role.CLERK, Role.HEAD}


def test_an_administrator_makes_resets_and_closes_accounts(
    records: Records, administrator: Actor
) -> None:
    request = AccountRequest(login="Clerk-2", display_name="Маман 2", role=Role.CLERK)
    account, password = create_account(records, administrator, request=request, now=NOW)
    assert sign_in(records, "clerk-2", password=password, now=NOW).role is Role.CLERK
    _, renewed = reset_password(records, administrator, account_id=account.id, now=NOW)
    assert sign_in(records, "clerk-2", password=renewed, now=NOW)
    closed = set_account_active(
        records, administrator, account_id=account.id, active=False, now=NOW
    )
    assert not closed.active
    with pytest.raises(FormsServerError, match="sign-in-refused"):
        sign_in(records, "clerk-2", password=renewed, now=NOW)
    assert closed in list_accounts(records, administrator)


@pytest.mark.parametrize("login", ["", "x", "маман", "a b", "-a", "a" * 81])
def test_a_malformed_login_is_refused(records: Records, administrator: Actor, login: str) -> None:
    request = AccountRequest(login=login, display_name="x", role=Role.CLERK)
    with pytest.raises(FormsServerError, match="login-malformed"):
        create_account(records, administrator, request=request, now=NOW)


def test_an_administrator_says_whose_an_account_is(
    records: Records, administrator: Actor, clerk: Actor
) -> None:
    def told(**given: str) -> tuple[str | None, str | None]:
        request = SignerRequest(**given)
        account = set_signer(
            records, administrator, account_id=clerk.account_id, request=request, now=NOW
        )
        return account.iin, account.key_label

    assert told(iin=" 0000 0000 0010 ") == ("000000000010", None)
    assert told(key_label=" clerk-key ") == ("000000000010", "clerk-key")
    assert told(iin="") == (None, "clerk-key")
    assert told(key_label="") == (None, None)
    for given, code in (
        ({"iin": "000000000011"}, "signer-iin-wrong"),
        ({"iin": "1"}, "signer-iin-wrong"),
        ({"key_label": "x" * 81}, "key-label-wrong"),
        ({"key_label": "a\nb"}, "key-label-wrong"),
    ):
        with pytest.raises(FormsServerError) as refusal:
            told(**given)
        assert refusal.value.code == code
    events = records.events.of_subject(clerk.login)
    assert [event.kind for event in events].count("account-signer-set") == 4
    assert "000000000010" not in repr(events)


def test_a_clerk_says_of_no_account_whose_it_is(records: Records, clerk: Actor) -> None:
    with pytest.raises(FormsServerError) as refusal:
        set_signer(
            records, clerk, account_id=clerk.account_id, request=SignerRequest(iin=""), now=NOW
        )
    assert refusal.value.code == "not-allowed"


def test_a_clerk_manages_no_accounts(records: Records, clerk: Actor) -> None:
    request = AccountRequest(login="other", display_name="x", role=Role.ADMINISTRATOR)
    with pytest.raises(FormsServerError, match="not-allowed"):
        create_account(records, clerk, request=request, now=NOW)
    with pytest.raises(FormsServerError, match="not-allowed"):
        reset_password(records, clerk, account_id=clerk.account_id, now=NOW)
    with pytest.raises(FormsServerError, match="not-allowed"):
        list_accounts(records, clerk)


def test_accounts_of_another_office_do_not_exist_for_an_administrator(
    records: Records, administrator: Actor, clerk: Actor
) -> None:
    other = records.offices.ensure("0102", BilingualText(kk="Басқа", ru="Другой"))
    stranger = Actor(
        account_id=administrator.account_id,
        login="stranger",
        display_name="x",
        role=Role.ADMINISTRATOR,
        office=other,
        session_epoch=1,
    )
    assert list_accounts(records, stranger) == ()
    with pytest.raises(FormsServerError, match="account-missing"):
        reset_password(records, stranger, account_id=clerk.account_id, now=NOW)


def test_the_last_administrator_cannot_be_shut_out(records: Records, administrator: Actor) -> None:
    with pytest.raises(FormsServerError, match="account-last-administrator"):
        set_account_active(
            records, administrator, account_id=administrator.account_id, active=False, now=NOW
        )
