"""Lines are found where shapes end, are white on black, and are as large as what they were found in."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from studio.vision import lines


@pytest.fixture
def box() -> Image.Image:
    image = Image.new("RGB", (160, 128), "white")
    ImageDraw.Draw(image).rectangle((40, 32, 119, 95), fill=(120, 20, 20))
    return image


def test_canny_marks_the_outline_alone(box: Image.Image) -> None:
    found = np.asarray(lines.canny(box, low_threshold=100, high_threshold=200))
    assert found.shape == (128, 160) and {*np.unique(found)} == {0, 255}
    rows, columns = np.nonzero(found)
    assert (rows.min(), rows.max()) == pytest.approx((32, 95), abs=1)
    assert (columns.min(), columns.max()) == pytest.approx((40, 119), abs=1)
    assert not found[40:88, 48:112].any()


def test_a_higher_threshold_finds_less() -> None:
    image = Image.new("RGB", (64, 64), (100, 100, 100))
    ImageDraw.Draw(image).rectangle((16, 16, 47, 47), fill=(130, 130, 130))
    found = [np.asarray(lines.canny(image, low_threshold=t / 2, high_threshold=t)).any() for t in (40, 200)]
    assert found == [True, False]


def test_thresholds_may_be_given_either_way(box: Image.Image) -> None:
    one = lines.canny(box, low_threshold=50, high_threshold=150)
    assert one == lines.canny(box, low_threshold=150, high_threshold=50)


def test_a_scribble_is_wider_and_leaves_specks_out(box: Image.Image) -> None:
    box.paste("black", (138, 10, 144, 14))
    fine = np.asarray(lines.canny(box, low_threshold=40, high_threshold=100))
    broad = np.asarray(lines.scribble(box, low_threshold=40, high_threshold=100))
    assert fine[4:20, 132:150].any() and not broad[4:20, 132:150].any()
    assert (broad > 0).sum() > 2 * (fine > 0).sum()


def test_scribbles_of_a_larger_picture_are_as_broad_in_proportion(box: Image.Image) -> None:
    large = box.resize((640, 512), Image.Resampling.NEAREST)
    shares = [(np.asarray(lines.scribble(i, low_threshold=40, high_threshold=100)) > 0).mean() for i in (box, large)]
    assert shares[0] == pytest.approx(shares[1], rel=0.35)


def test_a_blurred_picture_keeps_its_light_and_loses_its_detail() -> None:
    checks = np.kron(np.indices((32, 32)).sum(0) % 2, np.ones((2, 2)))
    image = Image.fromarray((checks * 255).astype(np.uint8)).convert("RGB")
    blurred = np.asarray(lines.blurred(image, reduction=4), np.float32)
    assert blurred.shape == (64, 64, 3)
    assert blurred.mean() == pytest.approx(127.5, abs=2) and blurred.std() < 10
