"""What is asked for the checks alone says so by one mark, not by a hint of its own each time."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from forms_server.specs.model import Edition, FieldSpec, TableSpec
from tests.web.clerk import Clerk, Office

SAID_AGAIN = re.compile("не печатается|басылмайды", re.IGNORECASE)
MARK = "қағазда басылмайды"


def questions(edition: Edition) -> Iterator[FieldSpec]:
    for item in edition.items.values():
        yield from item.columns if isinstance(item, TableSpec) else (item,)


def test_no_hint_says_what_the_mark_says(office: Office) -> None:
    again = [
        f"{edition.key}: {spec.id}"
        for form in office[1].forms.values()
        for edition in form.editions
        for spec in questions(edition)
        if not spec.printed and spec.hint and SAID_AGAIN.search(f"{spec.hint.kk} {spec.hint.ru}")
    ]
    assert not again, "printed='no' marks these on the page; take the words out of their hints"


@pytest.mark.parametrize("form_id", ["mse-01", "assistance-08", "mse-16", "prosthetics-02"])
def test_every_unprinted_question_bears_the_mark(office: Office, form_id: str) -> None:
    app, workshop = office
    clerk = Clerk(app).sign_in("clerk", dict(workshop.first_accounts)["clerk"])
    clerk.start(form_id)
    for spec in questions(workshop.forms[form_id].latest):
        for label in clerk.page.xpath(
            f"//form[@id='filling']//*[@data-answer='{spec.id}']"
            "/descendant-or-self::*[self::label or self::legend or self::span[@class='label']][1]"
        ):
            assert (MARK in label.text_content()) is not spec.printed, spec.id
