"""The pages of annulment and replacement, and that every page then tells the same."""

from __future__ import annotations

import pytest

from tests.web.clerk import Clerk, Office, head_of_another_office, signed_in
from tests.web.test_documents import issue

REASON = "Қате <ұсынылған>"
FORM = "//main//form[textarea or .//textarea]"


@pytest.fixture
def head(office: Office) -> Clerk:
    return signed_in(office, "head")


@pytest.fixture
def number(office: Office) -> str:
    return issue(signed_in(office, "clerk"), office, "assistance-06")


def annul(head: Clerk, number: str, **typed: str) -> None:
    head.open(f"/documents/{number}/annul")
    head.press("", {"reason": REASON, "category": "data-error", **typed}, form=FORM)


def begin(head: Clerk, number: str, **typed: str) -> str:
    """Begin a replacement; the draft's address."""
    head.open(f"/documents/{number}/replace")
    head.press("", {"reason": REASON, **typed}, form=FORM)
    return head.answer.request.path


def issue_open_draft(clerk: Clerk, address: str) -> None:
    """Check and issue the draft that lies there, its doubts passed over with a reason."""
    clerk.open(address)
    clerk.press("check")
    reasons = clerk.page.xpath("//*[starts-with(@name, 'overrides-')]/@name")
    if reasons:
        clerk.press("check", dict.fromkeys(reasons, "Үлгі"))
    clerk.press("", form="//form[@data-once]")


def certificate(clerk: Clerk, office: Office, number: str, language: str = "ru") -> str:
    """What the page behind the QR says."""
    record = office[1].records.documents.by_number(number)
    assert record is not None
    answer = Clerk(office[0], language).open(f"/v/{record.token}")
    assert answer.headers["Cache-Control"] == "no-store"
    return " ".join(answer.get_data(as_text=True).split())


# -- annulment ------------------------------------------------------------------------------------


def test_a_clerk_does_not_annul(clerk: Clerk, number: str) -> None:
    clerk.open(f"/documents/{number}")
    assert not clerk.page.xpath("//a[contains(@href, 'annul') or contains(@href, 'replace')]")
    for deed in ("annul", "replace"):
        assert clerk.open(f"/documents/{number}/{deed}").status_code == 403


def test_another_office_finds_nothing_to_annul(office: Office, number: str) -> None:
    stranger = head_of_another_office(office)
    for deed in ("annul", "replace"):
        assert stranger.open(f"/documents/{number}/{deed}").status_code == 404


def test_annulment_wants_a_reason_and_what_to_tell(head: Clerk, number: str) -> None:
    head.open(f"/documents/{number}/annul")
    head.press("", {"reason": "  "}, form=FORM)
    assert head.answer.status_code == 422
    linked = head.page.xpath("//*[@data-error-summary]//a/@href")
    assert linked == ["#category-data-error", "#reason"]
    for address in linked:
        assert head.page.get_element_by_id(address[1:]) is not None
    head.press("", {"reason": "ә" * 501, "category": "on-request"}, form=FORM)
    assert head.answer.status_code == 422
    assert head.page.xpath("//textarea")[0].value.strip() == "ә" * 501
    assert head.page.xpath("//input[@checked]/@value") == ["on-request"]


def test_an_annulled_document_says_so_everywhere_and_keeps_its_paper(
    clerk: Clerk, head: Clerk, office: Office, number: str
) -> None:
    before = clerk.client.get(f"/documents/{number}.pdf").data
    annul(head, number)
    assert head.answer.request.path == f"/documents/{number}"
    assert REASON in head.text
    assert "Күші жойылған" in head.text
    assert "Деректерде қате бар" in head.text
    assert not head.page.xpath("//a[contains(@href, 'annul')]")
    assert clerk.client.get(f"/documents/{number}.pdf").data == before
    clerk.open(f"/documents/?state=annulled&number={number}")
    assert clerk.page.xpath(f"//li[@class='record']//a[text()='{number}']")
    clerk.open(f"/documents/?state=issued&number={number}")
    assert not clerk.page.xpath("//li[@class='record']")
    told = certificate(clerk, office, number)
    assert "Документ аннулирован" in told
    assert "Ошибка в данных" in told
    assert "ұсынылған" not in told


def test_a_second_click_and_another_head_change_nothing(
    head: Clerk, office: Office, number: str
) -> None:
    head.open(f"/documents/{number}/annul")
    annul(signed_in(office, "head"), number)
    head.press("", {"reason": "Басқа себеп", "category": "other"}, form=FORM)
    assert head.answer.request.path == f"/documents/{number}"
    assert "бұрын жойылған" in head.text
    assert "Басқа себеп" not in head.text
    assert REASON in head.text
    head.open(f"/documents/{number}/annul")
    assert not head.page.xpath("//main//textarea")


# -- replacement ----------------------------------------------------------------------------------


def test_a_document_is_replaced(head: Clerk, clerk: Clerk, office: Office, number: str) -> None:
    address = begin(head, number)
    assert address.startswith("/drafts/")
    assert number in head.text
    assert "Қате <ұсынылған>" in head.text
    head.open("/drafts/")
    assert f"{number}" in head.text
    issue_open_draft(head, address)
    new = head.answer.request.path.rpartition("/")[2]
    assert new != number
    assert number in head.text
    head.open(f"/documents/{number}")
    assert head.page.xpath(f"//a[@href='/documents/{new}']")
    assert "Алмастырылған" in head.text
    assert not head.page.xpath("//a[contains(@href, '/replace')]")
    clerk.open("/documents/?state=replaced")
    assert clerk.page.xpath(f"//li[@class='record']//a[text()='{number}']")
    token = office[1].records.documents.by_number(new).token  # type: ignore[union-attr]
    assert f'href="/v/{token}">{new}</a>' in certificate(clerk, office, number)
    assert "Документ заменён" in certificate(clerk, office, number)
    assert number in certificate(clerk, office, new)


def test_a_head_hands_the_replacement_to_a_clerk(
    head: Clerk, clerk: Clerk, office: Office, number: str
) -> None:
    account = office[1].records.accounts.by_login("clerk")
    assert account is not None
    assert begin(head, number, filler=str(account.id)) == f"/documents/{number}"
    clerk.open("/drafts/")
    (address,) = clerk.page.xpath(
        f"//li[contains(., '{number}')]//a[contains(@href, 'drafts')]/@href"
    )[:1]
    clerk.open(address)
    assert f"/documents/{number}" in clerk.page.xpath("//main//a/@href")


def test_the_slower_of_two_replacements_is_kept(
    head: Clerk, clerk: Clerk, office: Office, number: str
) -> None:
    account = office[1].records.accounts.by_login("clerk")
    assert account is not None
    first = begin(head, number)
    begin(head, number, filler=str(account.id))
    clerk.open("/drafts/")
    second = clerk.page.xpath(f"//li[contains(., '{number}')]//a/@href")[0]
    clerk.open(second)
    clerk.press("check")
    reasons = clerk.page.xpath("//*[starts-with(@name, 'overrides-')]/@name")
    if reasons:
        clerk.press("check", dict.fromkeys(reasons, "Үлгі"))
    issue_open_draft(head, first)
    new = head.answer.request.path.rpartition("/")[2]
    clerk.press("", form="//form[@data-once]")
    assert clerk.answer.request.path == second
    assert new in clerk.text
    assert REASON in clerk.text
    head.open(f"/documents/{number}/replace")
    assert head.answer.request.path == f"/documents/{number}"


def test_a_replacement_wants_a_reason_and_somebody_of_the_office(head: Clerk, number: str) -> None:
    head.open(f"/documents/{number}/replace")
    head.press("", {"reason": "-", "filler": "0"}, form=FORM)
    assert head.answer.status_code == 422
    assert head.page.xpath("//*[@data-error-summary]//a/@href") == ["#reason", "#filler"]
