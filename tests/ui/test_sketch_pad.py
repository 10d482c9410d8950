"""What the sketch pad's value may be, and the lines that are painted for it."""

import json
import re
import time
from itertools import pairwise

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from studio import images
from studio.errors import StudioError
from studio.ui import sketch_pad
from studio.ui.sketch_pad import LONGEST_JSON, MOST_POINTS, drawn

LINE = {"width": 10, "points": [20, 50, 180, 50]}


def value(*strokes: dict[str, object], width: object = 200, height: object = 100) -> str:
    return json.dumps({"width": width, "height": height, "strokes": strokes})


def painted(*strokes: dict[str, object], size: tuple[int, int] | None = None) -> np.ndarray:
    return np.asarray(drawn(value(*strokes), size).image)


def test_a_line_is_white_on_black_with_round_ends_and_smooth_edges() -> None:
    picture = drawn(value(LINE))
    pixels = painted(LINE)
    assert picture.size == (200, 100) and picture.image.mode == "L"
    assert (pixels[46:54, 20:180] == 255).all() and (pixels[:44] == 0).all() and (pixels[57:] == 0).all()
    assert pixels[50, 16] > 200 and pixels[46, 16] < 128  # the end is a half circle
    slanted = painted({"width": 10, "points": [20, 20, 180, 80]})
    assert len(np.unique(slanted)) > 10
    # As wide across as asked: 10 pixels of it make up the area.
    assert slanted.sum() / 255 == pytest.approx(np.hypot(160, 60) * 10 + np.pi * 25, rel=0.03)


def test_a_line_of_many_points_is_as_smooth_as_one_of_two() -> None:
    many = LINE | {"points": [number for x in range(20, 181, 4) for number in (x, 50)]}
    assert np.array_equal(painted(many), painted(LINE))


def test_one_point_is_a_dot() -> None:
    pixels = painted({"width": 20, "points": [100, 50]})
    assert pixels[50, 100] == 255 and pixels[50, 107] == 255 and pixels[58, 108] == 0
    assert pixels.sum() / 255 == pytest.approx(np.pi * 100, rel=0.06)


def test_a_curve_is_bent_from_middle_to_middle() -> None:
    pixels = painted({"width": 4, "points": [20, 80, 100, 0, 180, 80, 180, 90]})
    # The first piece leads from 20, 80 to 140, 40, bent to 100, 0: half way it is at 90, 30.
    assert pixels[30, 90] == 255 and pixels[10, 100] == 0


def test_an_eraser_takes_away_what_lies_below_it_only() -> None:
    across = {"width": 20, "points": [100, 0, 100, 100], "erases": True}
    pixels = painted(LINE, across)
    assert pixels[50, 100] == 0 and pixels[50, 80] == 255 and pixels[50, 120] == 255
    assert painted(across, LINE)[50, 100] == 255


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        value(),
        value(LINE, LINE | {"erases": True}),
        value(LINE | {"erases": True}),
        value({"width": 4, "points": [-90, 50, -20, 50]}),
    ],
)
def test_there_is_no_picture_of_nothing(text: str | None) -> None:
    assert drawn(text) is None
    assert drawn(text, (64, 64)) is None


def test_it_is_fitted_evenly_into_the_middle_of_another_size() -> None:
    pixels = painted(LINE, size=(100, 100))
    rows, columns = np.nonzero(pixels > 128)
    assert pixels.shape == (100, 100)
    assert (rows.min(), rows.max()) == (pytest.approx(47.5, abs=1), pytest.approx(52.5, abs=1))
    assert (columns.min(), columns.max()) == (pytest.approx(7.5, abs=1), pytest.approx(92.5, abs=1))
    larger = painted(LINE, size=(400, 200))
    assert larger[100, 36] == 255 and (larger > 128).sum() == pytest.approx(4 * (painted(LINE) > 128).sum(), rel=0.02)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"width": 200', "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", 'not of "width", "height" and "strokes"'),
        ('{"width": 200, "height": 100}', 'not of "width", "height" and "strokes"'),
        (value(LINE | {"more": 1}), 'stroke 1 is not of "width" and "points"'),
        ('{"width": 200, "height": 100, "strokes": {}}', "no list"),
        (value(LINE, width=7), "out of range (8 to 16,384"),
        (value(LINE, width=16_384, height=16_384), "33.2 megapixels"),
        (value(LINE, width=200.5), "whole pixels"),
        (value(LINE, width="200"), "whole pixels"),
        (value(LINE, width=True), "whole pixels"),
        (value(LINE, [1]), "stroke 2 is not of"),
        (value({"points": [1, 1]}), "stroke 1 is not of"),
        (value(LINE | {"width": 0}), "width of stroke 1 is out of range (more than 0, at most 25)"),
        (value(LINE | {"width": 26}), "width of stroke 1"),
        (value(LINE | {"width": None}), "width of stroke 1"),
        (value(LINE | {"width": float("nan")}), "width of stroke 1"),
        (value(LINE | {"erases": 1}), '"erases" of stroke 1'),
        (value(LINE | {"points": []}), "no points of x and y"),
        (value(LINE | {"points": [1, 2, 3]}), "no points of x and y"),
        (value(LINE | {"points": "12"}), "no points of x and y"),
        (value(LINE | {"points": [1, "2"]}), "a point of stroke 1"),
        (value(LINE | {"points": [1, True]}), "a point of stroke 1"),
        (value(LINE | {"points": [[1, 2], [3, 4]]}), "a point of stroke 1"),
        (value(LINE | {"points": [1, 201]}), "a point of stroke 1"),
        (value(LINE | {"points": [float("inf"), 1]}), "a point of stroke 1"),
        (value(LINE | {"points": [float("nan"), 1]}), "a point of stroke 1"),
        (value(LINE | {"points": [10**4000, 1]}), "a point of stroke 1"),
        (value(LINE).replace("20", "1" * 5000), "no JSON"),
        (value(*[{"width": 1, "points": [0, 0] * 1001}] * 20), f"20,020 points are too many; at most {MOST_POINTS:,}"),
        (" " * (LONGEST_JSON + 1), "200,001 characters are too many; at most 200,000"),
        ({"width": 200}, "no text came"),
        (7, "no text came"),
    ],
)
def test_what_is_no_drawing_is_named(text: object, said: str) -> None:
    with pytest.raises(StudioError) as error:
        drawn(text)
    assert str(error.value).startswith("Drawing: ") and said in str(error.value)
    assert str(error.value).endswith(("draw it anew.", "clear the pad."))


def test_a_drawing_on_the_largest_canvas_is_painted_in_time() -> None:
    far = [0, 0, 7680, 4320] * (MOST_POINTS // 2)
    started = time.process_time()
    picture = drawn(value({"width": 1080, "points": far}, width=7680, height=4320))
    assert picture.size == (7680, 4320) and time.process_time() - started < 20


def test_a_picture_or_plain_paper_is_shown() -> None:
    picture = images.picture(Image.new("RGB", (2000, 1000), "red"))
    update = sketch_pad.showing(picture)
    assert update["picture"].startswith("data:image/jpeg;base64,") and update["canvas"] == (2000, 1000)
    assert "value" not in update
    update = sketch_pad.showing(None, size=(512, 768), value="")
    assert (update["picture"], update["canvas"], update["value"]) == ("", (512, 768), "")


def test_the_brush_begins_as_wide_as_the_lines_that_are_found_in_pictures() -> None:
    facts = sketch_pad.facts()
    widths = [facts["thinnest"], facts["pen"], facts["broadest"], sketch_pad.WIDEST]
    assert all(one < other for one, other in pairwise(widths))


def test_labels_have_two_words_at_most_and_the_value_stays_as_given() -> None:
    with gr.Blocks():
        pad = sketch_pad.build(value(LINE))
    labels = re.findall(r"<(?:button[^>]*|span)>([^<]*)<", pad.html_template)
    assert labels == ["Draw", "Erase", "Undo", "Redo", "Clear", "Brush size"]
    assert pad.value == value(LINE)
