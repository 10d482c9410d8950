"""A grid: each cell as if it were painted alone, once, and never again; what is finished survives a stop."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from studio import images
from studio.axes import Axis, parse
from studio.config import Settings
from studio.errors import Cancelled, InvalidField, RunError, StudioError
from studio.grids import Grid
from studio.pipelines.manager import Pace, PipelineManager, pace_key
from studio.requests import ImageToImage, Lora, TextToImage
from studio.results import Preview, Progress, Result, details, from_json, to_json
from studio.tasks import run
from tests import embedding_files, lora_files

Event = Progress | Preview


@pytest.fixture
def manager(settings: Settings) -> PipelineManager:
    return PipelineManager(settings)


@pytest.fixture
def steps(manager: PipelineManager, request_one: TextToImage) -> Iterator[list[int]]:
    """One entry for each call of the UNet of checkpoint "one"."""
    calls: list[int] = []
    with manager.pipeline(request_one) as pipe:
        hook = pipe.unet.register_forward_hook(lambda *_: calls.append(1))
    yield calls
    hook.remove()


def quietly(event: Event) -> None:
    """Hears and says nothing."""


def stopping_at(cell: int) -> tuple[list[Event], object]:
    """A report that stops the job when cell number `cell` begins, and what it heard."""
    heard: list[Event] = []

    def report(event: Event) -> None:
        heard.append(event)
        if isinstance(event, Progress) and f"cell {cell} of" in event.phase:
            raise Cancelled("Stopped.")

    return heard, report


def told(heard: list[Event]) -> list[Progress]:
    return [event for event in heard if isinstance(event, Progress)]


def test_every_cell_equals_its_lone_run(manager: PipelineManager, settings: Settings, request_one: TextToImage) -> None:
    grid = Grid(
        base=request_one,
        x=parse("seed", "1,2"),
        y=Axis(field="checkpoint", values=("two", "one")),
        z=parse("prompt", "red, blue"),
    )
    result = run(grid, manager, quietly)
    assert len(result.images) == len(result.requests) == 9 and result.requests[0] == result.request
    other = PipelineManager(settings)
    for image, request in zip(result.images[1:], result.requests[1:], strict=True):
        assert image.tobytes() == run(request, other, quietly).images[0].tobytes()


def test_cells_come_in_reading_order(manager: PipelineManager, request_one: TextToImage) -> None:
    models = Axis(field="checkpoint", values=("one", "two"))
    result = run(Grid(base=request_one, x=models, y=parse("seed", "5,6")), manager, quietly)
    order = [(request.seed, request.checkpoint) for request in result.requests[1:]]
    assert order == [(5, "one"), (5, "two"), (6, "one"), (6, "two")]


def test_each_checkpoint_paints_all_its_cells_in_a_row(manager: PipelineManager, request_one: TextToImage) -> None:
    heard: list[Event] = []
    models = Axis(field="checkpoint", values=("one", "two"))
    run(Grid(base=request_one, x=models, y=parse("seed", "5,6")), manager, heard.append)
    phases = list(dict.fromkeys((event.phase, event.step if event.phase == "loading" else 0) for event in told(heard)))
    begun = [phase for phase, step in phases if step == 0 and not phase.startswith("decoding")]
    assert begun == ["loading", *[f"painting cell {number} of 4" for number in (1, 2, 3, 4)]]
    loads = [index for index, event in enumerate(told(heard)) if (event.phase, event.step) == ("loading", 0)]
    before_second = [event.phase for event in told(heard)[: loads[1]]]
    assert len(loads) == 2 and "decoding cell 2 of 4" in before_second and "painting cell 3 of 4" not in before_second


def test_a_grid_painted_again_takes_no_step(
    manager: PipelineManager, request_one: TextToImage, steps: list[int]
) -> None:
    grid = Grid(base=request_one, x=parse("num_inference_steps", "2,3"), y=parse("guidance_scale", "1,4"))
    first = run(grid, manager, quietly)
    assert len(steps) == 2 * (2 + 3)
    again = run(grid, manager, quietly)
    assert len(steps) == 10
    assert [image.tobytes() for image in again.images] == [image.tobytes() for image in first.images]


def test_one_more_value_paints_only_its_cells(
    manager: PipelineManager, request_one: TextToImage, steps: list[int]
) -> None:
    run(Grid(base=request_one, x=parse("num_inference_steps", "2,3")), manager, quietly)
    steps.clear()
    heard: list[Event] = []
    grid = Grid(base=request_one, x=parse("num_inference_steps", "2,3,4"), y=parse("seed", "7,8"))
    run(grid, manager, heard.append)
    assert len(steps) == 4 + 2 + 3 + 4
    assert next(event.phase for event in told(heard)) == "painting cell 3 of 6"


def test_equal_cells_are_painted_once(manager: PipelineManager, request_one: TextToImage, steps: list[int]) -> None:
    result = run(Grid(base=request_one, x=parse("seed", "7,7,7")), manager, quietly)
    assert len(steps) == 4 and len(result.images) == 4
    assert len({image.tobytes() for image in result.images[1:]}) == 1


def test_other_weights_under_the_same_name_are_painted_anew(
    settings: Settings, request_one: TextToImage, tmp_path: object
) -> None:
    models = settings.models
    own = replace(settings, models=tmp_path / "models")
    shutil.copytree(models / "one", own.models / "one")
    manager = PipelineManager(own)
    grid = Grid(base=request_one, x=parse("seed", "7"))
    first = run(grid, manager, quietly)
    manager.close()
    shutil.rmtree(own.models / "one")
    shutil.copytree(models / "two", own.models / "one")
    assert run(grid, manager, quietly).images[1].tobytes() != first.images[1].tobytes()


@pytest.mark.parametrize("cell", [2, 3, 4])
def test_a_stop_keeps_the_finished_cells(manager: PipelineManager, request_one: TextToImage, cell: int) -> None:
    grid = Grid(base=request_one, x=parse("seed", "1,2"), y=parse("guidance_scale", "1,4"))
    _, report = stopping_at(cell)
    result = run(grid, manager, report)
    assert result.note == f"Stopped after {cell - 1} of 4 cells."
    assert len(result.images) == len(result.requests) == cell
    whole = run(grid, manager, quietly)
    assert [image.tobytes() for image in result.images[1:]] == [image.tobytes() for image in whole.images[1:cell]]
    assert result.images[0].size == whole.images[0].size and result.images[0].tobytes() != whole.images[0].tobytes()


def test_a_stop_before_the_first_cell_is_a_stop(manager: PipelineManager, request_one: TextToImage) -> None:
    _, report = stopping_at(1)
    with pytest.raises(Cancelled):
        run(Grid(base=request_one, x=parse("seed", "1,2")), manager, report)


def test_a_stopped_grid_is_finished_from_where_it_was(
    manager: PipelineManager, request_one: TextToImage, steps: list[int]
) -> None:
    grid = Grid(base=request_one, x=parse("seed", "1-4"))
    _, report = stopping_at(3)
    run(grid, manager, report)
    steps.clear()
    assert len(run(grid, manager, quietly).images) == 5
    assert len(steps) == 2 * 4


def test_progress_is_that_of_the_whole_grid(manager: PipelineManager, request_one: TextToImage) -> None:
    heard: list[Event] = []
    grid = Grid(base=request_one, x=parse("num_inference_steps", "2,6"), y=parse("scheduler", "Euler, Heun"))
    run(grid, manager, heard.append)
    painting = [event for event in told(heard) if event.phase != "loading"]
    assert {event.steps for event in painting} == {16}
    assert [event.step for event in painting] == sorted(event.step for event in painting)
    assert (painting[0].step, painting[-1].step) == (0, 16)
    assert [event.elapsed for event in painting] == sorted(event.elapsed for event in painting)
    assert painting[0].remaining is None and all(event.remaining >= 0 for event in painting[1:3])
    assert painting[-1].phase == "decoding cell 4 of 4"


def test_the_time_left_counts_the_cells_to_come(manager: PipelineManager, request_one: TextToImage) -> None:
    heard: list[Event] = []
    manager.paces[pace_key(replace(request_one, scheduler="Euler"))] = Pace(step=1000, rest=500)
    run(Grid(base=request_one, x=parse("scheduler", "DDIM, Euler")), manager, heard.append)
    known = {event.phase: event.remaining for event in told(heard) if event.remaining is not None}
    assert 4500 <= known["painting cell 1 of 2"] < 5000
    assert known["decoding cell 2 of 2"] < 1000


def test_a_cell_that_fails_leaves_the_others(manager: PipelineManager, request_one: TextToImage) -> None:
    with manager.pipeline(replace(request_one, checkpoint="two")) as pipe:
        pipe.vae.decoder.conv_out.bias.data.fill_(float("nan"))
    models = Axis(field="checkpoint", values=("two", "one"))
    result = run(Grid(base=request_one, x=models, y=parse("seed", "1,2")), manager, quietly)
    assert [request.checkpoint for request in result.requests[1:]] == ["one", "one"]
    assert result.note.startswith("Only 2 of 4 cells could be painted. Guidance (CFG): the picture came out empty")
    with pytest.raises(RunError, match="overflowed"):
        run(Grid(base=replace(request_one, checkpoint="two"), x=parse("seed", "1,2")), manager, quietly)


def test_a_checkpoint_that_cannot_be_loaded_is_tried_once(
    settings: Settings, request_one: TextToImage, tmp_path: object
) -> None:
    own = replace(settings, models=tmp_path / "models")
    shutil.copytree(settings.models, own.models)
    weights = next((own.models / "two" / "unet").glob("*.safetensors"))
    save_file({name: torch.full_like(numbers, torch.nan) for name, numbers in load_file(weights).items()}, weights)
    heard: list[Event] = []
    models = Axis(field="checkpoint", values=("two", "one"))
    result = run(Grid(base=request_one, x=models, y=parse("seed", "1-3")), PipelineManager(own), heard.append)
    assert len(result.images) == 4 and result.note.startswith("Only 3 of 6 cells could be painted. ")


def test_nothing_runs_if_one_cell_cannot(manager: PipelineManager, request_one: TextToImage, steps: list[int]) -> None:
    with pytest.raises(InvalidField, match="^Cell 'Width 136': Width: "):
        run(Grid(base=request_one, x=parse("width", "96,136")), manager, quietly)
    assert steps == []


def test_start_images_can_be_compared_with(manager: PipelineManager, request_one: TextToImage) -> None:
    picture = images.picture(Image.linear_gradient("L").resize((96, 96)).convert("RGB"))
    base = ImageToImage(**vars(request_one), image=picture)
    result = run(Grid(base=base, x=parse("strength", "0.25-1 [4]")), manager, quietly)
    assert len({image.tobytes() for image in result.images[1:]}) == 4


def test_a_sheet_that_is_smaller_says_so(manager: PipelineManager, request_one: TextToImage) -> None:
    base = replace(request_one, width=192, height=192, num_inference_steps=1)
    result = run(Grid(base=base, x=parse("guidance_scale", "1"), y=parse("seed", "1-30")), manager, quietly)
    assert re.fullmatch(r"The sheet shows its cells at 6\d% of their size; beside it they are whole\.", result.note)
    assert max(result.images[0].size) <= 4096 and result.images[1].size == (192, 192)


def test_a_grid_can_be_run_again_from_its_json(manager: PipelineManager, request_one: TextToImage) -> None:
    picture = images.picture(Image.new("RGB", (96, 96), "red"))
    base = ImageToImage(**vars(replace(request_one, seed=-1)), image=picture)
    result = run(Grid(base=base, x=parse("seed", "-1,3"), y=parse("strength", "0.5")), manager, quietly)
    said = json.loads(json.dumps(details(result, "job")))
    assert said["seed"] == result.request.base.seed and said["seeds"][1:] == list(result.request.x.values)
    again = from_json(said["request"], {picture.reference: picture}.__getitem__)
    assert again == result.request
    assert run(again, manager, quietly).images[0].tobytes() == result.images[0].tobytes()


@pytest.mark.parametrize("changed", [{"seed": "x"}, {"image": 3}, {"num_images_per_prompt": 4}])
def test_json_that_is_no_grid_is_refused(changed: dict[str, object], request_one: TextToImage) -> None:
    said = to_json(Grid(base=request_one, x=parse("prompt", "red")))
    with pytest.raises(StudioError):
        from_json(said | {"base": said["base"] | changed}, {}.__getitem__)


def test_results_of_one_picture_know_their_requests(request_one: TextToImage) -> None:
    two = Result(images=(None, None), request=replace(request_one, num_images_per_prompt=2), seconds=0.0)
    assert [request.seed for request in two.requests] == [7, 8]


def test_a_lora_that_is_replaced_is_painted_anew(
    manager: PipelineManager, settings: Settings, request_one: TextToImage, tmp_path: Path, steps: list[int]
) -> None:
    models = Path(shutil.copytree(settings.models, tmp_path / "models"))
    manager.settings = replace(settings, models=models)
    grid = Grid(base=replace(request_one, loras=[Lora(name="ink")]), x=Axis(field="seed", values=(1, 2)))
    first = run(grid, manager, quietly)
    assert run(grid, manager, quietly).images[1].tobytes() == first.images[1].tobytes()
    lora_files.kohya(models / "one", models / "loras" / "ink.safetensors", "storybook", seed=5)
    assert run(grid, manager, quietly).images[1].tobytes() != first.images[1].tobytes()


def test_words_with_tags_can_be_compared(manager: PipelineManager, request_one: TextToImage) -> None:
    base = replace(request_one, prompt="a red house <lora:ink:0>")
    grid = Grid(base=base, x=Axis(field="prompt", values=("<lora:ink:0>", "<lora:ink:1>")))
    _, plain, inked = run(grid, manager, quietly).images
    assert plain.tobytes() == run(request_one, manager, quietly).images[0].tobytes() != inked.tobytes()


def test_an_embedding_that_is_replaced_is_painted_anew(
    manager: PipelineManager, settings: Settings, request_one: TextToImage, tmp_path: Path
) -> None:
    models = Path(shutil.copytree(settings.models, tmp_path / "models"))
    file = embedding_files.a1111(models / "embeddings" / "inkish.safetensors")
    manager.settings = replace(settings, models=models)
    grid = Grid(base=replace(request_one, prompt="an inkish house"), x=Axis(field="seed", values=(1, 2)))
    first = run(grid, manager, quietly)
    assert run(grid, manager, quietly).images[1].tobytes() == first.images[1].tobytes()
    embedding_files.a1111(file, seed=5)
    assert run(grid, manager, quietly).images[1].tobytes() != first.images[1].tobytes()
