"""The audit notices whatever was changed, and names it: events, checkpoints, numbers, papers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from forms_server.documents.checkpoints import read_checkpoint
from forms_server.errors import ServiceError, catalogue
from forms_server.services.auditing import AuditReport, audit
from forms_server.services.checkpoints import (
    Archive,
    archive_of,
    make_checkpoint,
    open_archive,
)
from forms_server.storage.records import CheckpointRecord, NewEvent
from tests.tampering import drop_guards, read_trail, remade, tamper, write_trail
from tests.workshop import NOW, issue_sample, opened, settings_in

DAYS = [NOW + timedelta(days=day) for day in range(3)]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two documents, checkpoints of two days, and an event after the last."""
    home = tmp_path_factory.mktemp("kept")
    with opened(settings_in(home)) as workshop:
        for day in DAYS[:2]:
            issue_sample(workshop)
            assert make_checkpoint(archive_of(workshop), now=day)
        workshop.records.events.append(NewEvent(at=DAYS[2], kind="test", subject="last"))
    return home


@pytest.fixture
def archive(kept: Path, tmp_path: Path) -> Iterator[Archive]:
    """A copy of it for this test alone, because it is damaged."""
    home = tmp_path / "home"
    shutil.copytree(kept, home)
    opened_archive = open_archive(settings_in(home), NOW)
    yield opened_archive
    opened_archive.records.close()


def alter(archive: Archive, *statements: str) -> None:
    tamper(archive.records.engine, *statements)


def codes(report: AuditReport) -> set[str]:
    for finding in report.findings:
        assert all(finding.say(language) for language in ("kk", "ru", "en"))
    return {finding.code for finding in report.findings}


def newest(archive: Archive) -> CheckpointRecord:
    last = archive.records.checkpoints.last()
    assert last is not None
    return last


def file_of(archive: Archive, record: CheckpointRecord) -> Path:
    return archive.folder / f"{record.day}.jws"


# -- what is whole ---------------------------------------------------------------------------------


def test_what_is_whole_holds(archive: Archive) -> None:
    report = audit(archive)
    assert report.holds, codes(report)
    assert (report.numbers_given, report.documents, report.files) == (2, 2, 2)
    assert report.checkpoints == 2
    assert report.last_checkpoint == newest(archive).day.isoformat()
    assert report.trail_length == len(read_trail(archive.records.engine))


def test_a_checkpoint_says_how_things_stand(archive: Archive) -> None:
    first, second = archive.records.checkpoints.all()
    signed = read_checkpoint(second.jws, archive.jwks)
    assert (signed.day, signed.events, signed.head) == (second.day, second.events, second.head)
    assert (signed.documents, signed.numbers, signed.after) == (2, 2, first.events)
    assert file_of(archive, second).read_text() == second.jws
    assert file_of(archive, second).stat().st_mode & 0o777 == 0o600
    assert archive.folder.stat().st_mode & 0o777 == 0o700


def test_a_day_has_one_checkpoint(archive: Archive) -> None:
    before = archive.records.checkpoints.all()
    assert make_checkpoint(archive, now=DAYS[1] + timedelta(minutes=1)) is None
    assert make_checkpoint(archive, now=DAYS[0]) is None, "nor one of a day before"
    assert archive.records.checkpoints.all() == before


@pytest.mark.parametrize("now", DAYS[1:3], ids=["that-day", "the-day-after"])
def test_a_file_that_a_crash_kept_from_being_written_is_written(
    archive: Archive, now: datetime
) -> None:
    path = file_of(archive, newest(archive))
    whole = path.read_bytes()
    path.unlink()
    assert codes(audit(archive)) == {"audit-checkpoint-missing"}
    make_checkpoint(archive, now=now)
    assert path.read_bytes() == whole
    assert audit(archive).holds


def test_of_several_workers_one_makes_the_checkpoint(archive: Archive) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: make_checkpoint(archive, now=DAYS[2]), range(8)))
    assert sum(each is not None for each in made) == 1
    assert len(archive.records.checkpoints.all()) == 3
    assert audit(archive).holds


def test_a_folder_that_cannot_be_written_to_is_told(archive: Archive) -> None:
    shutil.rmtree(archive.folder)
    archive.folder.touch()
    with pytest.raises(ServiceError, match="checkpoint-not-written"):
        make_checkpoint(archive, now=DAYS[2])


# -- the trail -------------------------------------------------------------------------------------


def test_a_changed_event_is_named_with_its_place(archive: Archive) -> None:
    first, second = archive.records.checkpoints.all()
    number = first.events + 2
    before = read_trail(archive.records.engine)[number - 1]
    alter(archive, f"UPDATE events SET account_id = 77 WHERE id = {number}")  # noqa: S608
    (finding,) = (each for each in audit(archive).findings if each.code == "audit-event-changed")
    assert finding.values == {
        "event": number,
        "kind": before.kind,
        "subject": before.subject,
        "after": first.day.isoformat(),
        "before": second.day.isoformat(),
    }


def test_an_event_after_the_last_checkpoint_is_named_too(archive: Archive) -> None:
    last = read_trail(archive.records.engine)[-1]
    alter(archive, f"UPDATE events SET kind = 'other' WHERE id = {last.id}")  # noqa: S608
    (finding,) = audit(archive).findings
    assert (finding.values["event"], finding.values["before"]) == (last.id, None)
    assert "–" in finding.say("en")


def test_a_trail_computed_anew_does_not_fit_what_was_signed(archive: Archive) -> None:
    engine = archive.records.engine
    trail = list(read_trail(engine))
    place = next(at for at, event in enumerate(trail) if event.kind == "document-issued")
    trail[place] = replace(trail[place], account_id=77)
    write_trail(engine, remade(trail))
    assert archive.records.events.verify_chain().is_intact, "by itself it shows nothing"
    report = audit(archive)
    (finding,) = (each for each in report.findings if each.code == "audit-trail-remade")
    assert finding.values["event"] == trail[place].id
    assert finding.values["subject"] == trail[place].subject


def test_a_trail_cut_off_with_its_count_is_missed(archive: Archive) -> None:
    first, _ = archive.records.checkpoints.all()
    alter(
        archive,
        f"DELETE FROM events WHERE id > {first.events}",  # noqa: S608
        f"UPDATE counters SET value = {first.events} WHERE scope = 'events'",  # noqa: S608
    )
    report = audit(archive)
    (finding,) = (each for each in report.findings if each.code == "audit-trail-cut")
    assert (finding.values["event"], finding.values["after"]) == (
        first.events + 1,
        first.day.isoformat(),
    )
    with pytest.raises(ServiceError, match="checkpoint-trail-short"):
        make_checkpoint(archive, now=DAYS[2])


# -- checkpoints -----------------------------------------------------------------------------------


def forge(archive: Archive) -> str:
    """The newest checkpoint with one event less, signed with nothing."""
    header, _, signature = newest(archive).jws.split(".")
    _, payload, _ = archive.records.checkpoints.all()[0].jws.split(".")
    return f"{header}.{payload}.{signature}"


def test_a_forged_checkpoint_is_named(archive: Archive) -> None:
    last = newest(archive)
    alter(archive, f"UPDATE checkpoints SET jws = '{forge(archive)}' WHERE day = '{last.day}'")  # noqa: S608
    found = {each.code: each.values for each in audit(archive).findings}
    assert found["audit-checkpoint-forged"] == {"day": str(last.day), "where": "database"}
    assert "audit-checkpoint-untold" in found, "the trail names it by its hash"


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", "ә".encode(), b"a.b.c"])
def test_a_file_that_is_no_checkpoint_is_named(archive: Archive, content: bytes) -> None:
    file_of(archive, newest(archive)).write_bytes(content)
    assert codes(audit(archive)) == {"audit-checkpoint-forged"}


def test_a_checkpoint_of_another_day_is_no_checkpoint_of_this(archive: Archive) -> None:
    first, second = archive.records.checkpoints.all()
    file_of(archive, second).write_text(first.jws)
    assert codes(audit(archive)) == {"audit-checkpoint-forged"}


def test_a_checkpoint_removed_from_the_database_is_missed(archive: Archive) -> None:
    first, _ = archive.records.checkpoints.all()
    alter(archive, f"DELETE FROM checkpoints WHERE day = '{first.day}'")  # noqa: S608
    assert codes(audit(archive)) == {"audit-checkpoint-missing"}


def test_a_checkpoint_removed_everywhere_is_missed(archive: Archive) -> None:
    first, _ = archive.records.checkpoints.all()
    alter(archive, f"DELETE FROM checkpoints WHERE day = '{first.day}'")  # noqa: S608
    file_of(archive, first).unlink()
    report = audit(archive)
    assert codes(report) == {"audit-checkpoint-missing", "audit-checkpoint-chain"}
    assert str(first.day) in {each.values["day"] for each in report.findings}


def test_a_row_that_says_otherwise_than_its_signature_is_named(archive: Archive) -> None:
    alter(archive, "UPDATE checkpoints SET events = 1")
    assert codes(audit(archive)) == {"audit-checkpoint-row"}


def test_checkpoints_kept_elsewhere_show_what_was_exchanged_everywhere_here(
    archive: Archive, tmp_path: Path
) -> None:
    """Even with the key: the attacker remakes trail and checkpoints, but has not the copies."""
    copies = tmp_path / "copies"
    shutil.copytree(archive.folder, copies)
    assert audit(archive, copies=copies).holds
    engine = archive.records.engine
    kept = [each for each in read_trail(engine) if each.kind != "checkpoint-made"]
    kept[2] = replace(kept[2], account_id=77)
    trail = remade(kept)
    write_trail(engine, trail)
    with engine.begin() as connection:
        drop_guards(connection)
        connection.execute(text("DELETE FROM checkpoints"))
        count = {"count": len(trail)}
        connection.execute(text("UPDATE counters SET value = :count WHERE scope = 'events'"), count)
    shutil.rmtree(archive.folder)
    for day in DAYS[:2]:
        make_checkpoint(archive, now=day)
    assert audit(archive).holds, "nothing here shows it"
    report = audit(archive, copies=copies)
    assert {"audit-checkpoint-differs", "audit-trail-remade"} <= codes(report)
    (finding,) = (each for each in report.findings if each.code == "audit-trail-remade")
    assert finding.values["event"] == kept[2].id


def test_a_folder_without_checkpoints_is_no_proof(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="checkpoints-missing"):
        audit(archive, copies=tmp_path)


# -- numbers and papers ----------------------------------------------------------------------------


def test_an_altered_paper_is_named(archive: Archive) -> None:
    (record, *_) = archive.records.documents.after(0, limit=1)
    (path,) = (archive.folder.parent / "documents").rglob(f"*{record.blob_key}*")
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b" ")
    (finding,) = audit(archive).findings
    assert finding.code == "audit-file-damaged"
    assert finding.values == {"number": record.number, "sequence": 1}


def test_a_removed_document_is_named(archive: Archive) -> None:
    (record, *_) = archive.records.documents.after(0, limit=1)
    alter(
        archive,
        f"DELETE FROM document_files WHERE document_id = {record.id}",  # noqa: S608
        f"DELETE FROM document_persons WHERE document_id = {record.id}",  # noqa: S608
        f"DELETE FROM signatures WHERE document_id = {record.id}",  # noqa: S608
        f"DELETE FROM documents WHERE id = {record.id}",  # noqa: S608
    )
    report = audit(archive)
    assert codes(report) == {"audit-numbers", "audit-document-missing", "audit-numbers-fewer"}
    assert record.number in {each.values.get("number") for each in report.findings}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("form_id = 'mse-01'", "document-reserved"),
        ("issued_by = 2", "document-reserved"),
        ("answers = '{}'", "document-reserved"),
        ("masked_name = 'Ү*** Ү.'", "document-reserved"),
        ("iin_last4 = '1111'", "document-reserved"),
        ("token = 'AAAAAAAAAAAAAAAAAAAAAA'", "document-reserved"),
        ("replaces = (SELECT max(number) FROM documents)", "document-reserved"),
        ("issued_at = '2025-01-01 00:00:00'", "document-issued"),
        ("data_sha256 = 'x'", "document-issued"),
        (
            "state = 'annulled', annulled_at = issued_at, annulled_by = 1, annulment_reason = 'x'",
            "document-annulled",
        ),
        ("replaced_by = (SELECT max(number) FROM documents)", "document-replaced"),
    ],
)
def test_a_document_that_its_events_do_not_tell_of_is_named(
    archive: Archive, change: str, what: str
) -> None:
    alter(archive, f"UPDATE documents SET {change} WHERE id = 1")  # noqa: S608
    found = [each.values["what"] for each in audit(archive).findings if "what" in each.values]
    assert found == [what]


def test_a_row_that_cannot_be_read_stops_no_audit(archive: Archive) -> None:
    alter(archive, "UPDATE documents SET answers = '{' WHERE id = 1")
    assert codes(audit(archive)) == {"audit-document-unreadable"}


def test_a_row_that_names_another_file_is_told(archive: Archive) -> None:
    alter(archive, "UPDATE documents SET blob_key = 'x' WHERE id = 1")
    assert codes(audit(archive)) == {"audit-document-file"}


def test_every_finding_has_its_sentence() -> None:
    assert all(
        {"kk", "ru", "en"} <= {*catalogue()[code]}
        for code in catalogue()
        if code.startswith("audit-")
    )
