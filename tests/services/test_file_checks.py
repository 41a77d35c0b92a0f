"""The full check of a file: each verdict, a byte changed anywhere, the record, former files."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forms_server.documents.checking import check_pdf
from forms_server.documents.data_reading import read_cells
from forms_server.documents.signing import Sealer
from forms_server.services.accounts import Actor
from forms_server.services.blanks import blank_pdf
from forms_server.services.comparison import compare
from forms_server.services.file_checks import verify_pdf
from forms_server.services.file_facts import facts_of
from forms_server.services.issuing import data_of, pdf_of
from forms_server.services.reasons import FileReason, Verdict
from forms_server.services.withdrawing import annul
from forms_server.services.workshop import Workshop
from forms_server.storage.records import (
    DocumentRecord,
    DocumentState,
    FileKind,
    NewFile,
    TimeStampState,
)
from tests import forgeries
from tests.attacks import Paper
from tests.authority import make_authority, make_seal_keys, print_pdf
from tests.fields.specimens import with_check_digit
from tests.workshop import NOW, issue_sample, moment, opened, settings_in

IIN = str(with_check_digit("90010130001"))


@pytest.fixture(scope="module")
def issued(workshop: Workshop) -> DocumentRecord:
    return issue_sample(workshop, "mse-01", iin=IIN)


@pytest.fixture(scope="module")
def pdf(workshop: Workshop, clerk: Actor, issued: DocumentRecord) -> bytes:
    return pdf_of(workshop, issued.number, actor=clerk)


# -- verdicts -------------------------------------------------------------------------------------


def test_what_was_issued_is_valid(workshop: Workshop, issued: DocumentRecord, pdf: bytes) -> None:
    report = verify_pdf(workshop, pdf, now=moment())
    assert report.verdict is Verdict.VALID
    assert report.is_same_bytes
    assert report.is_known
    assert report.certificate is not None
    assert report.certificate.number == issued.number
    assert report.sha256 == hashlib.sha256(pdf).hexdigest()
    (seal,) = report.signatures
    assert (seal.intact, seal.valid, seal.trusted, seal.covers_whole_file) == (True,) * 4
    assert seal.is_development


def test_what_was_annulled_says_so(workshop: Workshop, clerk: Actor, head: Actor) -> None:
    record = issue_sample(workshop)
    content = pdf_of(workshop, record.number, actor=clerk)
    annul(workshop, record.number, reason="Қате", actor=head, now=NOW)
    report = verify_pdf(workshop, content, now=moment())
    assert report.verdict is Verdict.ANNULLED
    assert report.is_same_bytes
    assert report.certificate is not None
    assert not report.certificate.is_in_force
    assert report.certificate.state is DocumentState.ANNULLED
    assert [reason.code for reason in report.reasons] == [FileReason.ANNULLED]
    assert report.certificate.annulled_at == NOW


def test_a_stranger_s_paper_with_our_number_is_altered(
    workshop: Workshop, issued: DocumentRecord, pdf: bytes
) -> None:
    report = verify_pdf(workshop, pdf + b"\n% nothing much\n", now=moment())
    assert report.verdict is Verdict.ALTERED
    assert report.certificate is not None, "it still says which document it is"
    assert report.certificate.number == issued.number
    assert not report.is_same_bytes


def test_a_seal_taken_off_is_altered_or_not_sealed(workshop: Workshop, pdf: bytes) -> None:
    unsealed = pdf.replace(b"/Sig", b"/Gis")
    assert verify_pdf(workshop, unsealed, now=moment()).verdict in {
        Verdict.ALTERED,
        Verdict.NOT_SEALED,
    }


def test_a_blank_is_not_sealed(workshop: Workshop) -> None:
    edition = workshop.forms["mse-01"].latest
    report = verify_pdf(
        workshop, blank_pdf(workshop, edition, output="kk", fillable=False), now=moment()
    )
    assert report.verdict is Verdict.NOT_SEALED
    assert report.certificate is None
    assert report.signatures == ()


def test_a_seal_of_another_server_is_unknown(workshop: Workshop, tmp_path_factory: Any) -> None:
    with opened(settings_in(tmp_path_factory.mktemp("other"))) as other:
        record = issue_sample(other)
        content = other.blobs.get(str(record.blob_key))
    report = verify_pdf(workshop, content, now=moment())
    assert record.number, "perhaps a number of ours too: both servers count from one"
    assert (report.verdict, report.certificate) == (Verdict.UNKNOWN, None)
    assert not report.is_same_bytes
    assert not report.signatures[0].trusted


def test_a_paper_of_no_number_under_a_foreign_seal_is_unknown(workshop: Workshop) -> None:
    keys = make_seal_keys(make_authority(NOW), NOW)
    sealed = Sealer(keys).seal(print_pdf(), reason="x", location="x", signed_at=NOW)
    report = verify_pdf(workshop, sealed, now=moment())
    assert report.verdict is Verdict.UNKNOWN
    assert report.certificate is None
    (seal,) = report.signatures
    assert (seal.intact, seal.valid, seal.trusted) == (True, True, False)


def test_a_foreign_seal_on_our_data_is_altered(
    workshop: Workshop, issued: DocumentRecord, pdf: bytes
) -> None:
    data = check_pdf(pdf, trusted=workshop.trusted).data_xml
    keys = make_seal_keys(make_authority(NOW), NOW, name="Forger")
    forged = Sealer(keys).seal(print_pdf(data_xml=data), reason="x", location="x", signed_at=NOW)
    report = verify_pdf(workshop, forged, now=moment())
    assert report.verdict is Verdict.ALTERED
    assert report.certificate is not None
    assert report.certificate.number == issued.number
    assert not report.signatures[0].trusted


@settings(max_examples=40)
@given(data=st.data())
def test_one_byte_changed_anywhere_is_never_valid(
    workshop: Workshop, pdf: bytes, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(pdf) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != pdf[place]))
    altered = pdf[:place] + bytes([other]) + pdf[place + 1 :]
    assert told(workshop, altered) in {
        Verdict.ALTERED, Verdict.UNKNOWN, Verdict.NOT_SEALED, Verdict.UNREADABLE,
    }  # fmt: skip


def told(workshop: Workshop, content: bytes) -> str:
    report = verify_pdf(workshop, content, now=moment())
    return report.verdict if not report.is_same_bytes else "the same bytes"


@pytest.mark.parametrize("content", [b"", b"no pdf", b"\x89PNG", b"%PDF-1.7\n", b"%PDF-1.7\n%%EOF"])
def test_what_is_no_pdf_is_unreadable(workshop: Workshop, content: bytes) -> None:
    report = verify_pdf(workshop, content, now=moment())
    (reason,) = report.reasons
    assert (report.verdict, report.is_readable) == (Verdict.UNREADABLE, False)
    assert reason.code in {FileReason.NOT_A_PDF, FileReason.BROKEN}
    assert report.signatures == ()


def test_a_number_alone_opens_no_document(workshop: Workshop, issued: DocumentRecord) -> None:
    """Numbers are counted: whoever writes one into a file learns nothing of its owner."""
    data = data_of(workshop, issued).replace(issued.token.encode(), b"A" * 22)
    assert issued.number.encode() in data
    report = verify_pdf(workshop, print_pdf(data_xml=data), now=moment())
    assert (report.certificate, report.comparison) == (None, None)
    assert report.verdict is Verdict.NOT_SEALED


# -- data and record ------------------------------------------------------------------------------


def test_what_was_issued_says_what_the_record_says(
    workshop: Workshop, issued: DocumentRecord, pdf: bytes
) -> None:
    comparison = verify_pdf(workshop, pdf, now=moment()).comparison
    assert comparison is not None
    assert comparison.is_same_data
    assert comparison.differences == ()
    assert comparison.fields > 20


def test_each_field_that_differs_is_named_and_said(
    workshop: Workshop, issued: DocumentRecord
) -> None:
    data = data_of(workshop, issued)
    changed = data.replace(IIN.encode(), b"000000000018").replace(b'office="', b'office="9')
    assert changed.count(b"000000000018") == 1
    comparison = compare(workshop, issued, cells=read_cells(changed), sha256="0" * 64)
    assert not comparison.is_same_data
    found = {each.path: each for each in comparison.differences}
    assert set(found) == {"iin", "@office"}
    iin = found["iin"]
    assert (iin.in_file.ru, iin.in_record.ru) == ("000000000018", IIN)
    assert iin.label.kk != iin.label.ru
    assert IIN not in repr(comparison), "values stay out of logs"


@pytest.mark.parametrize(
    "data", [b"", b"no xml", b"<a/>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"]
)
def test_what_is_no_data_differs_in_everything(
    workshop: Workshop, issued: DocumentRecord, data: bytes
) -> None:
    comparison = compare(workshop, issued, cells=read_cells(data), sha256="0" * 64)
    assert comparison.fields == len(comparison.differences) > 20


@pytest.mark.parametrize("iin", ["000000000018", "000000000000"], ids=["impossible", "another"])
def test_a_record_that_was_changed_is_told_from_a_file_that_was(
    workshop: Workshop, issued: DocumentRecord, pdf: bytes, iin: str
) -> None:
    """Somebody changed the register behind the server's back: the file is right."""
    forged = replace(issued, answers={**issued.answers, "iin": iin})
    data = check_pdf(pdf, trusted=workshop.trusted).data_xml or b""
    sha256 = hashlib.sha256(data).hexdigest()
    comparison = compare(workshop, forged, cells=read_cells(data), sha256=sha256)
    assert comparison.is_same_data
    assert [each.path for each in comparison.differences] == ["iin"]


def test_json_names_fields_and_no_values(workshop: Workshop, pdf: bytes) -> None:
    facts = facts_of(verify_pdf(workshop, pdf, now=moment()))
    assert (facts["verdict"], facts["indication"]) == ("valid", "TOTAL-PASSED")
    assert all(facts["holds"].values())
    assert [remark["code"] for remark in facts["remarks"]] == ["development-key"]
    assert IIN not in str(facts)


def test_json_calls_sealed_only_what_this_office_sealed(workshop: Workshop) -> None:
    """A trusted person's certificate makes no seal, whatever else holds."""
    record = issue_sample(workshop)
    sealed = workshop.blobs.get(str(record.blob_key))
    trusting = replace(workshop, trusted=(forgeries.PERSONS.certificate, *workshop.trusted))
    forged = forgeries.sealed_by_a_person(Paper(sealed, sealed, workshop.sealer))
    report = verify_pdf(trusting, forged, now=moment())
    assert report.signatures[0].trusted
    assert facts_of(report)["holds"]["sealed"] is False


def test_json_of_a_valid_file_says_that_all_holds(workshop: Workshop) -> None:
    """Also where a signature in it was checked elsewhere (GOST)."""
    record = issue_sample(workshop, "mse-01", iin=IIN)
    sealed = workshop.blobs.get(str(record.blob_key))
    signed = forgeries.person_signing_with_gost(Paper(sealed, sealed, workshop.sealer))
    report = verify_pdf(workshop, signed, now=moment())
    holding = replace(report, reasons=(), is_same_bytes=True, is_newest=True)
    assert all(facts_of(holding)["holds"].values())


# -- former files ---------------------------------------------------------------------------------


def test_a_former_file_is_known_but_not_valid(workshop: Workshop) -> None:
    record = issue_sample(workshop, "mse-01", iin=IIN)
    first = workshop.blobs.get(str(record.blob_key))
    newest = forgeries.person_unknown_to_the_register(Paper(first, first, workshop.sealer))
    trusting = replace(workshop, person_authorities=(forgeries.PERSONS.certificate,))
    assert record.pdf_sha256 is not None
    workshop.records.files.add(
        record.id,
        NewFile(
            kind=FileKind.SIGNED,
            follows=record.pdf_sha256,
            sha256=workshop.blobs.put(newest),
            added_at=NOW,
            time_stamp=TimeStampState.NONE,
        ),
    )
    report = verify_pdf(trusting, first, now=moment())
    assert (report.verdict, report.is_same_bytes, report.is_newest) == (
        Verdict.EARLIER_VERSION, True, False,
    )  # fmt: skip
    assert [reason.code for reason in report.reasons] == [FileReason.EARLIER_VERSION]
    report = verify_pdf(trusting, newest, now=moment())
    assert (report.verdict, report.reasons) == (Verdict.VALID, ())
    assert [facts.kind.value for facts in report.signatures] == ["seal", "person"]


def test_a_signature_of_an_untrusted_person_is_doubtful(workshop: Workshop) -> None:
    """The same file where nobody said whose word counts for persons."""
    record = issue_sample(workshop, "mse-01", iin=IIN)
    first = workshop.blobs.get(str(record.blob_key))
    signed = forgeries.person_unknown_to_the_register(Paper(first, first, workshop.sealer))
    report = verify_pdf(workshop, signed, now=moment())
    assert report.verdict is Verdict.DOUBTFUL
    assert report.reasons[0].code is FileReason.CERTIFICATE_UNTRUSTED
