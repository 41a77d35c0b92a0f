"""A server of a test's own, which it stops and starts again on the same address and state."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.browser.conftest import (
    COMMAND,
    ROOT,
    LiveServer,
    _environment,
    _free_port,
    _wait_until_it_answers,
)


@dataclass
class StoppableServer:
    """``forms-server serve`` on ``home``; not running until it is started."""

    home: Path
    port: int = field(default_factory=_free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def live(self) -> LiveServer:
        """The same server as other tests know one; its passwords are not read."""
        url = f"http://127.0.0.1:{self.port}"
        return LiveServer(url, {}, self.home, _environment(self.home, url))

    @property
    def log(self) -> Path:
        return self.home.with_suffix(".log")

    def start(self) -> None:
        with self.log.open("ab") as words:
            self.process = subprocess.Popen(
                [COMMAND, "serve", "--port", str(self.port)],
                cwd=ROOT,
                env=dict(self.live.environment),
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
            )
        _wait_until_it_answers(self.port, self.process, self.log)

    def stop(self) -> None:
        """Whatever the port is asked afterwards, nobody answers."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=15)
            self.process = None
