"""Finding a form: by words of either language, by number, by id; and what was filled lately."""

from __future__ import annotations

import pytest

from forms_server.web.finding import form_words, is_found, words_of
from tests.web.clerk import Clerk, Office

NOTIFICATIONS = {"assistance-05", "prosthetics-05", "sanatorium-05", "wheelchairs-05"}


def found(office: Office, search: str) -> set[str]:
    words = {form.id: form_words(form) for form in office[1].forms.values()}
    return {name for name, own in words.items() if is_found(words_of(search), own)}


def shown(clerk: Clerk) -> list[str]:
    """The forms of the list that are not hidden."""
    ids = clerk.page.xpath("//li[@data-words][not(@hidden)]/@id")
    return [str(name).removeprefix("form-") for name in ids]


def recent(clerk: Clerk) -> list[str]:
    section = "//section[@aria-labelledby='recent-title']"
    actions = clerk.page.xpath(f"{section}//form/@action")
    return [str(action).split("/")[2] for action in actions]


@pytest.mark.parametrize(
    "search", ["san 5", "SAN-05", "san05", "санаторн 5", "хабарл емделу 5", "уведом сан 5"]
)
def test_one_form_is_found_in_many_ways(office: Office, search: str) -> None:
    assert found(office, search) == {"sanatorium-05"}


def test_forms_of_one_title_are_found_together(office: Office) -> None:
    assert found(office, "хабарлама 5") == NOTIFICATIONS


def test_a_number_is_a_whole_number(office: Office) -> None:
    assert all(name.endswith("-01") for name in found(office, "1") - {"pilot-031e"})
    assert found(office, "mse 1") == {"mse-01"}
    assert found(office, "mse 01") == {"mse-01"}


def test_the_short_name_in_the_documents_numbers_finds(office: Office) -> None:
    assert found(office, "wh06") == {"wheelchairs-06"}


def test_nothing_asked_finds_all_and_nonsense_nothing(office: Office) -> None:
    assert found(office, " – ") == set(office[1].forms)
    assert found(office, "жоқсөз") == set()


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_the_list_narrows_without_scripts(office: Office, language: str) -> None:
    stranger = Clerk(office[0], language)
    stranger.open("/forms/?find=хабарлама+5")
    assert set(shown(stranger)) == NOTIFICATIONS
    assert " 4" in stranger.page.xpath("//*[@role='status']")[-1].text_content()
    assert stranger.page.xpath("//*[@id='find']/@value") == ["хабарлама 5"]
    empty = stranger.page.xpath("//section[@data-group][not(@hidden)][not(.//li[not(@hidden)])]")
    assert not empty


def test_the_list_says_that_nothing_is_found(clerk: Clerk) -> None:
    clerk.open("/forms/?find=%3Cb%3E")
    assert shown(clerk) == []
    assert "табылмады" in clerk.text


def test_words_that_the_page_shows_are_found(clerk: Clerk) -> None:
    clerk.open("/forms/?find=24-қосымша")
    assert shown(clerk) == ["mse-24"]


def test_what_is_in_force_stands_before_what_is_not(clerk: Clerk) -> None:
    clerk.open("/forms/")
    assert shown(clerk)[0].startswith("mse-")
    links = clerk.page.xpath("//nav[@aria-labelledby='contents-title']//a/@href")
    assert links[0] == "#rules-mse"
    assert all(clerk.page.xpath(f"//*[@id='{link[1:]}']") for link in links)


def test_the_forms_filled_lately_stand_on_top(clerk: Clerk) -> None:
    clerk.open("/forms/")
    assert recent(clerk) == []
    for form_id in ("mse-01", "mse-04", "sanatorium-05", "mse-12", "mse-17", "mse-18", "mse-04"):
        clerk.start(form_id)
    clerk.open("/forms/")
    assert recent(clerk) == ["mse-04", "mse-18", "mse-17", "mse-12", "sanatorium-05"]
    assert (
        "Санаторий-курорттық емделу"
        in clerk.page.xpath("//li[@class='record record-short']")[-1].text_content()
    )
    clerk.open("/forms/?find=mse")
    assert clerk.page.xpath("//section[@aria-labelledby='recent-title'][@hidden]")


def test_strangers_see_all_forms_and_nobody_s_last_ones(office: Office) -> None:
    stranger = Clerk(office[0])
    stranger.open("/forms/")
    assert set(shown(stranger)) == set(office[1].forms)
    assert recent(stranger) == []


def test_forms_of_one_title_are_told_apart_everywhere(clerk: Clerk, office: Office) -> None:
    for form_id in sorted(NOTIFICATIONS):
        rules = office[1].forms[form_id].rules_title.kk
        draft = clerk.start(form_id)
        assert rules in clerk.page.xpath("//title")[0].text
        assert rules in clerk.page.xpath("//p[@class='edition']")[0].text_content()
        clerk.open("/drafts/")
        (entry,) = clerk.page.xpath(f"//li[.//a[@href='{draft}']]")
        assert rules in entry.text_content()


def test_the_list_of_drafts_says_whom_each_is_about(clerk: Clerk) -> None:
    draft = clerk.start("sanatorium-05")
    clerk.press("save", {"person-surname": "Үлгіева", "person-given_name": "Үлгі"})
    clerk.open("/drafts/")
    (entry,) = clerk.page.xpath(f"//li[.//a[@href='{draft}']]")
    assert "Ү*** Ү." in entry.text_content()
    assert "Үлгіева" not in entry.text_content()
