"""Files that hold secrets are read only where strangers cannot."""

from __future__ import annotations

import os
from pathlib import Path

from forms_server.errors import DocumentError

OTHERS = 0o007
"""The bits of a mode that let in whoever is neither the owner nor of the group."""


def read_secret(path: Path) -> bytes:
    """The file's bytes; refuses (``secret-file-open``) one that everybody may read or write.

    Raises ``OSError`` as ``read_bytes`` does.
    """
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & OTHERS:
            raise DocumentError("secret-file-open", path=path)
        return file.read()
