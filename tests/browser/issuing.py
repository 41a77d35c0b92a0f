"""Run by ``papers``: issues samples of a form on the state that the environment names.

Arguments: form, folder, how many. Says the number of each; ``0.pdf``, ``1.pdf`` … are the files.
"""

from __future__ import annotations

import sys
from pathlib import Path

from forms_server.services.issuing import pdf_of
from forms_server.settings import Settings
from tests.workshop import actor_in, issue_sample, opened


def main(form: str, folder: str, count: str) -> None:
    with opened(Settings.from_env()) as workshop:
        for turn in range(int(count)):
            number = issue_sample(workshop, form).number
            pdf = pdf_of(workshop, number, actor=actor_in(workshop, "clerk"))
            (Path(folder) / f"{turn}.pdf").write_bytes(pdf)
            sys.stdout.write(number + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
