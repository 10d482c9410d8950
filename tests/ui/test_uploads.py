"""Paths that come from a page: only what was sent here is opened."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gradio.utils import get_upload_folder
from PIL import Image

from studio import images
from studio.errors import StudioError
from studio.ui import uploads

LABEL = "Start image"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder inside the one that uploads go to."""
    inside = Path(get_upload_folder()) / f"test-{tmp_path.name}"
    inside.mkdir(parents=True)
    yield inside
    shutil.rmtree(inside)


@pytest.fixture
def sent(folder: Path) -> Path:
    Image.new("RGB", (16, 24), "red").save(folder / "sent.png")
    return folder / "sent.png"


def test_what_was_sent_is_read(sent: Path) -> None:
    read = uploads.picture({"path": str(sent), "url": "http://elsewhere.example/x.png"}, label=LABEL)
    assert read.size == (16, 24)


@pytest.mark.parametrize("value", [None, "", {}])
def test_an_empty_component_holds_nothing(value: object) -> None:
    assert uploads.picture(value, label=LABEL) is None


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        str(Path(__file__)),
        "relative.png",
        "../../etc/passwd",
        "C:\\Windows\\win.ini",
        "file",
        "x" * 5000,
        "a\0b.png",
        "\ud800.png",
        "sha256:" + "0" * 64,
    ],
)
def test_a_foreign_path_is_refused(path: str) -> None:
    with pytest.raises(StudioError, match=r"^Start image: the file is not here, or not any more\. Choose it again\."):
        uploads.uploaded({"path": path}, label=LABEL)


@pytest.mark.parametrize("path", ["http://127.0.0.1/x.png", "https://example.org/x.png", "file:///etc/passwd"])
def test_an_address_is_refused(path: str) -> None:
    with pytest.raises(StudioError, match=r"^Start image: send the file itself"):
        uploads.uploaded({"path": path, "meta": {"_type": "gradio.FileData"}}, label=LABEL)


def test_a_picture_written_out_in_the_address_is_refused() -> None:
    with pytest.raises(StudioError, match="send the file itself"):
        uploads.picture("data:image/png;base64,AAAA", label=LABEL)


@pytest.mark.parametrize("value", [{"path": 5}, {"path": None}, {"path": ["x"]}, 7, ["x"], {"url": "x"}])
def test_what_names_no_file_is_refused(value: object) -> None:
    with pytest.raises(StudioError, match=r"^Start image: "):
        uploads.uploaded(value, label=LABEL)


def test_a_link_that_leads_out_is_refused(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.png"
    Image.new("RGB", (16, 16)).save(outside)
    (folder / "link.png").symlink_to(outside)
    (folder / "up").symlink_to(tmp_path)
    for path in (folder / "link.png", folder / "up" / "outside.png", folder / ".." / ".." / ".." / "passwd"):
        with pytest.raises(StudioError, match="the file is not here"):
            uploads.uploaded({"path": str(path)}, label=LABEL)


def test_a_folder_and_what_is_gone_are_refused(folder: Path) -> None:
    for path in (folder, folder / "gone.png"):
        with pytest.raises(StudioError, match="Choose it again"):
            uploads.uploaded({"path": str(path)}, label=LABEL)


def test_a_picture_of_ours_may_be_larger_than_what_is_sent(folder: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2600, 2700, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "ours.png", compress_level=0)
    assert (folder / "ours.png").stat().st_size > images.LARGEST_FILE
    assert uploads.picture(str(folder / "ours.png"), label=LABEL).size == (2700, 2600)


def test_what_is_no_picture_is_named_by_its_label(folder: Path) -> None:
    (folder / "text.png").write_text("no picture")
    with pytest.raises(StudioError, match=r"^Start image: not a picture we can read"):
        uploads.picture({"path": str(folder / "text.png")}, label=LABEL)


def test_what_a_page_remembers_is_forgotten_once_it_is_gone(sent: Path) -> None:
    assert uploads.kept(str(sent)) == str(sent.resolve())
    sent.unlink()
    assert uploads.kept(str(sent)) is None and uploads.kept("/etc/passwd") is None


def test_a_picture_of_ours_can_be_sent_back(sent: Path) -> None:
    picture = uploads.picture(str(sent), label=LABEL)
    assert uploads.picture(uploads.served(picture), label=LABEL) == picture


def test_a_download_bears_the_name_it_is_given(sent: Path) -> None:
    picture = uploads.picture(str(sent), label=LABEL)
    assert Path(uploads.served(picture, "mask.png")).name == "mask.png"
