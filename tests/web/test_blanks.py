"""Blank forms: every form and edition is listed, and each of its files can be had."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from forms_server.services.workshop import Workshop
from forms_server.specs.model import Edition
from forms_server.web.blanks import outputs_of

DOWNLOAD = re.compile(r'href="(/templates/[^"]+\.pdf)"')


def test_every_edition_of_every_form_is_listed(client: FlaskClient, workshop: Workshop) -> None:
    page = client.get("/templates/?lang=ru").text

    expected = {
        f"/templates/{edition.key}/{output}-{kind}.pdf"
        for form in workshop.forms.values()
        for edition in form.editions
        for output in outputs_of(edition)
        for kind in ("blank", "fillable")
    }
    assert set(DOWNLOAD.findall(page)) == expected
    assert all(form.title.ru in page for form in workshop.forms.values())


def test_a_repealed_edition_says_so_and_stands_at_the_end(
    client: FlaskClient, workshop: Workshop
) -> None:
    page = client.get("/templates/?lang=ru").text
    repealed = [form for form in workshop.forms.values() if form.latest.in_force_until is not None]

    assert repealed
    assert "утратила силу с 01.07.2023, приказ № 286" in page
    assert "с 06.12.2021 по 30.06.2023. Не для новых документов." in page
    assert "с 06.12.2021 заменена редакцией приказа № 458" in page
    last_in_force = page.rindex("</svg> в силе</span>")
    assert all(page.index(f'id="{form.id}"') > last_in_force for form in repealed)


@pytest.mark.parametrize("name", ["kk-blank.pdf", "kk-ru-fillable.pdf"])
def test_a_blank_is_a_pdf_that_is_not_sent_twice(
    client: FlaskClient, edition: Edition, name: str
) -> None:
    address = f"/templates/{edition.key}/{name}"

    answer = client.get(address)

    assert answer.data.startswith(b"%PDF-")
    assert answer.content_type == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("inline; filename=")
    again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "address",
    [
        "/templates/no-form/2025-05-02/kk-blank.pdf",
        "/templates/mse-01/1999-01-01/kk-blank.pdf",
        "/templates/mse-01/2025-05-02/en-blank.pdf",
        "/templates/mse-01/2025-05-02/kk-issued.pdf",
        "/templates/mse-01/2025-05-02/kk-blank.html",
    ],
)
def test_what_there_is_not_is_not_found(client: FlaskClient, address: str) -> None:
    assert client.get(address).status_code == 404
