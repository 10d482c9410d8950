"""Pictures are saved whole, with their settings, and listed; or offered unsaved with the reason."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from studio import outputs
from studio.errors import NotFound
from studio.infotext import Hashes
from studio.outputs import Gallery, Index
from studio.requests import Control, Lora, Reference, TextToImage
from studio.results import Obeyed, from_json
from tests.outputs import examples


def test_each_picture_becomes_a_png_with_its_own_settings_and_a_row(index: Index) -> None:
    asked = examples.request(num_images_per_prompt=2)
    saved = outputs.saved(
        examples.result(asked, pictures=2),
        index,
        owner="local",
        job="abcdef0123",
        hashes_of=lambda _: Hashes(model="0a1b2c3d4e"),
    )
    assert not saved.note and [path.name[6:] for path in saved.paths] == ["-abcdef01-0.png", "-abcdef01-1.png"]
    rows, total = Gallery(index, "local").page()
    assert total == 2
    for path, request, row, image in zip(saved.paths, saved.requests, rows[::-1], saved.images, strict=True):
        assert TextToImage(**outputs.found(path).values) == TextToImage(**row.request) == request
        assert index.folder / row.path == path and row.job == "abcdef0123" and "Model hash: 0a1b2c3d4e" in row.infotext
        with Image.open(path) as kept:
            assert kept.tobytes() == image.tobytes() and kept.size == (row.width, row.height)
    assert abs(time.time() - rows[0].created) < 60


def test_visitors_have_folders_of_their_own(index: Index) -> None:
    cookie = "5ec2e7" * 6
    (path,) = outputs.saved(examples.result(), index, owner=cookie, job="a").paths
    assert path.is_relative_to(index.folder / "visitors" / outputs.owner_key(cookie))
    assert all(cookie not in str(path) for path in index.folder.rglob("*"))
    index.close()
    assert cookie.encode() not in (index.folder / "index.sqlite3").read_bytes()


def test_a_start_image_is_kept_with_its_owner(index: Index) -> None:
    outputs.saved(examples.result(examples.from_start()), index, owner="me", job="a")
    (row,), _ = Gallery(index, "me").page()
    assert outputs.find_picture(row.request["image"], index.folder, owner="me") == examples.START


def test_a_control_keeps_its_picture_with_its_owner(index: Index) -> None:
    controls = (Control(kind="depth", image=examples.START, preprocessor="none"), Control(kind="pose", skeleton="{}"))
    asked = examples.request(controls=controls, method="none")
    (path,) = outputs.saved(examples.result(asked), index, owner="me", job="a").paths
    (row,), _ = Gallery(index, "me").page()
    for said in (outputs.found(path).request, row.request):
        assert from_json(said, lambda name: outputs.find_picture(name, index.folder, owner="me")) == asked
    with pytest.raises(NotFound):
        outputs.find_picture(examples.START.reference, index.folder, owner="another")


def test_a_reference_keeps_its_picture_with_its_owner(index: Index) -> None:
    told = {"transfer": "both", "ip_adapter": "storybook-ip-adapter"}
    asked = examples.request(references=(Reference(image=examples.START, ip_adapter_scale=0.3),), **told)
    (path,) = outputs.saved(examples.result(asked), index, owner="me", job="a").paths
    (row,), _ = Gallery(index, "me").page()
    for said in (outputs.found(path).request, row.request):
        assert from_json(said, lambda name: outputs.find_picture(name, index.folder, owner="me")) == asked


def test_an_edit_keeps_its_picture_and_its_mask_with_their_owner(index: Index) -> None:
    saved = outputs.saved(examples.result(examples.edited()), index, owner="me", job="a")
    (row,), _ = Gallery(index, "me").page()
    assert not saved.note
    for name, kept in (("image", examples.START), ("mask_image", examples.MASK)):
        assert outputs.find_picture(row.request[name], index.folder, owner="me") == kept
        with pytest.raises(NotFound):
            outputs.find_picture(row.request[name], index.folder, owner="another")
    assert (
        from_json(row.request, lambda name: outputs.find_picture(name, index.folder, owner="me")) == examples.edited()
    )


def test_an_extension_keeps_its_picture_alone(index: Index) -> None:
    asked = examples.edited(verb="extend", left=8, mask_image=None)
    outputs.saved(examples.result(asked), index, owner="local", job="a")
    (row,), _ = Gallery(index, "local").page()
    assert len(list((index.folder / "inputs").iterdir())) == 1
    assert from_json(row.request, lambda name: outputs.find_picture(name, index.folder, owner="local")) == asked


def test_settings_left_out_of_the_file_are_in_the_index_alone(index: Index) -> None:
    (path,) = outputs.saved(
        examples.result(examples.request(embed_metadata=False)), index, owner="local", job="a"
    ).paths
    (row,), _ = Gallery(index, "local").page()
    assert row.prompt == examples.PLAIN["prompt"] and b"easel" not in path.read_bytes()


def test_nothing_is_overwritten(index: Index) -> None:
    paths = [outputs.saved(examples.result(), index, owner="local", job="same").paths[0] for _ in range(20)]
    assert len(set(paths)) == 20 and Gallery(index, "local").page()[1] == 20


def test_a_folder_that_cannot_be_written_loses_no_picture(index: Index) -> None:
    (index.folder / "visitors").write_text("in the way")
    saved = outputs.saved(examples.result(note="One was left out."), index, owner="someone", job="abc")
    assert saved.images and saved.paths == ()
    assert saved.note.startswith("One was left out. Not saved: ")
    assert saved.note.endswith("Download the pictures, then free space or name another folder.")
    assert Gallery(index, "someone").page() == ([], 0)


def test_a_picture_that_cannot_be_written_leaves_no_half_file(tmp_path: Path) -> None:
    for path, image in (
        (tmp_path / "missing" / "a.png", Image.new("RGB", (8, 8))),
        (tmp_path / "a.png", Image.new("F", (8, 8))),
    ):
        with pytest.raises(OSError):
            outputs.write(path, image, examples.request())
    assert list(tmp_path.iterdir()) == []


def test_an_index_that_is_busy_costs_no_picture(index: Index) -> None:
    outputs.saved(examples.result(), index, owner="local", job="one")
    index.close()  # stands for any error of SQLite
    saved = outputs.saved(examples.result(), index, owner="local", job="two")
    assert saved.paths[0].is_file() and saved.note.startswith("Not in the gallery yet: ")
    again = outputs.opened(index.folder)
    outputs.sweep(again)
    assert Gallery(again, "local").page()[1] == 2
    again.close()


FULL = """
import resource, sys
from pathlib import Path
from studio import outputs
from tests.outputs import examples
index = outputs.opened(Path(sys.argv[1]))
kept = outputs.saved(examples.result(), index, owner="local", job="before")
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
result = outputs.saved(examples.result(pictures=2), index, owner="local", job="full")
assert len(result.images) == 2 and kept.paths
sys.stdout.write(result.note)
"""


def test_the_note_tells_how_many_are_saved(index: Index) -> None:
    asked = []

    def hashes_of(request: TextToImage) -> Hashes:
        asked.append(request)
        if len(asked) == 3:
            raise OSError(28, "No space left on device")
        return Hashes()

    saved = outputs.saved(examples.result(pictures=4), index, owner="local", job="a", hashes_of=hashes_of)
    assert len(saved.images) == 4 and [path.is_file() for path in saved.paths] == [True, True]
    assert saved.note.startswith("2 of 4 pictures are saved, the others not: No space left on device. Download")


@pytest.mark.parametrize("room", [0, 1, 100, 300, 600, 1_500])
def test_a_full_disk_costs_no_picture(room: int, tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), str(room)], capture_output=True, text=True, check=True
    )
    index = outputs.opened(tmp_path)
    outputs.sweep(index)
    rows, total = Gallery(index, "local").page()
    assert total == len(list(tmp_path.glob("*/*.png"))) >= 1
    assert total == 3 or said.stdout.startswith(("Not saved: File too large.", "Not in the gallery yet: "))
    for row in rows:
        Image.open(index.folder / row.path).verify()
    assert not list(tmp_path.glob("*/.easel*"))
    index.close()


def test_kills_leave_no_broken_file_and_no_row_without_one(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "tests.outputs.killing", str(tmp_path), "100"], check=True)
    index = outputs.opened(tmp_path)
    before = index.run(lambda connection: [row["path"] for row in connection.execute("SELECT path FROM pictures")])
    assert before and all((tmp_path / path).is_file() for path in before)
    outputs.sweep(index)
    pictures = [path for path in tmp_path.rglob("*.png") if path.parent.name != "inputs"]
    for path in pictures:
        with Image.open(path) as picture:
            picture.load()
        assert outputs.found(path).source == "easel"
    assert sum(Gallery(index, owner).page()[1] for owner in ("local", "visitor")) == len(pictures)
    index.close()


def test_how_far_a_picture_obeys_stands_in_its_file(index: Index) -> None:
    obeyed = ((Obeyed(kind="canny", measure="edges", value=0.61),), ())
    result = replace(examples.result(examples.request(num_images_per_prompt=2), pictures=2), obeyed=obeyed)
    first, second = outputs.saved(result, index, owner="me", job="a").paths
    said = [json.loads(Image.open(path).text["easel"]) for path in (first, second)]
    assert said[0]["obeyed"] == [{"kind": "canny", "measure": "edges", "value": 0.61}]
    assert "obeyed" not in said[1]


def test_loras_and_their_hashes_stand_in_the_file(index: Index) -> None:
    asked = examples.request(loras=[Lora(name="ink", scale=0.8), Lora(name="unknown")])
    hashes = Hashes(loras={"ink": "0123456789ab"})
    saved = outputs.saved(examples.result(asked), index, owner="local", job="a", hashes_of=lambda _: hashes)
    assert outputs.found(saved.paths[0]).values["loras"] == [
        {"name": "ink", "scale": 0.8},
        {"name": "unknown", "scale": 1.0},
    ]
    (row,), _ = Gallery(index, "local").page()
    assert "<lora:ink:0.8> <lora:unknown:1>" in row.infotext and 'Lora hashes: "ink: 0123456789ab"' in row.infotext
