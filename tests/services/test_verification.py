"""What anybody may know of a document, and the rest for its owner."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from forms_server.documents.qr import new_token
from forms_server.documents.signing import Sealer
from forms_server.errors import DocumentError
from forms_server.languages import Language
from forms_server.services.accounts import Actor
from forms_server.services.certificates import look_up, look_up_code, look_up_hash
from forms_server.services.issuing import pdf_of
from forms_server.services.verification import public_keys, show_answers, unlock
from forms_server.services.workshop import Workshop
from forms_server.storage.records import DocumentRecord, NewDocument
from tests.authority import make_authority, make_seal_keys
from tests.fields.specimens import with_check_digit
from tests.workshop import NOW, issue_sample, sample_of

IIN = str(with_check_digit("90010130001"))


@pytest.fixture(scope="module")
def issued(workshop: Workshop) -> DocumentRecord:
    return issue_sample(workshop, "mse-01", iin=IIN)


@pytest.fixture(scope="module")
def pdf(workshop: Workshop, clerk: Actor, issued: DocumentRecord) -> bytes:
    return pdf_of(workshop, issued.number, actor=clerk)


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


def test_a_document_stays_what_it_was_sealed_as(workshop: Workshop, issued: DocumentRecord) -> None:
    """A key of the office's own gives no legal force to what was issued while trying it out."""
    desk = replace(workshop, sealer=Sealer(make_seal_keys(make_authority(NOW), NOW)))
    real = issue_sample(desk)
    for server in (desk, workshop):
        tried, issued_with_it = (look_up(server, each.token) for each in (issued, real))
        assert tried is not None
        assert issued_with_it is not None
        assert (tried.is_development, issued_with_it.is_development) == (True, False)


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
