"""From an application to its notification in a real browser, by keyboard alone, in Kazakh."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LiveServer
from tests.browser.test_filling import Axe, Hands, sign_in

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
