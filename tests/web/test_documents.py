"""The register and one document: the stored paper, what to do with it, whose it is."""

from __future__ import annotations

import pytest

from tests.web.clerk import Clerk, Office, head_of_another_office, sample, signed_in, typed


@pytest.fixture
def head(office: Office) -> Clerk:
    return signed_in(office, "head")


def issue(clerk: Clerk, office: Office, form_id: str, output: str = "kk") -> str:
    """Issue a document of sample answers; its number."""
    address = clerk.start(form_id)
    edition = office[1].forms[form_id].latest
    clerk.press("check", sample(edition))
    fields = typed(clerk.page.xpath("//form[@data-once]")[0])
    fields["output"] = output
    clerk.post(f"{address}/issue", fields)
    assert clerk.answer.status_code == 200, clerk.text
    return clerk.answer.request.path.rpartition("/")[2]


@pytest.fixture(scope="module")
def number(office: Office) -> str:
    return issue(signed_in(office, "clerk"), office, "mse-01")


def test_a_document_says_what_to_do(clerk: Clerk, office: Office) -> None:
    made = issue(clerk, office, "mse-04", "ru")
    edition = office[1].forms["mse-04"].latest
    assert made in clerk.text
    assert f"Басып шығарылатын дана саны: {edition.copies}" in clerk.text
    for signature in edition.signatures:
        assert signature.label.kk in clerk.text


def test_the_paper_is_the_stored_bytes(clerk: Clerk, office: Office, number: str) -> None:
    record = office[1].records.documents.by_number(number)
    assert record is not None
    assert record.blob_key is not None
    shown = clerk.client.get(f"/documents/{number}.pdf")
    kept = clerk.client.get(f"/documents/{number}.pdf?download=1")
    assert shown.data == kept.data == office[1].blobs.get(record.blob_key)
    assert shown.mimetype == "application/pdf"
    assert shown.headers["Content-Disposition"] == f'inline; filename="{number}.pdf"'
    assert kept.headers["Content-Disposition"].startswith("attachment")
    assert shown.headers["Cache-Control"] == "no-store"


def test_the_verification_page_is_one_link_away(clerk: Clerk, number: str) -> None:
    clerk.open(f"/documents/{number}")
    (link,) = clerk.page.xpath("//a[contains(@href, '/v/')]/@href")
    assert Clerk(clerk.client.application).open(link).status_code == 200


def test_the_register_finds_by_a_part_of_the_number(clerk: Clerk, number: str) -> None:
    clerk.open(f"/documents/?number={number[-6:]}")
    assert number in clerk.text
    clerk.open("/documents/?number=no-such")
    assert number not in clerk.text
    assert "мұндай нөмірлі немесе күйдегі құжат жоқ" in clerk.text


def test_the_register_says_the_state_in_words(clerk: Clerk, number: str) -> None:
    clerk.open("/documents/")
    (entry,) = clerk.page.xpath(f"//li[.//a[@href='/documents/{number}']]")
    assert "Берілген" in entry.text_content()


@pytest.mark.parametrize("page", ["0", "-5", "999999", "99999999999999999999", "x"])
def test_a_page_that_is_not_there_is_no_error(clerk: Clerk, page: str) -> None:
    assert clerk.open(f"/documents/?page={page}").status_code == 200


def test_an_unknown_number_is_told(clerk: Clerk) -> None:
    for address in ("/documents/nothing", "/documents/nothing.pdf", "/documents/nothing/annul"):
        assert clerk.open(address).status_code in {403, 404}


def test_strangers_see_no_document(office: Office, number: str) -> None:
    stranger = Clerk(office[0])
    for address in (f"/documents/{number}", f"/documents/{number}.pdf", "/documents/"):
        assert stranger.open(address).request.path == "/sign-in"


def test_the_administrator_sees_no_document(office: Office, number: str) -> None:
    administrator = signed_in(office, "administrator")
    for address in (f"/documents/{number}", f"/documents/{number}.pdf", "/documents/", "/drafts/"):
        assert administrator.open(address).status_code == 403


def test_another_office_sees_no_document(office: Office, number: str) -> None:
    stranger = head_of_another_office(office)
    for address in (f"/documents/{number}", f"/documents/{number}.pdf"):
        assert stranger.open(address).status_code == 404
    stranger.open("/documents/")
    assert number not in stranger.text


def test_paging_goes_through_the_whole_register(clerk: Clerk, office: Office, number: str) -> None:
    documents = office[1].records.documents
    pattern = documents.by_number(number)
    assert pattern is not None
    seen: set[str] = set()
    clerk.open("/documents/")
    while True:
        seen |= set(clerk.page.xpath("//li[@class='record']//a/text()"))
        older = clerk.page.xpath("//a[@rel='next']/@href")
        if not older:
            break
        clerk.open(older[0])
    assert len(seen) == documents.count(pattern.office_id)
    assert number in seen
