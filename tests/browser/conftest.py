"""A real browser and a real server for the tests of this folder.

Every page is watched: an error on the console, an error in a script, a breach of the content
security policy or a request that leaves this machine fails the test that opened the page.

Playwright keeps an event loop running, in which pyHanko cannot sign: what is to be signed or
verified goes through the server or the command line, never through a call in the test itself.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from cryptography.hazmat.primitives.serialization import Encoding
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    sync_playwright,
)

from tests.authority import Authority, make_authority
from tests.ncalayer import NCALayer

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SCREENSHOTS = HERE / "screenshots"
COMMAND = str(Path(sys.executable).parent / "forms-server")

BROWSER = "chromium-headless-shell"
CHROMIUM_ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # No name but our own is ever looked up, whatever a page asks for.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
)
OUR_HOSTS = frozenset({"127.0.0.1", "localhost"})
LOCAL_SCHEMES = frozenset({"about", "blob", "data", "chrome-error"})

NOBODY_LISTENS = "WebSocket connection to 'ws://127.0.0.1:"
"""So Chromium logs that a program such as NCALayer does not run, which a page must bear."""

AXE_RULES = (
    "wcag2a",
    "wcag2aa",
    "wcag21a",
    "wcag21aa",
    "wcag22aa",
    "best-practice",
)
VISITORS = ip_network("10.0.0.0/8").hosts()
ROLES = ("clerk", "head", "administrator")
PASSWORD_LINE = re.compile(rf"^ +({'|'.join(ROLES)}) +(\S+)$", re.MULTILINE)
SECONDS_TO_START = 60
MILLISECONDS_TO_ACT = 10_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of this folder on one worker: they share one browser and one server."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


# -- the browser ----------------------------------------------------------------------------------


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium without windows, started once for this folder."""
    program = shutil.which(BROWSER)
    assert program, f"{BROWSER} is missing: make setup-tests, or install the Debian package"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=[*CHROMIUM_ARGUMENTS])
        yield opened
        opened.close()


@dataclass
class Watch:
    """What went wrong in the pages of one browser context."""

    complaints: list[str] = field(default_factory=list)
    resource_errors: list[tuple[str, str]] = field(default_factory=list)
    refused_pages: set[str] = field(default_factory=set)

    def over(self, context: BrowserContext) -> None:
        """Listen to everything that the context's pages do."""
        context.on("console", self._hear_console)
        context.on("weberror", lambda error: self.complaints.append(f"script: {error.error}"))
        context.on("request", self._see_request)
        context.on("response", self._see_response)
        context.expose_function("reportPolicyBreach", self._hear_policy_breach)
        context.add_init_script(
            "document.addEventListener('securitypolicyviolation', breach =>"
            " window.reportPolicyBreach(`${breach.effectiveDirective} ${breach.blockedURI}"
            " ${breach.sourceFile}:${breach.lineNumber}`))"
        )

    def found(self) -> list[str]:
        """Everything to complain of.

        Chromium logs a page that answers 4xx as a console error. That answer is often the very
        thing under test (a form with errors, a page that is not there, a signature that a module
        sent and that is refused), so it is no complaint.
        """
        missing = [
            f"console: {text} {url}"
            for url, text in self.resource_errors
            if url not in self.refused_pages
        ]
        return self.complaints + missing

    def _hear_console(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        url = urldefrag(str(message.location.get("url", ""))).url
        if message.text.startswith(NOBODY_LISTENS):
            return
        if message.text.startswith("Failed to load resource"):
            self.resource_errors.append((url, message.text))
        else:
            self.complaints.append(f"console: {message.text} {url}")

    def _see_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in LOCAL_SCHEMES and parts.hostname not in OUR_HOSTS:
            self.complaints.append(f"request leaves this machine: {request.url}")

    def _see_response(self, response: Response) -> None:
        request = response.request
        is_answer = request.is_navigation_request() or request.method == "POST"
        if is_answer and 400 <= response.status < 500:
            self.refused_pages.add(urldefrag(response.url).url)

    def _hear_policy_breach(self, words: str) -> None:
        self.complaints.append(f"content security policy: {words}")


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open a watched page in a context of its own.

    Takes what ``Browser.new_context`` takes: ``java_script_enabled=False``,
    ``viewport={"width": 320, "height": 640}``, ``color_scheme="dark"``, ``locale="ru-KZ"``, …
    Each context is a visitor with an address of its own: they do not use up each other's limits.
    """
    watches: list[Watch] = []
    contexts: list[BrowserContext] = []

    def opened(**wishes: Any) -> Page:
        context = browser.new_context(**_visitor() | wishes)
        context.set_default_timeout(MILLISECONDS_TO_ACT)
        contexts.append(context)
        watches.append(Watch())
        watches[-1].over(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()
    complaints = [complaint for watch in watches for complaint in watch.found()]
    assert not complaints, "\n".join(complaints)


def _visitor() -> dict[str, Any]:
    return {
        "locale": "kk-KZ",
        "timezone_id": "Asia/Almaty",
        "accept_downloads": True,
        "extra_http_headers": {"X-Forwarded-For": str(next(VISITORS))},
    }


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """One watched page, as a clerk's desk has it."""
    return open_page(viewport={"width": 1280, "height": 900})


@pytest.fixture
def axe() -> Callable[[Page], None]:
    """``axe(page)``: axe-core finds no breach of WCAG 2.2 A, AA and good practice."""
    judge = Axe()

    def assert_accessible(page: Page) -> None:
        options = {
            "runOnly": {"type": "tag", "values": [*AXE_RULES]},
            "resultTypes": ["violations"],
        }
        results = judge.run(page, options=options)
        assert results.violations_count == 0, f"{page.url}\n{results.generate_report()}"

    return assert_accessible


@pytest.fixture
def screenshot() -> Callable[[Page, str], Path]:
    """``screenshot(page, "name")``: the whole page as a picture, for people to look at."""
    SCREENSHOTS.mkdir(exist_ok=True)

    def taken(page: Page, name: str) -> Path:
        path = SCREENSHOTS / f"{name}.png"
        page.screenshot(path=path, full_page=True)
        return path

    return taken


# -- the server -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LiveServer:
    """A server that runs; ``passwords`` by role, as its first start printed them."""

    url: str
    passwords: Mapping[str, str]
    home: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``forms-server ARGUMENTS`` on the same state; whatever its exit code."""
        return subprocess.run(
            [COMMAND, *arguments],
            env=dict(self.environment),
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=SECONDS_TO_START,
        )


@pytest.fixture(scope="package")
def persons_authority() -> Authority:
    """The throw-away authority that the server believes of persons' certificates."""
    return make_authority(datetime.now(UTC), name="Throw-away authority of persons")


@pytest.fixture(scope="package")
def ncalayer(tmp_path_factory: pytest.TempPathFactory) -> NCALayer:
    """Where the pages look for NCALayer; it answers while a test has it ``running``."""
    return NCALayer(_free_port(), tmp_path_factory.mktemp("ncalayer"))


@pytest.fixture(scope="package")
def live_server(
    tmp_path_factory: pytest.TempPathFactory, persons_authority: Authority, ncalayer: NCALayer
) -> Iterator[LiveServer]:
    """``forms-server serve`` as people run it, on a state of its own; no traceback in its log."""
    home = tmp_path_factory.mktemp("server")
    root = home.with_suffix(".pem")
    root.write_bytes(persons_authority.certificate.public_bytes(Encoding.PEM))
    log = home.with_suffix(".log")
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    environment = _environment(home, url) | {
        "FORMS_SERVER_NCALAYER_URL": ncalayer.url,
        "FORMS_SERVER_PERSON_AUTHORITIES_FILE": str(root),
        "FORMS_SERVER_REVOCATION": "leave",
    }
    with log.open("wb") as words:
        process = subprocess.Popen(
            [COMMAND, "serve", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_it_answers(port, process, log)
        passwords = dict(PASSWORD_LINE.findall(log.read_text()))
        assert set(passwords) == set(ROLES), log.read_text()
        yield LiveServer(url, passwords, home, environment)
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    assert "Traceback" not in log.read_text(), log.read_text()
    assert "nanobind" not in log.read_text(), "a module in C++ reports leaks as the server stops"


def _environment(home: Path, url: str) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("FORMS_SERVER_") and name != "DATABASE_URL"
    }
    return inherited | {
        "FORMS_SERVER_HOME": str(home),
        "FORMS_SERVER_PUBLIC_URL": url,
        "FORMS_SERVER_TRUSTED_PROXIES": "1",
        "PYTHONUNBUFFERED": "1",
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while not _answers(port):
        assert process.poll() is None, f"the server stopped:\n{log.read_text()}"
        assert time.monotonic() < deadline, f"no answer in time:\n{log.read_text()}"
        time.sleep(0.1)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()
