"""Every word of the pages exists in Kazakh and in Russian, with the same blanks in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from flask import Flask

from forms_server.web.languages import NAMES, TRANSLATIONS

WEB = TRANSLATIONS.parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trimmed": "true"}}
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
BLANK = re.compile(r"%\((\w+)\)s")
KAZAKH = re.compile(r"[А-Яа-яӘәҒғҚқҢңӨөҰұҮүҺһІі]")


@pytest.fixture(scope="module")
def words() -> set[str]:
    """Every msgid in the pages and their templates."""
    found = extract_from_dir(WEB, METHODS, OPTIONS, keywords=KEYWORDS)
    return {str(message) for _, _, message, _, _ in found}


def catalogue(language: str) -> Catalog:
    path = TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        return read_po(file)


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_nothing_is_untranslated(language: str, words: set[str]) -> None:
    translated = {str(message.id) for message in catalogue(language) if message.string}

    assert not sorted(words - translated)


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_nothing_is_left_over(language: str, words: set[str]) -> None:
    kept = {str(message.id) for message in catalogue(language) if message.id}

    assert not sorted(kept - words)


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_a_translation_has_the_blanks_of_its_original(language: str) -> None:
    for message in catalogue(language):
        if message.id:
            original, translation = str(message.id), str(message.string)
            assert sorted(BLANK.findall(original)) == sorted(BLANK.findall(translation)), original


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_nothing_stays_in_english(language: str) -> None:
    kept = {"PDF", "QR"}
    for message in catalogue(language):
        if message.id and message.id not in kept:
            assert KAZAKH.search(str(message.string)), message.id
            assert not message.fuzzy, message.id


def test_russian_has_no_kazakh_letters() -> None:
    for message in catalogue("ru"):
        assert not re.search("[әғқңөұүһі]", str(message.string).lower()), message.id


def test_the_pages_show_the_translations(app: Flask) -> None:
    """Catalogues are compiled: ``make catalogues``."""
    client = app.test_client()

    titles = {name: client.get(f"/verify?lang={name}").text for name in NAMES}

    assert "<h1>Құжатты тексеру</h1>" in titles["kk"]
    assert "<h1>Проверка документа</h1>" in titles["ru"]
    assert "<h1>Check a document</h1>" in titles["en"]


def test_there_are_catalogues_of_the_languages_offered() -> None:
    folders = {path.name for path in Path(TRANSLATIONS).iterdir() if path.is_dir()}

    assert folders | {"en"} == set(NAMES)
