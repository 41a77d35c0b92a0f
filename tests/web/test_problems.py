"""Errors as pages: a code, what to do, both languages, and nothing that should stay inside."""

from __future__ import annotations

import logging

import pytest
from flask import Flask, abort

from forms_server.errors import (
    DocumentError,
    FormsServerError,
    InvalidAnswerError,
    ServiceError,
    StorageError,
)
from forms_server.web.problems import KINDS, status_of

WORDS_OF_A_PERSON = "Ұлыбек, 000000000000"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ServiceError("not-allowed"), 403),
        (ServiceError("draft-not-found"), 404),
        (StorageError("document-missing"), 404),
        (ServiceError("annulment-reason-missing"), 409),
        (StorageError("database-failed", kind="x"), 503),
        (StorageError("value-not-storable"), 400),
        (DocumentError("pdf-not-a-pdf"), 422),
        (InvalidAnswerError("answer-missing"), 422),
    ],
)
def test_an_error_of_ours_has_its_status(error: FormsServerError, status: int) -> None:
    assert status_of(error) == status


def test_an_error_of_ours_is_said_in_both_languages(app: Flask) -> None:
    @app.get("/refuse")
    def refuse() -> str:
        raise ServiceError("draft-not-found")

    answer = app.test_client().get("/refuse?lang=ru")

    assert answer.status_code == 404
    assert answer.text.count("Такого черновика нет") >= 1
    assert '<div class="aside" lang="kk">' in answer.text
    assert "<code>draft-not-found</code>" in answer.text


def test_what_was_not_expected_tells_a_number_and_nothing_else(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/break")
    def break_down() -> str:
        raise ValueError(WORDS_OF_A_PERSON)

    with caplog.at_level(logging.ERROR):
        answer = app.test_client().get("/break")

    assert answer.status_code == 500
    assert WORDS_OF_A_PERSON not in answer.text
    assert "Traceback" not in answer.text
    (record,) = [each for each in caplog.records if each.name == "forms_server.web.problems"]
    words = record.getMessage()
    assert "ValueError" in words
    assert "break_down" in words
    assert WORDS_OF_A_PERSON not in caplog.text
    assert words.split()[1].rstrip(":") in answer.text


def test_a_script_gets_the_code_in_json(app: Flask) -> None:
    answer = app.test_client().get("/nowhere", headers={"Accept": "application/json"})

    assert answer.status_code == 404
    assert answer.json
    assert answer.json["code"] == "problem-not-found"
    assert set(answer.json["message"]) == {"kk", "ru", "en"}


def test_a_wrong_method_is_a_page(app: Flask) -> None:
    answer = app.test_client().delete("/verify")

    assert answer.status_code in {400, 405}
    assert "problem-" in answer.text


@pytest.mark.parametrize("status", [400, 404, 409, 410, 415, 418, 503, 504])
def test_every_status_has_its_words(app: Flask, status: int) -> None:
    @app.get("/abort")
    def give_up() -> str:
        abort(status)

    from_abort = app.test_client().get("/abort")

    assert from_abort.status_code == status
    assert "problem-" in from_abort.text


def test_there_are_no_words_without_a_sentence() -> None:
    for kind in KINDS.values():
        assert FormsServerError(kind).say("en")
        assert FormsServerError(f"{kind}-help").say("kk")
