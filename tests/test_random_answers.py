"""Random answers of every form: the right ones become papers that verify, the wrong are refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forms_server.documents.checking import check_pdf
from forms_server.fields.answers import read_answers
from forms_server.fields.registry import TYPES
from forms_server.fields.values import write_answers
from forms_server.languages import OUTPUTS
from forms_server.services.file_checks import verify_pdf
from forms_server.services.issuing import issue, pdf_of
from forms_server.services.reasons import Verdict
from forms_server.services.workshop import Workshop
from forms_server.specs.model import Edition
from forms_server.specs.reading import read_forms
from tests.documents.reading_back import read_back
from tests.fields.random_answers import right_answers, wrong_answers
from tests.judges import ROOT
from tests.workshop import NOW, actor_in

EDITIONS = [edition for form in read_forms(ROOT, TYPES).values() for edition in form.editions]
PAPERS = 2
"""Random documents of each edition: a paper costs a second."""
SPOILT = 2
"""Sets of answers of each edition that are spoilt field by field."""

every_edition = pytest.mark.parametrize("edition", EDITIONS, ids=lambda edition: edition.key)
unhurried = settings(
    suppress_health_check=[*HealthCheck], database=None, print_blob=False, deadline=None
)


@every_edition
@settings(unhurried, max_examples=PAPERS)
@given(data=st.data())
def test_right_answers_become_a_paper_that_says_them(
    workshop: Workshop, edition: Edition, data: Any
) -> None:
    today = NOW.astimezone(workshop.zone).date()
    answers = read_answers(edition, data.draw(right_answers(edition, today)), today).answers
    output = data.draw(st.sampled_from([*OUTPUTS]))
    here = workshop.edition(edition.form_id, edition.id)
    assert here is not None

    record = issue(
        workshop, here, answers, output=output, actor=actor_in(workshop, "clerk"), now=NOW
    )
    paper = pdf_of(workshop, record.number, actor=actor_in(workshop, "clerk"))

    assert verify_pdf(workshop, paper, now=NOW).verdict is Verdict.VALID
    inside = check_pdf(paper, trusted=workshop.trusted).data_xml
    assert inside is not None
    assert read_answers(edition, read_back(edition, inside), today).answers == answers
    assert write_answers(edition, answers) == record.answers


@every_edition
@settings(unhurried, max_examples=SPOILT)
@given(data=st.data())
def test_wrong_answers_are_refused_at_their_field(edition: Edition, data: Any) -> None:
    today = NOW.date()
    raw = data.draw(right_answers(edition, today))
    shown = write_answers(edition, read_answers(edition, raw, today).answers)
    for path, spoilt in wrong_answers(edition, shown):
        refusals = read_answers(edition, spoilt, today).refusals
        there = [item for item in refusals if item.path == path or item.path.startswith(f"{path}-")]
        assert there, f"{path} was taken: {spoilt}"
        assert all(item.message.kk and item.message.ru for item in there)
