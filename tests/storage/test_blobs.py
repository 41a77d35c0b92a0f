"""The store of sealed files: by content, once, whole, private, checked when read."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from forms_server.errors import StorageError
from forms_server.storage.blobs import BlobStore, LocalBlobStore

DATA = b"%PDF-1.7 sealed"
KEY = sha256(DATA).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return LocalBlobStore(tmp_path / "home" / "blobs")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "blobs" / KEY[:2] / KEY[2:4] / KEY


def test_what_was_put_can_be_got(store: BlobStore, path: Path) -> None:
    assert store.put(DATA) == KEY
    assert store.get(KEY) == path.read_bytes() == DATA


def test_the_same_content_is_stored_once(store: BlobStore, path: Path) -> None:
    store.put(DATA)
    before = path.stat()
    assert store.put(DATA) == KEY
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_files_and_folders_are_private(store: BlobStore, path: Path, tmp_path: Path) -> None:
    store.put(DATA)
    assert path.stat().st_mode & 0o777 == 0o600
    for folder in (path.parent, path.parent.parent, path.parent.parent.parent):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not list(tmp_path.rglob(".new-*"))


def test_an_altered_file_is_neither_given_out_nor_overwritten(store: BlobStore, path: Path) -> None:
    store.put(DATA)
    path.write_bytes(b"other")
    with pytest.raises(StorageError, match="blob-altered"):
        store.get(KEY)
    with pytest.raises(StorageError, match="blob-altered"):
        store.put(DATA)
    assert path.read_bytes() == b"other"


@pytest.mark.parametrize("key", [KEY, "", "../../etc/passwd", KEY.upper(), KEY + "\n"])
def test_a_key_that_names_nothing_is_missing(store: BlobStore, key: str) -> None:
    with pytest.raises(StorageError, match="blob-missing"):
        store.get(key)


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "blobs").touch()
    with pytest.raises(StorageError, match="blob-store-failed"):
        LocalBlobStore(tmp_path / "blobs").put(DATA)
