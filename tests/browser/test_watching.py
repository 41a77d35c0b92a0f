"""The watch over pages itself: a clean page passes, each kind of fault is seen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Watch

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'"
SOUND = "<!doctype html><html lang=kk><title>Өтініш</title><main><h1>Өтініш</h1><p>Мәтін</p></main>"
PAGES = {
    "/sound": (200, SOUND),
    "/inline-script": (200, SOUND + "<script>document.title = 'x'</script>"),
    "/script-error": (200, SOUND + "<script src=/broken.js></script>"),
    "/outside": (200, SOUND + "<script src=http://example.org/a.js></script>"),
    "/no-such-script": (200, SOUND + "<script src=/missing.js></script>"),
    "/no-label": (200, SOUND.replace("<p>", "<p><input>")),
    "/refused": (422, SOUND),
    "/nowhere": (404, SOUND),
    "/broken.js": (200, "throw new Error('broken on purpose')"),
}


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = PAGES.get(self.path, (404, ""))
        kind = "text/javascript" if self.path.endswith(".js") else "text/html"
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def pages() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.05))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/sound", "/refused"])
def test_a_sound_page_passes(
    path: str, pages: str, page: Page, axe: Callable[[Page], None]
) -> None:
    page.goto(pages + path)

    expect(page.get_by_role("heading")).to_have_text("Өтініш")
    axe(page)


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("/inline-script", "content security policy: script-src"),
        ("/script-error", "script: broken on purpose"),
        ("/outside", "request leaves this machine: http://example.org/a.js"),
        ("/no-such-script", "console: Failed to load resource"),
        ("/nowhere", None),
    ],
)
def test_a_fault_is_seen(path: str, complaint: str | None, pages: str, browser: Browser) -> None:
    context, watch = browser.new_context(), Watch()
    watch.over(context)
    page = context.new_page()

    page.goto(pages + path)
    page.wait_for_timeout(200)
    context.close()

    words = "\n".join(watch.found())
    assert complaint in words if complaint else not words, words


def test_axe_says_what_is_missing(pages: str, page: Page, axe: Callable[[Page], None]) -> None:
    page.goto(pages + "/no-label")

    with pytest.raises(AssertionError, match="label"):
        axe(page)
