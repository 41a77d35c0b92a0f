"""Earlier documents on the pages: told at the check, and once more when the button is pressed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from forms_server.app import create_app
from forms_server.services.workshop import open_workshop
from tests.services.limits import IIN, SHEET, issued, lay_out, sheet
from tests.web.clerk import NOW, Clerk, Office, signed_in, typed
from tests.workshop import settings_in

ANSWERS = {"iin": IIN, "month": "05.2026", "visits-0-hours": "60"}
RULE = "Больше 60 часов в год."


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    settings = replace(settings_in(tmp_path / "home"), root=lay_out(tmp_path / "root"))
    workshop = open_workshop(settings, NOW)
    yield create_app(settings, workshop), workshop
    workshop.records.close()


@pytest.fixture
def clerk(office: Office) -> Clerk:
    return signed_in(office, "clerk", "ru")


def test_the_check_tells_what_was_given_before(clerk: Clerk, office: Office) -> None:
    issued(office[1], SHEET, sheet("1"))
    address = clerk.start(SHEET)
    clerk.press("save", ANSWERS)
    assert RULE not in clerk.text
    clerk.press("check")
    assert clerk.answer.request.path == address
    assert RULE in clerk.text
    clerk.press("check", {"visits-0-hours": "59"})
    assert clerk.answer.request.path == f"{address}/check"


def test_who_was_overtaken_is_told_and_issues_nothing(clerk: Clerk, office: Office) -> None:
    address = clerk.start(SHEET)
    clerk.press("check", ANSWERS)
    assert clerk.answer.request.path == f"{address}/check"
    pressed = typed(clerk.page.xpath("//form[@data-once]")[0])
    issued(office[1], SHEET, sheet("1"))
    given = office[1].records.documents.numbers_given()
    clerk.post(f"{address}/issue", pressed)
    assert clerk.answer.request.path == address
    assert RULE in clerk.text
    assert office[1].records.documents.numbers_given() == given
    clerk.press("check", {"visits-0-hours": "59"})
    clerk.press("", form="//form[@data-once]")
    assert clerk.answer.request.path.startswith("/documents/")
