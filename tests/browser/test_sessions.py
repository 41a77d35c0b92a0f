"""A session that ends while somebody types: nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import LiveServer

TYPED = "Ұлытау көшесі, 7"


def type_password(page: Page, server: LiveServer) -> None:
    page.locator("[name=login]").fill("clerk")
    page.locator("[name=password]").fill(server.passwords["clerk"])
    page.locator("[name=password]").press("Enter")


def test_what_was_typed_after_the_sessions_end_is_saved_after_sign_in(
    page: Page, live_server: LiveServer, axe: Callable[[Page], None]
) -> None:
    page.goto(f"{live_server.url}/sign-in?next=/forms/")
    type_password(page, live_server)
    page.locator("#form-mse-01 .record-action button").click()
    field = page.locator("[name=address-street]")
    page.context.clear_cookies()
    field.fill(TYPED)

    page.locator("#filling button[name=action]").last.click()
    expect(page.locator(".error-summary")).to_be_visible()
    axe(page)
    type_password(page, live_server)

    expect(page.locator("form[action*=sign-out]")).to_be_visible()
    expect(field).to_have_value(TYPED)
