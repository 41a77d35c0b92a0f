"""A citizen checks a paper in a real browser: the seal, a file, another language."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from forms_server.documents.qr_seal import write_seal
from forms_server.storage.records import FileKind, NewFile, TimeStampState, open_records
from tests.browser.conftest import LiveServer, OpenPage
from tests.browser.papers import Paper, altered, annul_paper, issue_papers
from tests.documents.test_qr_seal import PAYLOAD, make_keys

Axe = Callable[[Page], None]
LANGUAGES = ("kk", "ru", "en")
PHONE = {"width": 320, "height": 640}
DESK = {"width": 1280, "height": 900}
UNKNOWN = "x" * 22
ANY_WORD = re.compile(".+")
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass(frozen=True, slots=True)
class Papers:
    valid: Paper
    annulled: Paper


@pytest.fixture(scope="module")
def papers(live_server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """Two papers as they come out of the server; one of them is then annulled."""
    folder = tmp_path_factory.mktemp("papers")
    valid, annulled = issue_papers(live_server, "mse-01", folder, count=2)
    annul_paper(live_server, annulled)
    return Papers(valid, annulled)


# -- every page, every language, every width ------------------------------------------------------


def addresses(papers: Papers) -> Sequence[str]:
    valid, annulled = papers.valid, papers.annulled
    return (
        "/",
        "/templates/",
        "/sign-in",
        "/verify",
        "/nowhere",
        f"/v/{UNKNOWN}",
        f"/v/{UNKNOWN}#{valid.seal}",
        f"{valid.path}#{valid.seal}",
        f"{valid.path}#{annulled.seal}",
        f"{valid.path}#{altered(valid.seal)}",
        f"{annulled.path}#{annulled.seal}",
        f"/v/offline#{valid.seal}",
        f"/v/offline#{altered(valid.seal)}",
    )


def open_sealed(page: Page, server: LiveServer, address: str, language: str) -> None:
    """Open the address in a language and wait for what the seal's module says."""
    path, _, seal = address.partition("#")
    page.goto("about:blank")
    page.goto(f"{server.url}{path}?lang={language}#{seal}")
    if seal:
        expect(page.locator("[data-seal]")).not_to_have_attribute("data-answer", "checking")
        expect(page.locator("[data-seal]")).to_have_attribute("data-answer", ANY_WORD)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_accessible_and_fits_a_phone(
    open_page: OpenPage, live_server: LiveServer, papers: Papers, axe: Axe, *, language: str
) -> None:
    page = open_page(viewport=PHONE)
    for address in addresses(papers):
        open_sealed(page, live_server, address, language)
        axe(page)
        assert page.evaluate(OVERFLOW) <= 0, f"{address} {language}"


def test_every_page_has_enough_contrast_in_the_dark(
    open_page: OpenPage, live_server: LiveServer, papers: Papers, axe: Axe
) -> None:
    page = open_page(viewport=DESK, color_scheme="dark")
    for address in addresses(papers):
        open_sealed(page, live_server, address, "ru")
        axe(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_reports_and_refusals_are_accessible(
    open_page: OpenPage, live_server: LiveServer, papers: Papers, axe: Axe, *, language: str
) -> None:
    page = open_page(viewport=PHONE)
    changed = papers.valid.pdf.read_bytes() + b"\n% more\n"
    kept, annulled = papers.valid.pdf.read_bytes(), papers.annulled.pdf.read_bytes()
    contents = (kept, annulled, changed, b"%PDF-1.7 broken")
    for content in contents:
        page.goto(f"{live_server.url}/verify?lang={language}")
        choose(page, content)
        page.locator("[data-file-check] button").click()
        page.wait_for_url("**/verify/file")
        axe(page)
        assert page.evaluate(OVERFLOW) <= 0
    page.goto(f"{live_server.url}/verify")
    page.locator("#code").fill("қате")
    page.locator("#code").press("Enter")
    expect(page.locator(".error-summary a")).to_have_attribute("href", "#code")
    axe(page)


def test_what_the_iin_opens_is_accessible(
    open_page: OpenPage, live_server: LiveServer, papers: Papers, axe: Axe
) -> None:
    page = open_page(viewport=PHONE)
    page.goto(f"{live_server.url}{papers.valid.path}")
    page.locator("#iin_last4").fill("1111")
    page.locator("#iin_last4").press("Enter")
    expect(page.locator("#iin-message")).to_be_visible()
    axe(page)
    page.locator("#iin_last4").fill("0000")
    page.locator("#iin_last4").press("Enter")
    expect(page.get_by_text("000000000000")).to_be_visible()
    axe(page)
    assert page.evaluate(OVERFLOW) <= 0


# -- the seal -------------------------------------------------------------------------------------


CODES = {"agrees": "valid", "differs": "altered", "no-record": "unknown-here"}


def answer_of(page: Page, answer: str) -> None:
    """The answer, in words and as the stable code of what it comes to."""
    expect(page.locator("[data-seal]")).to_have_attribute("data-answer", answer)
    expect(page.locator(f"[data-seal] [data-when={answer}]")).to_be_visible()
    expect(page.locator("[data-seal-code]")).to_have_text(CODES.get(answer, answer))


def test_a_genuine_seal_agrees_with_the_record(
    page: Page, live_server: LiveServer, papers: Papers
) -> None:
    page.goto(f"{live_server.url}{papers.valid.path}#{papers.valid.seal}")

    answer_of(page, "agrees")
    expect(page.get_by_role("heading", level=1)).to_have_text("Құжат жарамды")


def test_a_genuine_seal_of_an_annulled_document_is_not_called_valid(
    page: Page, live_server: LiveServer, papers: Papers
) -> None:
    page.goto(f"{live_server.url}{papers.annulled.path}#{papers.annulled.seal}")

    answer_of(page, "annulled")
    expect(page.get_by_role("heading", level=1)).to_have_text("Құжаттың күші жойылған")


def test_an_altered_seal_takes_the_verdicts_place(
    page: Page, live_server: LiveServer, papers: Papers
) -> None:
    page.goto(f"{live_server.url}{papers.valid.path}#{altered(papers.valid.seal)}")

    answer_of(page, "altered")
    expect(page.get_by_role("heading", level=1)).to_have_text("Қағаз тексеруден өтпеді")
    expect(page.get_by_text("Құжат жарамды")).to_be_hidden()


def test_a_seal_from_another_paper_does_not_pass(
    page: Page, live_server: LiveServer, papers: Papers
) -> None:
    page.goto(f"{live_server.url}{papers.valid.path}#{papers.annulled.seal}")

    answer_of(page, "differs")
    fact = page.locator("[data-seal-fact=number]")
    expect(fact).to_have_text(papers.annulled.number)
    expect(page.get_by_text("Құжат жарамды")).to_be_hidden()


@pytest.mark.parametrize(
    "seal",
    [
        "x",
        "a.b.c",
        "hEuiASYERlx-641pgqBYQA",
        "A" * 260,
        "A" * 4000,
        "%F0%9F%98%80",
        "<img src=x>",
    ],
)
def test_what_is_no_seal_is_unreadable(
    page: Page, live_server: LiveServer, papers: Papers, seal: str
) -> None:
    page.goto(f"{live_server.url}{papers.valid.path}#{seal}")

    answer_of(page, "unreadable")


def test_a_seal_by_another_key_takes_the_verdicts_place(
    page: Page, live_server: LiveServer, papers: Papers
) -> None:
    page.goto(f"{live_server.url}{papers.valid.path}#{write_seal(PAYLOAD, make_keys())}")

    answer_of(page, "unknown-key")
    expect(page.get_by_text("Құжат жарамды")).to_be_hidden()


def test_a_genuine_seal_without_a_record(
    page: Page, live_server: LiveServer, papers: Papers
) -> None:
    page.goto(f"{live_server.url}/v/{UNKNOWN}#{papers.valid.seal}")

    answer_of(page, "no-record")


def test_an_address_without_a_seal_is_no_reason_to_worry(
    page: Page, live_server: LiveServer, papers: Papers
) -> None:
    page.goto(f"{live_server.url}{papers.valid.path}")

    expect(page.get_by_role("heading", level=1)).to_have_text("Құжат жарамды")
    expect(page.locator("[data-seal]")).to_be_hidden()


def test_the_seal_survives_a_change_of_language_and_the_digits(
    page: Page, live_server: LiveServer, papers: Papers
) -> None:
    page.goto(f"{live_server.url}{papers.valid.path}#{papers.valid.seal}")
    answer_of(page, "agrees")
    page.locator("[data-language=ru]").click()
    answer_of(page, "agrees")
    expect(page.locator("html")).to_have_attribute("lang", "ru")

    page.locator("#iin_last4").fill("9999")
    page.locator("#iin_last4").press("Enter")

    expect(page.locator("#iin-message")).to_be_visible()
    answer_of(page, "agrees")


def test_without_scripts_the_page_answers_too(
    open_page: OpenPage, live_server: LiveServer, papers: Papers
) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"{live_server.url}{papers.annulled.path}#{papers.annulled.seal}")

    expect(page.get_by_role("heading", level=1)).to_have_text("Құжаттың күші жойылған")
    expect(page.get_by_text("Басқа себеп")).to_be_visible()


# -- a file ---------------------------------------------------------------------------------------


def choose(page: Page, content: bytes) -> None:
    file = {"name": "a.pdf", "mimeType": "application/pdf", "buffer": content}
    page.locator("#file").set_input_files(file)  # type: ignore[arg-type]
    expect(page.locator("[data-file-check]")).not_to_have_attribute("data-answer", "hashing")
    expect(page.locator("[data-file-check]")).to_have_attribute("data-answer", ANY_WORD)


def test_a_file_is_compared_in_the_browser_and_not_sent(
    page: Page, live_server: LiveServer, papers: Papers
) -> None:
    posts: list[str] = []
    page.on("request", lambda sent: posts.append(sent.url) if sent.method == "POST" else None)
    page.goto(f"{live_server.url}{papers.valid.path}")
    page.locator("summary").click()
    for content, answer in (
        (papers.valid.pdf.read_bytes(), "same"),
        (papers.annulled.pdf.read_bytes(), "different"),
        (b"no pdf", "no-pdf"),
    ):
        choose(page, content)
        expect(page.locator(f"[data-file-check] [data-when={answer}]")).to_be_visible()

    assert not posts


def test_a_former_file_was_issued_too(page: Page, live_server: LiveServer, tmp_path: Path) -> None:
    """As the one that was handed over at the counter, before its time stamp came."""
    (paper,) = issue_papers(live_server, "mse-01", tmp_path, count=1)
    add_a_file(live_server, paper)
    for address in (paper.path, "/verify"):
        page.goto(f"{live_server.url}{address}?lang=en")
        if address == paper.path:
            page.locator("summary").click()
        choose(page, paper.pdf.read_bytes())
        expect(page.locator("[data-file-check] [data-when=earlier]")).to_be_visible()
        expect(page.locator("[data-file-check] [data-when]:visible")).to_have_count(1)


def test_the_file_of_an_annulled_document_is_not_called_good(
    page: Page, live_server: LiveServer, papers: Papers
) -> None:
    page.goto(f"{live_server.url}{papers.annulled.path}")
    page.locator("summary").click()
    choose(page, papers.annulled.pdf.read_bytes())
    expect(page.locator("[data-file-check] [data-when=annulled]")).to_be_visible()


def add_a_file(server: LiveServer, paper: Paper) -> None:
    """One more revision of the document, as a time stamp makes it."""
    records = open_records(f"sqlite:///{server.home / 'forms.db'}")
    document = records.documents.by_number(paper.number)
    assert document is not None
    records.files.add(
        document.id,
        NewFile(
            kind=FileKind.TIME_STAMPED,
            follows=str(document.pdf_sha256),
            sha256=sha256(paper.pdf.read_bytes() + b"more").hexdigest(),
            added_at=datetime.now(UTC),
            time_stamp=TimeStampState.DONE,
        ),
    )
    records.close()


def test_a_file_that_is_too_large_is_not_even_read(
    page: Page, live_server: LiveServer, tmp_path: Path
) -> None:
    large = tmp_path / "large.pdf"
    with large.open("wb") as file:
        file.truncate(21 * 1024**2)
    page.goto(f"{live_server.url}/verify")

    page.locator("#file").set_input_files(large)

    expect(page.locator("[data-when=too-large]")).to_be_visible()
    expect(page.locator("[data-file-check] button")).to_be_disabled()


def test_two_hundred_megabytes_are_answered_with_a_page(
    open_page: OpenPage, live_server: LiveServer, tmp_path: Path
) -> None:
    large = tmp_path / "large.pdf"
    with large.open("wb") as file:
        file.truncate(200 * 1024**2)
    page = open_page(java_script_enabled=False)
    page.goto(f"{live_server.url}/verify?lang=ru")
    page.locator("#file").set_input_files(large)

    page.locator("[data-file-check] button").click(timeout=60_000)

    expect(page.get_by_text("Отправлено слишком много данных")).to_be_visible(timeout=60_000)


def test_the_entrance_knows_a_file_by_its_hash(
    page: Page, live_server: LiveServer, papers: Papers
) -> None:
    page.goto(f"{live_server.url}/verify")
    choose(page, papers.annulled.pdf.read_bytes())
    expect(page.locator("[data-file-check] [data-when=annulled]")).to_be_visible()

    choose(page, papers.valid.pdf.read_bytes())
    page.locator("[data-when=same] a").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Құжат жарамды")


def test_the_full_check_is_made_when_asked_for(
    page: Page, live_server: LiveServer, papers: Papers
) -> None:
    page.goto(f"{live_server.url}/verify?lang=ru")
    choose(page, papers.valid.pdf.read_bytes())
    page.locator("[data-file-check] button").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Файл подлинный, документ действует")
