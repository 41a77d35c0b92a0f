"""Run by ``test_register``: reserves documents until it is done or killed.

Arguments: database URL, account id, how many, then a prefix of draft ids ("-" for no drafts).
"""

from __future__ import annotations

import sys

from forms_server.storage.database import upgrade
from forms_server.storage.records import open_records

from .documents import new_document


def main(url: str, account_id: str, count: str, draft: str) -> None:
    upgrade(url)
    records = open_records(url)
    account = records.accounts.by_id(int(account_id))
    assert account is not None
    for turn in range(int(count)):
        draft_id = None if draft == "-" else f"{draft}{turn}"
        document = records.documents.reserve(new_document(account, draft_id=draft_id))
        sys.stdout.write(document.number + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
