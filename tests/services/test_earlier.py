"""Rules over a person's earlier documents: what is found, what counts, and no race past a limit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, text

from forms_server.errors import ServiceError
from forms_server.services.accounts import Actor
from forms_server.services.issuing import seal_record
from forms_server.services.withdrawing import annul
from forms_server.services.workshop import Workshop
from forms_server.storage.database import writing
from forms_server.storage.records import DocumentState
from tests.judges import ROOT
from tests.services.limits import (
    IIN,
    JOURNAL,
    SHEET,
    issued,
    judged,
    lay_out,
    opened_with_limits,
    sheet,
)
from tests.workshop import NOW, actor_in, stranger_in

OTHER = "990101000024"
REASON = "Қате: күні дұрыс емес"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out(tmp_path_factory.mktemp("root"))


@pytest.fixture
def office(tmp_path: Path, root: Path) -> Iterator[Workshop]:
    with opened_with_limits(tmp_path, root) as workshop:
        yield workshop


def refused(office: Workshop, form_id: str, raw: dict[str, object]) -> set[str]:
    """The rules that do not hold, with the place where they speak."""
    reading = judged(office, form_id, raw).reading
    return {f"{found.path} {found.code}" for found in (*reading.refusals, *reading.warnings)}


# -- what is found --------------------------------------------------------------------------------


def test_hours_of_the_year_add_up(office: Workshop) -> None:
    issued(office, SHEET, sheet("50"))
    issued(office, SHEET, sheet("9,5", month="2026-12"))
    assert refused(office, SHEET, sheet("0,5")) == set()
    assert refused(office, SHEET, sheet("0,51")) == {"visits rule-sixty_hours"}
    assert refused(office, SHEET, sheet("60", month="2027-01")) == set()


def test_another_person_s_hours_do_not_count(office: Workshop) -> None:
    issued(office, SHEET, sheet("60"))
    assert refused(office, SHEET, sheet("60", iin=OTHER)) == set()


def test_nobody_is_looked_for_without_an_iin(office: Workshop) -> None:
    issued(office, SHEET, sheet("60"))
    nameless = judged(office, SHEET, sheet("60", iin=""))
    assert (nameless.reading.is_right, nameless.seen) == (True, None)
    assert not judged(office, SHEET, sheet("60", iin="12")).reading.is_right


def test_another_office_s_documents_count(office: Workshop) -> None:
    issued(office, SHEET, sheet("60"), actor=stranger_in(office))
    assert refused(office, SHEET, sheet("1")) == {"visits rule-sixty_hours"}


def test_an_annulled_document_does_not_count(office: Workshop) -> None:
    record = issued(office, SHEET, sheet("60"))
    annul(office, record.number, reason=REASON, actor=actor_in(office, "head"), now=NOW)
    assert refused(office, SHEET, sheet("60")) == set()


def test_a_document_still_in_print_counts(office: Workshop) -> None:
    record = issued(office, SHEET, sheet("60"))
    with writing(office.records.engine) as session:
        session.execute(text("UPDATE documents SET state = 'issuing'"))
    assert record.number
    assert refused(office, SHEET, sheet("1")) == {"visits rule-sixty_hours"}


def test_a_draft_s_own_document_is_not_earlier(office: Workshop) -> None:
    issued(office, SHEET, sheet("60"), draft_id="own")
    assert judged(office, SHEET, sheet("60"), draft_id="own").reading.is_right
    assert not judged(office, SHEET, sheet("60"), draft_id="other").reading.is_right


def test_the_latest_day_of_all_rows_is_found(office: Workshop) -> None:
    days = [{"day": "2026-05-09"}, {"hours": "1"}, {"day": "2026-05-01"}]
    issued(office, SHEET, sheet("1", visits=days))
    same, before = ([{"day": day}] for day in ("2026-05-09", "2026-05-08"))
    assert refused(office, SHEET, sheet("1", visits=same)) == set()
    assert refused(office, SHEET, sheet("1", visits=before)) == {"visits-0-day rule-visits_go_on"}
    nothing_yet = sheet("1", visits=before, iin=OTHER)
    assert refused(office, SHEET, nothing_yet) == set()


def test_each_row_is_looked_up_by_itself(office: Workshop) -> None:
    cane = {"device": "таяқ", "issued_on": "2026-01-20"}
    issued(office, SHEET, sheet("1", devices=[cane]))
    wanted = [
        {"device": "арба", "issued_on": "2026-01-21"},
        {},
        {"device": "таяқ", "issued_on": "2027-01-20"},
    ]
    assert refused(office, SHEET, sheet("1", devices=wanted)) == {"devices-2-device rule-not_yet"}
    wanted[2]["issued_on"] = "2027-01-21"
    assert refused(office, SHEET, sheet("1", devices=wanted)) == set()


def test_documents_are_counted(office: Workshop) -> None:
    for _ in range(12):
        issued(office, SHEET, sheet("1"))
    assert refused(office, SHEET, sheet("1")) == set()
    issued(office, SHEET, sheet("1"))
    assert refused(office, SHEET, sheet("1")) == {"month rule-few_sheets"}


def test_of_a_journal_only_the_person_s_rows_count(office: Workshop) -> None:
    rows = [{"iin": IIN, "hours": "20"}, {"iin": OTHER, "hours": "60"}, {"iin": IIN, "hours": "9"}]
    issued(office, JOURNAL, {"month": "2026-05", "entries": rows})
    assert refused(office, SHEET, sheet("31")) == set()
    assert refused(office, SHEET, sheet("31,01")) == {"visits rule-sixty_hours"}


def test_every_row_of_a_journal_has_a_person_of_its_own(office: Workshop) -> None:
    issued(office, SHEET, sheet("50"))
    rows = [{"iin": OTHER, "hours": "60"}, {"iin": IIN, "hours": "11"}, {"hours": "60"}]
    assert refused(office, JOURNAL, {"entries": rows}) == {"entries-1-hours rule-sixty_hours"}


def test_a_check_asks_the_database_twice(office: Workshop) -> None:
    """Whose documents there are, and what they say: whatever the looks, the rows, the persons."""
    issued(office, SHEET, sheet("1"))
    asked: list[str] = []
    event.listen(
        office.records.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_rest: asked.append(statement),
    )
    judged(office, SHEET, sheet("1", devices=[{"device": str(turn)} for turn in range(5)]))
    assert len([line for line in asked if line.startswith("SELECT")]) == 2
    asked.clear()
    rows = [{"iin": iin, "hours": "1"} for iin in (IIN, OTHER, IIN)]
    judged(office, JOURNAL, {"entries": rows})
    assert len([line for line in asked if line.startswith("SELECT")]) == 2


def test_a_form_without_looks_asks_nothing(office: Workshop) -> None:
    asked: list[str] = []
    event.listen(
        office.records.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_rest: asked.append(statement),
    )
    quiet = next(form for form in office.forms.values() if not form.latest.earlier)
    judged(office, quiet.id, {"iin": IIN})
    assert asked == []


def test_a_stored_document_is_judged_no_more(office: Workshop) -> None:
    record = issued(office, SHEET, sheet("60"))
    sealed, _data = seal_record(office, record)
    assert sealed.startswith(b"%PDF-")


def test_a_document_of_an_edition_that_is_gone_does_not_count(office: Workshop) -> None:
    issued(office, SHEET, sheet("60"))
    with writing(office.records.engine) as session:
        session.execute(text("UPDATE documents SET edition_id = '1999-01-01'"))
    assert refused(office, SHEET, sheet("60")) == set()


# -- no race past a limit -------------------------------------------------------------------------


def test_what_was_judged_right_is_judged_again_when_issued(office: Workshop) -> None:
    answers = judged(office, SHEET, sheet("60")).reading
    assert answers.is_right
    issued(office, SHEET, sheet("1"))
    given = office.records.documents.numbers_given()
    with pytest.raises(ServiceError, match="person-documents-changed"):
        issued(office, SHEET, sheet("60"))
    assert office.records.documents.numbers_given() == given


def test_a_second_click_gives_the_document_though_the_limit_is_reached(office: Workshop) -> None:
    first = issued(office, SHEET, sheet("30"), draft_id="clicked")
    issued(office, SHEET, sheet("30"))
    assert issued(office, SHEET, sheet("30"), draft_id="clicked") == first


def test_two_processes_do_not_both_pass_the_limit(tmp_path: Path, root: Path) -> None:
    """Twelve times five hours make the sixty; each process prints in one thread, as ours do."""
    with opened_with_limits(tmp_path, root) as office:
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.services.limits", str(tmp_path), str(root)],
                cwd=ROOT, stdout=subprocess.PIPE, text=True,
            )
            for _ in range(2)
        ]  # fmt: skip
        told = [process.communicate(timeout=120)[0].split() for process in running]
        assert [words[-1] for words in told] == ["person-documents-changed"] * 2
        numbers = [*told[0][:-1], *told[1][:-1]]
        assert len(numbers) == len(set(numbers)) == 12
        clerk: Actor = actor_in(office, "clerk")
        assert office.records.documents.count(clerk.office.id) == 12
        records = office.records.documents.recent(clerk.office.id)
        assert {record.state for record in records} == {DocumentState.ISSUED}
