"""Lists of documents: how far the signing of each is, and which wait for somebody's signature."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from forms_server.languages import BilingualText
from forms_server.services.accounts import Actor, Permission
from forms_server.services.certificates import Certificate
from forms_server.services.signers import Party, open_desk, parties_of, signers_of
from forms_server.services.workshop import Workshop
from forms_server.specs.model import Edition
from forms_server.specs.signatures import SignatureSpec
from forms_server.storage.records import (
    DocumentRecord,
    DocumentState,
    SignatureRecord,
    SignatureState,
)

MOST_WAITING = 50
"""So many documents are looked at for what waits for one person's signature."""
DONE = frozenset({SignatureState.SIGNED, SignatureState.BY_HAND})


class Stage(StrEnum):
    """How far the signing of a document is; a signature not checked is never called signed."""

    WAITING = "waiting"
    SIGNED = "signed"
    NOT_CHECKED = "not-checked"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the signing is, and for how many signatures that are required it still waits."""

    stage: Stage
    waiting: int


@dataclass(frozen=True, slots=True)
class WaitingDocument:
    """A document that somebody can sign now, its form's title, and which signature it is."""

    document: DocumentRecord
    title: BilingualText
    signature_id: str


@dataclass(frozen=True, slots=True)
class PublicSigning:
    """A document and everybody who signs it electronically: show no name but the masked one."""

    document: DocumentRecord
    parties: tuple[Party, ...]


def public_signing(workshop: Workshop, certificate: Certificate) -> PublicSigning | None:
    """Who signs the document of a QR; ``None``, and nothing at all is read, if nobody does."""
    edition = workshop.edition(certificate.form_id, certificate.edition_id)
    if edition is None or not signers_of(edition):
        return None
    document = workshop.records.documents.by_id(certificate.document_id)
    if document is None:
        return None
    return PublicSigning(document, parties_of(open_desk(workshop, document)))


def progress_of(workshop: Workshop, documents: Iterable[DocumentRecord]) -> Mapping[int, Progress]:
    """By id of document; of what is not in force, and of what nobody signs, nothing is said."""
    ids = [document.id for document in documents if document.state is DocumentState.ISSUED]
    found = workshop.records.signatures.of_documents(ids)
    return {id_: _progress(records) for id_, records in found.items() if _tells(records)}


def waiting_for(workshop: Workshop, actor: Actor) -> tuple[WaitingDocument, ...]:
    """What waits for the signature of the actor's role in their office, newest first."""
    if not actor.may(Permission.READ_DOCUMENTS):
        return ()
    asked = {spec.id for spec in _signers(workshop) if _is(spec, actor)}
    signatures, documents = workshop.records.signatures, workshop.records.documents
    ids = signatures.waited_for(actor.office.id, asked, limit=MOST_WAITING)
    found = signatures.of_documents(ids)
    return tuple(
        WaitingDocument(document, edition.title, spec.id)
        for id_ in ids
        if (document := documents.by_id(id_)) is not None
        and (edition := workshop.edition(document.form_id, document.edition_id)) is not None
        for spec in _next(edition, found[id_])
        if _is(spec, actor)
    )


def _progress(records: Sequence[SignatureRecord]) -> Progress:
    states = [record.state for record in records]
    waiting = sum(record.required and record.state is SignatureState.WAITING for record in records)
    if SignatureState.REFUSED in states:
        return Progress(Stage.REFUSED, waiting)
    if waiting:
        return Progress(Stage.WAITING, waiting)
    is_unchecked = any(record.is_checked is False for record in records)
    return Progress(Stage.NOT_CHECKED if is_unchecked else Stage.SIGNED, waiting)


def _tells(records: Sequence[SignatureRecord]) -> bool:
    """Whether there is more to tell than that nobody has to sign and nobody has signed."""
    return any(record.required or record.state is not SignatureState.WAITING for record in records)


def _next(edition: Edition, records: Sequence[SignatureRecord]) -> Iterable[SignatureSpec]:
    """The signatures that can be given now."""
    specs = {spec.id: spec for spec in signers_of(edition)}
    for record in records:
        if record.state is SignatureState.WAITING and record.signature_id in specs:
            yield specs[record.signature_id]
        if record.required and record.state not in DONE:
            return


def _signers(workshop: Workshop) -> Iterable[SignatureSpec]:
    for form in workshop.forms.values():
        for edition in form.editions:
            yield from signers_of(edition)


def _is(spec: SignatureSpec, actor: Actor) -> bool:
    return spec.by.value == actor.role.value
