"""Annulment: by a head of the office, once, with a reason and with what everybody is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forms_server.errors import ServiceError
from forms_server.services.accounts import Actor
from forms_server.services.certificates import look_up
from forms_server.services.issuing import open_document, pdf_of, recent_documents
from forms_server.services.verification import unlock
from forms_server.services.withdrawing import (
    CHOSEN,
    LONGEST_REASON,
    annul,
    name_of_annuller,
    read_category,
)
from forms_server.services.workshop import Workshop
from forms_server.storage.records import Annulment, AnnulmentCategory, DocumentState
from tests.workshop import NOW, issue_sample, stranger_in

REASON = "Қате: Үлгіевтің күні дұрыс емес"


def test_an_annulled_document_keeps_number_file_and_reason(
    workshop: Workshop, head: Actor, clerk: Actor
) -> None:
    record = issue_sample(workshop)
    pdf = pdf_of(workshop, record.number, actor=clerk)
    annulled = annul(
        workshop,
        record.number,
        reason=f"  {REASON}\n ",
        category=AnnulmentCategory.DATA_ERROR,
        actor=head,
        now=NOW,
    )
    assert annulled.state is DocumentState.ANNULLED
    assert (annulled.annulment_reason, annulled.annulled_by) == (REASON, head.account_id)
    assert annulled.annulment_category is AnnulmentCategory.DATA_ERROR
    assert annulled.number == record.number
    assert pdf_of(workshop, record.number, actor=clerk) == pdf
    assert name_of_annuller(workshop, annulled) == head.display_name
    assert name_of_annuller(workshop, record) == ""


def test_everybody_learns_the_category_and_the_owner_the_reason(
    workshop: Workshop, head: Actor
) -> None:
    record = issue_sample(workshop, "mse-01")
    annul(workshop, record.number, reason=REASON, actor=head, now=NOW)
    certificate = look_up(workshop, record.token)
    assert certificate is not None
    assert not certificate.is_in_force
    assert certificate.annulment_category is AnnulmentCategory.OTHER
    assert REASON not in repr(certificate)
    details = unlock(workshop, record.token, iin_last4=record.iin_last4 or "")
    assert details is not None
    assert details.annulment_reason == REASON


def test_a_document_is_annulled_once(workshop: Workshop, head: Actor) -> None:
    record = issue_sample(workshop)
    first = annul(workshop, record.number, reason=REASON, actor=head, now=NOW)
    with pytest.raises(ServiceError, match="document-already-annulled"):
        annul(workshop, record.number, reason="Басқа себеп", actor=head, now=NOW)
    assert open_document(workshop, record.number, actor=head) == first


def test_of_two_heads_at_once_one_annuls(workshop: Workshop, head: Actor) -> None:
    record = issue_sample(workshop)

    class Slow:
        """The register as the slower of two heads meets it: between look and deed it changed."""

        def __getattr__(self, name: str) -> object:
            return getattr(workshop.records.documents, name)

        def annul(self, number: str, annulment: Annulment) -> object:
            annul(workshop, number, reason="Тезірек басшы", actor=head, now=NOW)
            return workshop.records.documents.annul(number, annulment)

    slow = replace(workshop, records=replace(workshop.records, documents=Slow()))
    with pytest.raises(ServiceError, match="document-already-annulled"):
        annul(slow, record.number, reason=REASON, actor=head, now=NOW)
    kept = open_document(workshop, record.number, actor=head)
    assert kept.annulment_reason == "Тезірек басшы"


def test_a_clerk_does_not_annul(workshop: Workshop, clerk: Actor) -> None:
    record = issue_sample(workshop)
    with pytest.raises(ServiceError, match="not-allowed"):
        annul(workshop, record.number, reason=REASON, actor=clerk, now=NOW)


def test_another_office_s_document_is_not_there(workshop: Workshop) -> None:
    record = issue_sample(workshop)
    with pytest.raises(ServiceError, match="document-not-found"):
        annul(workshop, record.number, reason=REASON, actor=stranger_in(workshop), now=NOW)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("", "annulment-reason-missing"),
        (" \n\t ", "annulment-reason-missing"),
        ("-- 12 --", "annulment-reason-missing"),
        ("ү" * (LONGEST_REASON + 1), "annulment-reason-long"),
    ],
)
def test_an_annulment_has_a_reason(workshop: Workshop, head: Actor, reason: str, code: str) -> None:
    record = issue_sample(workshop)
    with pytest.raises(ServiceError, match=code):
        annul(workshop, record.number, reason=reason, actor=head, now=NOW)
    assert open_document(workshop, record.number, actor=head).state is DocumentState.ISSUED


def test_only_what_a_head_may_choose_is_a_category() -> None:
    assert [read_category(category.value) for category in CHOSEN] == list(CHOSEN)
    for typed in ("", "replaced", "x"):
        with pytest.raises(ServiceError, match="annulment-category-missing"):
            read_category(typed)


def test_the_register_is_searched_by_how_documents_stand(
    workshop: Workshop, head: Actor, clerk: Actor
) -> None:
    kept, wrong = issue_sample(workshop), issue_sample(workshop)
    annul(workshop, wrong.number, reason=REASON, actor=head, now=NOW)

    def found(standing: str, search: str = "") -> set[str]:
        listing = recent_documents(workshop, actor=clerk, search=search, standing=standing)
        return {record.number for record in listing.documents}

    assert wrong.number in found("annulled")
    assert wrong.number not in found("issued") | found("replaced") | found("issuing")
    assert kept.number in found("issued")
    assert found("annulled", kept.number) == set()
