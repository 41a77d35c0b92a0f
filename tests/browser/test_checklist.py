"""The checklist of the pilot in a browser: the code decides what is asked and what is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LiveServer
from tests.browser.test_filling import sign_in, start

Axe = Callable[[Page], None]
Screenshot = Callable[[Page, str], Path]
PARTS = ("limb_documents", "down_documents", "storage_documents", "subform", "diagnosing")


@pytest.fixture
def checklist(page: Page, live_server: LiveServer) -> Page:
    sign_in(page, live_server, language="ru")
    start(page, live_server, "pilot-031e")
    return page


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("s 88.1", {"limb_documents", "subform"}),
        ("Т05,9", {"limb_documents", "subform"}),
        ("Q71.4", set()),
        ("Q90.1", {"down_documents", "diagnosing"}),
        ("E76", {"storage_documents"}),
    ],
)
def test_the_code_shows_what_its_nosology_needs(
    checklist: Page, typed: str, shown: set[str]
) -> None:
    checklist.locator("[name=icd]").fill(typed)
    for name in PARTS:
        found = expect(checklist.locator(f"[data-answer={name}]"))
        found.to_be_visible() if name in shown else found.to_be_hidden()


def test_what_is_missing_is_named(checklist: Page, axe: Axe, screenshot: Screenshot) -> None:
    checklist.locator("[name=icd]").fill("Q90.0")
    checklist.locator("[name=diagnosing][value=true]").check()
    checklist.locator("[name='down_documents-neurologist-issued_on']").fill("02.03.2026")
    checklist.locator("[name='down_documents-neurologist-issued_by']").fill("Үлгі")
    with checklist.expect_navigation():
        checklist.keyboard.press("Alt+Shift+KeyC")
    text = checklist.inner_text("main")
    for missing in ("кариотипирования", "генетика", "психиатра", "консультации"):
        assert missing in text
    assert "Нет заключения невропатолога" not in text
    axe(checklist)
    screenshot(checklist, "checklist-missing")


@pytest.mark.parametrize("width", [1440, 1280, 1024, 900, 400])
def test_a_cell_shows_its_whole_date(checklist: Page, width: int) -> None:
    checklist.set_viewport_size({"width": width, "height": 900})
    checklist.locator("[name=icd]").fill("S88.1")
    cell = checklist.locator("[name='limb_documents-discharge-issued_on']")
    cell.fill("02.03.2026")
    assert cell.evaluate("input => input.scrollWidth <= input.clientWidth")
    assert checklist.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_condition_that_holds_is_not_said(checklist: Page) -> None:
    said = checklist.locator(".item:has([name=surgical]) > .condition")
    expect(said).to_be_hidden()
    checklist.locator("[name=icd]").fill("S88.1")
    expect(checklist.locator("[data-answer=surgical]")).to_be_visible()
    expect(said).to_be_hidden()
