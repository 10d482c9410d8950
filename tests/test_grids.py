"""Grids: checked when made, resolved once for all cells, painted checkpoint by checkpoint."""

import json
import pickle
from dataclasses import replace

import pytest
from PIL import Image

from studio import catalog, images
from studio.axes import Axis, parse
from studio.errors import InvalidField, NotFound
from studio.grids import Grid, axes_from_json, axes_to_json, cells, checkpoints, resolved
from studio.requests import ImageToImage, Reference, TextToImage

BASE = TextToImage(prompt="a red house", seed=7)
STEPS, SEEDS = parse("num_inference_steps", "5,10,15"), parse("seed", "1,2")


def find(checkpoint: str) -> catalog.Checkpoint:
    """Any checkpoint is of Storybook's family, but those the catalogue knows."""
    if checkpoint == "nowhere":
        raise NotFound("Checkpoint: there is no 'nowhere'.")
    known = {row.id: row for row in catalog.CHECKPOINTS}
    return known.get(checkpoint, replace(known["storybook"], id=checkpoint))


def start_image() -> images.Picture:
    return images.picture(Image.new("RGB", (96, 96), "red"))


def test_cells_stand_where_their_values_stand() -> None:
    grid = resolved(Grid(base=BASE, x=STEPS, y=SEEDS, z=parse("guidance_scale", "1,4")), find)
    made = cells(grid, find)
    assert [cell.place for cell in made] == sorted(cell.place for cell in made) and len(made) == grid.count == 12
    for cell in made:
        block, row, column = cell.place
        asked = cell.request.guidance_scale, cell.request.seed, cell.request.num_inference_steps
        assert asked == ((1, 4)[block], (1, 2)[row], (5, 10, 15)[column])
        assert None not in vars(cell.request).values()


@pytest.mark.parametrize("name", ["x", "y", "z"])
def test_each_checkpoint_is_painted_once_whichever_axis_it_is(name: str) -> None:
    models = Axis(field="checkpoint", values=("one", "two", "one", "three"))
    axes = {"x": STEPS, "y": SEEDS, "z": parse("guidance_scale", "1,4")} | {name: models}
    made = cells(resolved(Grid(base=BASE, **axes), find), find)
    order = [cell.request.checkpoint for cell in made]
    assert order == sorted(order, key=["one", "two", "three"].index)
    for model in ("one", "two", "three"):
        places = [cell.place for cell in made if cell.request.checkpoint == model]
        assert places == sorted(places)


def test_one_axis_is_enough() -> None:
    grid = resolved(Grid(base=BASE, x=SEEDS), find)
    assert [(cell.place, cell.request.seed) for cell in cells(grid, find)] == [((0, 0, 0), 1), ((0, 0, 1), 2)]


def test_the_first_words_are_exchanged_for_each() -> None:
    grid = Grid(base=replace(BASE, prompt="a red house, red roof"), x=parse("prompt", 'red, blue, ""'))
    prompts = [cell.request.prompt for cell in cells(resolved(grid, find), find)]
    assert prompts == ["a red house, red roof", "a blue house, blue roof", "a  house,  roof"]


def test_words_that_are_not_in_the_prompt_are_refused() -> None:
    grid = Grid(base=BASE, x=SEEDS, y=parse("prompt", "Red, blue"))
    with pytest.raises(
        InvalidField, match="^Y axis: Prompt words: the first, 'Red', is searched .* capitals too"
    ) as it:
        resolved(grid, find)
    assert it.value.field == "y"


def test_a_seed_is_drawn_once_for_all_cells() -> None:
    grid = resolved(Grid(base=replace(BASE, seed=-1), x=STEPS), find)
    assert {cell.request.seed for cell in cells(grid, find)} == {grid.base.seed} and grid.base.seed >= 0


def test_seeds_of_an_axis_are_drawn_one_by_one() -> None:
    grid = resolved(Grid(base=BASE, x=parse("seed", "-1,-1,5")), find)
    assert len(set(grid.x.values)) == 3 and min(grid.x.values) >= 0 and grid.x.values[2] == 5


def test_choices_are_made_once_for_all_cells() -> None:
    base = replace(BASE, prompt="a {red|blue|green|__colour__} house", negative_prompt="{x|y}")
    wildcards = {"colour": ("pink", "brown")}
    grids = [resolved(Grid(base=replace(base, seed=seed), x=SEEDS), find, wildcards) for seed in range(20)]
    assert len({grid.base.prompt for grid in grids}) > 2
    for grid in grids:
        assert {cell.request.prompt for cell in cells(grid, find)} == {grid.base.prompt}
        assert "{" not in grid.base.prompt + grid.base.negative_prompt


def test_choices_in_exchanged_words_are_made_too() -> None:
    grid = Grid(base=BASE, x=Axis(field="prompt", values=("red", "{blue|green}", "__colour__")))
    assert resolved(grid, find, {"colour": ("pink",)}).x.values[1:] in (("blue", "pink"), ("green", "pink"))
    with pytest.raises(InvalidField, match="colour") as caught:
        resolved(grid, find)
    assert caught.value.field == "prompt"


def test_resolving_a_resolved_grid_changes_nothing() -> None:
    base = replace(BASE, seed=-1, prompt="a {red|blue} house")
    for axes in ({"x": STEPS, "y": parse("seed", "-1,2")}, {"x": Axis(field="checkpoint", values=("one", "sd15"))}):
        once = resolved(Grid(base=base, **axes), find)
        assert resolved(once, find) == once
        assert [cell.request for cell in cells(once, find)] == [cell.request for cell in cells(once, find)]


def test_open_fields_take_the_defaults_of_the_one_checkpoint() -> None:
    base = resolved(Grid(base=BASE, x=STEPS), find).base
    assert (base.width, base.height, base.scheduler) == (128, 128, "DPM++ 2M")
    assert base.num_inference_steps is None


def test_open_fields_take_the_defaults_of_each_checkpoint() -> None:
    made = cells(resolved(Grid(base=BASE, x=Axis(field="checkpoint", values=("one", "sd15"))), find), find)
    assert [cell.request.width for cell in made] == [128, 512]


def test_a_cell_its_checkpoint_cannot_paint_is_named() -> None:
    grid = Grid(base=BASE, x=parse("width", "128,136"), y=SEEDS)
    with pytest.raises(InvalidField, match="^Cell 'Width 136, Seed 1': Width: Storybook paints sizes") as caught:
        resolved(grid, find)
    assert caught.value.field == "width"
    with pytest.raises(InvalidField, match="^Cell 'Checkpoint nowhere': Checkpoint: there is no 'nowhere'") as caught:
        resolved(Grid(base=BASE, x=Axis(field="checkpoint", values=("one", "nowhere"))), find)
    assert caught.value.field == "checkpoint"


REFUSED = [
    ({"y": parse("seed", "3")}, "y", "Y axis: Seed is an axis already. Choose another field."),
    ({"z": parse("strength", "0.5")}, "z", "Z axis: Strength needs a start image. Choose one."),
    ({"y": parse("num_inference_steps", "1-51")}, "x", "Grid: 2 × 51 = 102 cells are more than 100. Leave values out."),
    (
        {"base": replace(BASE, num_images_per_prompt=2)},
        "num_images_per_prompt",
        "Pictures: a grid paints one a cell. Set it to 1.",
    ),
    (
        {"base": replace(BASE, prompt_per_line=True)},
        "prompt_per_line",
        "One prompt a line: a grid takes one prompt. Switch it off, and compare words on an axis.",
    ),
]


@pytest.mark.parametrize(("changed", "field", "message"), REFUSED)
def test_grids_that_cannot_be_are_refused(changed: dict[str, object], field: str, message: str) -> None:
    with pytest.raises(InvalidField) as caught:
        Grid(**{"base": BASE, "x": SEEDS} | changed)
    assert (caught.value.field, str(caught.value)) == (field, message)


def test_a_start_image_gives_more_to_compare() -> None:
    base = ImageToImage(prompt="a house", image=start_image(), seed=1)
    grid = resolved(Grid(base=base, x=parse("strength", "0.2-0.8 (+0.2)"), y=parse("resize_mode", "crop,fill")), find)
    made = cells(grid, find)
    assert [cell.request.strength for cell in made[:4]] == [0.2, 0.4, 0.6, 0.8]
    assert [cell.request.resize_mode for cell in made] == ["crop"] * 4 + ["fill"] * 4


def test_the_checkpoints_needed_are_told() -> None:
    assert checkpoints(Grid(base=BASE, x=SEEDS)) == ("storybook",)
    assert checkpoints(Grid(base=BASE, x=SEEDS, z=Axis(field="checkpoint", values=("b", "a", "b")))) == ("b", "a")


@pytest.mark.parametrize("axes", [{}, {"y": parse("guidance_scale", "1,7.5")}, {"z": parse("prompt", 'red, ""')}])
def test_axes_come_back_from_json(axes: dict[str, Axis]) -> None:
    grid = Grid(base=BASE, x=SEEDS, **axes)
    assert Grid(base=BASE, **axes_from_json(json.loads(json.dumps(axes_to_json(grid))))) == grid


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"x": None},
        {"x": "seed"},
        {"x": {"field": "seed"}},
        {"x": {"field": "seed", "values": "12"}},
        {"x": {"field": "seed", "values": []}},
        {"x": {"field": "seed", "values": [1, "2"]}},
        {"x": {"field": "seed", "values": [[1]]}},
        {"x": {"field": ["seed"], "values": [1]}},
        {"x": {"field": "image", "values": ["a"]}},
        {"x": {"field": "seed", "values": [1]}, "y": 3},
    ],
)
def test_json_that_is_no_axis_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(InvalidField, match="^[XY] axis: "):
        axes_from_json(values)


def test_grids_pickle_and_do_not_change() -> None:
    grid = Grid(base=BASE, x=SEEDS, y=STEPS)
    assert pickle.loads(pickle.dumps(grid)) == grid
    assert hash(grid) == hash(Grid(base=BASE, x=SEEDS, y=STEPS))
    with pytest.raises(AttributeError):
        grid.x = STEPS


STRENGTHS = Axis(field="ip_adapter_scale", values=(0.25, 1.0))


def test_along_an_axis_of_weights_references_keep_their_proportion() -> None:
    both = tuple(Reference(image=start_image(), ip_adapter_scale=weight) for weight in (0.5, 0.25))
    base = replace(BASE, checkpoint="sd15", references=both)
    weights = [
        [one.ip_adapter_scale for one in cell.request.references]
        for cell in cells(resolved(Grid(base=base, x=STRENGTHS), find), find)
    ]
    assert weights == [[0.25, 0.125], [1.0, 0.5]]


def test_an_axis_of_weights_needs_references() -> None:
    with pytest.raises(InvalidField, match="^X axis: Reference weight needs references. Choose one"):
        Grid(base=BASE, x=STRENGTHS)
