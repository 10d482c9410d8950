"""Small pictures are made once, and never from what is no picture."""

import os
from pathlib import Path

import pytest
from PIL import Image

from studio.errors import NotFound
from studio.outputs.thumbnails import forget, thumbnail


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_a_thumbnail_is_small_and_made_once(mode: str, tmp_path: Path) -> None:
    Image.new(mode, (1000, 400)).save(tmp_path / "a.png")
    path = thumbnail(tmp_path, "ab" * 16, tmp_path / "a.png")
    with Image.open(path) as small:
        assert (small.size, small.format, "A" in small.mode) == ((320, 128), "WEBP", mode == "RGBA")
    os.utime(path, (5, 5))
    assert thumbnail(tmp_path, "ab" * 16, tmp_path / "a.png").stat().st_mtime == 5
    forget(tmp_path, "ab" * 16)
    assert not path.exists()


def test_a_damaged_picture_has_none(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    for name in ("a.png", "missing.png"):
        with pytest.raises(NotFound, match="^Picture: no preview of it can be made"):
            thumbnail(tmp_path, "ab" * 16, tmp_path / name)
    assert not (tmp_path / ".thumbnails").exists()
