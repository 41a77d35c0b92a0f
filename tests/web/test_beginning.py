"""Beginning a form from an issued document, without scripts: offered, carried over, recorded."""

from __future__ import annotations

import pytest

from tests.web.clerk import Clerk, Office, head_of_another_office, sample, typed

OFFERS = "//*[@id='begin']//li"


def issue(clerk: Clerk, office: Office, form_id: str, **more: list[str]) -> str:
    """Issue what the open fill page asks, of sample answers; its number."""
    edition = office[1].forms[form_id].latest
    address = clerk.answer.request.path
    clerk.press("check", {**sample(edition), **more})
    fields = typed(clerk.page.xpath("//form[@data-once]")[0])
    fields["output"] = "kk"
    clerk.post(f"{address}/issue", fields)
    assert clerk.answer.status_code == 200, clerk.text
    return clerk.answer.request.path.rpartition("/")[2]


@pytest.fixture
def number(clerk: Clerk, office: Office) -> str:
    """An application whose page is open."""
    clerk.start("mse-01")
    return issue(clerk, office, "mse-01")


def offered(form_id: str) -> str:
    return f"//*[@id='begin']//form[contains(@action, '/forms/{form_id}/new')]"


def test_an_issued_document_offers_forms_best_first(clerk: Clerk, number: str) -> None:
    assert number in clerk.text
    told = [
        words
        for item in clerk.page.xpath(OFFERS)
        for words in item.xpath(".//p[contains(., 'көшірілетін жауаптар')]/text()")
    ]
    assert len(told) > 1
    assert all(int(words.rpartition(" ")[2]) > 0 for words in told)
    assert clerk.page.xpath(f"({OFFERS})[last()]//form[contains(@action, '/forms/mse-01/')]")


def test_one_button_opens_the_draft_and_says_what_was_carried(
    clerk: Clerk, office: Office, number: str
) -> None:
    source = office[1].records.documents.by_number(number)
    assert source is not None
    clerk.press("", form=offered("mse-04"))
    assert clerk.answer.request.path.startswith("/drafts/")
    assert f"{number} құжатынан көшірілген жауаптар" in clerk.text
    assert clerk.page.xpath(f"//a[@href='/documents/{number}']")
    edition = office[1].forms["mse-04"].latest
    recipient = edition.meaning("person.name")
    assert recipient is not None
    assert clerk.value(f"{recipient.id}-surname") == source.answers["person"]["surname"]
    assert recipient.label.kk in clerk.page.xpath("//ul[@class='carried']")[0].text_content()


def test_both_documents_name_each_other(clerk: Clerk, office: Office, number: str) -> None:
    clerk.press("", form=offered("mse-04"))
    made = issue(clerk, office, "mse-04")
    assert clerk.page.xpath(f"//dl//a[@href='/documents/{number}']")
    clerk.open(f"/documents/{number}")
    assert clerk.page.xpath(f"//dl//a[@href='/documents/{made}']")


def test_the_line_stays_when_the_source_is_annulled(clerk: Clerk, office: Office) -> None:
    clerk.start("mse-01")
    number = issue(clerk, office, "mse-01")
    clerk.press("", form=offered("mse-04"))
    page = clerk.address
    app, workshop = office
    head = Clerk(app).sign_in("head", dict(workshop.first_accounts)["head"])
    head.open(f"/documents/{number}/annul")
    head.press("", {"category": "other", "reason": "Қате"}, form="//main//form")
    assert not head.page.xpath("//*[@id='begin']")
    assert clerk.open(page).status_code == 200
    assert f"{number} құжатынан көшірілген" in clerk.text


def test_an_annulled_document_begins_nothing(clerk: Clerk, office: Office, number: str) -> None:
    fields = typed(clerk.page.xpath(offered("mse-04"))[0])
    app, workshop = office
    head = Clerk(app).sign_in("head", dict(workshop.first_accounts)["head"])
    head.open(f"/documents/{number}/annul")
    head.press("", {"category": "other", "reason": "Қате"}, form="//main//form")
    assert clerk.post("/forms/mse-04/new", fields).status_code == 409
    assert "күшінде емес" in clerk.text


def test_a_form_that_shares_nothing_begins_empty_and_says_so(clerk: Clerk, number: str) -> None:
    assert not clerk.page.xpath(offered("pilot-031e"))
    fields = typed(clerk.page.xpath(offered("mse-04"))[0])
    clerk.post("/forms/assistance-06/new", fields)
    assert f"{number} құжаты" in clerk.text


@pytest.mark.parametrize("source", ["none", "' OR 1=1 --", "9" * 300])
def test_an_unknown_document_begins_nothing(clerk: Clerk, number: str, source: str) -> None:
    fields = typed(clerk.page.xpath(offered("mse-04"))[0])
    assert fields["source"] == number
    fields["source"] = source
    assert clerk.post("/forms/mse-04/new", fields).status_code == 404


def test_another_office_s_document_begins_nothing(
    office: Office, clerk: Clerk, number: str
) -> None:
    fields = typed(clerk.page.xpath(offered("mse-04"))[0])
    stranger = head_of_another_office(office)
    stranger.open("/forms/")
    own_fields = typed(stranger.page.xpath("//*[@id='form-mse-04']//form")[0])
    own_fields["source"] = fields["source"]
    assert stranger.post("/forms/mse-04/new", own_fields).status_code == 404


def test_without_a_token_nothing_begins(clerk: Clerk, number: str) -> None:
    answer = clerk.client.post("/forms/mse-04/new", data={"source": number})
    assert answer.status_code == 400
