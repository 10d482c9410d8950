"""A studio starts whatever became of its index, and nothing of the old one is lost."""

import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from studio import outputs
from studio.outputs import Gallery, Index
from tests.outputs import examples

PICTURES = 3
OWNERS = ("local", "visitor")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def rubbish(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1000)


def flip(path: Path) -> None:
    """Wreck every page but the first, which says what the file is."""
    data = bytearray(path.read_bytes())
    data[4096:] = bytes(byte ^ 0xFF for byte in data[4096:])
    path.write_bytes(data)


def forget_tables(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE pictures")


def foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE songs (name)")


def later(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")


def filled(folder: Path) -> None:
    index = outputs.opened(folder)
    for owner in OWNERS:
        outputs.saved(examples.result(pictures=PICTURES), index, owner=owner, job=f"{owner}00")
    index.close()


def counts(index: Index) -> list[int]:
    return [Gallery(index, owner).page()[1] for owner in OWNERS]


@pytest.mark.parametrize(
    "damage", [cut, rubbish, flip, forget_tables, foreign, later], ids=lambda damage: damage.__name__
)
def test_a_bad_index_is_set_aside_and_made_anew(damage: Callable[[Path], None], tmp_path: Path) -> None:
    filled(tmp_path)
    damage(tmp_path / "index.sqlite3")
    bad = (tmp_path / "index.sqlite3").read_bytes()
    begin = time.monotonic()
    index = outputs.opened(tmp_path)
    outputs.sweep(index)
    assert time.monotonic() - begin < 5
    assert counts(index) == [PICTURES, PICTURES]
    (row, *_), _ = Gallery(index, "visitor").page()
    assert (row.prompt, row.seed) == (examples.PLAIN["prompt"], 7 + PICTURES - 1) and row.request["height"] == 64
    (aside,) = tmp_path.glob("index.damaged-*.sqlite3")
    assert aside.read_bytes() == bad
    assert aside.name in index.note and index.note.startswith("Gallery: its index could not be used (")
    index.close()


def test_damage_is_mended_whenever_it_is_met(tmp_path: Path) -> None:
    filled(tmp_path)
    index = outputs.opened(tmp_path)
    flip(tmp_path / "index.sqlite3")
    assert counts(index) == [PICTURES, PICTURES]
    assert list(tmp_path.glob("index.damaged-*.sqlite3"))
    index.close()


def test_a_locked_index_is_left_alone_and_the_pictures_are_listed_all_the_same(tmp_path: Path) -> None:
    filled(tmp_path)
    other = sqlite3.connect(tmp_path / "index.sqlite3", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    begin = time.monotonic()
    index = outputs.opened(tmp_path)
    outputs.sweep(index)
    assert time.monotonic() - begin < 5
    assert counts(index) == [PICTURES, PICTURES] and "cannot be written (database is locked)" in index.note
    saved = outputs.saved(examples.result(), index, owner="local", job="while0")
    assert saved.paths and not saved.note and counts(index) == [PICTURES + 1, PICTURES]
    index.close()
    other.execute("ROLLBACK")
    other.close()
    index = outputs.opened(tmp_path)
    outputs.sweep(index)
    assert counts(index) == [PICTURES + 1, PICTURES] and not index.note
    index.close()


LISTED = """
import os, sys
from pathlib import Path
from PIL import Image
from studio import outputs
from tests.outputs import examples
Image.init()
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)  # root may write anywhere
index = outputs.opened(Path(sys.argv[1]))
outputs.sweep(index)
_, total = outputs.Gallery(index, "local").page()
saved = outputs.saved(examples.result(), index, owner="local", job="x")
sys.stdout.write(f"{total}\\n{index.note}\\n{saved.note}\\n")
"""


def test_a_folder_that_cannot_be_written_is_still_listed() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        filled(folder)
        places = [folder, *folder.rglob("*")]
        for path in places:
            path.chmod(0o555 if path.is_dir() else 0o444)
        said = subprocess.run([sys.executable, "-c", LISTED, name], capture_output=True, text=True, check=True)
        for path in places:
            path.chmod(0o755)
    total, note, saved = said.stdout.splitlines()
    assert total == str(PICTURES)
    assert note.startswith("Gallery: its index cannot be written (")
    assert saved.startswith("Not saved: Permission denied. Download the pictures")


def test_a_folder_in_the_way_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "outputs").write_text("in the way")
    index = outputs.opened(tmp_path / "outputs")
    outputs.sweep(index)
    assert "cannot be written" in index.note and counts(index) == [0, 0]
    saved = outputs.saved(examples.result(), index, owner="local", job="x")
    assert saved.images and saved.paths == () and saved.note.startswith("Not saved: ")


def test_many_threads_read_while_one_saves(index: Index) -> None:
    seen, stop = [], threading.Event()

    def look() -> None:
        while not stop.is_set():
            rows, total = Gallery(index, "local").page()
            seen.append(len(rows) == total and all(Gallery(index, "local").path(row.id) for row in rows))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(10):
        outputs.saved(examples.result(), index, owner="local", job=f"{number:08}")
    stop.set()
    for thread in threads:
        thread.join()
    assert all(seen) and Gallery(index, "local").page()[1] == 10
