"""Issuing: number → context → html → pdf → seal → save, and what a crash leaves of it."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from forms_server.documents.checking import check_pdf
from forms_server.errors import DocumentError, ServiceError
from forms_server.services.accounts import Actor
from forms_server.services.issuing import (
    finish_unfinished,
    issue,
    open_document,
    pdf_of,
    recent_documents,
)
from forms_server.services.withdrawing import annul
from forms_server.services.workshop import Workshop
from forms_server.storage.records import DocumentState
from tests.judges import ROOT
from tests.workshop import NOW, actor_in, issue_sample, opened, sample_of, settings_in, stranger_in

REASON = "Қате: күні дұрыс емес"


# -- number → … → save ----------------------------------------------------------------------------


def test_a_document_is_numbered_printed_sealed_and_saved(workshop: Workshop, clerk: Actor) -> None:
    record = issue_sample(workshop, "mse-01", output="kk-ru")
    assert record.state is DocumentState.ISSUED
    assert record.number.startswith(f"0000-mse01-{NOW.astimezone(workshop.zone):%Y}-")
    assert (record.form_id, record.output, record.issued_by) == (
        "mse-01",
        "kk-ru",
        clerk.account_id,
    )
    assert record.masked_name == "О*** О. О."
    assert record.iin_last4 == "0000"
    pdf = pdf_of(workshop, record.number, actor=clerk)
    assert hashlib.sha256(pdf).hexdigest() == record.pdf_sha256
    report = check_pdf(pdf, trusted=workshop.trusted)
    assert [facts.trusted for facts in report.signatures] == [True]
    assert report.data_xml is not None
    assert hashlib.sha256(report.data_xml).hexdigest() == record.data_sha256
    kinds = [event.kind for event in workshop.records.events.of_subject(record.number)]
    assert kinds == ["document-reserved", "document-issued"]


def test_a_document_is_printed_again_as_it_was(workshop: Workshop, clerk: Actor) -> None:
    record = issue_sample(workshop)
    first = pdf_of(workshop, record.number, actor=clerk)
    assert pdf_of(workshop, record.number, actor=clerk) == first


def test_numbers_follow_one_another(workshop: Workshop) -> None:
    first, second = (int(issue_sample(workshop).number[-6:]) for _ in range(2))
    assert second == first + 1


def test_a_form_without_a_person_has_no_name_to_mask(workshop: Workshop) -> None:
    record = issue_sample(workshop, "mse-17")
    assert record.masked_name == ""
    assert record.iin_last4 is None


def test_the_year_is_the_one_of_the_office(workshop: Workshop, clerk: Actor) -> None:
    edition = workshop.forms["assistance-06"].latest
    new_year = datetime(2026, 12, 31, 20, 0, tzinfo=UTC)
    assert new_year.astimezone(workshop.zone).year == 2027
    record = issue(
        workshop, edition, sample_of(workshop, edition), output="kk", actor=clerk, now=new_year
    )
    assert "-2027-" in record.number


def test_a_day_of_the_office_is_no_day_to_come(workshop: Workshop, clerk: Actor) -> None:
    """At 1 a.m. of the office it is still yesterday in Greenwich."""
    now = (NOW + timedelta(days=1)).replace(hour=20, minute=0, second=0)
    today = now.astimezone(workshop.zone).date()
    assert today > now.date()
    edition = workshop.forms["mse-01"].latest
    answers = sample_of(workshop, edition)
    born_today = replace(answers, values={**answers.values, "birth_date": today})
    record = issue(workshop, edition, born_today, output="ru", actor=clerk, now=now)
    assert f"<birth_date>{today}" in data_of(workshop, record.number, clerk)


def data_of(workshop: Workshop, number: str, actor: Actor) -> str:
    data = check_pdf(pdf_of(workshop, number, actor=actor), trusted=workshop.trusted).data_xml
    assert data is not None
    return data.decode()


def test_an_unknown_output_takes_no_number(workshop: Workshop, clerk: Actor) -> None:
    edition = workshop.forms["assistance-06"].latest
    answers = sample_of(workshop, edition)
    before = workshop.records.documents.count(clerk.office.id)
    with pytest.raises(ServiceError, match="output-unknown"):
        issue(workshop, edition, answers, output="en", actor=clerk, now=NOW)
    assert workshop.records.documents.count(clerk.office.id) == before


# -- one draft, one document ----------------------------------------------------------------------


def test_a_draft_is_issued_once(workshop: Workshop, clerk: Actor) -> None:
    edition = workshop.forms["assistance-06"].latest
    answers = sample_of(workshop, edition)

    def click(_turn: int) -> Any:
        return issue(
            workshop, edition, answers, output="kk", actor=clerk, now=NOW, draft_id="clicked"
        )

    first = click(0)
    assert click(1) == first
    other = issue(workshop, edition, answers, output="kk", actor=clerk, now=NOW)
    assert other.number != first.number


def test_a_double_click_gives_both_the_same_document(workshop: Workshop, clerk: Actor) -> None:
    edition = workshop.forms["assistance-06"].latest
    answers = sample_of(workshop, edition)

    def click(_turn: int) -> Any:
        return issue(
            workshop, edition, answers, output="kk", actor=clerk, now=NOW, draft_id="twice"
        )

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(click, range(2))
    assert first == second
    assert first.state is DocumentState.ISSUED


# -- what a crash leaves --------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["printing", "sealing", "storing", "finishing"])
def test_what_a_kill_interrupts_is_finished_at_the_next_start(tmp_path: Path, step: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.services.stopping", str(tmp_path), step],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "stopped\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with opened(settings_in(tmp_path)) as workshop:
        clerk = actor_in(workshop, "clerk")
        (left,) = workshop.records.documents.unfinished()
        with pytest.raises(ServiceError, match="document-not-ready"):
            pdf_of(workshop, left.number, actor=clerk)
        assert finish_unfinished(workshop) == 1
        assert finish_unfinished(workshop) == 0
        record = open_document(workshop, left.number, actor=clerk)
        assert record.state is DocumentState.ISSUED
        assert record.issued_at == left.reserved_at, "the time of the number, not of the crash"
        pdf = pdf_of(workshop, left.number, actor=clerk)
        assert check_pdf(pdf, trusted=workshop.trusted).signatures[0].trusted
        following = issue_sample(workshop)
        assert int(following.number[-6:]) == int(left.number[-6:]) + 1, "no number is lost"


class Unprintable:
    """A press that refuses, as a broken template would."""

    def print_document(self, *_args: Any, **_kwargs: Any) -> bytes:
        raise DocumentError("print-warning", reason="a letter is missing")


def test_what_does_not_print_keeps_its_number_until_it_does(tmp_path: Path) -> None:
    with opened(settings_in(tmp_path)) as workshop:
        press: Any = Unprintable()
        broken = replace(workshop, press=press)
        with pytest.raises(DocumentError, match="print-warning"):
            issue_sample(broken)
        (left,) = workshop.records.documents.unfinished()
        assert finish_unfinished(broken) == 0, "and the server starts all the same"
        assert workshop.records.documents.unfinished() == (left,)
        assert finish_unfinished(workshop) == 1


def test_what_never_prints_is_annulled_with_its_number(tmp_path: Path) -> None:
    with opened(settings_in(tmp_path)) as workshop:
        press: Any = Unprintable()
        with pytest.raises(DocumentError):
            issue_sample(replace(workshop, press=press))
        (left,) = workshop.records.documents.unfinished()
        head = actor_in(workshop, "head")
        voided = annul(workshop, left.number, reason=REASON, actor=head, now=NOW)
        assert voided.state is DocumentState.ANNULLED
        assert finish_unfinished(workshop) == 0
        assert issue_sample(workshop).number > left.number


def test_only_what_was_left_before_a_moment_is_finished(tmp_path: Path) -> None:
    with opened(settings_in(tmp_path)) as workshop:
        press: Any = Unprintable()
        with pytest.raises(DocumentError):
            issue_sample(replace(workshop, press=press))
        assert finish_unfinished(workshop, reserved_before=NOW) == 0
        assert finish_unfinished(workshop, reserved_before=NOW + timedelta(seconds=1)) == 1


# -- who may see ----------------------------------------------------------------------------------


def test_another_office_sees_nothing(workshop: Workshop) -> None:
    record = issue_sample(workshop)
    stranger = stranger_in(workshop)
    with pytest.raises(ServiceError, match="document-not-found"):
        open_document(workshop, record.number, actor=stranger)
    with pytest.raises(ServiceError, match="document-not-found"):
        pdf_of(workshop, record.number, actor=stranger)
    with pytest.raises(ServiceError, match="document-not-found"):
        annul(workshop, record.number, reason=REASON, actor=stranger, now=NOW)
    listing = recent_documents(workshop, actor=stranger, search=record.number)
    assert listing.documents == ()
    assert workshop.records.documents.by_number(record.number) == record


def test_who_makes_accounts_sees_and_issues_nothing(
    workshop: Workshop, administrator: Actor
) -> None:
    record = issue_sample(workshop)
    edition = workshop.forms["assistance-06"].latest
    answers = sample_of(workshop, edition)
    for refused in (
        lambda: issue(workshop, edition, answers, output="kk", actor=administrator, now=NOW),
        lambda: open_document(workshop, record.number, actor=administrator),
        lambda: pdf_of(workshop, record.number, actor=administrator),
        lambda: recent_documents(workshop, actor=administrator),
        lambda: annul(workshop, record.number, reason=REASON, actor=administrator, now=NOW),
    ):
        with pytest.raises(ServiceError, match="not-allowed"):
            refused()


def test_an_unknown_number_is_not_found(workshop: Workshop, clerk: Actor) -> None:
    with pytest.raises(ServiceError, match="document-not-found"):
        open_document(workshop, "none", actor=clerk)


def test_the_register_is_searched_and_leafed_through(workshop: Workshop, clerk: Actor) -> None:
    record = issue_sample(workshop)
    found = recent_documents(workshop, actor=clerk, search=f"  {record.number} ")
    assert found.documents == (record,)
    assert (found.page, found.pages) == (1, 1)
    assert recent_documents(workshop, actor=clerk).documents[0].id >= record.id
    assert recent_documents(workshop, actor=clerk, search="none").documents == ()
    assert recent_documents(workshop, actor=clerk, page=0).page == 1
    assert recent_documents(workshop, actor=clerk, page=10_000).documents == ()
