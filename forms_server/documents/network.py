"""Asks other servers over HTTP: little time, bounded answers, nothing that the address leads on to.

Only ``time_stamps`` and ``trust`` ask anybody. A session belongs to the event loop it is opened in.
"""

from __future__ import annotations

from typing import NoReturn

from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TraceConfig,
)

SECONDS_TO_ANSWER = 10.0
"""Of one answer, from the look-up of the name to the last byte."""
LARGEST_TOKEN = 64 * 1024
"""Bytes of a time-stamp authority's answer; one with four certificates has about 8 KiB."""
LARGEST_LIST = 8 * 1024 * 1024
"""Bytes of an OCSP answer or of a certificate revocation list."""


class AnswerTooLargeError(ClientError):
    """The server sent more than it may."""


class LedElsewhereError(ClientError):
    """The server names another address, which may be one of our own network: nobody asks there."""


class _Bounded(ClientResponse):
    """An answer that is given up when it grows over the limit, whatever its headers promised."""

    largest = 0

    async def read(self) -> bytes:
        received = bytearray()
        async for part in self.content.iter_any():
            received += part
            if len(received) > self.largest:
                self.close()
                raise AnswerTooLargeError(f"more than {self.largest} bytes")
        return bytes(received)


class _Token(_Bounded):
    largest = LARGEST_TOKEN


class _List(_Bounded):
    largest = LARGEST_LIST


def open_token_session(seconds: float = SECONDS_TO_ANSWER) -> ClientSession:
    """For time-stamp authorities."""
    return _open(_Token, seconds)


def open_list_session() -> ClientSession:
    """For OCSP responders and revocation lists."""
    return _open(_List, SECONDS_TO_ANSWER)


def _open(answers: type[_Bounded], seconds: float) -> ClientSession:
    trace = TraceConfig()
    trace.on_request_redirect.append(_refuse_redirect)
    return ClientSession(
        trace_configs=[trace],
        response_class=answers,
        timeout=ClientTimeout(total=seconds),
        cookie_jar=DummyCookieJar(),
    )


async def _refuse_redirect(*_: object) -> NoReturn:
    """Redirects are a setting of each request, and the fetchers' requests are made in a library."""
    raise LedElsewhereError("led elsewhere")
