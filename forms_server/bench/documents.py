"""One document after another: issuing, the verification page, the memory of a worker."""

from __future__ import annotations

import dataclasses
import gc
import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from flask.testing import FlaskClient

from forms_server.app import create_app
from forms_server.bench.baselines import make_rsa_key
from forms_server.bench.subjects import Subject, megabytes, told_by_child
from forms_server.documents.fonts import load_slot_font
from forms_server.documents.signing import Sealer
from forms_server.documents.signing_keys import KeptKey
from forms_server.documents.stencils import Press
from forms_server.services import issuing
from forms_server.services.stored import answers_of, edition_of

NAMES = ("Үлгіев", "Образцова", "Сынақов", "Примеров")


def issue_next_person(subject: Subject) -> Callable[[], object]:
    """Render and seal as a worker does all day: another person each time, the same choices."""
    names = itertools.cycle(NAMES)

    def seal_next() -> object:
        person = {"surname": next(names), "given_name": "Үлгі", "patronymic": ""}
        answers = {**subject.record.answers, "person": person}
        return issuing.seal_record(
            subject.workshop, dataclasses.replace(subject.record, answers=answers)
        )

    return seal_next


def issue_first(subject: Subject) -> Callable[[], object]:
    """The same for the first document with these choices, whose pages must be laid out."""
    workshop = subject.workshop

    def seal_first() -> object:
        press = Press(workshop.templates, workshop.printer, load_slot_font())
        return issuing.seal_record(dataclasses.replace(workshop, press=press), subject.record)

    return seal_first


def add_seal(subject: Subject) -> Callable[[], object]:
    """What sealing adds to printing: the printed document and an RSA-2048 key held in memory."""
    workshop, record = subject.workshop, subject.record
    edition = edition_of(workshop, record)
    pdf = issuing.print_record(
        workshop,
        record,
        edition,
        answers=answers_of(workshop, record, edition),
        data=issuing.data_of(workshop, record),
    )
    key, certificate = make_rsa_key()
    seal = Sealer(KeptKey(certificate=certificate, private_key=key, chain=())).seal
    return lambda: seal(pdf, reason="bench", location="0000", signed_at=datetime.now(UTC))


def visit_verification(subject: Subject) -> Callable[[], object]:
    """The verification page's server time, through the whole application."""
    application = create_app(subject.workshop.settings)
    application.config["RATELIMIT_ENABLED"] = False
    client: FlaskClient = application.test_client()
    address = f"/v/{subject.record.token}"

    def visit() -> object:
        answer = client.get(address)
        if answer.status_code != 200:
            raise RuntimeError(f"the verification page answered {answer.status_code}")
        return answer.data

    return visit


def memory_of_worker(subject: Subject, documents: int) -> dict[int, float]:
    """Resident megabytes of a forked worker that issues documents one after another."""
    lines = told_by_child(partial(_issue_many, subject, documents))
    return {int(count): float(size) for count, size in map(str.split, lines)}


def _issue_many(subject: Subject, documents: int, tell: Callable[[str], object]) -> None:
    gc.freeze()
    step = max(documents // 5, 1)
    for count in range(1, documents + 1):
        subject.issue()
        if count % step == 0:
            tell(f"{count} {megabytes('VmRSS')}")
