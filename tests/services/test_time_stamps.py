"""The sweep: what was sealed at once gets its time stamp later, one by one, or says why not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from forms_server.services.issuing import open_document
from forms_server.services.time_stamps import Sweep, complete_pending, renew_ending
from forms_server.services.workshop import Workshop
from forms_server.storage.records import DocumentRecord, FileKind, NewSignature, TimeStampState
from forms_server.storage.signatures import add_signatures
from forms_server.trust_settings import SealLevel
from tests.documents.stamped import judged
from tests.judges import qpdf_check, verapdf_both
from tests.responders import Responders
from tests.services.stamping import stamping_variables
from tests.workshop import actor_in, issue_sample, opened, settings_in

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def variables(_responders: Responders, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return stamping_variables(_responders, tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def shared(
    variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workshop]:
    with opened(settings_in(tmp_path_factory.mktemp("stamping"), **variables)) as workshop:
        yield workshop


@pytest.fixture
def stamping(shared: Workshop, responders: Responders) -> Workshop:
    """With nothing waiting from the test before."""
    sweep(shared)
    responders.requests.clear()
    return shared


def sweep(workshop: Workshop) -> Sweep:
    return complete_pending(workshop, datetime.now(UTC))


def now_of(workshop: Workshop, document: DocumentRecord) -> DocumentRecord:
    return open_document(workshop, document.number, actor=actor_in(workshop, "clerk"))


def kinds_of(workshop: Workshop, document: DocumentRecord) -> list[FileKind]:
    return [file.kind for file in workshop.records.files.of_document(document.id)]


def test_a_document_is_sealed_at_once_and_completed_when_the_authority_is_back(
    stamping: Workshop, responders: Responders, tmp_path: Path
) -> None:
    responders.tsa_mode = "down"
    document = issue_sample(stamping)
    assert document.time_stamp is TimeStampState.PENDING
    pdf = stamping.blobs.get(document.pdf_sha256 or "")
    assert judged(responders, pdf).is_trusted

    assert sweep(stamping) == Sweep(waiting=((document.number, "time-stamp-unreachable"),))
    assert now_of(stamping, document) == document

    responders.tsa_mode = ""
    assert sweep(stamping) == Sweep(completed=(document.number,))
    completed = now_of(stamping, document)
    assert completed.time_stamp is TimeStampState.DONE
    assert kinds_of(stamping, document) == [FileKind.SEALED, FileKind.TIME_STAMPED]
    newest = stamping.blobs.get(completed.pdf_sha256 or "")
    assert newest.startswith(pdf)
    trust = judged(responders, newest)
    assert (trust.level, trust.time_stamped_at is not None) == ("B-LTA", True)
    assert completed.time_stamp_until == responders.tsa.certificate.not_valid_after_utc
    path = tmp_path / "completed.pdf"
    path.write_bytes(newest)
    qpdf_check(path)
    verapdf_both([path])
    first = stamping.records.documents.by_pdf_sha256(document.pdf_sha256 or "")
    assert first is not None
    assert first.id == document.id


def test_what_was_reached_is_kept_while_the_rest_is_awaited(
    stamping: Workshop, responders: Responders
) -> None:
    responders.ocsp_mode = responders.crl_mode = "down"
    document = issue_sample(stamping)
    assert sweep(stamping).waiting == ((document.number, "revocation-unknown"),)
    halfway = now_of(stamping, document)
    assert halfway.time_stamp is TimeStampState.PENDING
    assert halfway.time_stamped_at is not None
    responders.behave()
    assert sweep(stamping).completed == (document.number,)
    assert len(kinds_of(stamping, document)) == 3


def test_one_bad_document_does_not_stop_the_others(stamping: Workshop) -> None:
    bad, good = issue_sample(stamping), issue_sample(stamping)
    key = bad.blob_key or ""
    path = stamping.settings.home / "documents" / key[:2] / key[2:4] / key
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert sweep(stamping) == Sweep(
        completed=(good.number,), waiting=((bad.number, "blob-altered"),)
    )
    path.write_bytes(whole)
    assert sweep(stamping).completed == (bad.number,)


def test_an_authority_that_fails_is_not_asked_for_the_next_document(
    stamping: Workshop, responders: Responders
) -> None:
    documents = [issue_sample(stamping) for _ in range(3)]
    responders.tsa_mode = "down"
    assert sweep(stamping).waiting == ((documents[0].number, "time-stamp-unreachable"),)
    assert responders.requests == ["/tsa"]


def test_a_file_that_somebody_is_about_to_sign_is_left_alone_for_a_while(
    stamping: Workshop,
) -> None:
    document = issue_sample(stamping)
    awaited = NewSignature(position=99, signature_id="late", required=True, token="late-signer")  # noqa: S106
    with Session(stamping.records.engine) as session, session.begin():
        add_signatures(session, document.id, [awaited])
    signature = stamping.records.signatures.by_token("late-signer")
    assert signature is not None
    stamping.records.signatures.prepare(
        signature.id, update=b"", follows=document.pdf_sha256 or "", at=datetime.now(UTC)
    )
    assert sweep(stamping).waiting == ((document.number, "signature-under-way"),)
    earlier = datetime.now(UTC) - timedelta(minutes=16)
    stamping.records.signatures.prepare(
        signature.id, update=b"", follows=document.pdf_sha256 or "", at=earlier
    )
    assert sweep(stamping).completed == (document.number,)


class _Racing:
    """Files of a workshop in which another sweep is quicker by one step."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self.get = workshop.blobs.get

    def put(self, data: bytes) -> str:
        sweep(self._workshop)
        return self._workshop.blobs.put(data)


def test_of_two_sweeps_at_once_one_wins_and_the_file_is_whole(
    stamping: Workshop, responders: Responders
) -> None:
    document = issue_sample(stamping)
    loser = sweep(replace(stamping, blobs=_Racing(stamping)))
    assert loser.waiting == ((document.number, "document-file-changed"),)
    assert len(kinds_of(stamping, document)) == 2
    newest = now_of(stamping, document)
    assert newest.time_stamp is TimeStampState.DONE
    assert judged(responders, stamping.blobs.get(newest.pdf_sha256 or "")).level == "B-LTA"


def test_a_sweep_that_is_killed_leaves_the_document_whole(
    stamping: Workshop, variables: dict[str, str]
) -> None:
    document = issue_sample(stamping)
    environment = os.environ | variables | {"FORMS_SERVER_HOME": str(stamping.settings.home)}
    command = [sys.executable, "-m", "tests.services.stopping_sweep"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"stopped\n"
        process.kill()
    assert now_of(stamping, document) == document
    assert kinds_of(stamping, document) == [FileKind.SEALED]
    assert sweep(stamping).completed == (document.number,)


def test_older_documents_are_completed_when_the_level_is_raised(stamping: Workshop) -> None:
    document = issue_sample(at_level(stamping, SealLevel.B_B))
    assert document.time_stamp is TimeStampState.NONE
    assert sweep(stamping) == Sweep()
    already = sum(1 for _ in stamping.records.documents.after(0, limit=500)) - 1
    assert stamping.records.files.await_time_stamps() == already + 1
    done = sweep(stamping)
    assert document.number in done.completed
    assert len(done.completed) == already + 1
    assert len(kinds_of(stamping, document)) == 2, "and those that had it got nothing more"


def at_level(workshop: Workshop, level: SealLevel) -> Workshop:
    trust = replace(workshop.settings.trust, level=level)
    return replace(workshop, settings=replace(workshop.settings, trust=trust))


def test_nothing_is_done_where_the_seal_stands_alone(stamping: Workshop) -> None:
    issue_sample(stamping)
    assert sweep(at_level(stamping, SealLevel.B_B)) == Sweep()


def test_a_time_stamp_is_renewed_before_its_certificate_ends(
    stamping: Workshop, responders: Responders
) -> None:
    responders.tsa = responders.issue_tsa("Ending", datetime.now(UTC), timedelta(days=60))
    document = issue_sample(stamping)
    sweep(stamping)
    now = datetime.now(UTC)
    assert renew_ending(stamping, now).waiting == ((document.number, "time-stamp-no-longer"),)
    assert len(kinds_of(stamping, document)) == 2
    responders.behave()
    assert renew_ending(stamping, now).completed == (document.number,)
    newest = now_of(stamping, document)
    assert len(kinds_of(stamping, document)) == 3
    later = now + timedelta(days=365)
    trust = judged(responders, stamping.blobs.get(newest.pdf_sha256 or ""), later)
    assert (trust.is_trusted, trust.level) == (True, "B-LTA")
    assert renew_ending(stamping, now) == Sweep()


def test_what_has_waited_long_is_tried_less_often(
    stamping: Workshop, responders: Responders
) -> None:
    responders.tsa_mode = "down"
    document = issue_sample(stamping)
    waited = (document.issued_at or datetime.now(UTC)) + timedelta(hours=3)
    quarter = waited.replace(minute=45, second=0)
    tried = [
        bool(complete_pending(stamping, quarter + timedelta(minutes=each), patiently=True).waiting)
        for each in range(16)
    ]
    assert tried == [True] + [False] * 14 + [True]
