"""From an application to its notification in a real browser, by keyboard alone, in Kazakh."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LiveServer
from tests.browser.test_filling import Axe, Hands, sign_in, start

BEGIN = "#begin form[action*='/assistance-05/'] button"


@pytest.fixture
def application(live_server: LiveServer, tmp_path: Path) -> str:
    """The number of an application that was issued from its sample."""
    answers = tmp_path / "answers.json"
    answers.write_text(live_server.run("sample", "assistance-02", "--language", "kk").stdout)
    paper = str(tmp_path / "application.pdf")
    issued = live_server.run(
        "issue", "assistance-02", str(answers), "--language", "kk", "-o", paper
    )
    assert issued.returncode == 0, issued.stderr
    return issued.stdout.strip()


def press_on(page: Page, target: str) -> None:
    """Tab to a button and press Enter."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", target):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"Tab never reaches {target}")


def test_an_application_becomes_its_notification(
    page: Page, live_server: LiveServer, application: str, axe: Axe
) -> None:
    clerk = sign_in(page, live_server)
    clerk.goto(f"{live_server.url}/documents/{application}")
    axe(clerk)
    press_on(clerk, BEGIN)
    clerk.wait_for_url("**/drafts/*")
    axe(clerk)
    expect(clerk.locator("main")).to_contain_text(f"{application} құжатынан көшірілген жауаптар")
    assert clerk.locator("#person-surname").input_value() == "Үлгіев"
    assert clerk.locator("#application_number").input_value() == application

    hands = Hands(clerk)
    hands.mark("received_by")
    hands.type("head-surname", "Үлгіева")
    hands.type("head-given_name", "Үлгі")
    clerk.keyboard.press("Alt+Shift+KeyC")
    clerk.wait_for_url("**/check")
    clerk.keyboard.press("Alt+Shift+KeyI")
    clerk.wait_for_url("**/documents/*")
    made = clerk.url.rpartition("/")[2]
    expect(clerk.locator(f"dl a[href='/documents/{application}']")).to_be_visible()
    clerk.goto(f"{live_server.url}/documents/{application}")
    expect(clerk.locator(f"dl a[href='/documents/{made}']")).to_be_visible()


def test_the_keys_of_an_issued_document(
    page: Page, live_server: LiveServer, application: str
) -> None:
    clerk = sign_in(page, live_server)
    clerk.goto(f"{live_server.url}/documents/{application}")
    clerk.keyboard.press("Alt+Shift+KeyB")
    expect(clerk.locator("#begin form button").first).to_be_focused()
    paper = clerk.locator("[aria-keyshortcuts='Alt+Shift+P']")
    assert paper.get_attribute("href") == f"/documents/{application}.pdf"


def test_a_form_just_begun_opens_at_its_first_question(page: Page, live_server: LiveServer) -> None:
    clerk = sign_in(page, live_server)
    address = start(clerk, live_server, "sanatorium-02")
    expect(clerk.locator("#addressee")).to_be_focused()
    assert clerk.url == address
    assert clerk.evaluate("scrollY") == 0
    clerk.reload()
    expect(clerk.locator("#addressee")).not_to_be_focused()


def test_a_month_typed_without_a_dot_gets_it(page: Page, live_server: LiveServer) -> None:
    clerk = sign_in(page, live_server)
    start(clerk, live_server, "assistance-08")
    Hands(clerk).type("sheet_month", "052021")
    clerk.keyboard.press("Tab")
    assert clerk.locator("#sheet_month").input_value() == "05.2021"


def test_the_list_of_forms_asks_for_the_document_s_date(
    page: Page, live_server: LiveServer, axe: Axe
) -> None:
    clerk = sign_in(page, live_server)
    clerk.goto(f"{live_server.url}/forms/")
    axe(clerk)
    hands = Hands(clerk)
    clerk.locator("#form-assistance-08 summary").focus()
    clerk.keyboard.press("Enter")
    hands.type("day-assistance-08", "06122021")
    clerk.keyboard.press("Enter")
    clerk.wait_for_url("**/edition?*")
    axe(clerk)
    expect(clerk.locator("main")).to_contain_text("06.12.2021 № 458 бұйрық")
    press_on(clerk, "main form[method=post] button")
    clerk.wait_for_url("**/drafts/*")
    expect(clerk.locator("main")).to_contain_text("№ 458 бұйрық")
