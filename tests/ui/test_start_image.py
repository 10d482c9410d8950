"""The size that follows from a start image, and how it is sent to the form."""

from pathlib import Path

import pytest
from PIL import Image

from studio.errors import StudioError
from studio.ui import start_image
from studio.ui.form import Form
from studio.ui.page import Page


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    Image.new("RGB", (300, 200)).save(tmp_path / "wide.png")
    return tmp_path / "wide.png"


@pytest.mark.parametrize(("checkpoint", "size"), [("storybook", (160, 112)), ("sd15", (624, 416)), ("gone", None)])
def test_what_is_sent_brings_the_size_of_its_shape(
    page: Page, form: Form, wide: Path, checkpoint: str, size: tuple[int, int] | None
) -> None:
    updates = start_image.target(page, form, "Generate").fill(wide, checkpoint)
    assert tuple(updates.get(form.controls[name]) for name in ("width", "height")) == (size or (None, None))


def test_what_is_sent_opens_the_section(page: Page, form: Form, wide: Path) -> None:
    target = start_image.target(page, form, "Generate")
    updates = target.fill(wide, "storybook")
    assert updates[form.controls["image"]] == str(wide) and updates[form.aids.sections["image"]]["open"]
    assert set(updates) <= set(target.outputs)


def test_what_is_no_picture_is_refused(page: Page, form: Form, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(StudioError, match="^Start image: "):
        start_image.target(page, form, "Generate").fill(tmp_path / "text.png", "storybook")
