"""Verification: each verdict, a byte changed anywhere, a stranger's seal, the owner's answers."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forms_server.documents.checking import check_pdf
from forms_server.documents.qr import new_token
from forms_server.documents.signing import Sealer
from forms_server.errors import DocumentError
from forms_server.languages import Language
from forms_server.services.accounts import Actor
from forms_server.services.blanks import blank_pdf
from forms_server.services.issuing import annul, pdf_of
from forms_server.services.verification import (
    Verdict,
    look_up,
    look_up_code,
    look_up_hash,
    public_keys,
    show_answers,
    unlock,
    verify_pdf,
)
from forms_server.services.workshop import Workshop
from forms_server.storage.records import DocumentRecord, DocumentState, NewDocument
from tests.authority import make_authority, make_seal_keys, print_pdf
from tests.fields.specimens import with_check_digit
from tests.workshop import NOW, issue_sample, opened, sample_of, settings_in

IIN = str(with_check_digit("90010130001"))
READING_ERRORS = {"pdf-broken", "pdf-not-a-pdf", "pdf-encrypted", "pdf-too-heavy"}


@pytest.fixture(scope="module")
def issued(workshop: Workshop) -> DocumentRecord:
    return issue_sample(workshop, "mse-01", iin=IIN)


@pytest.fixture(scope="module")
def pdf(workshop: Workshop, clerk: Actor, issued: DocumentRecord) -> bytes:
    return pdf_of(workshop, issued.number, actor=clerk)


# -- verdicts -------------------------------------------------------------------------------------


def test_what_was_issued_is_valid(workshop: Workshop, issued: DocumentRecord, pdf: bytes) -> None:
    report = verify_pdf(workshop, pdf)
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
    report = verify_pdf(workshop, content)
    assert report.verdict is Verdict.ANNULLED
    assert report.is_same_bytes
    assert report.certificate is not None
    assert not report.certificate.is_in_force
    assert report.certificate.state is DocumentState.ANNULLED
    assert report.certificate.annulment_reason == "Қате"
    assert report.certificate.annulled_at == NOW


def test_a_stranger_s_paper_with_our_number_is_altered(
    workshop: Workshop, issued: DocumentRecord, pdf: bytes
) -> None:
    report = verify_pdf(workshop, pdf + b"\n% nothing much\n")
    assert report.verdict is Verdict.ALTERED
    assert report.certificate is not None, "it still says which document it is"
    assert report.certificate.number == issued.number
    assert not report.is_same_bytes


def test_a_seal_taken_off_is_altered_or_not_sealed(workshop: Workshop, pdf: bytes) -> None:
    unsealed = pdf.replace(b"/Sig", b"/Gis")
    assert verify_pdf(workshop, unsealed).verdict in {Verdict.ALTERED, Verdict.NOT_SEALED}


def test_a_blank_is_not_sealed(workshop: Workshop) -> None:
    edition = workshop.forms["mse-01"].latest
    report = verify_pdf(workshop, blank_pdf(workshop, edition, output="kk", fillable=False))
    assert report.verdict is Verdict.NOT_SEALED
    assert report.certificate is None
    assert report.signatures == ()


def test_a_seal_of_another_server_is_unknown(workshop: Workshop, tmp_path_factory: Any) -> None:
    with opened(settings_in(tmp_path_factory.mktemp("other"))) as other:
        record = issue_sample(other)
        content = other.blobs.get(str(record.blob_key))
    report = verify_pdf(workshop, content)
    is_number_of_ours = report.certificate is not None
    assert report.verdict is (Verdict.ALTERED if is_number_of_ours else Verdict.UNKNOWN)
    assert not report.is_same_bytes
    assert not report.signatures[0].trusted


def test_a_paper_of_no_number_under_a_foreign_seal_is_unknown(workshop: Workshop) -> None:
    keys = make_seal_keys(make_authority(NOW), NOW)
    sealed = Sealer(keys).seal(print_pdf(), reason="x", location="x", signed_at=NOW)
    report = verify_pdf(workshop, sealed)
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
    report = verify_pdf(workshop, forged)
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
        Verdict.ALTERED, Verdict.UNKNOWN, Verdict.NOT_SEALED, *READING_ERRORS,
    }  # fmt: skip


def told(workshop: Workshop, content: bytes) -> str:
    """The verdict, or why the file cannot be read."""
    try:
        report = verify_pdf(workshop, content)
    except DocumentError as error:
        return error.code
    return report.verdict if not report.is_same_bytes else "the same bytes"


@pytest.mark.parametrize("content", [b"", b"no pdf", b"\x89PNG", b"%PDF-1.7\n", b"%PDF-1.7\n%%EOF"])
def test_what_is_no_pdf_is_refused(workshop: Workshop, content: bytes) -> None:
    with pytest.raises(DocumentError) as caught:
        verify_pdf(workshop, content)
    assert caught.value.code in {"pdf-not-a-pdf", "pdf-broken"}


# -- looking up -----------------------------------------------------------------------------------


def test_a_document_is_found_by_all_its_names(
    workshop: Workshop, issued: DocumentRecord, pdf: bytes
) -> None:
    found = look_up(workshop, issued.token)
    assert found is not None
    assert (found.number, found.form_id, found.masked_name) == (
        issued.number, "mse-01", "О*** О. О.",
    )  # fmt: skip
    assert found.office.kk == "Үлгі бөлім"
    assert found.is_development
    assert found.has_iin
    assert found.issued_at.utcoffset() is not None
    assert look_up_code(workshop, issued.short_code.lower().replace("-", " ")) == found
    assert look_up_hash(workshop, hashlib.sha256(pdf).hexdigest().upper()) == found


def test_what_is_not_there_is_not_found(workshop: Workshop) -> None:
    assert look_up(workshop, "none") is None
    assert look_up_code(workshop, "00000-00000") is None
    assert look_up_hash(workshop, "0" * 64) is None
    with pytest.raises(DocumentError, match="short-code-wrong"):
        look_up_code(workshop, "no code")


def test_what_a_crash_left_is_not_shown(workshop: Workshop, issued: DocumentRecord) -> None:
    reserved = workshop.records.documents.reserve(new_like(workshop, issued))
    assert look_up(workshop, reserved.token) is None
    assert unlock(workshop, reserved.token, iin_last4=str(reserved.iin_last4)) is None


def new_like(workshop: Workshop, record: DocumentRecord) -> NewDocument:
    return NewDocument(
        scope="left", number_pattern="left-{number}", form_id=record.form_id,
        edition_id=record.edition_id, output=record.output, answers=record.answers,
        masked_name=record.masked_name, iin_last4=record.iin_last4,
        office_id=workshop.office.id, issued_by=record.issued_by, reserved_at=NOW,
        draft_id=None, token=new_token(b"left by a crash."), short_code="LEFT0-00000",
    )  # fmt: skip


def test_only_public_keys_are_published(workshop: Workshop) -> None:
    keys = public_keys(workshop)["keys"]
    assert keys
    assert not any("d" in key for key in keys)


# -- the owner's answers --------------------------------------------------------------------------


def test_the_last_digits_of_the_iin_open_the_answers(
    workshop: Workshop, issued: DocumentRecord
) -> None:
    details = unlock(workshop, issued.token, iin_last4=f" {IIN[-4:]} ")
    assert details is not None
    assert details.certificate.number == issued.number
    rows = {label.ru: text for label, text in details.rows}
    assert rows["Индивидуальный идентификационный номер"].kk == IIN
    assert any("Образцов" in text.ru for text in rows.values())


@pytest.mark.parametrize("digits", ["", "0000", "0001x", IIN, "٠٠٠٠", "    ", "Ә" * 4])
def test_other_digits_open_nothing(workshop: Workshop, issued: DocumentRecord, digits: str) -> None:
    assert unlock(workshop, issued.token, iin_last4=digits) is None


def test_a_document_without_an_iin_opens_for_nobody(workshop: Workshop) -> None:
    record = issue_sample(workshop, "mse-17")
    for digits in ("", "None", "0000"):
        assert unlock(workshop, record.token, iin_last4=digits) is None


def test_an_unknown_token_opens_nothing(workshop: Workshop) -> None:
    assert unlock(workshop, "none", iin_last4="0000") is None


@pytest.mark.parametrize(
    "form_id",
    ["mse-01", "mse-04", "mse-12", "mse-17", "assistance-06", "assistance-08", "prosthetics-07"],
)
def test_every_answer_is_shown_with_its_label(workshop: Workshop, form_id: str) -> None:
    edition = workshop.forms[form_id].latest
    answers = sample_of(workshop, edition, Language.KK)
    rows = list(show_answers(edition, answers))
    assert rows
    for label, text in rows:
        assert label.kk
        assert label.ru
        assert text.kk
        assert text.ru
        assert "None" not in text.kk + text.ru
