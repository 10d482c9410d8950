"""The axes of a grid as rows of a form: read, counted and written back."""

import pytest

from studio.errors import StudioError
from studio.requests import TextToImage
from studio.results import to_json
from studio.ui import compare

ONE = {"x_field": "num_inference_steps", "x_values": "10-30 (+10)"}
TWO = ONE | {"z_field": "scheduler", "z_values": "Euler, DDIM"}
WORDS = {"x_field": "prompt", "x_values": 'cat, "big, wet dog", "say ""hi"""'}


def test_without_an_axis_the_request_stays_as_it_is() -> None:
    request = TextToImage(prompt="a cat")
    assert compare.asked({"x_field": "", "x_values": "1, 2", "y_field": None}, request) is request


def test_axes_move_up_where_one_is_left_out() -> None:
    grid = compare.asked(TWO, TextToImage())
    assert (grid.x.values, grid.y.values, grid.z) == ((10, 20, 30), ("Euler", "DDIM"), None)


def test_what_is_written_wrong_is_named_by_its_own_axis() -> None:
    with pytest.raises(StudioError, match="^Y axis: Seed: "):
        compare.asked(ONE | {"y_field": "seed", "y_values": "many"}, TextToImage())
    with pytest.raises(StudioError, match="^X axis: 'cfg' cannot be compared"):
        compare.asked({"x_field": "cfg", "x_values": "1"}, TextToImage())


def test_pictures_are_counted() -> None:
    assert compare.counted({}) == ""
    assert compare.counted(ONE) == "3 pictures on one sheet."
    assert compare.counted(TWO) == "3 × 2 = 6 pictures on one sheet."


@pytest.mark.parametrize(
    "values", [ONE, TWO, WORDS, {"x_field": "guidance_scale", "x_values": "0.00001, 1.5, 7.1234567"}]
)
def test_a_grid_is_written_back_as_it_was_read(values: dict[str, str]) -> None:
    grid = compare.asked(values, TextToImage(prompt="a cat"))
    assert compare.asked(compare.texts(to_json(grid)), TextToImage(prompt="a cat")) == grid


def test_a_row_shows_only_fields_that_can_be_compared() -> None:
    assert compare.is_sound("x_field", "seed") and compare.is_sound("x_field", "")
    assert not compare.is_sound("x_field", "cfg") and not compare.is_sound("x_values", 3)
