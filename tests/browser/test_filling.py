"""A clerk at work in a real browser: by keyboard, with and without scripts, down to the paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import LiveServer, OpenPage
from tests.fields.specimens import with_check_digit
from tests.judges import pdf_pages_png, pdfsig, qpdf_check, read_qr

Axe = Callable[[Page], None]
Screenshot = Callable[[Page, str], Path]
FOCUSED = "document.activeElement.id || document.activeElement.name || document.activeElement.value"
MOST_TABS = 400
ISSUE = "form[data-once] button"


def sign_in(page: Page, server: LiveServer, *, login: str = "clerk", language: str = "kk") -> Page:
    page.goto(f"{server.url}/sign-in?lang={language}")
    page.locator("[name=login]").fill(login)
    page.locator("[name=password]").fill(server.passwords[login])
    page.locator("[name=password]").press("Enter")
    expect(page.locator("form[action*=sign-out]")).to_be_visible()
    return page


def start(page: Page, server: LiveServer, form_id: str) -> str:
    page.goto(f"{server.url}/forms/")
    page.locator(f"#form-{form_id} .record-action button").click()
    page.wait_for_url("**/drafts/*", wait_until="load")
    return page.url.partition("?")[0]


class Hands:
    """Ten fingers and no mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def tab_to(self, target: str) -> None:
        """Press Tab until the focus is on the element of this id."""
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if self.page.evaluate(FOCUSED) == target:
                return
        raise AssertionError(f"Tab never reaches {target}")

    def type(self, target: str, text: str) -> None:
        self.tab_to(target)
        self.page.keyboard.type(text)

    def pick(self, target: str, place: int = 1) -> None:
        """Pick from a list by going down in it."""
        self.tab_to(target)
        for _ in range(place):
            self.page.keyboard.press("ArrowDown")

    def mark(self, target: str) -> None:
        self.tab_to(target)
        self.page.keyboard.press("Space")


PERSONS = filter(None, (with_check_digit(f"{number:011}") for number in count()))
"""Somebody new for each application: one who was just examined is asked about."""


def fill_application(page: Page) -> None:
    """The application mse-01 from top to bottom, in the order of the form, keys alone."""
    hands = Hands(page)
    hands.pick("region")
    hands.type("department", "№ 1")
    hands.type("iin", next(PERSONS))
    hands.type("person-surname", "Үлгіев")
    hands.type("person-given_name", "Үлгі")
    hands.type("person-patronymic", "Үлгіұлы")
    hands.type("birth_date", "02051980")
    hands.mark("identity-kind")
    hands.type("identity-number", "000000000")
    hands.type("identity-issuer", "ҚР ІІМ")
    hands.type("identity-issued_on", "2.1.2020")
    hands.pick("address-region", page.locator("#region").evaluate("list => list.selectedIndex"))
    hands.type("address-street", "Үлгі")
    hands.type("phone", "8 700 000 00 00")
    hands.mark("disability")
    hands.type("referred_on", f"{date.today():%d.%m.%Y}")  # noqa: DTZ011  # as the page has it
    hands.type("documents-r1-sheets", "2")
    hands.pick("documents-r1-note", 2)
    hands.mark("consent")


@pytest.fixture
def clerk(page: Page, live_server: LiveServer) -> Page:
    return sign_in(page, live_server)


def come_to_check(page: Page, server: LiveServer) -> None:
    """Fill the application and stop before issuing."""
    start(page, server, "mse-01")
    fill_application(page)
    page.keyboard.press("Alt+Shift+KeyC")
    page.wait_for_url("**/check")


# -- the whole way --------------------------------------------------------------------------------


def test_by_keyboard_from_the_form_to_the_citizens_check(
    clerk: Page, *, live_server: LiveServer, open_page: OpenPage, axe: Axe, tmp_path: Path
) -> None:
    clerk.goto(f"{live_server.url}/forms/")
    clerk.locator("#form-mse-01 .record-action button").focus()
    clerk.keyboard.press("Enter")
    clerk.wait_for_url("**/drafts/*")
    fill_application(clerk)
    assert clerk.locator("#birth_date").input_value() == "02.05.1980"
    clerk.keyboard.press("Enter")
    clerk.wait_for_url("**/check")
    axe(clerk)
    assert "Үлгіев Үлгі Үлгіұлы" in clerk.inner_text("main")
    assert clerk.locator("input[name=output]:checked").input_value() == "kk-ru"
    clerk.keyboard.press("Alt+Shift+KeyI")
    clerk.wait_for_url("**/documents/*")
    axe(clerk)

    with clerk.expect_download() as waiting:
        clerk.locator("a[href*=download]").focus()
        clerk.keyboard.press("Enter")
    pdf = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(pdf)
    assert pdf.name == f"{clerk.url.rpartition('/')[2]}.pdf"
    assert pdfsig(pdf)
    qpdf_check(pdf)

    address = read_qr(pdf_pages_png(pdf, 200)[-1])
    assert address.startswith(f"{live_server.url}/v/")
    citizen = open_page(viewport={"width": 360, "height": 740})
    citizen.goto(address)
    expect(citizen.locator("h1:visible")).to_contain_text("жарамды")
    expect(citizen.locator("main")).to_contain_text(pdf.stem)


def test_a_double_click_issues_one_document(clerk: Page, live_server: LiveServer) -> None:
    come_to_check(clerk, live_server)
    clerk.locator(ISSUE).dblclick(no_wait_after=True)
    clerk.wait_for_url("**/documents/*")
    number = clerk.url.rpartition("/")[2]
    before, _, count = number.rpartition("-")
    clerk.goto(f"{live_server.url}/documents/?number={before}-{int(count) + 1:06}")
    assert clerk.locator(".record").count() == 0


def test_the_button_rests_after_the_first_click(clerk: Page, live_server: LiveServer) -> None:
    come_to_check(clerk, live_server)
    clerk.evaluate(
        "document.querySelector('form[data-once]')"
        ".addEventListener('submit', event => event.preventDefault())"
    )
    clerk.locator(ISSUE).click()
    expect(clerk.locator(ISSUE)).to_be_disabled()


# -- messages -------------------------------------------------------------------------------------


def test_the_error_summary_takes_the_focus_and_leads_to_the_inputs(
    clerk: Page, live_server: LiveServer
) -> None:
    start(clerk, live_server, "mse-01")
    clerk.locator("#iin").fill("12")
    clerk.locator("#iin").press("Enter")
    summary = clerk.locator(".error-summary")
    expect(summary).to_be_focused()
    assert clerk.title().startswith("Қате:")
    link = summary.locator("a[href='#iin']")
    link.focus()
    clerk.keyboard.press("Enter")
    expect(clerk.locator("#iin")).to_be_focused()
    assert clerk.locator("#iin").input_value() == "12"


def test_the_summary_takes_the_focus_without_scripts(
    open_page: OpenPage, live_server: LiveServer
) -> None:
    page = sign_in(open_page(java_script_enabled=False), live_server)
    start(page, live_server, "mse-01")
    page.locator("#iin").press("Enter")
    expect(page.locator(".error-summary")).to_be_focused()


def test_a_key_goes_from_error_to_error(clerk: Page, live_server: LiveServer) -> None:
    start(clerk, live_server, "mse-01")
    clerk.locator("#iin").fill("12")
    clerk.keyboard.press("Alt+Shift+KeyC")
    clerk.locator(".error-summary").wait_for()
    clerk.wait_for_load_state()
    links = clerk.locator(".error-summary a").all()[:5]
    for link in links:
        clerk.keyboard.press("Alt+Shift+KeyE")
        assert f"#{clerk.evaluate(FOCUSED)}" == link.get_attribute("href")


def test_no_input_hides_under_the_bar_of_buttons(clerk: Page, live_server: LiveServer) -> None:
    """WCAG 2.4.11: what has the focus is seen."""
    start(clerk, live_server, "mse-01")
    for _ in range(120):
        clerk.keyboard.press("Tab")
        hidden = clerk.evaluate(
            "() => { const it = document.activeElement;"
            " if (!it.closest('.form-section')) return '';"
            " const bar = document.querySelector('.form-bar').getBoundingClientRect();"
            " return it.getBoundingClientRect().bottom > bar.top ? it.id : '' }"
        )
        assert hidden == ""


# -- rows, sums, conditions -----------------------------------------------------------------------


def row_values(page: Page, column: str) -> Sequence[str]:
    inputs = page.locator(f"[data-rows] [name$='-{column}']").all()
    return [item.input_value() for item in inputs]


def row_names(page: Page, column: str) -> Sequence[str]:
    inputs = page.locator(f"[data-rows] [name$='-{column}']").all()
    return [str(item.get_attribute("name")) for item in inputs]


@pytest.mark.parametrize("scripts", [True, False])
def test_rows_come_and_go(open_page: OpenPage, live_server: LiveServer, *, scripts: bool) -> None:
    page = sign_in(open_page(java_script_enabled=scripts), live_server)
    start(page, live_server, "assistance-08")
    add = page.locator("button[value=add-services]")
    for row, hours in enumerate(("1", "2", "3")):
        if row:
            add.click()
        page.locator(f"#services-{row}-hours").fill(hours)
    page.locator("button[value=remove-services-1]").click()
    expect(page.locator("#services-2-hours")).to_have_count(0)
    assert row_values(page, "hours") == ["1", "3"]
    assert row_names(page, "hours") == ["services-0-hours", "services-1-hours"]
    with page.expect_navigation():
        page.locator("button[name=action][value=save]").click()
    assert row_values(page, "hours") == ["1", "3"]


def test_adding_a_row_in_place_keeps_the_page_and_moves_the_focus(
    clerk: Page, live_server: LiveServer
) -> None:
    start(clerk, live_server, "assistance-08")
    clerk.evaluate("window.isTheSamePage = true")
    clerk.locator("button[value=add-services]").click()
    expect(clerk.locator("#services-1-service")).to_be_focused()
    expect(clerk.locator("[data-rows-status]")).to_contain_text("2")
    clerk.locator("button[value=remove-services-0]").click()
    expect(clerk.locator("#services-0-service")).to_be_focused()
    assert clerk.evaluate("window.isTheSamePage") is True
    assert clerk.locator("label[for=services-0-hours]").count() == 1


def test_sums_follow_the_typing_and_agree_with_the_server(
    clerk: Page, live_server: LiveServer
) -> None:
    start(clerk, live_server, "assistance-08")
    clerk.locator("#services-0-hours").fill("2,5")
    clerk.locator("#services-0-price").fill("1 250.50")
    clerk.locator("button[value=add-services]").click()
    clerk.locator("#services-1-hours").fill("0.33")
    clerk.locator("#services-1-price").fill("99999,99")
    shown = clerk.locator("output").all_inner_texts()
    assert shown == ["3\u00a0126,25", "33\u00a0000,00", "36\u00a0126,25"]
    with clerk.expect_navigation():
        clerk.locator("button[name=action][value=save]").click()
    assert clerk.locator("output").all_inner_texts() == shown


def test_a_question_comes_and_goes_with_its_condition(clerk: Page, live_server: LiveServer) -> None:
    start(clerk, live_server, "mse-01")
    name = clerk.locator("#representative-surname")
    expect(name).to_be_hidden()
    clerk.locator("[name=signed_by][value=representative]").check()
    expect(name).to_be_visible()
    name.fill("Үлгіев")
    clerk.locator("[name=signed_by][value=person]").check()
    expect(name).to_be_hidden()
    clerk.locator("[name=signed_by][value=representative]").check()
    assert name.input_value() == "Үлгіев"


def test_a_conditional_question_with_an_error_is_never_hidden(
    clerk: Page, live_server: LiveServer
) -> None:
    start(clerk, live_server, "mse-01")
    clerk.locator("[name=signed_by][value=representative]").check()
    clerk.keyboard.press("Alt+Shift+KeyC")
    clerk.locator(".error-summary").wait_for()
    clerk.locator("[name=signed_by][value=person]").check()
    expect(clerk.locator("#representative-surname")).to_be_visible()


def test_without_scripts_every_question_is_there(
    open_page: OpenPage, live_server: LiveServer
) -> None:
    page = sign_in(open_page(java_script_enabled=False), live_server)
    start(page, live_server, "mse-01")
    expect(page.locator("#representative-surname")).to_be_visible()
    expect(page.locator("#early_reason")).to_be_visible()


# -- nothing typed is lost ------------------------------------------------------------------------


@pytest.mark.parametrize("scripts", [True, False])
def test_the_other_language_keeps_what_was_typed(
    open_page: OpenPage, live_server: LiveServer, *, scripts: bool
) -> None:
    page = sign_in(open_page(java_script_enabled=scripts), live_server)
    start(page, live_server, "mse-01")
    page.locator("#person-surname").fill("Үлгіев <b>")
    page.locator("[name=disability]").nth(1).check()
    page.locator(".languages button").click()
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    assert page.locator("#person-surname").input_value() == "Үлгіев <b>"
    expect(page.locator("[name=disability]").nth(1)).to_be_checked()


def test_typing_is_saved_by_itself(clerk: Page, live_server: LiveServer) -> None:
    address = start(clerk, live_server, "mse-01")
    clerk.locator("#identity-issuer").type("№ 7")
    expect(clerk.locator("[data-autosave]")).to_contain_text("Сақталған уақыты")
    clerk.goto(address)
    assert clerk.locator("#identity-issuer").input_value() == "№ 7"


def test_leaving_at_once_saves_too(clerk: Page, live_server: LiveServer) -> None:
    address = start(clerk, live_server, "mse-01")
    clerk.locator("#identity-issuer").type("№ 8")
    clerk.goto(f"{live_server.url}/forms/")
    for _ in range(20):  # what a page sends while it closes may arrive after the next page is asked
        if 'value="№ 8"' in clerk.request.get(address).text():
            return
        clerk.wait_for_timeout(250)
    raise AssertionError("what was typed last is not in the draft")


def test_a_lost_connection_is_told_and_mended(clerk: Page, live_server: LiveServer) -> None:
    start(clerk, live_server, "mse-01")
    clerk.route("**/drafts/*", lambda route: route.fulfill(body="a wall between us"))
    clerk.locator("#identity-issuer").type("№ 9")
    expect(clerk.locator("[data-autosave].is-bad")).to_be_visible()
    clerk.unroute("**/drafts/*")
    clerk.locator("#identity-issuer").type("0")
    expect(clerk.locator("[data-autosave]")).to_contain_text("Сақталған уақыты")


def test_an_ended_session_loses_nothing(browser: Browser, live_server: LiveServer) -> None:
    """Not watched: the refused autosave is an error on the console, and right so."""
    page = sign_in(browser.new_context(locale="kk-KZ").new_page(), live_server)
    address = start(page, live_server, "mse-01")
    page.context.clear_cookies(name="session")
    page.locator("#identity-issuer").type("№ 5")
    expect(page.locator("[data-autosave].is-bad")).to_contain_text("«Сақтау»")
    page.locator("button[value=save]").click()
    page.locator("[name=login]").fill("clerk")
    page.locator("[name=password]").fill(live_server.passwords["clerk"])
    page.locator("[name=password]").press("Enter")
    page.wait_for_url(f"{address}*")
    assert page.locator("#identity-issuer").input_value() == "№ 5"
    page.context.close()


def test_a_button_pressed_while_saving_raises_no_false_alarm(
    clerk: Page, live_server: LiveServer
) -> None:
    start(clerk, live_server, "mse-01")
    clerk.locator("#identity-issuer").type("№ 3")
    with clerk.expect_request(lambda request: request.method == "POST"):
        pass
    clerk.locator("#identity-issuer").type("1")
    clerk.locator("button[value=save]").click()
    expect(clerk.locator(".notice")).to_contain_text("Сақталды")
    expect(clerk.locator("main")).not_to_contain_text("басқа терезеде өзгертілген")
    assert clerk.locator("#identity-issuer").input_value() == "№ 31"


def test_two_windows_are_told_of_each_other(clerk: Page, live_server: LiveServer) -> None:
    address = start(clerk, live_server, "mse-01")
    other = clerk.context.new_page()
    other.goto(address)
    clerk.locator("#identity-issuer").fill("№ 1")
    clerk.locator("button[value=save]").click()
    other.locator("#identity-issuer").fill("№ 2")
    other.locator("button[value=save]").click()
    expect(other.locator("main")).to_contain_text("басқа терезеде")
    assert other.locator("#identity-issuer").input_value() == "№ 2"


# -- every page, in both languages ----------------------------------------------------------------

FORMS = ("mse-01", "mse-04", "mse-12", "mse-17", "assistance-06", "assistance-08", "prosthetics-07")


@pytest.mark.parametrize("language", ["kk", "ru"])
@pytest.mark.parametrize("form_id", FORMS)
def test_a_form_is_accessible_with_and_without_errors(
    page: Page, live_server: LiveServer, axe: Axe, *, form_id: str, language: str
) -> None:
    sign_in(page, live_server, language=language)
    start(page, live_server, form_id)
    axe(page)
    page.keyboard.press("Alt+Shift+KeyC")
    page.locator(".error-summary").wait_for()
    axe(page)
    page.emulate_media(color_scheme="dark")
    axe(page)


@pytest.mark.parametrize("language", ["kk", "ru"])
def test_the_other_pages_are_accessible(
    page: Page, live_server: LiveServer, axe: Axe, screenshot: Screenshot, *, language: str
) -> None:
    sign_in(page, live_server, login="head", language=language)
    for name, address in (("forms", "/forms/"), ("drafts", "/drafts/")):
        page.goto(f"{live_server.url}{address}")
        axe(page)
        screenshot(page, f"{name}-{language}")
    draft = start(page, live_server, "mse-04")
    page.goto(f"{draft}/drop")
    axe(page)
    come_to_check(page, live_server)
    axe(page)
    screenshot(page, f"check-{language}")
    page.locator(ISSUE).click()
    page.wait_for_url("**/documents/*")
    axe(page)
    screenshot(page, f"document-{language}")
    page.locator("a[href$=annul]").click()
    page.locator("main form button").click()
    expect(page.locator(".error-summary")).to_be_focused()
    axe(page)
    page.locator("#reason").fill("Қате / Ошибка")
    page.locator("#category-data-error").check()
    page.locator("main form button").click()
    page.wait_for_url(lambda url: not url.endswith("annul"))
    axe(page)
    screenshot(page, f"annulled-{language}")
    page.goto(f"{live_server.url}/documents/")
    axe(page)
    screenshot(page, f"documents-{language}")


@pytest.mark.parametrize("form_id", FORMS)
def test_a_phones_width_needs_no_sideways_scrolling(
    open_page: OpenPage, live_server: LiveServer, screenshot: Screenshot, *, form_id: str
) -> None:
    page = sign_in(open_page(viewport={"width": 320, "height": 640}), live_server)
    start(page, live_server, form_id)
    page.keyboard.press("Alt+Shift+KeyC")
    page.locator(".error-summary").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    screenshot(page, f"fill-{form_id}-320")
