"""Sealed files by their content: the key is the SHA-256 of the bytes, and reading checks it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from forms_server.errors import StorageError
from forms_server.whole_files import keep_folder, write_whole

KEY = re.compile(r"[0-9a-f]{64}")


class BlobStore(Protocol):
    """Keeps bytes for ever; a key that does not name its bytes is refused."""

    def put(self, data: bytes) -> str: ...

    def get(self, key: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class LocalBlobStore:
    """Files in a folder, ``aa/bb/<key>``, readable to their owner alone."""

    folder: Path

    def put(self, data: bytes) -> str:
        """Stores ``data``, on the disk when this returns; the same bytes are stored once.

        Refuses with ``blob-altered`` if other bytes lie under the key, ``blob-store-failed`` if the
        disk refuses.
        """
        key = sha256(data).hexdigest()
        path = self._path(key)
        with _named_refusals():
            if path.exists():
                _check(path.read_bytes(), key)
            else:
                self._write(data, path)
        return key

    def get(self, key: str) -> bytes:
        """The bytes of ``key``; refuses with ``blob-missing`` or ``blob-altered``."""
        path = self._path(key)
        with _named_refusals():
            try:
                data = path.read_bytes()
            except FileNotFoundError as error:
                raise StorageError("blob-missing", key=key) from error
        return _check(data, key)

    def _path(self, key: str) -> Path:
        """A key of another shape names nothing, least of all a path outside the folder."""
        if not KEY.fullmatch(key):
            raise StorageError("blob-missing", key=key)
        return self.folder / key[:2] / key[2:4] / key

    def _write(self, data: bytes, path: Path) -> None:
        """Whoever reads finds the whole file or none, even after a crash."""
        for folder in (self.folder, path.parent.parent, path.parent):
            _make_private(folder)
        write_whole(path, data)


@contextmanager
def _named_refusals() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError("blob-store-failed", reason=error.strerror) from error


def _check(data: bytes, key: str) -> bytes:
    if sha256(data).hexdigest() != key:
        raise StorageError("blob-altered", key=key)
    return data


def _make_private(folder: Path) -> None:
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    keep_folder(folder.parent)
