"""The office's pages of signatures: the link, whose key is taken, by hand, refusals; the lists."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from io import BytesIO

import pytest

from forms_server.app import create_app
from forms_server.services.issuing import pdf_of
from forms_server.services.workshop import Workshop
from forms_server.storage.records import Change, DocumentRecord, SignatureState
from tests.fields.specimens import with_check_digit
from tests.web.clerk import URL, Clerk, head_of_another_office, signed_in
from tests.web.signing import ASSISTANT, Scene, make_scene
from tests.workshop import actor_in, issue_sample

FIRST, SECOND = "assistant_signature", "recipient_signature"
BIN = with_check_digit("00014000000")
OF_THE_HEAD = "assistance-05"
"""Its head signs, electronically or by hand."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    made = make_scene(tmp_path_factory.mktemp("signatures"))
    yield made
    made.workshop.records.close()


@pytest.fixture(scope="module")
def clerk(scene: Scene) -> Clerk:
    return signed_in(scene.office, "clerk", "ru")


@pytest.fixture(scope="module")
def head(scene: Scene) -> Clerk:
    return signed_in(scene.office, "head", "ru")


@pytest.fixture(scope="module")
def stranger(scene: Scene) -> Clerk:
    return head_of_another_office(scene.office)


@pytest.fixture
def document_of_the_head(scene: Scene) -> DocumentRecord:
    return issue_sample(scene.workshop, OF_THE_HEAD)


@pytest.fixture(scope="module")
def untouched(scene: Scene) -> DocumentRecord:
    """A document that no test signs."""
    return scene.issue()


def address(document: DocumentRecord, signature: str = FIRST) -> str:
    return f"/documents/{document.number}/signatures/{signature}"


def report_of(clerk: Clerk, workshop: Workshop, document: DocumentRecord) -> str:
    """What the full check says of the document's file."""
    clerk.open("/verify")
    (token, *_) = clerk.page.xpath("//input[@name='csrf_token']/@value")
    content = pdf_of(workshop, document.number, actor=actor_in(workshop, "clerk"))
    data = {"csrf_token": token, "file": (BytesIO(content), "a.pdf")}
    with closing(clerk.client.post("/verify/file", data=data)) as answer:
        return answer.text


def press(clerk: Clerk, document: DocumentRecord, step: str, **fields: str) -> None:
    clerk.open(address(document))
    clerk.press("", fields, form=f"//form[contains(@action, '/{step}')]")


def steps(clerk: Clerk, document: DocumentRecord, signature: str = FIRST) -> set[str]:
    """What the page lets this person do."""
    clerk.open(address(document, signature))
    actions = clerk.page.xpath("//main//form/@action")
    return {action.rpartition("/")[2] for action in actions}


# -- whose it is -----------------------------------------------------------------------------------


def test_another_offices_signature_is_as_if_it_were_not_there(
    stranger: Clerk, clerk: Clerk, scene: Scene, untouched: DocumentRecord
) -> None:
    assert stranger.open(address(untouched)).status_code == 404
    clerk.open(address(untouched))
    for step in ("signer", "hand", "refusal", "key"):
        fields = {"iin": ASSISTANT, "reason": "Себеп", "pin": "1234"}
        stranger.open("/")
        fields["csrf_token"] = stranger.page.xpath("//input[@name='csrf_token']/@value")[0]
        answer = stranger.client.post(f"{address(untouched)}/{step}", data=fields)
        assert answer.status_code == 404, step
    assert scene.parties(untouched)[0].state is SignatureState.WAITING


def test_an_unknown_signature_is_told(clerk: Clerk, untouched: DocumentRecord) -> None:
    assert clerk.open(address(untouched, "nobody")).status_code == 404
    assert clerk.open(address(untouched, "specialist_signature")).status_code == 404


def test_the_page_asks_to_sign_in(scene: Scene, untouched: DocumentRecord) -> None:
    visitor = scene.visitor()
    visitor.open(address(untouched))
    assert visitor.page.xpath("//input[@name='password']")


def test_who_keeps_the_accounts_sees_no_signature(scene: Scene, untouched: DocumentRecord) -> None:
    administrator = signed_in(scene.office, "administrator")
    assert administrator.open(address(untouched)).status_code == 403


# -- what the office sees and does -----------------------------------------------------------------


def test_the_document_shows_everybody_in_order(
    clerk: Clerk, scene: Scene, untouched: DocumentRecord
) -> None:
    clerk.open(f"/documents/{untouched.number}")
    shown = clerk.page.xpath("//section[@id='signatures']//li")
    parties = scene.parties(untouched)
    assert len(shown) == len(parties) == 2
    for item, party in zip(shown, parties, strict=True):
        assert party.label.ru in item.text_content()
        assert party.name in item.text_content()
    assert "Может подписать сейчас" in shown[0].text_content()
    assert "Ждёт очереди" in shown[1].text_content()


def test_the_link_for_the_signer_is_whole(
    clerk: Clerk, scene: Scene, untouched: DocumentRecord
) -> None:
    clerk.open(address(untouched))
    (link,) = clerk.page.xpath("//input[@id='link']/@value")
    assert link == f"{URL}/s/{scene.tokens(untouched)[0]}"


def test_the_office_names_who_is_not_known(clerk: Clerk, scene: Scene) -> None:
    document = scene.issue(named=False)
    clerk.open(f"/documents/{document.number}")
    assert "Не указано, чей ключ" in clerk.text
    assert "Может подписать сейчас" not in clerk.text
    press(clerk, document, "signer", iin="0000 0000 0010")
    assert "Указано, чей сертификат принимается" in clerk.text
    assert clerk.page.xpath("//input[@id='link']"), "the link is what is needed next"
    assert scene.parties(document)[0].record.expected_iin == ASSISTANT

    press(clerk, document, "signer", bin=BIN, iin="")
    record = scene.parties(document)[0].record
    assert (record.expected_iin, record.expected_bin) == (None, BIN)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"iin": "000000000011"}, "iin"),
        ({"iin": "12"}, "iin"),
        ({"bin": "000140000001"}, "bin"),
        ({}, "iin"),
    ],
    ids=["wrong-check-digit", "too-short", "wrong-bin", "nobody"],
)
def test_a_number_that_nobody_has_is_refused_at_its_input(
    clerk: Clerk, scene: Scene, untouched: DocumentRecord, *, fields: dict[str, str], place: str
) -> None:
    press(clerk, untouched, "signer", **{"iin": "", "bin": "", **fields})
    assert clerk.page.xpath(f"//*[@id='{place}--error']")
    assert clerk.page.xpath(f"//*[contains(@class, 'error-summary')]//a[@href='#{place}']")
    for name, typed in fields.items():
        assert clerk.page.xpath(f"//input[@id='{name}']/@value") == [typed]
    assert scene.parties(untouched)[0].record.expected_iin == ASSISTANT


def test_what_the_document_itself_says_cannot_be_named_otherwise(
    clerk: Clerk, untouched: DocumentRecord
) -> None:
    assert "signer" in steps(clerk, untouched)
    assert steps(clerk, untouched, SECOND) == set()


def test_a_signature_by_hand_is_noted_once(clerk: Clerk, scene: Scene) -> None:
    document = scene.issue()
    press(clerk, document, "hand")
    assert "Отмечено, что бумага подписана" in clerk.text
    assert scene.parties(document)[0].state is SignatureState.BY_HAND
    assert steps(clerk, document) == set()
    assert "hand" in steps(clerk, document, SECOND)


def test_the_office_notes_a_refusal_with_its_reason(clerk: Clerk, scene: Scene) -> None:
    document = scene.issue()
    press(clerk, document, "refusal", reason="  ")
    assert clerk.page.xpath("//*[@id='reason--error']")
    press(clerk, document, "refusal", reason="Подписант не согласен с часами")
    assert "Подписант не согласен с часами" in clerk.text
    assert scene.parties(document)[0].state is SignatureState.REFUSED
    clerk.open(f"/documents/{document.number}")
    assert "руководитель заменяет документ" in clerk.text
    clerk.open(f"/v/{document.token}")
    assert "Тот, кто должен подписать, отказался" in clerk.text
    report = report_of(clerk, scene.workshop, document)
    assert "Файл подлинный" in report
    assert "Тот, кто должен подписать, отказался" in report


# -- the head, by role -----------------------------------------------------------------------------


def test_a_head_sees_at_home_what_waits_for_their_signature(
    clerk: Clerk, head: Clerk, stranger: Clerk, scene: Scene
) -> None:
    document = issue_sample(scene.workshop, OF_THE_HEAD)
    signature = scene.parties(document)[0].spec.id

    head.open("/")
    assert document.number in head.text
    assert address(document, signature) in head.page.xpath("//main//a/@href")
    for other in (clerk, stranger, scene.visitor()):
        other.open("/")
        assert document.number not in other.text

    head.open(address(document, signature))
    head.press("", {}, form="//form[contains(@action, '/hand')]")
    head.open("/")
    assert document.number not in head.text


def test_a_clerk_does_not_sign_for_the_head(clerk: Clerk, scene: Scene) -> None:
    document = issue_sample(scene.workshop, OF_THE_HEAD)
    (party,) = scene.parties(document)
    assert steps(clerk, document, party.spec.id) == {"hand"}
    clerk.open(f"/s/{party.token}")
    assert "Эту подпись ставит сотрудник отдела" in clerk.text
    assert not clerk.page.xpath("//*[@data-signing]")


def test_a_head_signs_with_a_key_of_their_own_when_signed_in(
    head: Clerk, stranger: Clerk, scene: Scene
) -> None:
    document = issue_sample(scene.workshop, OF_THE_HEAD)
    token = scene.tokens(document)[0]
    head.open(f"/s/{token}")
    assert head.page.xpath("//*[@data-signing]")
    stranger.open(f"/s/{token}")
    assert not stranger.page.xpath("//*[@data-signing]")


def test_a_pin_is_shown_to_nobody_again_and_wrong_ones_are_counted(
    scene: Scene, document_of_the_head: DocumentRecord, caplog: pytest.LogCaptureFixture
) -> None:
    """No token is set here: whatever PIN is typed, the key is not there."""
    own = scene.workshop.records.accounts.by_login("head")
    assert own is not None
    change = Change(at=datetime.now(UTC))
    set_signer = scene.workshop.records.accounts.set_signer
    set_signer(own.id, iin=ASSISTANT, key_label="head-key", change=change)
    browser = signed_in(
        (create_app(scene.workshop.settings, scene.workshop), scene.workshop), "head"
    )
    where = address(document_of_the_head, scene.parties(document_of_the_head)[0].spec.id)

    statuses = []
    for _ in range(6):
        browser.open(where)
        (pin,) = browser.page.xpath("//input[@type='password']")
        assert (pin.get("autocomplete"), pin.get("value")) == ("off", None)
        browser.press("", {"pin": "987654"}, form="//form[contains(@action, '/key')]")
        statuses.append(browser.answer.status_code)
        assert "987654" not in browser.answer.text
        assert browser.page.xpath("//*[@id='pin--error']")
    assert statuses == [422] * 5 + [429]
    assert "987654" not in caplog.text


def test_a_pin_is_not_carried_over_the_sign_in_page(
    scene: Scene, document_of_the_head: DocumentRecord
) -> None:
    """The session has ended meanwhile: no secret may stand in the page that asks to sign in."""
    where = address(document_of_the_head, scene.parties(document_of_the_head)[0].spec.id)
    visitor = scene.visitor()
    answer = visitor.client.post(
        f"{where}/key", data={"pin": "987654"}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert answer.status_code == 401
    assert "password" in answer.text
    assert "987654" not in answer.text


def test_whoever_is_not_signed_in_uses_up_nobodys_tries(
    scene: Scene, document_of_the_head: DocumentRecord
) -> None:
    where = address(document_of_the_head, scene.parties(document_of_the_head)[0].spec.id)
    visitor = scene.visitor()
    visitor.open(where)
    (token,) = visitor.page.xpath("//form//input[@name='csrf_token']/@value")[:1]
    fields = {"pin": "987654", "csrf_token": token}
    answers = [visitor.client.post(f"{where}/key", data=fields) for _ in range(7)]
    assert {answer.status_code for answer in answers} == {401}
    assert not any("987654" in answer.text for answer in answers)


def test_the_link_of_a_head_stands_in_no_other_address(
    scene: Scene, document_of_the_head: DocumentRecord
) -> None:
    """Who has the link reads the document: a proxy's log would keep the address of the sign-in."""
    (token,) = scene.tokens(document_of_the_head)
    visitor = scene.visitor()
    visitor.open(f"/s/{token}")
    assert not [each for each in visitor.page.xpath("//a/@href") if f"={token}" in each]
    (sign_in,) = visitor.page.xpath("//main//a[contains(@href, '/sign-in')]/@href")
    assert token not in sign_in


# -- lists -----------------------------------------------------------------------------------------


def tag_of(clerk: Clerk, document: DocumentRecord) -> str:
    clerk.open(f"/documents/?number={document.number}")
    return " ".join(clerk.page.xpath("//li[@class='record']")[0].text_content().split())


def test_the_register_says_how_far_the_signing_is(clerk: Clerk, scene: Scene) -> None:
    document = scene.issue()
    assert "Ждёт подписей: 1" in tag_of(clerk, document)
    scene.sign(scene.visitor(), scene.tokens(document)[0], scene.assistant)
    assert "Подписано" in tag_of(clerk, document)

    refused = scene.issue()
    press(clerk, refused, "refusal", reason="Себеп")
    assert "Отказ от подписи" in tag_of(clerk, refused)


def test_of_a_form_that_nobody_signs_the_register_says_nothing(clerk: Clerk, scene: Scene) -> None:
    document = issue_sample(scene.workshop)
    assert "одпис" not in tag_of(clerk, document)
