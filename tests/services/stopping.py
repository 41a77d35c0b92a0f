"""Run by ``test_issuing``: issues a document and stops for ever at a step, to be killed there.

Arguments: the folder of the state, then the step: ``printing``, ``sealing``, ``storing`` or
``finishing``. Prints a line when it has come that far.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from tests.workshop import issue_sample, opened, settings_in


class Stop:
    """Stands in for a tool of the workshop: the first use of it never comes back."""

    def __getattr__(self, name: str) -> Any:
        def stop(*_args: Any, **_kwargs: Any) -> NoReturn:
            sys.stdout.write("stopped\n")
            sys.stdout.flush()
            while True:
                time.sleep(60)

        return stop


class StopsAtFinish:
    """The documents of a workshop, all but the last step."""

    def __init__(self, documents: Any) -> None:
        self._documents = documents

    def __getattr__(self, name: str) -> Any:
        return getattr(Stop(), name) if name == "finish" else getattr(self._documents, name)


def main(home: str, step: str) -> None:
    with opened(settings_in(Path(home))) as workshop:
        documents: Any = StopsAtFinish(workshop.records.documents)
        stop: Any = Stop()
        stopped = {
            "printing": {"press": stop},
            "sealing": {"sealer": _Sealer(workshop.sealer)},
            "storing": {"blobs": stop},
            "finishing": {"records": replace(workshop.records, documents=documents)},
        }[step]
        issue_sample(replace(workshop, **stopped))


class _Sealer:
    def __init__(self, sealer: Any) -> None:
        self.is_development = sealer.is_development
        self.seal = Stop().seal


if __name__ == "__main__":
    main(*sys.argv[1:])
