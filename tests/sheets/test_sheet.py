"""The sheet: every cell in its place, pixel for pixel where it is not enlarged, and empty where nothing was painted."""

import numpy as np
import pytest
from PIL import Image

from studio.axes import Axis, parse
from studio.grids import Grid
from studio.requests import TextToImage
from studio.sheets import drawn
from studio.sheets.plan import fitting

BASE = TextToImage(prompt="a red house in the snow", seed=7, width=256, height=256, guidance_scale=4.0)
GRID = Grid(base=BASE, x=parse("num_inference_steps", "5,10,15"), y=parse("guidance_scale", "1,7"))
PLACES = [(0, row, column) for row in range(2) for column in range(3)]


def noise(place: tuple[int, int, int], size: tuple[int, int] = (256, 256)) -> Image.Image:
    pixels = np.random.default_rng(sum(place)).integers(0, 256, (size[1], size[0], 3), np.uint8)
    return Image.fromarray(pixels)


def origin(sheet: Image.Image, grid: Grid, cell: tuple[int, int]) -> tuple[int, int]:
    """Where the plan's corner lies on the sheet: it ends at the lower margin, and begins at the left one."""
    plan, _ = fitting(grid, cell)
    margin = 2 * plan.text
    return margin, sheet.height - margin - plan.size[1]


def at(sheet: Image.Image, grid: Grid, place: tuple[int, int, int], cell: tuple[int, int] = (256, 256)) -> Image.Image:
    plan, _ = fitting(grid, cell)
    (left, top), (x, y) = origin(sheet, grid, cell), plan.cell_at(*place)
    return sheet.crop((left + x, top + y, left + x + plan.cell[0], top + y + plan.cell[1]))


def test_cells_are_shown_pixel_for_pixel_in_their_places() -> None:
    sheet, scale = drawn(GRID, {place: noise(place) for place in PLACES})
    assert (sheet.mode, scale) == ("RGB", 1)
    assert all(at(sheet, GRID, place).tobytes() == noise(place).tobytes() for place in PLACES)


def test_small_cells_are_enlarged() -> None:
    sheet, scale = drawn(GRID, {place: noise(place, (128, 128)) for place in PLACES})
    shown = at(sheet, GRID, PLACES[4], (128, 128))
    assert scale == 2 and shown.size == (256, 256)
    assert shown.tobytes() == noise(PLACES[4], (128, 128)).resize((256, 256), Image.Resampling.LANCZOS).tobytes()


def test_a_missing_cell_is_an_outline() -> None:
    sheet, _ = drawn(GRID, {place: noise(place) for place in PLACES[1:]})
    empty = at(sheet, GRID, PLACES[0])
    colours = {colour: count for count, colour in empty.getcolors(256 * 256)}
    assert colours[0xFA, 0xF7, 0xF2] > 0.95 * 256 * 256
    assert empty.getpixel((0, 100)) == empty.getpixel((255, 100)) == (0xD6, 0xCB, 0xBC)


def test_cells_of_several_sizes_stand_in_the_middle() -> None:
    sheet, _ = drawn(GRID, {place: noise(place, (256, 128) if place[2] else (128, 256)) for place in PLACES})
    wide, tall = at(sheet, GRID, PLACES[1]), at(sheet, GRID, PLACES[0])
    assert wide.crop((0, 64, 256, 192)).tobytes() == noise(PLACES[1], (256, 128)).tobytes()
    assert tall.crop((64, 0, 192, 256)).tobytes() == noise(PLACES[0], (128, 256)).tobytes()
    assert wide.getpixel((0, 0)) == wide.getpixel((255, 255)) == tall.getpixel((0, 0))


def test_a_huge_sheet_is_made_smaller() -> None:
    grid = Grid(base=BASE, x=parse("seed", "1-10"), y=parse("guidance_scale", "1-10"))
    picture = noise((0, 0, 0), (640, 640))
    sheet, scale = drawn(grid, {(0, row, column): picture for row in range(10) for column in range(10)})
    assert max(sheet.size) <= 4096 and 0.4 < scale < 0.6


@pytest.mark.parametrize(
    "grid",
    [
        Grid(base=BASE, x=parse("seed", "1")),
        Grid(base=TextToImage(), x=Axis(field="negative_prompt", values=("", "猫", "é" * 900))),
        Grid(base=BASE, x=parse("seed", "1,2"), z=Axis(field="checkpoint", values=("x" * 400, "日本" * 40))),
        Grid(base=TextToImage(prompt="word " * 1999), x=Axis(field="seed", values=(1,)), y=parse("width", "128")),
    ],
)
def test_any_words_can_be_drawn(grid: Grid) -> None:
    sheet, _ = drawn(grid, {(0, 0, 0): noise((0, 0, 0), (64, 64))})
    assert max(sheet.size) <= 2000
    paper = np.asarray(sheet) == (0xFA, 0xF7, 0xF2)
    assert paper[:, :20].all() and paper[:, -20:].all() and paper[:20].all() and paper[-20:].all()


def test_the_same_grid_gives_the_same_bytes() -> None:
    pictures = {place: noise(place) for place in PLACES}
    assert drawn(GRID, pictures)[0].tobytes() == drawn(GRID, pictures)[0].tobytes()
