"""Files that hold secrets: read only where strangers cannot, written whole and private."""

from __future__ import annotations

import os
import tempfile
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


def write_secret(path: Path, content: bytes) -> None:
    """The file with this content (0600), on the disk when this returns, or else the old one."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """A rename is on the disk only when the folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
