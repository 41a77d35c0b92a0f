"""Checks a stranger's PDF in child processes with limits, which may crash without harm to us."""

from __future__ import annotations

import gc
import json
import logging
import os
import resource
import select
import signal
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NoReturn, Self

from forms_server.documents.checking import check_outside, check_pdf
from forms_server.documents.data_reading import Cells, read_cells
from forms_server.documents.marks import read_marks
from forms_server.documents.signature_facts import (
    Addition,
    Authorities,
    PageMarks,
    SealReport,
    Shadow,
    SignatureFacts,
    SignatureKind,
)
from forms_server.errors import DocumentError

LONGEST_CHECK = 10.0
"""Seconds of the processor that each child may take, and half of those of the clock for both."""
MOST_MEMORY = 512 * 1024 * 1024
"""Bytes that each child may take beyond what the process has already."""
MOST_SAID = 32 * 1024 * 1024
"""Bytes of the child's answer, ten times the longest form that may be sent; the parent that reads
it has no limit of memory."""

HANDLED_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGABRT)
"""Signals a server answers in its own way, which a child of it must not."""

MOMENTS = ("signed_at", "time_stamped_at", "certificate_from", "certificate_until")
WORDS = {"kind": SignatureKind, "added": Addition, "shadow": Shadow}
"""Facts that JSON has as text."""

LIMIT_SIGNALS = (signal.SIGKILL, signal.SIGXCPU)
"""What a child dies of that took too much: the system's last word, or its processor time."""


def check_isolated(
    pdf: bytes,
    *,
    authorities: Authorities,
    at: datetime | None = None,
    seconds: float = LONGEST_CHECK,
    memory: int = MOST_MEMORY,
) -> SealReport:
    """``check_pdf``, and what the pages carry, in two child processes side by side, each of which
    may take so many seconds and bytes of memory.

    They answer with JSON, never with pickled objects: one with the facts of the signatures, then
    the cells of the data, the other with the marks of the pages, so that data that cannot be read
    and pages that cannot be drawn do not keep the facts from us (``marks.is_read`` is then false).
    Whatever else becomes of the facts, a crash or a decompression bomb, is a ``DocumentError``
    (``pdf-too-heavy`` or ``pdf-broken``); a crash leaves its traceback on the error stream. It
    forks: call it from a process without threads, such as a gunicorn sync worker or the command
    line.
    """
    check_outside(pdf)
    deadline = time.monotonic() + 2 * seconds
    with (
        _Child(partial(_tell_facts, pdf, authorities, at), seconds, memory) as facts,
        _Child(partial(_tell_marks, pdf), seconds, memory) as marks,
    ):
        told = _told_facts(*facts.answer(deadline))
        told_marks, _ = marks.answer(deadline)
    return _from_json(told["report"], told.get("cells", {}), _lines(told_marks).get("marks", {}))


class _Child:
    """A process of its own with limits, which tells something in lines of JSON; it never stays."""

    def __init__(self, tell: Callable[[IO[bytes]], None], seconds: float, memory: int) -> None:
        self._pipe, writing = os.pipe()
        self._has_ended = False
        self._number = os.fork()
        if self._number == 0:
            os.close(self._pipe)
            with LastExit(), os.fdopen(writing, "wb") as stream:
                gc.disable()  # half of a check's time, for memory that ends with the child anyway
                logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # it names the signers
                _limit(seconds, memory)
                tell(stream)
        os.close(writing)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._has_ended:
            os.kill(self._number, signal.SIGKILL)
            self._end()

    def answer(self, deadline: float) -> tuple[bytes, int]:
        """All that it says until then, and the signal that it died of, 0 if it ended by itself."""
        received = bytearray()
        if not _read_until(deadline, self._pipe, received):
            os.kill(self._number, signal.SIGKILL)
        return bytes(received), self._end()

    def _end(self) -> int:
        self._has_ended = True
        os.close(self._pipe)
        _, status = os.waitpid(self._number, 0)
        return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


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


def _tell_facts(
    pdf: bytes, authorities: Authorities, at: datetime | None, stream: IO[bytes]
) -> None:
    """A line of JSON each for the signatures and the data."""
    try:
        report = check_pdf(
            pdf,
            trusted=authorities.seals,
            persons=authorities.persons,
            own=authorities.own,
            at=at,
        )
    except DocumentError as error:
        _tell(stream, {"refused": error.code})
        return
    _tell(stream, {"report": _to_json(report)})
    _tell(stream, {"cells": read_cells(report.data_xml or b"")})


def _tell_marks(pdf: bytes, stream: IO[bytes]) -> None:
    _tell(stream, {"marks": asdict(read_marks(pdf))})


def _tell(stream: IO[bytes], told: Mapping[str, Any]) -> None:
    stream.write(json.dumps(told).encode() + b"\n")
    stream.flush()


def _read_until(deadline: float, pipe: int, received: bytearray) -> bool:
    """Whether the child had its say, in time and within ``MOST_SAID``."""
    while select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
        part = os.read(pipe, 1 << 16)
        if not part:
            return True
        received += part
        if len(received) > MOST_SAID:
            return False
    return False


def _told_facts(answer: bytes, died_of: int) -> Mapping[str, Any]:
    """Whole lines count; a death by a limit, ours or the system's, is ``pdf-too-heavy``."""
    told = _lines(answer)
    if not told:
        raise DocumentError("pdf-too-heavy" if died_of in LIMIT_SIGNALS else "pdf-broken")
    if "refused" in told:
        raise DocumentError(told["refused"])
    return told


def _lines(answer: bytes) -> Mapping[str, Any]:
    lines = [json.loads(line) for line in answer.splitlines(keepends=True) if line[-1:] == b"\n"]
    return {name: value for line in lines for name, value in line.items()}


def _to_json(report: SealReport) -> Mapping[str, Any]:
    data = report.data_xml
    return {
        "signatures": [_facts_to_json(facts) for facts in report.signatures],
        "data_xml": None if data is None else b64encode(data).decode(),
        "page_count": report.page_count,
        "revisions": report.revisions,
        "is_same_structure": report.is_same_structure,
    }


def _facts_to_json(facts: SignatureFacts) -> Mapping[str, Any]:
    moments = {name: getattr(facts, name) for name in MOMENTS}
    written = {name: moment and moment.isoformat() for name, moment in moments.items()}
    return asdict(facts) | written


def _from_json(told: Mapping[str, Any], cells: Cells, marks: Mapping[str, Any]) -> SealReport:
    data = told["data_xml"]
    facts = {
        "signatures": tuple(_facts_from_json(each) for each in told["signatures"]),
        "data_xml": None if data is None else b64decode(data),
        "cells": cells,
        "marks": _marks_from_json(marks) if marks else PageMarks(),
    }
    return SealReport(**{**told, **facts})


def _marks_from_json(told: Mapping[str, Any]) -> PageMarks:
    texts = tuple(told["qr_texts"])
    return PageMarks(is_read=told["is_read"], qr_texts=texts, text=told["text"])


def _facts_from_json(told: Mapping[str, Any]) -> SignatureFacts:
    moments = {name: told[name] and datetime.fromisoformat(told[name]) for name in MOMENTS}
    words = {name: told[name] and word(told[name]) for name, word in WORDS.items()}
    return SignatureFacts(**{**told, **moments, **words})
