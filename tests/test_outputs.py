"""Pictures are saved whole, with their settings, or offered unsaved with the reason."""

from pathlib import Path

import pytest
from PIL import Image

from studio import outputs
from studio.requests import TextToImage
from studio.results import Result, from_metadata

RESULT = Result(
    images=(Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")),
    request=TextToImage(prompt="zwei Bälle", seed=1, num_images_per_prompt=2),
    seconds=1.0,
)


def test_each_picture_becomes_a_png_with_its_settings(tmp_path: Path) -> None:
    saved = outputs.saved(RESULT, tmp_path, "abcdef0123")
    assert len(saved.paths) == 2 and not saved.note
    for path, image in zip(saved.paths, RESULT.images, strict=True):
        with Image.open(path) as kept:
            assert from_metadata(kept) == RESULT.request
            assert kept.tobytes() == image.tobytes()
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".png"}


def test_a_folder_that_cannot_be_written_loses_no_picture(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    saved = outputs.saved(RESULT, tmp_path / "file", "abc")
    assert saved.images == RESULT.images and saved.paths == ()
    assert saved.note.startswith("Not saved:")


def test_a_write_that_fails_leaves_no_half_file(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        outputs.write(tmp_path / "missing" / "a.png", RESULT.images[0], RESULT.request, 0)
    broken = Image.new("F", (8, 8))
    with pytest.raises(OSError):
        outputs.write(tmp_path / "a.png", broken, RESULT.request, 0)
    assert list(tmp_path.iterdir()) == []
