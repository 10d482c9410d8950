"""At the start index and files agree, whatever happened to either."""

import os
import time
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from studio import outputs
from studio.outputs import Gallery, Index
from tests.outputs import examples


def test_files_without_rows_get_them_with_their_owner_and_in_order(index: Index) -> None:
    others = outputs.opened(index.folder.parent / "others")
    for number, owner in enumerate(("local", "someone", "someone")):
        asked = examples.request(prompt=f"picture {number}", negative_prompt="fog")
        (path,) = outputs.saved(examples.result(asked), others, owner=owner, job=f"{9 - number}").paths
        os.utime(path, (1000 + number, 1000 + number))
    others.close()
    for path in others.folder.iterdir():
        if path.is_dir():
            path.rename(index.folder / path.name)
    outputs.sweep(index)
    rows, total = Gallery(index, "someone").page()
    assert (total, [row.prompt for row in rows]) == (2, ["picture 2", "picture 1"])
    assert (rows[0].created, rows[0].checkpoint, rows[0].seed) == (1002.0, "storybook", 7)
    assert rows[0].request["negative_prompt"] == "fog" and rows[0].infotext.startswith(
        "picture 2\nNegative prompt: fog"
    )
    assert [row.prompt for row in Gallery(index, "local").page()[0]] == ["picture 0"]


def test_pictures_of_others_in_a_days_folder_are_listed_and_broken_ones_are_not(index: Index) -> None:
    day = index.folder / "2026-01-02"
    day.mkdir()
    info = PngInfo()
    info.add_text("parameters", "a cat\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x768, Model: x")
    Image.new("RGB", (8, 8)).save(day / "a1111.png", pnginfo=info)
    Image.new("RGB", (8, 8)).save(day / "bare.png")
    (day / "cut.png").write_bytes((day / "a1111.png").read_bytes()[:-20])
    (day / "text.png").write_text("no picture")
    (day / os.fsdecode(b"\xff.png")).write_bytes((day / "bare.png").read_bytes())
    (index.folder / "elsewhere").mkdir()
    Image.new("RGB", (8, 8)).save(index.folder / "elsewhere" / "x.png")
    outputs.sweep(index)
    rows = {Path(row.path).name: row for row in Gallery(index, "local").page()[0]}
    assert set(rows) == {"a1111.png", "bare.png"}
    assert (rows["a1111.png"].prompt, rows["a1111.png"].seed, rows["bare.png"].request) == ("a cat", 5, {})


def test_rows_of_lost_files_are_hidden_until_they_are_back(index: Index) -> None:
    (path,) = outputs.saved(examples.result(), index, owner="local", job="a").paths
    path.rename(index.folder / "aside")
    outputs.sweep(index)
    assert Gallery(index, "local").page()[1] == 0
    (index.folder / "aside").rename(path)
    outputs.sweep(index)
    assert Gallery(index, "local").page()[1] == 1


def test_a_deletion_cut_short_is_finished(index: Index) -> None:
    (path,) = outputs.saved(examples.result(), index, owner="local", job="a").paths
    gallery = Gallery(index, "local")
    (row,), _ = gallery.page()
    gallery.delete([row.id])
    gallery.path(row.id).rename(path)  # as if killed before the file was moved
    outputs.sweep(index)
    assert gallery.page()[1] == 0 and not path.exists()
    gallery.restore([row.id])
    assert gallery.page()[1] == 1 and path.exists()


def test_what_lies_in_the_trash_stays_there_when_the_index_is_lost(index: Index) -> None:
    outputs.saved(examples.result(pictures=2), index, owner="someone", job="a")
    (row, _), _ = Gallery(index, "someone").page()
    Gallery(index, "someone").delete([row.id])
    index.close()
    (index.folder / "index.sqlite3").unlink()
    again = outputs.opened(index.folder)
    outputs.sweep(again)
    assert Gallery(again, "someone").page()[1] == 1
    assert outputs.purge(again, older_than=0) == 1
    again.close()


def test_half_written_files_are_deleted_once_they_are_old(index: Index) -> None:
    day = outputs.saved(examples.result(), index, owner="someone", job="a").paths[0].parent
    old = time.time() - 61
    for name in (".easel-1.part", ".easel-2.part"):
        (day / name).write_bytes(b"half")
    os.utime(day / ".easel-1.part", (old, old))
    outputs.sweep(index)
    assert {path.name for path in day.glob(".easel*")} == {".easel-2.part"}


@pytest.mark.parametrize("times", [2])
def test_sweeping_again_changes_nothing(index: Index, times: int) -> None:
    outputs.saved(examples.result(pictures=3), index, owner="local", job="a")
    before = Gallery(index, "local").page()
    for _ in range(times):
        outputs.sweep(index)
    assert Gallery(index, "local").page() == before
