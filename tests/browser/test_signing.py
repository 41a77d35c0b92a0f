"""Persons sign in a real browser with a stand-in NCALayer on a real WebSocket, down to the PDF."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from forms_server.documents.signing_keys import KeptKey
from forms_server.services.signatures import name_signer, overview
from forms_server.services.workshop import open_workshop
from forms_server.settings import Settings
from tests.authority import Authority
from tests.browser.conftest import LiveServer, OpenPage
from tests.browser.test_filling import sign_in
from tests.fields.specimens import with_check_digit
from tests.judges import pdfsig_facts, qpdf_check
from tests.ncalayer import WRONG_PASSWORD, NCALayer
from tests.signers import IIN, Person, make_person, sign_with_openssl
from tests.workshop import actor_in, issue_sample

Axe = Callable[[Page], None]
Screenshot = Callable[[Page, str], Path]
FORM = "assistance-09"
FIRST = "assistant_signature"
ASSISTANT = with_check_digit("00000000001") or ""
PHONE = {"width": 320, "height": 640}
DESK = {"width": 1280, "height": 900}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FOCUSED = "document.activeElement.textContent.trim()"
MOST_TABS = 40


@dataclass(frozen=True, slots=True)
class Paper:
    """An issued document, the secret links of its two signers, and its public page."""

    number: str
    first: str
    second: str
    public: str


@dataclass(frozen=True, slots=True)
class Keys:
    assistant: KeptKey
    recipient: KeptKey


class Issuer:
    """Issues documents beside the server, on its state, in a thread that has no event loop."""

    def __init__(self, server: LiveServer) -> None:
        self._server = server
        self._thread = ThreadPoolExecutor(1)
        settings = Settings.from_env(server.environment)
        self._workshop = self._thread.submit(open_workshop, settings, datetime.now(UTC)).result()

    def issue(self, *, named: bool = True) -> Paper:
        """A document that nobody has signed; who signs first is named, unless said otherwise."""
        return self._thread.submit(self._issue, named=named).result()

    def _issue(self, *, named: bool) -> Paper:
        document = issue_sample(self._workshop, FORM)
        first, second = (party.token for party in overview(self._workshop, document))
        if named:
            clerk = actor_in(self._workshop, "clerk")
            name_signer(self._workshop, first, iin=ASSISTANT, actor=clerk, now=datetime.now(UTC))
        url = self._server.url
        return Paper(
            document.number, f"{url}/s/{first}", f"{url}/s/{second}", f"{url}/v/{document.token}"
        )

    def close(self) -> None:
        self._thread.submit(self._workshop.records.close).result()
        self._thread.shutdown()


@pytest.fixture(scope="module")
def keys(persons_authority: Authority) -> Keys:
    now = datetime.now(UTC)
    return Keys(
        make_person(persons_authority, now, Person(name="ҮЛГІБАЕВА АЙША", iin=ASSISTANT)),
        make_person(persons_authority, now, Person(iin=IIN, rsa=True)),
    )


@pytest.fixture(autouse=True)
def _nobody_has_chosen_a_key(ncalayer: NCALayer) -> None:
    ncalayer.reset()


@pytest.fixture(scope="module")
def issuer(live_server: LiveServer) -> Iterator[Issuer]:
    made = Issuer(live_server)
    yield made
    made.close()


@pytest.fixture
def paper(issuer: Issuer) -> Paper:
    return issuer.issue()


@pytest.fixture
def clerk(open_page: OpenPage, live_server: LiveServer) -> Page:
    return sign_in(open_page(viewport=DESK), live_server, language="kk")


@pytest.fixture
def signer(open_page: OpenPage) -> Page:
    return open_page(viewport=DESK)


def address(number: str, signature: str = FIRST) -> str:
    return f"/documents/{number}/signatures/{signature}"


def sign(page: Page, ncalayer: NCALayer, link: str, key: KeptKey) -> dict[str, Any]:
    """Open the link in Kazakh and sign by keyboard; what NCALayer was asked."""
    ncalayer.key = key
    page.goto(f"{link}?lang=kk")
    tab_to(page, "ЭЦҚ-мен қол қою")
    page.keyboard.press("Enter")
    expect(page.locator(".notice-good")).to_contain_text("Сіз бұл құжатқа қол қойдыңыз")
    return signed_by(ncalayer)[-1]


def signed_by(ncalayer: NCALayer) -> list[dict[str, Any]]:
    """What NCALayer was asked to sign."""
    return [asked["args"] for asked in ncalayer.requests if asked["method"] == "sign"]


def press_sign(page: Page) -> None:
    page.locator("[data-ncalayer-form] button").click()


def sees(page: Page, answer: str) -> None:
    expect(page.locator(f"[data-when={answer}]")).to_be_visible()
    expect(page.locator("[data-ncalayer-form] button")).to_be_enabled()


def tab_to(page: Page, words: str) -> None:
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if words in page.evaluate(FOCUSED):
            return
    raise AssertionError(f"Tab never reaches {words}")


# -- the whole story -------------------------------------------------------------------------------


def test_the_clerk_names_the_signer_and_hands_over_the_link(
    clerk: Page, issuer: Issuer, live_server: LiveServer
) -> None:
    paper = issuer.issue(named=False)
    clerk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    clerk.goto(f"{live_server.url}/documents/{paper.number}")
    clerk.locator("#signatures a").first.click()
    clerk.locator("#iin").fill("000000000011")
    clerk.locator("#iin").press("Enter")
    expect(clerk.locator("#iin--error")).to_be_visible()
    clerk.locator("[data-copy]").click()
    expect(clerk.locator("[data-copy]")).to_have_text("Көшірілді")
    assert clerk.evaluate("navigator.clipboard.readText()") == paper.first

    clerk.locator("#iin").fill(ASSISTANT)
    clerk.locator("#iin").press("Enter")

    expect(clerk.locator("[role=status]")).to_contain_text("сертификаты қабылданатыны көрсетілді")


def test_two_persons_sign_and_everybody_sees_it(
    clerk: Page, signer: Page, paper: Paper, *, live_server: LiveServer, ncalayer: NCALayer,
    keys: Keys, tmp_path: Path,
) -> None:  # fmt: skip
    signer.goto(f"{paper.second}?lang=kk")
    expect(signer.locator("main")).to_contain_text("Әзірге сіздің кезегіңіз емес")
    with ncalayer.running():
        asked = sign(signer, ncalayer, paper.first, keys.assistant)
        sign(signer, ncalayer, paper.second, keys.recipient)

    assert (asked["format"], asked["locale"]) == ("cms", "kk")
    assert asked["signingParams"] == {"decode": True, "encapsulate": False, "digested": True}
    assert asked["signerParams"] == {
        "extKeyUsageOids": ["1.3.6.1.5.5.7.3.4"], "iin": ASSISTANT, "chain": []
    }  # fmt: skip
    clerk.goto(f"{live_server.url}/documents/{paper.number}")
    expect(clerk.locator("#signatures .tag-good")).to_have_count(2)
    signer.goto(f"{paper.public}?lang=en")
    expect(signer.locator(".party .tag-good")).to_have_count(2)
    expect(signer.locator("main")).not_to_contain_text("ҮЛГІБАЕВА")
    assert_judges_agree(download(signer, paper, tmp_path), live_server)


def download(page: Page, paper: Paper, folder: Path) -> Path:
    page.goto(f"{paper.first}?lang=kk")
    with page.expect_download() as saving:
        page.locator("a[href*=download]").click()
    saving.value.save_as(folder / "signed.pdf")
    return folder / "signed.pdf"


def assert_judges_agree(pdf: Path, server: LiveServer) -> None:
    """Poppler and our own full check both find a seal and two signatures that hold."""
    found = pdfsig_facts(pdf)
    assert [signature.is_valid for signature in found] == [True] * 3
    assert qpdf_check(pdf)
    judged = server.run("verify", str(pdf), "--json")
    facts = json.loads(judged.stdout)
    assert facts["verdict"] == "valid", judged.stdout
    assert len(facts["signatures"]) == 3


def test_a_refusal_with_its_reason_is_seen_by_the_parties_alone(
    clerk: Page, signer: Page, paper: Paper, live_server: LiveServer
) -> None:
    signer.goto(f"{paper.first}?lang=ru")
    tab_to(signer, "Отказаться от подписи")
    signer.keyboard.press("Enter")
    signer.keyboard.press("Tab")
    signer.keyboard.type("Часы указаны неверно")
    signer.keyboard.press("Tab")
    signer.keyboard.press("Enter")
    expect(signer.locator(".notice-bad")).to_contain_text("Вы отказались подписать")

    clerk.goto(f"{live_server.url}/documents/{paper.number}")
    expect(clerk.locator("#signatures")).to_contain_text("Часы указаны неверно")
    signer.goto(f"{paper.second}?lang=ru")
    expect(signer.locator("main")).to_contain_text("Часы указаны неверно")
    expect(signer.locator("[data-signing]")).to_have_count(0)
    signer.goto(f"{paper.public}?lang=en")
    expect(signer.locator("main")).to_contain_text("Refused to sign")
    expect(signer.locator("main")).not_to_contain_text("Часы")


# -- what may go wrong -----------------------------------------------------------------------------


def test_whatever_goes_wrong_is_said_and_can_be_tried_again(
    signer: Page, paper: Paper, ncalayer: NCALayer, *, keys: Keys, axe: Axe
) -> None:
    signer.goto(f"{paper.first}?lang=ru")
    press_sign(signer)
    sees(signer, "absent")
    axe(signer)
    with ncalayer.running():
        press_sign(signer)
        sees(signer, "cancelled")

        ncalayer.answer = WRONG_PASSWORD
        press_sign(signer)
        sees(signer, "failed")
        expect(signer.locator("[data-when=failed]")).to_contain_text("password was incorrect")

        ncalayer.answer, ncalayer.key = None, keys.recipient
        press_sign(signer)
        sees(signer, "refused")
        axe(signer)

        ncalayer.key = keys.assistant
        press_sign(signer)
        expect(signer.locator(".notice-good")).to_contain_text("Вы подписали этот документ")


def test_what_changed_meanwhile_is_prepared_anew_by_itself(
    signer: Page, ncalayer: NCALayer, paper: Paper, keys: Keys
) -> None:
    """While NCALayer asks for the key, another window of the signer prepares once more."""
    signer.goto(f"{paper.first}?lang=ru")
    ncalayer.key, ncalayer.meanwhile = keys.assistant, prepare_elsewhere(signer, paper.first)
    with ncalayer.running():
        press_sign(signer)
        expect(signer.locator(".notice-good")).to_contain_text("Вы подписали этот документ")
    assert len(signed_by(ncalayer)) == 2


def prepare_elsewhere(page: Page, link: str) -> Callable[[], object]:
    """What a second window sends, a second later: the time that is signed is another one."""
    cookies = "; ".join(f"{each['name']}={each['value']}" for each in page.context.cookies())
    csrf = page.locator("input[name=csrf_token]").first.input_value()
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{link}/prepare",
        data=urllib.parse.urlencode({"csrf_token": csrf}).encode(),
        headers={"Cookie": cookies},
    )

    def send() -> None:
        time.sleep(1.1)
        urllib.request.urlopen(request).close()  # noqa: S310 - our own server

    return send


def test_a_gost_key_is_given_the_bytes_and_is_not_called_valid(
    signer: Page, ncalayer: NCALayer, paper: Paper, keys: Keys
) -> None:
    ncalayer.key, ncalayer.is_gost = keys.assistant, True
    with ncalayer.running():
        signer.goto(f"{paper.first}?lang=ru")
        press_sign(signer)
        expect(signer.locator(".notice-warning")).to_contain_text("она не проверена")
    assert [asked["signingParams"]["digested"] for asked in signed_by(ncalayer)] == [True, False]
    expect(signer.locator(".party").first).to_contain_text("Подпись есть, не проверена")
    signer.goto(f"{paper.public}?lang=en")
    expect(signer.locator(".party").first).to_contain_text("Present, not checked")


def test_who_knows_that_the_key_is_a_gost_key_chooses_it_once(
    signer: Page, ncalayer: NCALayer, paper: Paper, keys: Keys
) -> None:
    ncalayer.key = keys.assistant
    with ncalayer.running():
        signer.goto(f"{paper.first}?lang=ru")
        signer.locator("[data-content]").check()
        press_sign(signer)
        expect(signer.locator(".notice-good")).to_contain_text("Вы подписали этот документ")
    (asked,) = signed_by(ncalayer)
    assert asked["signingParams"]["digested"] is False


def test_without_scripts_any_program_signs(
    open_page: OpenPage, paper: Paper, keys: Keys, tmp_path: Path
) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"{paper.first}?lang=kk")
    expect(page.locator("[data-ncalayer-form]")).to_be_hidden()
    page.locator("summary").first.click()
    with page.expect_download() as saving:
        page.locator("button[value=content]").click()
    content = Path(saving.value.path()).read_bytes()
    cms = tmp_path / "signed.p7s"
    cms.write_bytes(sign_with_openssl(keys.assistant, content, tmp_path))

    page.locator("#cms").set_input_files(cms)
    page.locator("form[action$='/signature'] button").click()

    expect(page.locator(".notice-good")).to_contain_text("Сіз бұл құжатқа қол қойдыңыз")


# -- how the pages look and read -------------------------------------------------------------------


def test_the_pages_of_signing_are_accessible_and_fit_a_phone(
    clerk: Page, open_page: OpenPage, paper: Paper, *, live_server: LiveServer, axe: Axe,
    screenshot: Screenshot,
) -> None:  # fmt: skip
    clerk.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for path in (f"/documents/{paper.number}", address(paper.number), "/documents/"):
        clerk.goto(live_server.url + path)
        axe(clerk)
        assert clerk.evaluate(OVERFLOW) <= 0, path
    clerk.goto(live_server.url + address(paper.number))
    screenshot(clerk, "signature-320")
    for language, scheme in (("kk", "light"), ("ru", "dark"), ("en", "light")):
        page = open_page(viewport=PHONE, color_scheme=scheme)
        for link in (paper.first, paper.second, paper.public):
            page.goto(f"{link}?lang={language}")
            for summary in page.locator("section.signing summary").all():
                summary.click()
            axe(page)
            assert page.evaluate(OVERFLOW) <= 0, f"{link} {language}"
        page.goto(f"{paper.first}?lang={language}")
        screenshot(page, f"signing-{language}-320")
