"""Annulment and replacement in a real browser, and what a citizen's phone then shows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LiveServer, OpenPage
from tests.browser.papers import Paper, issue_papers
from tests.browser.test_filling import Axe, Screenshot, sign_in

REASON = "Үйдің нөмірі қате жазылған"
PHONE = {"width": 320, "height": 640}


@pytest.fixture(scope="module")
def papers(live_server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> list[Paper]:
    return issue_papers(live_server, "mse-04", tmp_path_factory.mktemp("withdrawals"), count=2)


Look = Callable[[Page, str], None]


@pytest.fixture
def look(axe: Axe, screenshot: Screenshot) -> Look:
    """``look(page, "name")``: accessible, and taken as a picture."""

    def looked(page: Page, name: str) -> None:
        axe(page)
        screenshot(page, name)

    return looked


def begin(head: Page, server: LiveServer, number: str, look: Look) -> None:
    """From the document to the draft that will replace it."""
    head.goto(f"{server.url}/documents/{number}")
    head.locator("a[href$='/replace']").click()
    look(head, "replace")
    head.locator("main form button").click()
    expect(head.locator(".error-summary")).to_be_focused()
    look(head, "replace-refused")
    head.locator("#reason").fill(REASON)
    head.locator("main form button").click()
    head.wait_for_url("**/drafts/*")


def issue(head: Page, look: Look) -> str:
    """From the draft to the document that replaces; its number."""
    head.keyboard.press("Alt+Shift+KeyC")
    head.wait_for_url("**/check")
    look(head, "replacement-check")
    head.locator("[data-once] button[type=submit]").click()
    head.wait_for_url("**/documents/*")
    return head.url.rpartition("/")[2]


def test_a_document_is_replaced_and_a_phone_is_told(
    open_page: OpenPage, live_server: LiveServer, papers: list[Paper], look: Look
) -> None:
    old = papers[0]
    head = sign_in(open_page(viewport={"width": 1280, "height": 900}), live_server, login="head")
    begin(head, live_server, old.number, look)
    look(head, "replacement-draft")
    expect(head.locator("main")).to_contain_text(old.number)
    new = issue(head, look)
    head.goto(f"{live_server.url}/documents/{old.number}")
    look(head, "replaced-document")
    expect(head.locator(f".notice a[href='/documents/{new}']")).to_be_visible()

    phone = open_page(viewport=PHONE)
    phone.goto(f"{live_server.url}{old.path}?lang=ru")
    expect(phone.locator("h1:visible")).to_contain_text("Документ заменён")
    look(phone, "certificate-replaced-320")
    assert phone.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    phone.get_by_role("link", name=new).click()
    expect(phone.locator("h1:visible")).to_contain_text("Документ действителен")
    expect(phone.locator("dl.facts").first).to_contain_text(old.number)


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_certificate_on_a_phone(
    open_page: OpenPage, live_server: LiveServer, papers: list[Paper], look: Look, *, language: str
) -> None:
    phone = open_page(viewport=PHONE)
    phone.goto(f"{live_server.url}{papers[1].path}?lang={language}#{papers[1].seal}")
    expect(phone.locator("h1:visible")).to_have_count(1)
    expect(phone.locator("[data-when=agrees]")).to_be_visible()
    look(phone, f"certificate-{language}-320")
    assert phone.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
