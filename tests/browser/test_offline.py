"""With the server stopped a phone checks papers: the seal, annulment, the age of its list."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from joserfc import jws
from joserfc.jwk import ECKey
from playwright.sync_api import Browser, BrowserContext, Page, expect
from playwright.sync_api import Error as BrowserError

from forms_server.documents.qr_seal import write_seal
from forms_server.services.status_list import TYPE
from forms_server.storage.records import Annulment, AnnulmentCategory, open_records
from tests.browser.papers import Paper, altered, issue_papers
from tests.browser.stopping import StoppableServer
from tests.documents.test_qr_seal import PAYLOAD, make_keys

Axe = Callable[[Page], None]
PHONE = {"width": 320, "height": 640}
READY = "navigator.serviceWorker.ready.then(() => true)"
KEPT_LIST = """caches.open('verification-2')
    .then(kept => kept.match('/.well-known/status-list.jwt')).then(list => list?.text() ?? '')"""
KEEP_LIST = """jwt => caches.open('verification-2')
    .then(kept => kept.put('/.well-known/status-list.jwt', new Response(jwt)))"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SECONDS_TO_KEEP = 10
MOMENT = re.compile(r"\d\d\.\d\d\.\d{4} \d\d:\d\d")
CODES = {"in-force": "valid"}


@dataclass(frozen=True, slots=True)
class Papers:
    valid: Paper
    annulled: Paper
    replaced: Paper


@dataclass(frozen=True, slots=True)
class Story:
    """A phone that kept the check while nothing was annulled, and once more after that."""

    server: StoppableServer
    papers: Papers
    context: BrowserContext
    before: tuple[str, ...]
    """What it answered with the server stopped before the annulments, paper by paper."""
    keys: str
    """Where the server's key of the QR lies."""

    @property
    def url(self) -> str:
        return self.server.live.url


@pytest.fixture(scope="module")
def story(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """It ends with the server stopped; a context of its own, where errors of the network belong."""
    server = StoppableServer(tmp_path_factory.mktemp("stoppable"))
    server.start()
    folder = tmp_path_factory.mktemp("offline-papers")
    papers = Papers(*issue_papers(server.live, "assistance-06", folder, count=3))
    context = browser.new_context(viewport=PHONE, locale="kk-KZ", timezone_id="Asia/Almaty")
    page = context.new_page()
    _visit(page, server.live.url, papers.valid)
    server.stop()
    before = tuple(
        _answer(page, server.live.url + paper.address)
        for paper in (papers.valid, papers.annulled, papers.replaced)
    )
    _withdraw(server.home, papers)
    old = page.evaluate(KEPT_LIST)
    server.start()
    _visit(page, server.live.url, papers.valid)
    _wait_for_another_list(page, old)
    server.stop()
    page.close()
    keys = str(server.home / "keys" / "qr.pem")
    yield Story(server, papers, context, before, keys)
    context.close()
    server.stop()
    assert "Traceback" not in server.log.read_text()


def _withdraw(home: Path, papers: Papers) -> None:
    records = open_records(f"sqlite:///{home / 'forms.db'}")
    head = records.accounts.by_login("head")
    assert head is not None
    annulment = Annulment(by=head.id, at=datetime.now(UTC), reason="Қате")
    records.documents.annul(papers.annulled.number, annulment)
    replacement = replace(
        annulment, replaced_by=papers.valid.number, category=AnnulmentCategory.REPLACED
    )
    records.documents.annul(papers.replaced.number, replacement)
    records.close()


def _visit(page: Page, url: str, paper: Paper) -> None:
    page.goto(url + paper.address)
    expect(page.locator("[data-seal]")).to_have_attribute("data-answer", "agrees")
    assert page.evaluate(READY)


def _wait_for_another_list(page: Page, old: str) -> None:
    deadline = time.monotonic() + SECONDS_TO_KEEP
    while page.evaluate(KEPT_LIST) == old:
        assert time.monotonic() < deadline, "the list was not renewed"
        page.wait_for_timeout(100)


def _answer(page: Page, address: str) -> str:
    page.goto("about:blank")
    page.goto(address)
    panel = page.locator("[data-seal]")
    expect(panel).to_be_visible()
    expect(panel).not_to_have_attribute("data-answer", "checking")
    return panel.get_attribute("data-answer") or ""


@pytest.fixture
def phone(story: Story) -> Iterator[Page]:
    page = story.context.new_page()
    yield page
    page.close()


def says(page: Page, address: str, answer: str) -> None:
    """Of all answers just this one is seen, and its code."""
    assert _answer(page, address) == answer
    expect(page.locator("[data-when]:visible")).to_have_count(1)
    expect(page.locator(f"[data-when={answer}]")).to_be_visible()
    code = page.locator("[data-seal-code]")
    expect(code).to_have_text(CODES.get(answer, answer))


# -- what is valid, annulled, replaced ------------------------------------------------------------


def test_before_the_annulment_all_papers_are_in_force(story: Story) -> None:
    assert story.before == ("in-force",) * 3


def test_a_paper_in_force(story: Story, phone: Page) -> None:
    says(
        phone, f"{story.url}{story.papers.valid.path}?lang=ru#{story.papers.valid.seal}", "in-force"
    )

    expect(phone.get_by_role("heading", level=1)).to_have_text("Проверка без сети")
    expect(phone.locator("[data-seal-fact=number]")).to_have_text(story.papers.valid.number)
    expect(phone.locator("[data-list-moment]")).to_have_text(MOMENT)


def test_one_refresh_after_the_annulment_it_says_so(story: Story, phone: Page) -> None:
    says(phone, story.url + story.papers.annulled.address, "annulled")
    expect(phone.locator("[data-seal-fact=number]")).to_have_text(story.papers.annulled.number)


def test_a_replaced_paper_is_told_from_an_annulled_one(story: Story, phone: Page) -> None:
    says(phone, story.url + story.papers.replaced.address, "replaced")


def test_another_token_before_the_seal_hides_no_annulment(story: Story, phone: Page) -> None:
    says(phone, f"{story.url}{story.papers.valid.path}#{story.papers.annulled.seal}", "annulled")


# -- what is wrong with a seal --------------------------------------------------------------------


def test_wrong_seals_are_told_apart(story: Story, phone: Page) -> None:
    path, seal = story.papers.valid.path, story.papers.valid.seal
    for wrong, answer in (
        (altered(seal), "altered"),
        (write_seal(PAYLOAD, make_keys()), "unknown-key"),
        (seal[:-1], "unreadable"),
        ("x", "unreadable"),
    ):
        says(phone, f"{story.url}{path}#{wrong}", answer)


def test_without_a_seal_nothing_is_promised(story: Story, phone: Page) -> None:
    assert _answer(phone, story.url + story.papers.valid.path) == "missing"
    expect(phone.locator("[data-seal-facts]")).to_be_hidden()


# -- the list's age and the phone's clock ---------------------------------------------------------


@pytest.fixture
def set_clock(phone: Page) -> Iterator[Callable[[timedelta], None]]:
    """Put the clock of the phone forward or back; afterwards it is right again."""

    def put(ahead: timedelta) -> None:
        phone.clock.set_fixed_time(datetime.now(UTC) + ahead)

    yield put
    put(timedelta())


@pytest.mark.parametrize(
    ("ahead", "answer", "doubt", "age"),
    [
        (timedelta(hours=3), "in-force", "", "3 часа назад"),
        (timedelta(days=6, hours=12), "in-force", "", "6 дней назад"),
        (timedelta(days=8), "list-too-old", "old", "8 дней назад"),
        (timedelta(days=21, hours=1), "list-too-old", "old", "21 день назад"),
        (timedelta(days=-2), "list-too-old", "clock", ""),
    ],
)
def test_how_old_the_list_is_is_said(
    story: Story,
    phone: Page,
    set_clock: Callable[[timedelta], None],
    *,
    ahead: timedelta,
    answer: str,
    doubt: str,
    age: str,
) -> None:
    set_clock(ahead)
    seal = story.papers.valid.seal
    says(phone, f"{story.url}{story.papers.valid.path}?lang=ru#{seal}", answer)

    expect(phone.locator("[data-list-ago]")).to_have_text(age)
    for words in phone.locator("[data-doubted]").all():
        assert words.is_visible() == (words.get_attribute("data-doubted") == doubt)
    says(phone, story.url + story.papers.annulled.address, "annulled")


# -- a list that is not to be believed ------------------------------------------------------------


def forged_list(story: Story, *, key: ECKey | None = None, age: int = 0) -> str:
    """A list that has the valid paper annulled, made ``age`` seconds ago, by our key or another."""
    own = ECKey.import_key(Path(story.keys).read_bytes())
    records = open_records(f"sqlite:///{story.server.home / 'forms.db'}")
    document = records.documents.by_number(story.papers.valid.number)
    records.close()
    assert document is not None
    assert document.data_sha256 is not None
    entry = bytes.fromhex(document.data_sha256)[:8]
    made = int(time.time()) - age
    claims = {
        "iat": made,
        "exp": made + 600_000,
        "bytes": 8,
        "annulled": jws.serialize_compact({"alg": "ES256"}, entry, own).split(".")[1],
        "replaced": "",
    }
    header = {"alg": "ES256", "kid": own.thumbprint()[:8], "typ": TYPE}
    return jws.serialize_compact(header, json.dumps(claims).encode(), key or own)


@pytest.fixture
def kept(story: Story, phone: Page) -> Iterator[str]:
    """The list that the phone keeps, put back after the test."""
    phone.goto(story.url + story.papers.valid.path)
    jwt = str(phone.evaluate(KEPT_LIST))
    assert jwt
    yield jwt
    phone.evaluate(KEEP_LIST, jwt)


def test_only_a_list_by_our_key_is_believed(story: Story, phone: Page, kept: str) -> None:
    valid = story.url + story.papers.valid.address
    changed = altered(kept)
    for jwt in (forged_list(story, key=ECKey.generate_key("P-256")), changed, "a.b.c", ""):
        phone.evaluate(KEEP_LIST, jwt)
        says(phone, valid, "list-too-old")
        expect(phone.locator("[data-doubted=none]")).to_be_visible()
    phone.evaluate(KEEP_LIST, forged_list(story))
    says(phone, valid, "annulled")


# -- the page itself ------------------------------------------------------------------------------


def test_the_language_is_changed_and_remembered_offline(story: Story, phone: Page) -> None:
    path, seal = story.papers.valid.path, story.papers.valid.seal
    says(phone, f"{story.url}{path}?lang=ru#{seal}", "in-force")
    phone.locator("[data-language=en]").click()
    expect(phone.locator("html")).to_have_attribute("lang", "en")
    expect(phone.locator("[data-seal]")).to_have_attribute("data-answer", "in-force")

    says(phone, story.url + story.papers.annulled.address, "annulled")

    expect(phone.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_answer_is_accessible_and_fits_a_phone(
    story: Story, phone: Page, axe: Axe, scheme: str
) -> None:
    phone.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    path, seal = story.papers.valid.path, story.papers.valid.seal
    addresses = (
        f"{path}?lang=kk#{seal}",
        f"{path}?lang=ru#{altered(seal)}",
        f"{path}?lang=en#{write_seal(PAYLOAD, make_keys())}",
        story.papers.annulled.address,
        story.papers.replaced.address,
        "/v/offline?lang=kk",
    )
    for address in addresses:
        _answer(phone, story.url + address)
        axe(phone)
        assert phone.evaluate(OVERFLOW) <= 0, address


def test_no_page_of_a_document_is_kept(story: Story, phone: Page) -> None:
    phone.goto(story.url + story.papers.valid.path)
    kept = phone.evaluate(
        "caches.open('verification-2').then(c => c.keys()).then(k => k.map(r => r.url))"
    )

    pages = {address.rpartition("/v/")[2] for address in kept if "/v/" in address}
    languages = ("kk", "ru", "en")
    assert pages == {
        "kept-at",
        "kept-language",
        *(f"offline?lang={language}" for language in languages),
        *(f"manifest.webmanifest?lang={language}" for language in languages),
    }
    assert not any(token in str(kept) for token in (story.papers.valid.path, "/verify"))


def test_a_phone_that_never_visited_is_told_nothing(story: Story, browser: Browser) -> None:
    context = browser.new_context()
    with pytest.raises(BrowserError, match="ERR_CONNECTION_REFUSED"):
        context.new_page().goto(story.url + story.papers.valid.address)
    context.close()


# -- with the server back: the last tests of this module -------------------------------------------


@pytest.fixture
def answering(story: Story) -> Iterator[None]:
    story.server.start()
    yield
    story.server.stop()


def test_with_the_server_back_the_page_renews_itself(
    story: Story, phone: Page, request: pytest.FixtureRequest
) -> None:
    assert _answer(phone, story.url + story.papers.valid.address) == "in-force"

    request.getfixturevalue("answering")

    expect(phone.locator("[data-seal]")).to_have_attribute("data-answer", "agrees", timeout=20_000)

    # A list from the day after tomorrow, made by a clock that was wrong, is not kept for ever.
    phone.evaluate(KEEP_LIST, forged_list(story, age=-2 * 86_400))
    _answer(phone, f"{story.url}/v/offline#{story.papers.valid.seal}")
    expect(phone.locator("[data-seal]")).to_have_attribute("data-answer", "in-force")

    # An older list, be it the server's own, takes no newer one's place.
    newer = forged_list(story, age=-60)
    phone.evaluate(KEEP_LIST, newer)
    says(phone, f"{story.url}/v/offline#{story.papers.valid.seal}", "annulled")
    phone.wait_for_load_state("networkidle")
    assert phone.evaluate(KEPT_LIST) == newer
