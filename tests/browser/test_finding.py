"""Finding a form by keyboard: the list narrows while one types, as the server would narrow it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LiveServer, OpenPage
from tests.browser.test_filling import Axe, Screenshot, sign_in, start

SHOWN = "els => els.filter(el => !el.hidden).map(el => el.id.replace('form-', ''))"
FOCUSED_FORM = "document.activeElement.closest('.record')?.id"


@pytest.fixture
def clerk(page: Page, live_server: LiveServer) -> Page:
    sign_in(page, live_server).goto(f"{live_server.url}/forms/")
    expect(page.locator("#find")).to_be_focused()
    return page


def shown(page: Page) -> list[str]:
    found: list[str] = page.eval_on_selector_all("[data-words]", SHOWN)
    return found


def test_a_form_is_started_with_a_few_keys(clerk: Page, axe: Axe, screenshot: Screenshot) -> None:
    clerk.keyboard.type("s5")
    assert shown(clerk) == ["sanatorium-05"]
    expect(clerk.locator("[data-found]")).to_have_text("Табылған нысандар: 1")
    axe(clerk)
    screenshot(clerk, "forms-found")
    clerk.keyboard.press("Enter")
    assert clerk.evaluate(FOCUSED_FORM) == "form-sanatorium-05"
    clerk.keyboard.press("Enter")
    clerk.wait_for_url("**/drafts/*")
    expect(clerk.locator(".edition").first).to_contain_text("Санаторий-курорттық емделу")


def test_arrows_go_from_form_to_form(clerk: Page) -> None:
    clerk.keyboard.type("хабарлама 5")
    names = shown(clerk)
    for name in names:
        clerk.keyboard.press("ArrowDown")
        assert clerk.evaluate(FOCUSED_FORM) == f"form-{name}"
    for _ in names:
        clerk.keyboard.press("ArrowUp")
    expect(clerk.locator("#find")).to_be_focused()


def test_the_key_of_the_forms_leads_to_the_box_from_everywhere(
    clerk: Page, live_server: LiveServer
) -> None:
    start(clerk, live_server, "mse-04")
    clerk.keyboard.press("Alt+Shift+KeyF")
    clerk.wait_for_url("**/forms/")
    expect(clerk.locator("#find")).to_be_focused()
    assert (
        clerk.locator("[aria-labelledby=recent-title] form")
        .first.get_attribute("action")
        .startswith("/forms/mse-04/")
    )
    clerk.keyboard.type("mse")
    clerk.locator("h1").click()
    clerk.keyboard.press("Alt+Shift+KeyF")
    expect(clerk.locator("#find")).to_be_focused()
    clerk.keyboard.type("жоқсөз")
    assert shown(clerk) == []
    expect(clerk.locator("[data-found]")).to_contain_text("табылмады")
    clerk.locator("#find").fill("")
    assert len(shown(clerk)) > 30
    expect(clerk.locator("#recent-title")).to_be_visible()


@pytest.mark.parametrize(
    "search", ["х", "SAN-05", "pa05", "1", "журнал 6", "ПРОТЕЗ карта", "приложение 10", "ё", "–"]
)
def test_the_page_finds_what_the_server_finds(
    clerk: Page, live_server: LiveServer, open_page: OpenPage, search: str
) -> None:
    clerk.keyboard.type(search)
    plain = open_page(java_script_enabled=False)
    plain.goto(f"{live_server.url}/forms/")
    plain.locator("#find").fill(search)
    plain.locator("#find").press("Enter")
    plain.wait_for_url("**/forms/?find=*")
    ids = plain.locator("[data-words]:not([hidden])").all()
    assert shown(clerk) == [str(item.get_attribute("id")).removeprefix("form-") for item in ids]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_list_fits_a_phone(
    open_page: OpenPage, live_server: LiveServer, axe: Axe, scheme: str
) -> None:
    wishes = {"viewport": {"width": 320, "height": 640}, "color_scheme": scheme}
    page = sign_in(open_page(**wishes), live_server, language="ru")
    start(page, live_server, "wheelchairs-05")
    page.goto(f"{live_server.url}/forms/?find=уведомление")
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    axe(page)
