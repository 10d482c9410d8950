"""A file is there whole or not at all."""

import os
import time
from pathlib import Path
from typing import BinaryIO

import pytest

from studio.outputs import files


def test_a_file_appears_whole(tmp_path: Path) -> None:
    files.write(tmp_path / "a.bin", b"one")
    files.write(tmp_path / "b.bin", lambda file: file.write(b"two"))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.bin": b"one", "b.bin": b"two"}


def test_what_fails_half_way_leaves_nothing_and_spares_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"old")

    def fail(file: BinaryIO) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        files.write(tmp_path / "a.bin", fail)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.bin": b"old"}


def test_a_taken_name_is_numbered(tmp_path: Path) -> None:
    assert files.free(tmp_path / "a.png") == tmp_path / "a.png"
    (tmp_path / "a.png").touch()
    (tmp_path / "a-2.png").touch()
    assert files.free(tmp_path / "a.png") == tmp_path / "a-3.png"


def test_a_move_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    with pytest.raises(OSError):
        files.move(tmp_path / "a", tmp_path / "b")
    files.move(tmp_path / "a", tmp_path / "deep" / "er" / "a")
    assert (tmp_path / "deep/er/a").read_text() == "a" and (tmp_path / "b").read_text() == "b"


def test_only_our_own_old_leavings_are_swept(tmp_path: Path) -> None:
    for name in (".easel-0.part", ".easel-1.part", "film.part", "picture.png"):
        (tmp_path / name).touch()
    old = time.time() - 61
    for name in (".easel-0.part", "film.part"):
        os.utime(tmp_path / name, (old, old))
    assert files.sweep([tmp_path, tmp_path / "missing"]) == 1
    assert {path.name for path in tmp_path.iterdir()} == {".easel-1.part", "film.part", "picture.png"}
