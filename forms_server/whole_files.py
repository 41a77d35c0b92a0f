"""Files written whole: after a crash the file's old content is there or its new one, never half."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """The file with this content (0600), on the disk when this returns; raises ``OSError``."""
    handle, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
    keep_folder(path.parent)


def keep_folder(folder: Path) -> None:
    """A rename or a new folder is on the disk only when the folder above it is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
