"""Run by ``test_time_stamps``: sweeps and stops for ever before the last step, to be killed there.

Argument: the folder of the state; the settings stand in the environment.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from forms_server.services.time_stamps import complete_pending
from forms_server.settings import Settings
from tests.services.stopping import Stop
from tests.workshop import opened


class StopsAtAdding:
    """The files of a workshop, all but the entering of the next one."""

    def __init__(self, files: Any) -> None:
        self._files = files

    def __getattr__(self, name: str) -> Any:
        return getattr(Stop(), name) if name == "add" else getattr(self._files, name)


def main() -> None:
    with opened(Settings.from_env()) as workshop:
        files: Any = StopsAtAdding(workshop.records.files)
        stopped = replace(workshop, records=replace(workshop.records, files=files))
        complete_pending(stopped, datetime.now(UTC))


if __name__ == "__main__":
    sys.exit(main())
