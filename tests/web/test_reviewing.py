"""What is looked over before issuing: the questions asked, by the conditions of filling."""

from __future__ import annotations

import pytest

from forms_server.fields.answers import read_answers
from forms_server.languages import Language
from forms_server.web.reviewing import review
from tests.fields.editions import MEASURES, edition, field
from tests.fields.specimens import TODAY

ANSWERS = {"act": "20260102000001", "reason": "себеп", "measures": [{"row": "r1", "count": "1"}]}


@pytest.mark.parametrize(
    "condition",
    ["filled(act)", "filled(act.arrived_on)", "filled(today)", "'r1' in measures.row"],
)
def test_an_answer_that_was_asked_for_is_looked_over(condition: str) -> None:
    asked = edition(
        field("act", "act-number", part_names=("arrived_on",)),
        field("reason", "text", shown_if=condition),
        MEASURES,
    )
    reading = read_answers(asked, ANSWERS, TODAY)
    assert reading.is_right
    (section,) = review(asked, reading.answers, today=TODAY, language=Language.KK)
    assert "reason" in [item.target for item in section.items]
