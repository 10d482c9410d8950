"""The places on a sheet: nothing overlaps, nothing is outside, however many cells there are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.axes import Axis, parse
from studio.grids import Grid
from studio.requests import TextToImage
from studio.sheets.plan import LABELLED_SIDE, LARGEST_SIDE, SMALLEST_SIDE, Plan, fitting, made, spelled

BASE = TextToImage(prompt="a red house", seed=7)
FIELDS = {"x": "seed", "y": "num_inference_steps", "z": "negative_prompt"}


def grid(columns: int, rows: int = 0, blocks: int = 0) -> Grid:
    counts = {"x": columns, "y": rows, "z": blocks}
    axes = {
        name: parse(FIELDS[name], ",".join(map(str, range(1, count + 1)))) for name, count in counts.items() if count
    }
    return Grid(base=BASE, **axes)


def boxes(plan: Plan) -> list[tuple[int, int, int, int]]:
    columns, rows, blocks = plan.shape
    places = [plan.cell_at(b, r, c) for b in range(blocks) for r in range(rows) for c in range(columns)]
    return [(x, y, x + plan.cell[0], y + plan.cell[1]) for x, y in places]


SHAPES = st.sampled_from(
    [
        (columns, rows, blocks)
        for columns in range(1, 101)
        for rows in range(101)
        for blocks in range(101)
        if columns * max(rows, 1) * max(blocks, 1) <= 100
    ]
)


@settings(deadline=None, max_examples=25)
@given(SHAPES, st.sampled_from([(96, 96), (128, 192), (512, 512), (1024, 768), (2048, 64)]))
def test_cells_are_inside_and_apart(shape: tuple[int, int, int], cell: tuple[int, int]) -> None:
    plan, scale = fitting(grid(*shape), cell)
    assert max(plan.size) <= LARGEST_SIDE or max(plan.cell) <= SMALLEST_SIDE
    assert abs(plan.cell[0] - cell[0] * scale) <= 1
    found = sorted(boxes(plan))
    assert all(left >= plan.gutter and top > 0 for left, top, _, _ in found)
    assert all(right <= plan.size[0] and bottom <= plan.size[1] for _, _, right, bottom in found)
    for index, (left, top, right, bottom) in enumerate(found):
        for other_left, other_top, other_right, other_bottom in found[index + 1 :]:
            assert right < other_left or bottom < other_top or other_bottom < top or other_right < left


def test_small_cells_are_enlarged_by_a_whole_factor() -> None:
    assert [fitting(grid(3, 3), (side, side))[1] for side in (64, 96, 128, 192, 512)] == [3, 2, 2, 1, 1]
    assert max(fitting(grid(3, 3), (128, 96))[0].cell) >= LABELLED_SIDE


def test_large_sheets_are_made_smaller() -> None:
    plan, scale = fitting(grid(10, 10), (1024, 1024))
    assert scale < 0.4 and LARGEST_SIDE * 0.9 < max(plan.size) <= LARGEST_SIDE


def test_a_single_row_is_broken_into_several() -> None:
    plan = made(grid(12), (256, 256))
    assert (plan.across, plan.bands) == (4, 3)


def test_a_table_is_broken_only_if_it_is_too_wide() -> None:
    assert made(grid(6, 2), (256, 256)).across == 6
    wide = made(grid(50, 2), (256, 256))
    assert wide.across < 16 and max(wide.size) <= LARGEST_SIDE


def test_blocks_stand_abreast_where_that_is_nearer_to_a_page() -> None:
    assert made(grid(2, 2, 4), (256, 256)).abreast == 2
    assert made(grid(8, 1, 3), (256, 256)).abreast == 1
    assert made(grid(1, 4, 4), (256, 256)).abreast == 4


def test_labels_have_room() -> None:
    long = "words " * 30
    plan = made(Grid(base=BASE, x=Axis(field="prompt", values=("red", long)), y=parse("seed", "1-2")), (200, 200))
    assert len(plan.column_labels[1]) == 3
    assert plan.cell_at(0, 0, 0)[1] > 3 * plan.text


def test_labels_grow_with_the_cells() -> None:
    sizes = [made(grid(2, 2), (side, side)).text for side in (128, 512, 2048)]
    assert sizes == sorted(sizes) and sizes[0] >= 14 and sizes[0] < sizes[1] < sizes[2]


@pytest.mark.parametrize(("values", "labels"), [(("a", "é"), ("a", "é")), (("a", "猫"), ("1: a", "2: 猫"))])
def test_values_that_the_font_cannot_spell_are_numbered(values: tuple[str, ...], labels: tuple[str, ...]) -> None:
    assert spelled(Axis(field="prompt", values=values)) == labels
