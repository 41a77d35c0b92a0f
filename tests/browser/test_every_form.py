"""The fill page of every form, asked nothing and judged: the half of them in each language.

conftest.py watches the pages: no error of a script, no breach of the policy, no stranger asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from forms_server.fields.registry import TYPES
from forms_server.specs.reading import read_forms
from tests.browser.conftest import ROOT, LiveServer, OpenPage
from tests.browser.test_filling import Axe, sign_in
from tests.web.conftest import CSRF

FORMS = sorted(read_forms(ROOT, TYPES))
LANGUAGES = ("kk", "ru")
CASES = [(form_id, LANGUAGES[place % 2]) for place, form_id in enumerate(FORMS)]

ASTRAY = "links => links.map(link => link.hash).filter(hash => !document.querySelector(hash))"
"""The links of a summary that lead nowhere."""


@pytest.fixture(scope="module")
def session(browser: Browser, live_server: LiveServer) -> Iterator[Any]:
    """The clerk's cookies: a sign-in for each form would run into its limit."""
    context = browser.new_context()
    sign_in(context.new_page(), live_server)
    yield context.storage_state()
    context.close()


def open_fill_page(page: Page, server: LiveServer, form_id: str, language: str) -> None:
    """Begun by the button's own request: the list of forms is not drawn thirty times for it."""
    start = f"{server.url}/forms/{form_id}/new"
    listed = page.request.get(f"{server.url}/forms/?lang={language}").text()
    token = CSRF.search(listed)
    assert token
    headers = {"Sec-Fetch-Site": "same-origin"}
    begun = page.request.post(start, form={"csrf_token": token[1]}, headers=headers)
    page.goto(begun.url)


@pytest.mark.parametrize(("form_id", "language"), CASES)
def test_an_empty_form_tells_all_that_is_missing(
    session: Any,
    open_page: OpenPage,
    live_server: LiveServer,
    *,
    axe: Axe,
    form_id: str,
    language: str,
) -> None:
    page = open_page(storage_state=session)
    open_fill_page(page, live_server, form_id, language)
    assert page.locator("html").get_attribute("lang") == language
    page.keyboard.press("Alt+Shift+KeyC")
    page.wait_for_url("**/drafts/*checked=1", wait_until="load")
    links = page.locator(".error-summary a").count()
    assert links == page.locator(".error-summary li").count() > 0
    assert page.eval_on_selector_all(".error-summary a", ASTRAY) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    axe(page)
