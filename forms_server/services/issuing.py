"""Issuing: number → context → html → pdf → seal → save; what a crash leaves is finished later.

The row with its number is written first, in a short transaction without printing or sealing in it;
every later step follows from the row alone, so a second try gives the same document.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from forms_server.documents.context import Output, Page, Stamp
from forms_server.documents.data_xml import DataHead, write_data
from forms_server.documents.filling import Filling
from forms_server.documents.pdf import DataFile
from forms_server.documents.qr import (
    TOKEN_BYTES,
    address,
    new_token,
    qr_png,
    short_code,
)
from forms_server.documents.qr_seal import SealPayload, write_seal
from forms_server.documents.sentences import sentence_on
from forms_server.documents.signature_fields import signature_fields_of
from forms_server.errors import DocumentError, ServiceError, StorageError, words
from forms_server.fields.values import Answers, write_answers
from forms_server.languages import OUTPUTS, Language
from forms_server.services.accounts import Actor, Permission, require
from forms_server.services.earlier import judge
from forms_server.services.persons import PERSON, iins_in, masked_name_in
from forms_server.services.signers import signatures_of
from forms_server.services.stored import answers_of, edition_of
from forms_server.services.workshop import Workshop
from forms_server.specs.model import Edition
from forms_server.storage.records import (
    DocumentRecord,
    DocumentState,
    Issuance,
    NewDocument,
    OfficeRecord,
    Seen,
)

PAGE_SIZE = 25
TRIES = 25
"""How often a number is asked for when a code was taken or the person's documents changed."""
CODE_TAKEN = "document-code-taken"
PERSON_CHANGED = "person-documents-changed"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the register of an office."""

    documents: tuple[DocumentRecord, ...]
    page: int
    pages: int


def issue(  # noqa: PLR0913  # what, in which language, who, when: all by name
    workshop: Workshop,
    edition: Edition,
    answers: Answers,
    *,
    output: str,
    actor: Actor,
    now: datetime,
    draft_id: str | None = None,
) -> DocumentRecord:
    """Issue a document; with the same ``draft_id`` a second time, return the first one.

    ``output`` is a key of ``languages.OUTPUTS``. Raises :class:`ServiceError` (``not-allowed``,
    ``output-unknown``; ``person-documents-changed`` where the person's earlier documents, which
    may have become more since the answers were judged, do not let these be issued), and
    :class:`DocumentError` when the page does not print: the number then stays in state ``issuing``
    until :func:`finish_unfinished` or an annulment.
    """
    require(actor, Permission.ISSUE)
    if output not in OUTPUTS:
        raise ServiceError("output-unknown", output=output)
    token = _new_token()
    raw = write_answers(edition, answers)
    counted = _counted(edition, actor.office, year=str(workshop.day_of(now).year))
    request = NewDocument(
        scope="/".join([edition.form_id, *(counted[name] for name in edition.numbering.per)]),
        number_pattern=_pattern(edition, counted),
        form_id=edition.form_id,
        edition_id=edition.id,
        output=output,
        answers=raw,
        iins=iins_in(edition, raw),
        masked_name=masked_name_in(edition, answers.values),
        iin_last4=_iin_last4(edition, answers),
        office_id=actor.office.id,
        issued_by=actor.account_id,
        reserved_at=now.replace(microsecond=0),
        draft_id=draft_id,
        token=token,
        short_code=short_code(token),
    )
    record = _reserve(workshop, edition, request)
    return record if record.state is not DocumentState.ISSUING else _finish(workshop, record)


def finish_unfinished(workshop: Workshop, *, reserved_before: datetime | None = None) -> int:
    """Finish what a crash left between number and paper; the count of documents finished.

    What still does not print is told in the log and stays as it is, so that one such document does
    not keep the others, or the server, from starting.
    """
    finished = 0
    for record in workshop.records.documents.unfinished(reserved_before=reserved_before):
        try:
            finished += _finish(workshop, record).state is DocumentState.ISSUED
        except (DocumentError, ServiceError, StorageError) as error:
            logger.error("document %s could not be finished: %s", record.number, error.code)
    return finished


def pages_of(
    edition: Edition, output: str, kind: Output, *, answers: Answers, stamp: Stamp | None = None
) -> list[Page]:
    """The pages of a paper in its languages; a bilingual page stands once whatever is asked."""
    languages = OUTPUTS[output] if not edition.is_bilingual_page else (Language.KK,)
    return [
        Page(edition, language, output=kind, answers=answers, stamp=stamp) for language in languages
    ]


def open_document(workshop: Workshop, number: str, *, actor: Actor) -> DocumentRecord:
    """A document of the actor's office; of any other office it is as if it were not there."""
    require(actor, Permission.READ_DOCUMENTS)
    record = workshop.records.documents.by_number(number)
    if record is None or record.office_id != actor.office.id:
        raise ServiceError("document-not-found", number=number)
    return record


def pdf_of(workshop: Workshop, number: str, *, actor: Actor) -> bytes:
    """The stored bytes of an issued document, the same for ever."""
    record = open_document(workshop, number, actor=actor)
    if record.blob_key is None:
        raise ServiceError("document-not-ready", number=number)
    return workshop.blobs.get(record.blob_key)


def recent_documents(
    workshop: Workshop, *, actor: Actor, search: str = "", standing: str = "", page: int = 1
) -> Listing:
    """The office's documents, newest first; ``search`` is a part of a number or a form's id.

    ``standing``: ``issuing``, ``issued``, ``annulled``, ``replaced``; empty for all of them.
    """
    require(actor, Permission.READ_DOCUMENTS)
    documents = workshop.records.documents
    offset = (max(page, 1) - 1) * PAGE_SIZE
    text = search.strip()
    count = documents.count(actor.office.id, text, standing=standing)
    found = documents.search(
        actor.office.id, text, standing=standing, limit=PAGE_SIZE, offset=offset
    )
    return Listing(tuple(found), max(page, 1), max(1, -(-count // PAGE_SIZE)))


def _reserve(workshop: Workshop, edition: Edition, request: NewDocument) -> DocumentRecord:
    """Take the number; what another clerk was quicker in is drawn, or judged, again."""
    for tries_left in reversed(range(TRIES)):
        seen = _judge_again(workshop, edition, request)
        try:
            return workshop.records.documents.reserve(request, seen=seen)
        except StorageError as error:
            if not tries_left or error.code not in {CODE_TAKEN, PERSON_CHANGED}:
                raise
            if error.code == CODE_TAKEN:
                token = _new_token()
                request = replace(request, token=token, short_code=short_code(token))
    raise AssertionError("unreachable")


def _judge_again(workshop: Workshop, edition: Edition, request: NewDocument) -> Seen | None:
    """What of the person's earlier documents lets these answers be issued at this moment."""
    if not edition.earlier or _is_second_click(workshop, request):
        return None
    today = workshop.day_of(request.reserved_at)
    judgement = judge(workshop, edition, request.answers, today=today, draft_id=request.draft_id)
    if not judgement.reading.is_right:
        raise ServiceError(PERSON_CHANGED)
    return judgement.seen


def _is_second_click(workshop: Workshop, request: NewDocument) -> bool:
    draft_id = request.draft_id
    return draft_id is not None and workshop.records.documents.by_draft(draft_id) is not None


def _new_token() -> str:
    return new_token(secrets.token_bytes(TOKEN_BYTES))


def _counted(edition: Edition, office: OfficeRecord, *, year: str) -> dict[str, str]:
    """What a number may be counted per; the year is the office's own, not Greenwich's."""
    return {"office": office.code, "form": edition.form_id, "year": year}


def _pattern(edition: Edition, counted: Mapping[str, str]) -> str:
    """The numbering pattern with everything filled in but the number."""
    pattern = edition.numbering.pattern
    for name, value in counted.items():
        pattern = pattern.replace(f"{{{name}}}", value)
    return pattern


def _iin_last4(edition: Edition, answers: Answers) -> str | None:
    field = edition.meaning(PERSON)
    iin = answers.value(field.id) if field else None
    return iin[-4:] if iin else None


def _finish(workshop: Workshop, record: DocumentRecord) -> DocumentRecord:
    """Print, seal and save; where another process was quicker, its document is the one."""
    edition = edition_of(workshop, record)
    sealed, data = seal_record(workshop, record)
    try:
        return workshop.records.documents.finish(
            record.id,
            Issuance(
                pdf_sha256=workshop.blobs.put(sealed),
                data_sha256=hashlib.sha256(data).hexdigest(),
                issued_at=record.reserved_at,
                signatures=signatures_of(edition, answers_of(workshop, record, edition)),
                time_stamp=workshop.new_time_stamp,
                is_development=workshop.sealer.is_development,
            ),
        )
    except StorageError as error:
        finished = workshop.records.documents.by_id(record.id)
        if error.code != "document-not-issuing" or finished is None:
            raise
        return finished


def seal_record(workshop: Workshop, record: DocumentRecord) -> tuple[bytes, bytes]:
    """The sealed PDF of a document and the data inside it; everything follows from its row."""
    edition = edition_of(workshop, record)
    answers = answers_of(workshop, record, edition)
    data = _data(workshop, record, edition, answers)
    pdf = print_record(workshop, record, edition, answers=answers, data=data)
    sealed = workshop.sealer.seal(
        pdf,
        reason=f"{record.form_id} {record.number}",
        location=_office(workshop, record).code,
        signed_at=record.reserved_at,
    )
    return sealed, data


def print_record(
    workshop: Workshop,
    record: DocumentRecord,
    edition: Edition,
    *,
    answers: Answers,
    data: bytes,
) -> bytes:
    """The document's PDF before its seal: the same bytes for the same record and QR."""
    stamp = stamp_of(workshop, record)
    pages = pages_of(edition, record.output, Output.ISSUED, answers=answers, stamp=stamp)
    attachment = DataFile(
        name=f"{record.number}.xml",
        description=words("data-file").both,
        content=data,
        made_at=record.reserved_at,
    )
    filling = Filling(
        data=attachment,
        qr_png=_qr(workshop, record, data),
        made_at=stamp.issued_at,
        signature_fields=signature_fields_of(edition),
    )
    return workshop.press.print_document(pages, filling)


def data_of(workshop: Workshop, record: DocumentRecord) -> bytes:
    """The data XML of a document, made anew from its row."""
    edition = edition_of(workshop, record)
    return _data(workshop, record, edition, answers_of(workshop, record, edition))


def _data(workshop: Workshop, record: DocumentRecord, edition: Edition, answers: Answers) -> bytes:
    head = DataHead(
        number=record.number,
        token=record.token,
        office=_office(workshop, record).code,
        issued_at=record.reserved_at.astimezone(workshop.zone),
        replaces=record.replaces,
    )
    return write_data(edition, answers, head)


def stamp_of(workshop: Workshop, record: DocumentRecord) -> Stamp:
    """What issuing adds to the page in letters; the QR is drawn beside it."""
    return Stamp(
        number=record.number,
        issued_at=record.reserved_at.astimezone(workshop.zone),
        office=_office(workshop, record).name,
        address=f"{workshop.settings.public_url}/verify",
        short_code=record.short_code,
        is_development=workshop.sealer.is_development,
        replaces=record.replaces,
        sentence=sentence_on(workshop.sentences, workshop.day_of(record.reserved_at)),
    )


def _qr(workshop: Workshop, record: DocumentRecord, data: bytes) -> bytes:
    """The QR; its seal vouches for the hash of the data."""
    payload = SealPayload(
        form=record.form_id,
        edition=date.fromisoformat(record.edition_id),
        number=record.number,
        issued_on=workshop.day_of(record.reserved_at),
        office=_office(workshop, record).code,
        masked_name=record.masked_name,
        data_sha256=hashlib.sha256(data).digest(),
    )
    seal = write_seal(payload, workshop.qr_keys)
    return qr_png(address(workshop.settings.public_url, record.token, seal))


def _office(workshop: Workshop, record: DocumentRecord) -> OfficeRecord:
    office = workshop.records.offices.by_id(record.office_id)
    if office is None:
        raise ServiceError("document-not-found", number=record.number)
    return office
