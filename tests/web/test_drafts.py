"""Filling without scripts: nothing typed is lost, messages lead to inputs, one document."""

from __future__ import annotations

import pytest

from forms_server.languages import Language
from forms_server.services.workshop import Workshop
from forms_server.specs.model import Edition, FieldSpec
from tests.web.clerk import Clerk, Office, sample, typed


@pytest.fixture
def edition(office: Office) -> Edition:
    return office[1].forms["mse-01"].latest


def act_sample(workshop: Workshop) -> dict[str, list[str]]:
    return sample(workshop.forms["assistance-08"].latest)


def summary(clerk: Clerk) -> dict[str, str]:
    """The error summary: the input that each link leads to, and its words."""
    links = clerk.page.xpath("//*[@data-error-summary]//a")
    return {link.get("href").removeprefix("#"): link.text_content() for link in links}


def test_filling_asks_to_sign_in_and_carries_on(office: Office) -> None:
    stranger = Clerk(office[0])
    stranger.open("/drafts/")
    assert stranger.answer.request.path == "/sign-in"


def test_the_list_says_what_is_repealed(clerk: Clerk) -> None:
    clerk.open("/forms/")
    entry = clerk.page.xpath("//*[@id='form-assistance-08']")[0].text_content()
    assert "01.07.2023 бастап күшін жойған" in entry
    assert "06.12.2021 бастап № 458 бұйрықтың редакциясымен ауыстырылған" in entry
    assert "01.07.2023" not in clerk.page.xpath("//*[@id='form-mse-01']")[0].text_content()


def test_a_draft_starts_with_the_defaults(clerk: Clerk) -> None:
    clerk.start("mse-01")
    assert len(clerk.value("application_date")) == len("02.05.2026")
    assert clerk.value("signed_by") == "person"
    assert summary(clerk) == {}


@pytest.mark.parametrize("form_id", ["mse-01", "mse-12", "assistance-08", "prosthetics-07"])
def test_every_input_has_a_label_and_an_id_of_its_own(clerk: Clerk, form_id: str) -> None:
    clerk.start(form_id)
    ids = clerk.page.xpath("//@id[not(ancestor::template)]")
    assert len(ids) == len(set(ids))
    named = "//form[@id='filling']//*[self::input or self::select or self::textarea]"
    for control in clerk.page.xpath(f"{named}[not(@type='hidden')]"):
        assert clerk.page.xpath(f"//label[@for='{control.get('id')}']"), control.get("name")


def test_enter_in_a_field_asks_for_a_check(clerk: Clerk) -> None:
    """A browser presses the first button of the page that belongs to the form."""
    clerk.start("assistance-08")
    own = "//button[@form='filling'] | //form[@id='filling']//button[not(@form)]"
    assert clerk.page.xpath(own)[0].get("value") == "check"


def test_wrong_answers_are_kept_and_told(clerk: Clerk) -> None:
    address = clerk.start("mse-01")
    wrong = {"iin": "12", "birth_date": "31.02.1980", "person-surname": " <b>Үлгі7 "}
    clerk.press("check", wrong)
    assert clerk.answer.request.path == address
    assert {name: clerk.value(name) for name in wrong} == wrong
    told = summary(clerk)
    assert {"iin", "birth_date", "person-surname", "person-given_name", "consent"} <= set(told)
    assert told["iin"].startswith("Жеке сәйкестендіру нөмірі: ")
    assert clerk.page.xpath("//title")[0].text.startswith("Қате: ")


def test_every_link_of_the_summary_leads_to_an_input_that_says_the_same(clerk: Clerk) -> None:
    clerk.start("mse-01")
    clerk.press("check")
    for target, words in summary(clerk).items():
        (control,) = clerk.page.xpath(f"//*[@id='{target}']")
        assert control.tag in {"input", "select", "textarea", "fieldset"}
        if target.startswith("overrides-"):
            continue
        (message,) = clerk.page.xpath(f"//*[@id='{target}--error']")
        assert words.endswith(message.text_content().partition("Қате:")[2].strip())
        described = control.xpath("ancestor-or-self::*[@aria-describedby][1]")[0]
        assert f"{target}--error" in described.get("aria-describedby").split()


def test_a_reload_says_the_same_again(clerk: Clerk) -> None:
    clerk.start("mse-01")
    clerk.press("check", {"iin": "12"})
    before = summary(clerk)
    clerk.open(clerk.address)
    assert summary(clerk) == before != {}


def test_a_bare_draft_shows_no_messages(clerk: Clerk) -> None:
    address = clerk.start("mse-01")
    clerk.press("save", {"iin": "12"})
    assert summary(clerk) == {}
    clerk.open(address)
    assert (clerk.value("iin"), summary(clerk)) == ("12", {})


def test_the_other_language_keeps_what_was_typed(clerk: Clerk) -> None:
    clerk.start("mse-01")
    before = {"iin": "12", "disability": ["first", "repeated"], "documents-r3-sheets": "жеті"}
    clerk.press("language", before)
    assert clerk.page.get("lang") == "ru"
    assert clerk.values("disability") == ["first", "repeated"]
    assert (clerk.value("iin"), clerk.value("documents-r3-sheets")) == ("12", "жеті")
    clerk.press("language")
    assert (clerk.page.get("lang"), clerk.value("iin")) == ("kk", "12")


def test_the_other_language_keeps_the_messages(clerk: Clerk) -> None:
    clerk.start("mse-01")
    clerk.press("check", {"iin": "12"})
    clerk.press("language")
    assert summary(clerk)["iin"].startswith("Индивидуальный идентификационный номер: В ИИН 12 цифр")


def test_rows_are_added_and_removed(clerk: Clerk) -> None:
    clerk.start("assistance-08")
    clerk.press("add-services", {"services-0-hours": "1"})
    clerk.press("add-services", {"services-1-hours": "два"})
    clerk.press("remove-services-0", {"services-2-hours": "3"})
    hours = [clerk.value(f"services-{row}-hours") for row in range(2)]
    assert hours == ["два", "3"]
    assert not clerk.page.xpath("//*[@name='services-2-hours']")


@pytest.mark.parametrize(
    ("form_id", "table"),
    [("assistance-08", "services"), ("mse-12", "measures"), ("mse-18", "entries")],
)
def test_a_row_added_without_scripts_opens_at_its_first_input(
    clerk: Clerk, form_id: str, table: str
) -> None:
    address = clerk.start(form_id)
    fields = typed(clerk.page.xpath("//form[@id='filling']")[0])
    fields["action"] = f"add-{table}"
    target = clerk.client.post(address, data=fields).location.partition("#")[2]
    clerk.open(address)
    (found,) = clerk.page.xpath("//*[@id=$target]", target=target)
    assert found.tag in {"input", "select", "textarea"}, target


def test_removing_the_last_row_leaves_an_empty_one(clerk: Clerk) -> None:
    clerk.start("assistance-08")
    clerk.press("remove-services-0", {"services-0-hours": "1"})
    assert clerk.value("services-0-hours") == ""


def test_no_more_rows_than_the_form_takes(clerk: Clerk, office: Office) -> None:
    table = next(office[1].forms["assistance-08"].latest.tables())
    clerk.start("assistance-08")
    clerk.press("check", {f"services-{row}-hours": "1" for row in range(table.maximum)})
    clerk.press("add-services")
    assert not clerk.page.xpath(f"//*[@name='services-{table.maximum}-hours']")
    assert clerk.page.xpath("//button[@value='add-services'][@disabled]")


def test_a_row_too_many_is_told_and_kept(clerk: Clerk, office: Office) -> None:
    table = next(office[1].forms["assistance-08"].latest.tables())
    clerk.start("assistance-08")
    clerk.press("check", {f"services-{row}-hours": "1" for row in range(table.maximum + 1)})
    assert str(table.maximum) in summary(clerk)["services"]
    assert clerk.value(f"services-{table.maximum}-hours") == "1"


def test_a_check_closes_up_rows_that_stayed_empty(clerk: Clerk) -> None:
    clerk.start("assistance-08")
    clerk.press("check", {"services-0-hours": "", "services-3-hours": "сегіз"})
    assert clerk.value("services-0-hours") == "сегіз"
    assert "services-0-hours" in summary(clerk)


def test_computed_values_are_shown_without_scripts(clerk: Clerk) -> None:
    clerk.start("assistance-08")
    clerk.press("add-services", {"services-0-hours": "2,5", "services-0-price": "1 250.50"})
    clerk.press("save", {"services-1-hours": "1", "services-1-price": "10"})
    outputs = {item.get("id"): item.text_content() for item in clerk.page.xpath("//output")}
    assert outputs["services-0-cost"] == "3\u00a0126,25"
    assert (outputs["services-1-cost"], outputs["total"]) == ("10,00", "3\u00a0136,25")


def test_computed_values_stand_in_their_own_row(clerk: Clerk) -> None:
    """An empty row in between shifts nothing."""
    clerk.start("assistance-08")
    clerk.press("add-services")
    clerk.press("save", {"services-1-hours": "2", "services-1-price": "10"})
    outputs = {item.get("id"): item.text_content() for item in clerk.page.xpath("//output")}
    assert (outputs["services-0-cost"], outputs["services-1-cost"]) == ("", "20,00")


def test_a_condition_is_said_in_words(clerk: Clerk) -> None:
    clerk.start("mse-01")
    (item,) = clerk.page.xpath("//*[@data-shown-if][.//*[@id='representative']]")
    words = item.xpath("*[@class='condition']")[0].text_content()
    assert "«Кім қол қояды» – «заңды өкіл»" in words
    assert not item.xpath("ancestor-or-self::*[@hidden]")


def test_parts_of_what_may_stay_empty_are_not_marked_as_required(clerk: Clerk) -> None:
    clerk.start("mse-18")
    marks = {
        name: bool(clerk.page.xpath(f"//label[@for='{name}-surname']/*[@class='required-mark']"))
        for name in ("head", "specialist_3")
    }
    assert marks == {"head": True, "specialist_3": False}


def test_a_warning_wants_a_reason_and_keeps_it(clerk: Clerk, office: Office) -> None:
    answers = act_sample(office[1]) | {"sheet": ["assistant"], "services-0-hours": ["700"]}
    clerk.start("assistance-08")
    clerk.press("check", answers)
    assert list(summary(clerk)) == ["overrides-assistant_hours"]
    clerk.press("check", {"overrides-assistant_hours": "Екі ай үшін"})
    assert clerk.answer.request.path.endswith("/check")
    assert "Екі ай үшін" in clerk.text
    clerk.open(clerk.answer.request.path.removesuffix("/check"))
    assert clerk.value("overrides-assistant_hours") == "Екі ай үшін"


def test_two_windows_are_told_of_each_other(clerk: Clerk) -> None:
    address = clerk.start("mse-01")
    other = typed(clerk.page.xpath("//form[@id='filling']")[0])
    clerk.press("save", {"iin": "1"})
    other["iin"], other["action"] = "2", "save"
    clerk.post(address, other)
    assert "басқа терезеде өзгертілген" in clerk.text
    assert clerk.value("iin") == "2"
    clerk.press("save")
    assert "басқа терезеде" not in clerk.text


def test_autosave_answers_in_json(clerk: Clerk) -> None:
    address = clerk.start("mse-01")
    fields = typed(clerk.page.xpath("//form[@id='filling']")[0])
    fields["iin"], fields["action"] = "7", "save"
    headers = {"Accept": "application/json"}
    first = clerk.client.post(address, data=fields, headers=headers).get_json()
    assert first["stale"] is False
    clerk.open(address)
    assert (clerk.value("iin"), clerk.value("seen")) == ("7", first["seen"])


def test_autosave_never_overwrites_another_window(clerk: Clerk) -> None:
    address = clerk.start("mse-01")
    fields = typed(clerk.page.xpath("//form[@id='filling']")[0])
    clerk.press("save", {"iin": "1"})
    fields["iin"] = "2"
    answer = clerk.client.post(address, data=fields, headers={"Accept": "application/json"})
    assert answer.get_json()["stale"] is True
    clerk.open(address)
    assert clerk.value("iin") == "1"


def test_a_post_without_a_token_changes_nothing(clerk: Clerk) -> None:
    address = clerk.start("mse-01")
    answer = clerk.client.post(address, data={"iin": "7", "action": "save"})
    assert answer.status_code == 400
    clerk.open(address)
    assert clerk.value("iin") == ""


def test_somebody_elses_draft_is_as_if_it_were_not_there(clerk: Clerk, office: Office) -> None:
    app, workshop = office
    address = clerk.start("mse-01")
    head = Clerk(app).sign_in("head", dict(workshop.first_accounts)["head"])
    assert head.open(address).status_code == 404
    assert head.open(f"{address}/check").status_code == 404
    assert clerk.open("/drafts/nothing").status_code == 404


def test_an_unknown_form_or_edition_cannot_be_started(clerk: Clerk) -> None:
    clerk.open("/forms/")
    fields = typed(clerk.page.xpath("//*[@id='form-mse-01']//form")[0])
    assert clerk.post("/forms/mse-99/new", fields).status_code == 404
    assert clerk.post("/forms/mse-01/new?edition=1999-01-01", fields).status_code == 404


def test_drafts_are_listed_and_deleted(clerk: Clerk) -> None:
    address = clerk.start("mse-04")
    clerk.open("/drafts/")
    assert clerk.page.xpath(f"//a[@href='{address}']")
    clerk.open(f"{address}/drop")
    clerk.press("", form="//main//form")
    assert not clerk.page.xpath(f"//a[@href='{address}']")
    assert clerk.open(address).status_code == 404


def test_the_check_waits_until_all_is_right(clerk: Clerk) -> None:
    address = clerk.start("mse-01")
    clerk.open(f"{address}/check")
    assert clerk.answer.request.path == address
    assert "iin" in summary(clerk)


def test_the_check_shows_every_answer_and_the_way_back(clerk: Clerk, edition: Edition) -> None:
    address = clerk.start("mse-01")
    clerk.press("check", sample(edition))
    assert clerk.answer.request.path == f"{address}/check"
    for words in ("Үлгіев Үлгі Үлгіұлы", "Үлгі көшесі", "+7 700 000 00 00", "02.01.1980"):
        assert words in clerk.text
    links = clerk.page.xpath("//a[@class='change']/@href")
    clerk.open(address)
    ids = set(clerk.page.xpath("//@id"))
    assert {link.partition("#")[2] for link in links} <= ids


def test_what_is_not_asked_is_not_looked_over(clerk: Clerk, edition: Edition) -> None:
    clerk.start("mse-01")
    clerk.press("check", sample(edition) | {"signed_by": ["person"]})
    assert edition.items["representative"].label.kk not in clerk.text
    assert edition.items["email"].label.kk in clerk.text


def test_issuing_twice_gives_one_document(clerk: Clerk, edition: Edition) -> None:
    address = clerk.start("mse-01")
    clerk.press("check", sample(edition))
    (form,) = clerk.page.xpath("//form[@data-once]")
    fields = typed(form)
    assert fields["output"] == "kk-ru"
    clerk.post(f"{address}/issue", fields)
    first = clerk.answer.request.path
    clerk.post(f"{address}/issue", fields)
    assert clerk.answer.request.path == first
    assert first.startswith("/documents/")
    assert clerk.open(address).request.path == first
    clerk.open("/drafts/")
    assert not clerk.page.xpath(f"//a[@href='{address}']")


def test_what_became_a_document_can_no_longer_be_changed(clerk: Clerk, edition: Edition) -> None:
    address = clerk.start("mse-01")
    old_page = typed(clerk.page.xpath("//form[@id='filling']")[0])
    clerk.press("check", sample(edition))
    clerk.post(f"{address}/issue", typed(clerk.page.xpath("//form[@data-once]")[0]))
    old_page["iin"], old_page["action"] = "1", "save"
    clerk.post(address, old_page)
    assert clerk.answer.request.path.startswith("/documents/")


def test_what_another_window_changed_is_looked_over_before_it_is_issued(
    clerk: Clerk, edition: Edition
) -> None:
    address = clerk.start("mse-01")
    clerk.press("check", sample(edition))
    fields = typed(clerk.page.xpath("//form[@data-once]")[0])
    clerk.open(address)
    clerk.press("save", {"person-surname": "Өзгеріс"})
    clerk.post(f"{address}/issue", fields)
    assert clerk.answer.request.path == f"{address}/check"
    assert "басқа терезеде өзгертілген" in clerk.text
    assert "Өзгеріс" in clerk.text
    clerk.press("", form="//form[@data-once]")
    assert clerk.answer.request.path.startswith("/documents/")


def test_only_right_answers_are_issued(clerk: Clerk, edition: Edition) -> None:
    address = clerk.start("mse-01")
    clerk.press("check", sample(edition))
    issuing = typed(clerk.page.xpath("//form[@data-once]")[0])
    clerk.open(address)
    clerk.press("save", {"iin": "12"})
    clerk.post(f"{address}/issue", issuing)
    assert clerk.answer.request.path == address
    assert list(summary(clerk)) == ["iin"]


def test_an_unknown_output_is_refused(clerk: Clerk, edition: Edition) -> None:
    address = clerk.start("mse-01")
    clerk.press("check", sample(edition))
    fields = typed(clerk.page.xpath("//form[@data-once]")[0])
    fields["output"] = "xx"
    assert clerk.post(f"{address}/issue", fields).status_code in {404, 409}


@pytest.mark.parametrize("language", list(Language))
def test_every_form_can_be_filled_and_checked(office: Office, language: Language) -> None:
    app, workshop = office
    clerk = Clerk(app, language.value).sign_in("clerk", dict(workshop.first_accounts)["clerk"])
    for form in workshop.forms.values():
        clerk.start(form.id)
        edition = workshop.records.drafts.list(1)[0].edition_id
        chosen = form.edition(edition) or form.latest
        clerk.press("check", sample(chosen, language))
        assert clerk.answer.request.path.endswith("/check"), (form.id, summary(clerk))


def test_everything_typed_comes_back_as_it_was_typed(clerk: Clerk, office: Office) -> None:
    """Markup, quotes, spaces, emoji, other scripts: in every text input of every form."""
    odd = """ "><script>1</script> & 'ә' \\ 😀 עברית {{ 7*7 }} """
    for form in office[1].forms.values():
        clerk.start(form.id)
        names = [
            control.get("name")
            for control in clerk.page.xpath("//form[@id='filling']//input[@type='text']")
        ]
        clerk.press("check", dict.fromkeys(names, odd))
        assert {clerk.value(name) for name in names} == {odd}, form.id


def test_scripts_find_what_they_need(clerk: Clerk, edition: Edition) -> None:
    clerk.start("mse-01")
    kinds = {
        item.get("data-answer"): item.get("data-kind")
        for item in clerk.page.xpath("//*[@data-answer]")
    }
    asked = {item.id for item in edition.items.values() if isinstance(item, FieldSpec)}
    assert asked <= set(kinds)
    assert kinds["birth_date"] == "date"
    assert kinds["disability"] == "list"
    assert kinds["documents"] == "rows"
    assert kinds["sheets"] == "number"


def test_pages_are_not_kept_by_the_browser(clerk: Clerk) -> None:
    clerk.start("mse-01")
    assert clerk.answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("rows", "seen"), [(3, 3), (30, 5)])
def test_a_long_table_is_reviewed_by_its_first_rows(
    clerk: Clerk, office: Office, rows: int, seen: int
) -> None:
    answers = sample(office[1].forms["assistance-06"].latest)
    first = {name: value for name, value in answers.items() if name.startswith("entries-0-")}
    for row in range(rows):
        answers |= {name.replace("-0-", f"-{row}-", 1): value for name, value in first.items()}
    clerk.start("assistance-06")
    clerk.press("check", answers)
    assert clerk.page.xpath("//form[@data-once]"), clerk.text
    assert f"Жолдар саны: {rows}." in clerk.text
    assert len(clerk.page.xpath("//div[@class='review-table']/dl")) == seen
    assert len(clerk.page.xpath("//div[@class='review-table']/details/dl")) == rows - seen
