"""Which edition a clerk fills: by the document's date, with every edition's status in words."""

from __future__ import annotations

import pytest

from tests.web.clerk import Clerk, Office, signed_in

RESULT = "//main/ul[1]"
ASK = "//form[contains(@class, 'day-form')]"


@pytest.fixture
def clerk(office: Office) -> Clerk:
    return signed_in(office, "clerk", "ru")


def ask(clerk: Clerk, day: str) -> None:
    clerk.open("/forms/")
    (form,) = clerk.page.xpath(f"//*[@id='form-assistance-08']{ASK}")
    (name,) = form.xpath(".//input/@name")
    clerk.open(f"{form.get('action')}?{name}={day}")


def entry(clerk: Clerk, form_id: str) -> str:
    clerk.open("/forms/")
    return " ".join(clerk.page.xpath(f"//*[@id='form-{form_id}']")[0].text_content().split())


def test_every_edition_shows_its_order_its_days_and_its_status(clerk: Clerk) -> None:
    words = entry(clerk, "assistance-08")
    assert (
        "Приказ № 61 от 03.03.2021 · с 03.03.2021 по 05.12.2021"
        " с 06.12.2021 заменена редакцией приказа № 458" in words
    )
    assert "Приказ № 458 от 06.12.2021 · с 06.12.2021 по 30.06.2023 утратила силу" in words


def test_a_form_of_one_edition_in_force_asks_for_no_day(clerk: Clerk) -> None:
    assert "Дата документа" not in entry(clerk, "mse-01")
    assert "Дата документа" in entry(clerk, "assistance-06")


@pytest.mark.parametrize(
    ("day", "order"), [("05.12.2021", "61"), ("06122021", "458"), ("2023-06-30", "458")]
)
def test_the_date_finds_its_edition_and_stands_on_the_draft(
    clerk: Clerk, office: Office, day: str, order: str
) -> None:
    ask(clerk, day)
    assert "заполняется по этой редакции" in clerk.text
    assert f"Приказ № {order} от" in clerk.page.xpath(RESULT)[0].text_content()
    clerk.press("", form=f"{RESULT}//form")
    draft = office[1].records.drafts.list(1)[0]
    edition = office[1].edition(draft.form_id, draft.edition_id)
    assert edition is not None
    assert edition.order == order
    for spec in edition.fields():
        if spec.means == "document.date" and spec.default == "today":
            assert clerk.value(spec.id) in {"05.12.2021", "06.12.2021", "30.06.2023"}


def test_a_day_without_an_edition_is_told_and_the_nearest_offered(clerk: Clerk) -> None:
    ask(clerk, "01.07.2023")
    assert "На 01.07.2023 ни одна редакция этой формы не была в силе" in clerk.text
    assert "Приказ № 458" in clerk.page.xpath(RESULT)[0].text_content()
    ask(clerk, "02.03.2021")
    assert "Приказ № 61" in clerk.page.xpath(RESULT)[0].text_content()
    clerk.press("", form=f"{RESULT}//form")
    assert clerk.answer.request.path.startswith("/drafts/")


@pytest.mark.parametrize("day", ["", "31.02.2022", "кеше", "9" * 500, "<b>"])
def test_what_is_no_date_is_told_at_the_input(clerk: Clerk, day: str) -> None:
    ask(clerk, day)
    assert clerk.answer.status_code == 422
    (control,) = clerk.page.xpath(f"{ASK}//input")
    assert clerk.page.xpath(f"//*[@id='{control.get('aria-describedby')}']")
    assert not clerk.page.xpath("//main//form[@method='post']")


@pytest.mark.parametrize("typed", ["", "%E2%80%8B", "%00", "%C2%B2"])
def test_what_says_no_day_is_told(clerk: Clerk, typed: str) -> None:
    """A zero-width space comes along with a copied date; it is no day, and no empty page either."""
    clerk.open(f"/forms/assistance-08/edition?day={typed}")
    assert clerk.answer.status_code == 422
    assert clerk.page.xpath("//input[@aria-invalid='true']")


def test_an_unknown_form_has_no_editions(clerk: Clerk) -> None:
    assert clerk.open("/forms/mse-99/edition?day=01.01.2022").status_code == 404


def test_a_day_that_no_page_of_ours_posts_is_passed_over(clerk: Clerk) -> None:
    ask(clerk, "05.12.2021")
    clerk.press("", {"day": "кеше"}, form=f"{RESULT}//form")
    assert clerk.answer.status_code == 200


def test_the_fill_page_says_how_its_edition_stands(clerk: Clerk) -> None:
    clerk.start("mse-01")
    assert "Срок действия: с 02.05.2025 в силе" in clerk.text
    clerk.start("assistance-06")
    assert "Срок действия: с 03.03.2021 по 30.06.2023 утратила силу с 01.07.2023" in clerk.text


def test_all_is_said_in_kazakh_too(clerk: Clerk) -> None:
    clerk.open("/forms/?lang=kk")
    words = entry(clerk, "assistance-08")
    assert "03.03.2021 – 05.12.2021 аралығында" in words
    assert "01.07.2023 бастап күшін жойған" in words
    assert "Құжаттың күні" in words
