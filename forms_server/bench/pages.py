"""Requests a second: the page behind a QR under gunicorn with two workers, beside a bare one."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from forms_server.bench.subjects import Subject
from forms_server.settings import Settings

HOST = "127.0.0.1"
WORKERS = 2
VISITORS = 4
"""Who ask at the same time; more would only wait for the two workers."""
REQUESTS = 400
ROUNDS = 5
DOCUMENTS = 10
PATIENCE_SECONDS = 60.0
COMMAND = "from forms_server.cli import main; main()"
OURS, BARE = "verification page", "bare Flask page"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFigures:
    """Medians of alternating rounds; the processor's time is that of the server's own processes."""

    name: str
    requests_per_second: float
    processor_milliseconds: float
    bytes_sent: int


@dataclass(frozen=True, slots=True)
class _Server:
    """A running server: its port, its first process, and the requests that it is asked."""

    port: int
    process: subprocess.Popen[bytes]
    requests: Sequence[bytes]


def measure_pages(subject: Subject, *, rounds: int = ROUNDS) -> tuple[PageFigures, ...]:
    """Both servers stand at the same time and are asked in turn, each by four visitors."""
    with ExitStack() as stack:
        servers = {
            OURS: stack.enter_context(_ours(subject.workshop.settings, _tokens(subject))),
            BARE: stack.enter_context(_bare()),
        }
        with ThreadPoolExecutor(VISITORS) as visitors:
            for server in servers.values():
                _round(server, visitors)
            found = [
                {name: _round(server, visitors) for name, server in servers.items()}
                for _ in range(rounds)
            ]
    return tuple(_figures(name, [each[name] for each in found]) for name in servers)


def show_pages(figures: Sequence[PageFigures]) -> list[str]:
    """The figures as lines, and how the page stands to the bare one."""
    lines = [
        f"  {each.name:<34} {each.requests_per_second:8.0f} requests/s, "
        f"{each.processor_milliseconds:.2f} ms of processor, {each.bytes_sent} bytes"
        for each in figures
    ]
    by_name = {each.name: each for each in figures}
    if {OURS, BARE} <= {*by_name}:
        ratio = by_name[OURS].requests_per_second / by_name[BARE].requests_per_second
        lines.append(f"  {f'{OURS} / {BARE}':<34} {ratio:8.2f} x")
    return [f"gunicorn, {WORKERS} sync workers, {VISITORS} visitors at once", *lines]


def _tokens(subject: Subject) -> list[str]:
    """Several documents, so that no kept answer to one of them is what is measured."""
    return [subject.issue().token for _ in range(DOCUMENTS)]


@contextmanager
def _ours(settings: Settings, tokens: Sequence[str]) -> Iterator[_Server]:
    """The command that an installation runs, over the scratch database."""
    port = _free_port()
    environment = {
        "FORMS_SERVER_HOME": str(settings.home),
        "DATABASE_URL": settings.database_url,
        "FORMS_SERVER_PUBLIC_URL": f"http://{HOST}:{port}",
    }
    command = ["-c", COMMAND, "serve", "--port", str(port), "--workers", str(WORKERS)]
    with _running(command, port, environment) as process:
        yield _Server(port, process, [_request(f"/v/{token}", port) for token in tokens])


@contextmanager
def _bare() -> Iterator[_Server]:
    port = _free_port()
    address = f"{HOST}:{port}"
    command = ["-m", "gunicorn", "--workers", str(WORKERS), "--bind", address]
    with _running([*command, "forms_server.bench.bare:application"], port, {}) as process:
        yield _Server(port, process, [_request("/v/x", port)])


@contextmanager
def _running(
    arguments: Sequence[str], port: int, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, *arguments],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_SECONDS)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("a server that was to be measured did not start")


def _round(server: _Server, visitors: ThreadPoolExecutor) -> PageFigures:
    """So many requests by all visitors together, and what they took."""
    worked, began = _processor_seconds(server.process.pid), time.perf_counter()
    share = REQUESTS // VISITORS
    sizes = list(visitors.map(lambda visitor: _visit(server, share, visitor), range(VISITORS)))
    seconds = time.perf_counter() - began
    worked = _processor_seconds(server.process.pid) - worked
    return PageFigures(
        name="",
        requests_per_second=share * VISITORS / seconds,
        processor_milliseconds=worked / (share * VISITORS) * 1000,
        bytes_sent=sizes[0],
    )


def _visit(server: _Server, count: int, first: int) -> int:
    """Asks so often, with a connection each time: sync workers keep none; an answer's size."""
    size = 0
    for number in range(count):
        request = server.requests[(first + number) % len(server.requests)]
        with socket.create_connection((HOST, server.port), PATIENCE_SECONDS) as connection:
            connection.sendall(request)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        if not answer.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"a page that was measured answered {answer[:40]!r}")
        size = len(answer)
    return size


def _request(path: str, port: int) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n".encode()


def _processor_seconds(pid: int) -> float:
    """What a process and its children, living and dead, have worked (proc_pid_stat(5))."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except FileNotFoundError:  # a worker that was replaced: its parent has its time by now
        return 0.0
    own = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(_processor_seconds(int(child)) for child in children)


def _figures(name: str, rounds: Sequence[PageFigures]) -> PageFigures:
    return PageFigures(
        name=name,
        requests_per_second=statistics.median(each.requests_per_second for each in rounds),
        processor_milliseconds=statistics.median(each.processor_milliseconds for each in rounds),
        bytes_sent=rounds[0].bytes_sent,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
