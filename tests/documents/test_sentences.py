"""Sentences of equivalence: dated entries, what is refused with its line, what is printed when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pikepdf
import pytest
from click.testing import CliRunner

from forms_server.cli import main
from forms_server.documents.context import Output
from forms_server.documents.sentences import read_sentences, sentence_on
from forms_server.errors import SpecificationError
from forms_server.fields.answers import read_answers
from forms_server.languages import Language
from forms_server.services.issuing import issue, pages_of, pdf_of, stamp_of
from forms_server.services.samples import sample_answers
from forms_server.services.stored import answers_of
from forms_server.services.workshop import Workshop, open_workshop
from forms_server.settings import SENTENCES
from tests.judges import pdf_text
from tests.workshop import actor_in, issue_sample, opened, settings_in

OF_THE_LAW = {
    Language.KK: "Осы құжат «Электрондық құжат және электрондық цифрлық қолтаңба туралы» Қазақстан "
    "Республикасының 2003 жылғы 7 қаңтардағы N 370-II Заңы 7 бабының 1 тармағына сәйкес қағаз "
    "тасығыштағы құжатпен бірдей",
    Language.RU: "Данный документ согласно пункту 1 статьи 7 ЗРК от 7 января 2003 года N370-II «Об "
    "электронном документе и электронной цифровой подписи» равнозначен документу на бумажном "
    "носителе",
}
ENTRY = '[[sentence]]\nfrom = {first}\n{until}kk = "Бірдей"\nru = "Равнозначен"\nsource = "x"\n'


def entry(first: str, until: str = "") -> str:
    return ENTRY.format(first=first, until=f"until = {until}\n" if until else "")


def write(folder: Path, text: str) -> Path:
    path = folder / "sentences.toml"
    path.write_text(text, encoding="utf-8")
    return path


# -- the file -------------------------------------------------------------------------------------


def test_the_default_says_the_law_until_the_code_and_nothing_after() -> None:
    sentences = read_sentences(SENTENCES)
    for day in (date(2025, 5, 2), date(2026, 6, 30)):
        text = sentence_on(sentences, day)
        assert text is not None
        assert {language: text[language] for language in Language} == OF_THE_LAW
    for day in (date(2003, 1, 6), date(2026, 7, 1), date(2026, 11, 22)):
        assert sentence_on(sentences, day) is None


def test_an_empty_file_prints_nothing(tmp_path: Path) -> None:
    assert read_sentences(write(tmp_path, "")) == ()


def test_entries_may_touch_and_stand_in_any_order(tmp_path: Path) -> None:
    later, earlier = entry("2026-07-01"), entry("2020-01-01", "2026-07-01")
    sentences = read_sentences(write(tmp_path, later + earlier))
    assert [sentence.first.year for sentence in sentences] == [2020, 2026]
    assert sentence_on(sentences, date(2099, 1, 1)) is not None


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("\n" + entry("2020-01-01") + entry("2026-07-01"), "sentences-overlap", 7),
        (entry("2020-01-01", "2026-07-02") + entry("2026-07-01"), "sentences-overlap", 7),
        (entry("2020-01-01", "2020-01-01"), "sentences-malformed", 1),
        (entry('"2020-01-01"'), "sentences-malformed", 1),
        (entry("2020-01-01T00:00:00"), "sentences-malformed", 1),
        (entry("2020-01-01").replace('kk = "Бірдей"\n', ""), "sentences-malformed", 1),
        (entry("2020-01-01").replace("Бірдей", " "), "sentences-malformed", 1),
        (entry("2020-01-01").replace("Бірдей", "ә" * 401), "sentences-malformed", 1),
        (entry("2020-01-01").replace("Бірдей", "а\\nб"), "sentences-malformed", 1),
        (entry("2020-01-01") + 'untill = "x"\n', "sentences-malformed", 1),
        ("sentences = 1\n", "sentences-malformed", 1),
        ("sentence = 1\n", "sentences-malformed", 1),
        (entry("2020-01-01") + "x = [\n", "sentences-not-toml", 6),
        (entry("2020-13-01"), "sentences-not-toml", 2),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(
    tmp_path: Path, text: str, code: str, line: int
) -> None:
    with pytest.raises(SpecificationError) as refusal:
        read_sentences(write(tmp_path, text))
    assert (refusal.value.code, refusal.value.line) == (code, line)
    assert all(refusal.value.say(language) for language in ("kk", "ru", "en"))


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cp1251.toml"
    path.write_bytes("# Равнозначен".encode("cp1251"))
    with pytest.raises(SpecificationError, match="sentences-unreadable"):
        read_sentences(path)


def test_the_start_and_the_check_refuse_a_wrong_file(tmp_path: Path) -> None:
    path = write(tmp_path, "\n\n" + entry("2020-01-01", "2019-01-01"))
    settings = settings_in(tmp_path, FORMS_SERVER_SENTENCES_FILE=str(path))
    with pytest.raises(SpecificationError, match="sentences-malformed"), opened(settings):
        pass
    environment = {"FORMS_SERVER_SENTENCES_FILE": str(path), "FORMS_SERVER_HOME": str(tmp_path)}
    done = CliRunner().invoke(main, ["check"], env=environment)
    assert done.exit_code == 1
    assert f"{path}:3: sentences-malformed" in done.stderr


# -- the print ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "is_said"),
    [
        (datetime(2025, 5, 2, tzinfo=UTC), True),
        # 1 July begins five hours earlier at the office than in Greenwich.
        (datetime(2026, 6, 30, 18, 59, tzinfo=UTC), True),
        (datetime(2026, 6, 30, 19, 0, tzinfo=UTC), False),
        (datetime(2026, 11, 22, tzinfo=UTC), False),
    ],
)
def test_the_day_of_the_document_says_what_is_printed(
    workshop: Workshop, now: datetime, is_said: bool
) -> None:
    record = replace(issue_sample(workshop, "mse-04"), reserved_at=now)
    edition = workshop.forms["mse-04"].latest
    pages = pages_of(
        edition,
        "kk-ru",
        Output.ISSUED,
        answers=answers_of(workshop, record, edition),
        stamp=stamp_of(workshop, record),
    )
    text = workshop.templates.write_html(pages)
    assert all((sentence in text) is is_said for sentence in OF_THE_LAW.values())
    assert "орнына берілді" not in text


def test_the_paper_names_what_it_replaces_in_both_languages(workshop: Workshop) -> None:
    record = replace(issue_sample(workshop, "mse-04"), replaces="0000-mse04-2026-000001")
    edition = workshop.forms["mse-04"].latest
    answers = answers_of(workshop, record, edition)
    stamp = stamp_of(workshop, record)
    pages = pages_of(edition, "kk-ru", Output.ISSUED, answers=answers, stamp=stamp)
    text = workshop.templates.write_html(pages)
    assert "№ 0000-mse04-2026-000001 құжаттың орнына берілді" in text
    assert "Выдан взамен документа № 0000-mse04-2026-000001" in text


def test_an_old_paper_carries_the_sentence_and_grows_by_no_page(tmp_path: Path) -> None:
    then, later = (datetime(*day, 9, tzinfo=UTC) for day in ((2025, 6, 2), (2026, 11, 22)))
    office = open_workshop(settings_in(tmp_path), then)
    edition = office.forms["mse-04"].latest
    texts, pages = [], []
    for now in (then, later):
        raw = sample_answers(edition, Language.KK, now.date())
        answers = read_answers(edition, raw, now.date()).answers
        clerk = actor_in(office, "clerk")
        record = issue(office, edition, answers, output="kk-ru", actor=clerk, now=now)
        pdf = tmp_path / f"{record.number}.pdf"
        pdf.write_bytes(pdf_of(office, record.number, actor=clerk))
        texts.append(" ".join(pdf_text(pdf).split()))
        with pikepdf.open(pdf) as opened_pdf:
            pages.append(len(opened_pdf.pages))
    office.records.close()
    old, new = texts
    assert all(sentence in old for sentence in OF_THE_LAW.values())
    assert not any(sentence in new for sentence in OF_THE_LAW.values())
    assert pages[0] == pages[1]
