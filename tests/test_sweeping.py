"""The process beside the pages, and the command that does the same once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner

from forms_server.app import create_app
from forms_server.cli import main
from forms_server.services.workshop import Workshop
from forms_server.storage.records import TimeStampState
from forms_server.trust_settings import SealLevel
from tests.responders import Responders
from tests.services.stamping import stamping_variables
from tests.workshop import issue_sample, opened, settings_in

ROOT = Path(__file__).resolve().parents[1]
STARTS = """
import signal, sys
from forms_server.settings import Settings
from forms_server.sweeping import start_sweeping
sys.stdout.write(f"{start_sweeping(Settings.from_env())}\\n")
sys.stdout.flush()
signal.pause()
"""
PATIENCE = 60
"""Seconds until a test that waits for another process gives up."""


def test_the_process_completes_what_waits_and_ends_with_the_one_that_started_it(
    responders: Responders, tmp_path: Path
) -> None:
    variables = stamping_variables(responders, tmp_path, SealLevel.B_T)
    with opened(settings_in(tmp_path / "home", **variables)) as workshop:
        document = issue_sample(workshop)
        environment = os.environ | variables | {"FORMS_SERVER_HOME": str(tmp_path / "home")}
        command = [sys.executable, "-c", STARTS]
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as parent:
            assert parent.stdout is not None
            sweeper = int(parent.stdout.readline())
            try:
                completed = _wait(lambda: _state(workshop, document.id) is TimeStampState.DONE)
            finally:
                parent.send_signal(signal.SIGKILL)
        assert completed
        assert _wait(lambda: not _runs(sweeper))


def test_the_command_completes_once_and_says_what_still_waits(
    responders: Responders, tmp_path: Path
) -> None:
    variables = stamping_variables(responders, tmp_path, SealLevel.B_LT)
    with opened(settings_in(tmp_path / "home", **variables)) as workshop:
        document = issue_sample(workshop)
    environment = variables | {"FORMS_SERVER_HOME": str(tmp_path / "home")}
    responders.tsa_mode = "down"
    answer = CliRunner().invoke(main, ["time-stamps"], env=environment)
    assert answer.exit_code == 1
    assert f"{document.number}: time-stamp-unreachable" in answer.output
    assert "0 completed, 1 waiting" in answer.output
    pages = create_app(settings_in(tmp_path / "home", **variables)).test_client()
    address = f"/v/{document.token}?lang=en"
    assert "the time stamp is still awaited" in pages.get(address).text
    responders.behave()
    answer = CliRunner().invoke(main, ["time-stamps", "--all"], env=environment)
    assert (answer.exit_code, "1 completed, 0 waiting" in answer.output) == (0, True)
    assert "Time-stamped on" in pages.get(address).text


def test_the_command_says_that_no_time_stamps_are_wanted(tmp_path: Path) -> None:
    environment = {"FORMS_SERVER_HOME": str(tmp_path / "home")}
    answer = CliRunner().invoke(main, ["time-stamps"], env=environment)
    assert answer.exit_code == 1
    assert "time-stamps-not-wanted" in answer.output


def _state(workshop: Workshop, document_id: int) -> TimeStampState:
    record = workshop.records.documents.by_id(document_id)
    assert record is not None
    return TimeStampState(record.time_stamp)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    return state != "Z"


def _wait(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.1)
    return False
