"""What a written file is, and what a failure leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from forms_server.whole_files import write_whole


def test_a_file_is_written_whole_and_privately(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]


def test_a_file_that_cannot_be_replaced_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "secret", b"one")
    assert [each.name for each in tmp_path.iterdir()] == ["secret"]
