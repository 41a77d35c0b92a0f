"""Checks a stranger's PDF in a child process with limits, which may crash without harm to us."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

from cryptography import x509

from forms_server.documents.checking import SealReport, SignatureFacts, check_outside, check_pdf
from forms_server.errors import DocumentError

LONGEST_CHECK = 10.0
"""Seconds, of the clock and of the processor, that one PDF may take."""
MOST_MEMORY = 512 * 1024 * 1024
"""Bytes that a check may take beyond what the process has already."""

HANDLED_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGABRT)
"""Signals a server answers in its own way, which a child of it must not."""

LIMIT_SIGNALS = (signal.SIGKILL, signal.SIGXCPU)
"""What a child dies of that took too much: the system's last word, or its processor time."""


def check_isolated(
    pdf: bytes,
    *,
    trusted: Sequence[x509.Certificate],
    seconds: float = LONGEST_CHECK,
    memory: int = MOST_MEMORY,
) -> SealReport:
    """``check_pdf`` in a child process that may take so many seconds and bytes of memory.

    The child answers with JSON, never with pickled objects. Whatever else becomes of it, a crash or
    a decompression bomb, is a ``DocumentError`` (``pdf-too-heavy`` or ``pdf-broken``); a crash
    leaves its traceback on the error stream. It forks: call it from a process without threads, such
    as a gunicorn sync worker or the command line.
    """
    check_outside(pdf)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with LastExit():
            _limit(seconds, memory)
            _send(writing, _answer(pdf, trusted))
    os.close(writing)
    return _read_answer(_receive(child, reading, seconds=seconds))


class LastExit:
    """Ends the child where the block ends, whatever happened: it must never go on as a server."""

    def __enter__(self) -> None:
        for number in HANDLED_SIGNALS:
            signal.signal(number, signal.SIG_DFL)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> NoReturn:
        if kind and error:
            sys.__excepthook__(kind, error, trace)
        os._exit(1 if error else 0)


def _limit(seconds: float, memory: int) -> None:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    address_space = pages * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    processor = int(seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (processor, processor))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _answer(pdf: bytes, trusted: Sequence[x509.Certificate]) -> bytes:
    try:
        report = check_pdf(pdf, trusted=trusted)
    except DocumentError as error:
        return json.dumps({"refused": error.code}).encode()
    return json.dumps({"report": _to_json(report)}).encode()


def _send(pipe: int, answer: bytes) -> None:
    with os.fdopen(pipe, "wb") as stream:
        stream.write(answer)


def _receive(child: int, pipe: int, *, seconds: float) -> bytes:
    """All that the child says; its death by a limit, ours or the system's, is ``pdf-too-heavy``."""
    try:
        answer = _read_until(time.monotonic() + seconds, pipe)
    except TimeoutError:
        os.kill(child, signal.SIGKILL)
        answer = b""
    finally:
        os.close(pipe)
        _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        by_limit = os.WTERMSIG(status) in LIMIT_SIGNALS
        raise DocumentError("pdf-too-heavy" if by_limit else "pdf-broken")
    return answer


def _read_until(deadline: float, pipe: int) -> bytes:
    received = bytearray()
    while select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
        part = os.read(pipe, 1 << 16)
        if not part:
            return bytes(received)
        received += part
    raise TimeoutError


def _read_answer(answer: bytes) -> SealReport:
    if not answer:
        raise DocumentError("pdf-broken")
    told = json.loads(answer)
    if "refused" in told:
        raise DocumentError(told["refused"])
    return _from_json(told["report"])


def _to_json(report: SealReport) -> Mapping[str, Any]:
    data = report.data_xml
    return {
        "signatures": [_facts_to_json(facts) for facts in report.signatures],
        "data_xml": None if data is None else b64encode(data).decode(),
        "page_count": report.page_count,
    }


def _facts_to_json(facts: SignatureFacts) -> Mapping[str, Any]:
    signed_at = facts.signed_at
    return asdict(facts) | {"signed_at": signed_at and signed_at.isoformat()}


def _from_json(told: Mapping[str, Any]) -> SealReport:
    data = told["data_xml"]
    return SealReport(
        signatures=tuple(_facts_from_json(facts) for facts in told["signatures"]),
        data_xml=None if data is None else b64decode(data),
        page_count=told["page_count"],
    )


def _facts_from_json(told: Mapping[str, Any]) -> SignatureFacts:
    signed_at = told["signed_at"]
    moment = datetime.fromisoformat(signed_at) if signed_at else None
    return replace(SignatureFacts(**told), signed_at=moment)
