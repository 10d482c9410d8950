"""One device thread serves everyone, and every picture is the one the lone run gives."""

import gc
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import UNet2DConditionModel
from PIL import Image
from torch.nn.modules.module import register_module_forward_hook
from transformers import CLIPSegForImageSegmentation, DepthAnythingForDepthEstimation
from transformers.models.clipseg.modeling_clipseg import CLIPSegDecoder

from studio import images, masks, outputs
from studio.axes import Axis
from studio.config import Settings
from studio.engine.jobs import MOST_WAITING_OF_ONE, Job
from studio.engine.local import LocalEngine
from studio.errors import Cancelled, InvalidField, LoadError, NotFound, RunError, StudioError
from studio.grids import Grid
from studio.pipelines.manager import PipelineManager
from studio.requests import Control, CutOut, FindMask, Inpaint, Preprocess, Reference, TextToImage
from studio.results import Cut, Masked, NothingFound, Preprocessed, Progress, Result, from_json
from studio.storybook import render
from studio.storybook.world import Scene, random_scene
from studio.tasks import run

LONG = 120


def finished(engine: LocalEngine, request: TextToImage, owner: str = "ann") -> Result:
    *_, last = engine.events(engine.submit(request, owner).id, owner)
    return last


def bytes_of(result: Result) -> list[bytes]:
    return [image.tobytes() for image in result.images]


def test_importing_the_engine_imports_no_torch() -> None:
    code = "import sys, studio.engine.local; sys.exit('torch' in sys.modules or 'diffusers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_job_gives_the_bytes_of_the_bare_task_and_is_saved(
    engine: LocalEngine, settings: Settings, request_one: TextToImage
) -> None:
    result = finished(engine, request_one)
    assert bytes_of(result) == bytes_of(run(request_one, PipelineManager(settings), lambda event: None))
    assert result.paths[0].is_relative_to(settings.outputs) and result.paths[0].is_file()


def test_two_pages_and_two_checkpoints_at_once_mix_nothing_up(engine: LocalEngine, request_one: TextToImage) -> None:
    """Two visitors, each with both checkpoints, 100 jobs in all: every picture is that of the lone run."""
    kinds = [replace(request_one, checkpoint=name, seed=seed) for name in ("one", "two") for seed in (1, 2)]
    kinds = [replace(request, num_inference_steps=2) for request in kinds]
    lone = {request: bytes_of(finished(engine, request)) for request in kinds}

    def page(owner: str) -> list[bool]:
        some = [kinds[(turn + len(owner)) % len(kinds)] for turn in range(50)]
        return [bytes_of(finished(engine, request, owner)) == lone[request] for request in some]

    with ThreadPoolExecutor(2) as pool:
        assert all(all(page) for page in pool.map(page, ["ann", "robert"]))


def test_a_running_job_is_cancelled_and_the_next_is_untouched(engine: LocalEngine, request_one: TextToImage) -> None:
    reference = bytes_of(finished(engine, request_one))
    job = engine.submit(replace(request_one, num_inference_steps=LONG), "ann")
    with pytest.raises(Cancelled):
        for event in engine.events(job.id, "ann"):
            if isinstance(event, Progress) and event.step >= 1:
                engine.cancel(job.id, "ann")
    assert job.state == "cancelled" and job.progress.step < LONG and job.result is None
    assert bytes_of(finished(engine, request_one)) == reference


def test_a_foreign_cancel_is_not_found_and_stops_nothing(engine: LocalEngine, request_one: TextToImage) -> None:
    job = engine.submit(request_one, "ann")
    with pytest.raises(NotFound):
        engine.cancel(job.id, "bob")
    *_, last = engine.events(job.id, "ann")
    assert isinstance(last, Result)


def test_a_job_nobody_watches_is_finished_and_kept(engine: LocalEngine, request_one: TextToImage) -> None:
    job = engine.submit(request_one, "ann")
    finished(engine, request_one, "bob")
    finished(engine, request_one, "bob")
    assert engine.jobs("ann")[0].result is job.result is not None


def test_a_request_is_resolved_before_it_waits(engine: LocalEngine) -> None:
    job = engine.submit(TextToImage(prompt="a cat", checkpoint="one"), "ann")
    assert None not in vars(job.request).values() and job.request.seed >= 0
    with pytest.raises(InvalidField):
        engine.submit(TextToImage(checkpoint="one", width=520), "ann")


def test_a_checkpoint_that_is_not_here_is_refused_before_it_waits(engine: LocalEngine) -> None:
    with pytest.raises(LoadError, match="DreamShaper 8 is not on this machine"):
        engine.submit(TextToImage(checkpoint="dreamshaper-8"), "ann")
    with pytest.raises(NotFound):
        engine.submit(TextToImage(checkpoint="../../etc"), "ann")


def test_a_name_too_long_for_a_folder_is_no_checkpoint(engine: LocalEngine) -> None:
    with pytest.raises(NotFound):
        engine.submit(TextToImage(checkpoint="x" * 400), "ann")


def test_a_stopped_job_does_not_keep_its_checkpoint_in_memory(settings: Settings, request_one: TextToImage) -> None:
    before = unets_in_memory()
    engine = LocalEngine(settings).start()
    job = engine.submit(replace(request_one, num_inference_steps=LONG), "ann")
    with pytest.raises(Cancelled):
        for event in engine.events(job.id, "ann"):
            if isinstance(event, Progress) and event.step >= 1:
                engine.cancel(job.id, "ann")
    engine.close()
    assert job.state == "cancelled" and unets_in_memory() == before


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (torch.OutOfMemoryError("out of memory"), "Size: 96×96 needs more memory"),
        (RuntimeError("a kernel failed"), "Studio: something went wrong inside"),
        (SystemExit(1), "Studio: something went wrong inside"),
    ],
    ids=lambda part: type(part).__name__,
)
def test_a_fault_inside_the_network_ends_that_job_alone(
    engine: LocalEngine, request_one: TextToImage, fault: BaseException, message: str
) -> None:
    reference = bytes_of(finished(engine, request_one))

    def fail(module: torch.nn.Module, *_: object) -> None:
        if isinstance(module, UNet2DConditionModel):
            raise fault

    hook = register_module_forward_hook(fail)
    with pytest.raises(RunError, match=message):
        finished(engine, request_one)
    hook.remove()
    assert bytes_of(finished(engine, request_one)) == reference


def unets_in_memory() -> int:
    gc.collect()
    return sum(isinstance(part, UNet2DConditionModel) for part in gc.get_objects())


def test_saved_pictures_carry_a_request_that_repeats_them(engine: LocalEngine, request_one: TextToImage) -> None:
    result = finished(engine, replace(request_one, seed=-1))
    again = from_json(outputs.found(result.paths[0]).request, lambda reference: engine.find_picture(reference, "ann"))
    assert bytes_of(finished(engine, again)) == bytes_of(result)


def test_checkpoints_tell_what_can_be_chosen(engine: LocalEngine) -> None:
    rows = {row["id"]: row for row in engine.checkpoints()}
    assert rows["one"]["on_disk"] and not rows["sd15"]["on_disk"]
    assert {"label", "family", "licence", "capabilities", "size_bytes"} <= set(rows["sd15"])


def test_a_grid_needs_no_checkpoint_but_those_of_its_axis(engine: LocalEngine, request_one: TextToImage) -> None:
    base = replace(request_one, checkpoint="nowhere", num_inference_steps=1)
    result = finished(engine, Grid(base=base, x=Axis(field="checkpoint", values=("one", "two"))))
    assert len(result.images) == len(result.paths) == 3


def test_a_device_that_does_not_exist_is_told_at_the_job(settings: Settings, request_one: TextToImage) -> None:
    engine = LocalEngine(replace(settings, device="no-such-device")).start()
    with pytest.raises(Exception, match="the device cannot be used"):
        finished(engine, request_one)
    assert engine.status()["state"] == "failed"
    engine.close()


# Masks, looked for beside the painting.

SCENE: Scene = random_scene(500)
SHOWN = images.picture(render.picture(SCENE, 96))
THING = f"the {SCENE.things[0].colour} {SCENE.things[0].kind}"


def box(*corners: int) -> images.Picture:
    mask = Image.new("L", SHOWN.size)
    mask.paste(255, corners)
    return images.picture(mask)


def seen(engine: LocalEngine, request: FindMask | CutOut, owner: str = "ann") -> Masked | Cut:
    *_, last = engine.events(engine.look(request, owner).id, owner)
    return last


def test_a_mask_is_found_while_a_picture_is_painted(engine: LocalEngine, request_one: TextToImage) -> None:
    """The picture is stopped only once the mask is there: were the mask to wait for it, it would never come."""
    painting = engine.submit(replace(request_one, num_inference_steps=150, num_images_per_prompt=8), "ann")
    next(event for event in engine.events(painting.id, "ann") if isinstance(event, Progress) and event.step)
    found = seen(engine, FindMask(image=SHOWN, words=THING))
    assert painting.state == "running" and 0 < found.coverage < 1 and found.mask.size == SHOWN.size
    engine.cancel(painting.id, "ann")
    with pytest.raises(Cancelled):
        list(engine.events(painting.id, "ann"))


def test_the_mask_model_left_open_is_that_of_the_checkpoint_s_family(settings: Settings) -> None:
    engine = LocalEngine(settings)  # not begun, so that the look still waits
    job = engine.look(FindMask(image=SHOWN, words=THING), "ann")
    assert job.request.mask_model == "storybook-words"
    engine.start()
    *_, last = engine.events(job.id, "ann")
    assert isinstance(last, Masked) and job.result is last and job.state == "done"
    engine.close()


def test_the_checkpoint_of_a_look_need_not_be_here(engine: LocalEngine) -> None:
    assert isinstance(seen(engine, CutOut(image=SHOWN, mask_image=box(9, 9, 40, 50), checkpoint="sd15")), Cut)
    assert engine.look(FindMask(image=SHOWN, words=THING, checkpoint="sd15"), "ann").request.mask_model == "clipseg"


def test_looks_are_not_among_the_jobs(engine: LocalEngine) -> None:
    seen(engine, FindMask(image=SHOWN, source="none", mask_image=box(0, 0, 9, 9)))
    assert engine.jobs("ann") == [] and engine.fetches("ann") == []


def test_a_look_that_is_over_holds_no_picture(engine: LocalEngine) -> None:
    refused = FindMask(image=SHOWN, words=" ")
    looks = [engine.look(request, "ann") for request in (FindMask(image=SHOWN, words=THING), refused)]
    for look in looks:
        with suppress(StudioError):
            list(engine.events(look.id, "ann"))
    assert [look.request for look in looks] == [None, None] and isinstance(looks[0].result, Masked)


def test_a_foreign_look_is_not_found_and_not_stopped(engine: LocalEngine) -> None:
    job = engine.look(FindMask(image=SHOWN, words=THING), "ann")
    with pytest.raises(NotFound):
        list(engine.events(job.id, "bob"))
    with pytest.raises(NotFound):
        engine.cancel(job.id, "bob")
    *_, last = engine.events(job.id, "ann")
    assert isinstance(last, Masked)


def test_that_nothing_was_found_reaches_the_one_who_asked_with_the_guess(engine: LocalEngine) -> None:
    job = engine.look(FindMask(image=SHOWN, words="a zebra"), "ann")
    with pytest.raises(NothingFound, match="nothing in the picture looks like 'a zebra'") as nothing:
        list(engine.events(job.id, "ann"))
    assert nothing.value.guess.size == SHOWN.size and job.state == "failed"
    assert isinstance(seen(engine, FindMask(image=SHOWN, words=THING)), Masked)


def test_a_look_that_is_refused_ends_alone(engine: LocalEngine) -> None:
    with pytest.raises(InvalidField, match="^Words: name what to find"):
        seen(engine, FindMask(image=SHOWN, words=" "))
    assert isinstance(seen(engine, FindMask(image=SHOWN, words=THING)), Masked)


def test_a_look_for_a_checkpoint_that_is_not_there_is_refused_before_it_waits(engine: LocalEngine) -> None:
    with pytest.raises(NotFound):
        engine.look(FindMask(image=SHOWN, words=THING, checkpoint="nowhere"), "ann")


def test_what_looks_cannot_be_used_ends_that_look_and_the_next_tries_again(tmp_path: Path) -> None:
    """As where a library of the system is missing; in a process of its own, since here all is imported already."""
    code = """
import sys
from pathlib import Path
from PIL import Image
from studio import images
from studio.config import Settings
from studio.engine.jobs import MOST_WAITING_OF_ONE, Job
from studio.engine.local import LocalEngine
from studio.errors import RunError
from studio.requests import FindMask

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == "studio.vision.regions":
            raise OSError("libsomething.so: cannot open shared object file")

sys.meta_path.insert(0, Missing())
engine = LocalEngine(Settings(outputs=Path(sys.argv[1]), device="cpu")).start()
request = FindMask(image=images.picture(Image.new("L", (96, 96))), source="none")
try:
    list(engine.events(engine.look(request, "ann").id, "ann"))
except RunError as error:
    print(error)
sys.meta_path.pop(0)
*_, found = engine.events(engine.look(request, "ann").id, "ann")
print(found.coverage)
engine.close()
"""
    told = subprocess.run(
        [sys.executable, "-c", code, tmp_path], check=True, capture_output=True, text=True, timeout=90
    )
    first, second = told.stdout.splitlines()
    assert first.startswith("Studio: something went wrong inside") and second == "0.0"


def test_a_part_is_cut_out_by_its_mask(engine: LocalEngine) -> None:
    cut = seen(engine, CutOut(image=SHOWN, mask_image=box(10, 10, 40, 50)))
    assert isinstance(cut, Cut) and cut.image.image.mode == "RGBA"
    assert np.asarray(cut.image.image.getchannel("A")).astype(bool).sum() == 30 * 40


def test_a_mask_that_was_found_is_edited_and_the_edit_can_be_had_again(
    engine: LocalEngine, request_one: TextToImage
) -> None:
    mask = seen(engine, FindMask(image=SHOWN, words=THING, checkpoint="one")).mask
    how = {"image": SHOWN, "mask_image": mask, "verb": "restyle", "num_inference_steps": 2, "seed": 5}
    result = finished(engine, Inpaint(prompt="a red house", checkpoint="one", words=THING, **how))
    far = masks.grown(masks.read(mask), 12) == 0
    assert far.any() and np.array_equal(np.asarray(result.images[0])[far], np.asarray(SHOWN.image)[far])
    saved = outputs.found(result.paths[0]).request
    again = from_json(saved, lambda reference: engine.find_picture(reference, "ann"))
    assert again == result.request and bytes_of(finished(engine, again)) == bytes_of(result)


# Edits whose mask has yet to be found.

EDIT = Inpaint(image=SHOWN, prompt="a red house", checkpoint="one", num_inference_steps=2, seed=5, grow=2)


def test_an_edit_is_one_job_with_the_look_for_its_mask(engine: LocalEngine) -> None:
    find = FindMask(image=SHOWN, words=THING)
    job = engine.submit(EDIT, "ann", find=find)
    assert engine.jobs("ann") == [job] and job.state == "waiting"
    *events, result = engine.events(job.id, "ann")
    found = seen(engine, find)
    assert result.request.mask_image == found.mask and job.found == replace(found, seconds=job.found.seconds)
    phases = [event.phase for event in events if isinstance(event, Progress)]
    assert "looking" in phases and phases.index("looking") < phases.index("painting")
    alone = replace(EDIT, mask_image=found.mask, words=THING)
    assert bytes_of(result) == bytes_of(finished(engine, alone)) and engine.jobs("ann")[0] is job


def test_an_edit_that_is_stopped_while_its_look_waits_is_never_painted(settings: Settings) -> None:
    engine = LocalEngine(settings)  # not begun, so that the look still waits
    job = engine.submit(EDIT, "ann", find=FindMask(image=SHOWN, words=THING))
    engine.cancel(job.id, "ann")
    assert job.state == "cancelled"
    engine.start()
    seen(engine, FindMask(image=SHOWN, words=THING))
    with pytest.raises(Cancelled):
        list(engine.events(job.id, "ann"))
    assert job.result is job.found is None and engine.status()["waiting"] == 0
    engine.close()


def test_an_edit_that_is_stopped_while_a_net_looks_is_never_painted(engine: LocalEngine) -> None:
    jobs: list[Job] = []

    def stop(module: torch.nn.Module, *_: object) -> None:
        if isinstance(module, CLIPSegForImageSegmentation | CLIPSegDecoder) and jobs:
            engine.cancel(jobs[0].id, "ann")

    fresh = images.picture(render.picture(random_scene(501), 96))
    hook = register_module_forward_hook(stop)
    find = FindMask(image=fresh, words="the sky + the grass", threshold=0.02)
    jobs.append(engine.submit(replace(EDIT, image=fresh), "ann", find=find))
    with pytest.raises(Cancelled):
        list(engine.events(jobs[0].id, "ann"))
    hook.remove()
    seen(engine, find)
    assert jobs[0].state == "cancelled" and jobs[0].found is None and engine.status()["waiting"] == 0


def test_an_edit_that_nothing_is_found_for_ends_with_the_guess(engine: LocalEngine) -> None:
    job = engine.submit(EDIT, "ann", find=FindMask(image=SHOWN, words="a zebra"))
    with pytest.raises(NothingFound, match="nothing in the picture looks like 'a zebra'") as nothing:
        list(engine.events(job.id, "ann"))
    assert nothing.value.guess.size == SHOWN.size and job.state == "failed"


def test_an_edit_that_cannot_be_done_with_the_mask_ends_with_the_reason(engine: LocalEngine) -> None:
    job = engine.submit(replace(EDIT, right=8), "ann", find=FindMask(image=SHOWN, words=THING))
    with pytest.raises(InvalidField, match="^Sides: Replace adds none"):
        list(engine.events(job.id, "ann"))
    assert job.state == "failed" and job.found is None


def test_an_edit_by_a_checkpoint_that_is_not_here_is_refused_before_its_mask_is_looked_for(engine: LocalEngine) -> None:
    with pytest.raises(LoadError, match="DreamShaper 8 is not on this machine"):
        engine.submit(replace(EDIT, checkpoint="dreamshaper-8"), "ann", find=FindMask(image=SHOWN, words=THING))
    assert engine.jobs("ann") == []


def test_an_edit_whose_look_finds_no_room_is_over(settings: Settings) -> None:
    engine = LocalEngine(settings)
    find = FindMask(image=SHOWN, words=THING)
    for _ in range(MOST_WAITING_OF_ONE):
        engine.look(find, "ann")
    with pytest.raises(StudioError, match="^Queue: "):
        engine.submit(EDIT, "ann", find=find)
    assert all(job.is_over for job in engine.jobs("ann"))
    engine.close()


def test_a_closing_engine_ends_an_edit_that_waits_for_its_mask(settings: Settings) -> None:
    engine = LocalEngine(settings)
    job = engine.submit(EDIT, "ann", find=FindMask(image=SHOWN, words=THING))
    engine.close()
    with pytest.raises(Cancelled):
        list(engine.events(job.id, "ann"))


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({}, THING),
        ({"combine": "add", "mask_image": box(1, 1, 9, 9)}, THING),
        ({"combine": "subtract", "mask_image": box(0, 0, 96, 80)}, ""),
        ({"invert": True}, ""),
        ({"source": "none", "mask_image": box(1, 1, 9, 9)}, ""),
        ({"source": "foreground"}, ""),
    ],
)
def test_the_words_of_an_edit_are_those_its_mask_was_found_by(
    engine: LocalEngine, how: dict[str, object], words: str
) -> None:
    job = engine.submit(replace(EDIT, words=THING), "ann", find=FindMask(**{"image": SHOWN, "words": THING, **how}))
    *_, result = engine.events(job.id, "ann")
    assert result.request.words == words


def test_an_edit_is_resolved_before_it_waits(engine: LocalEngine) -> None:
    with pytest.raises(InvalidField, match="^Mask: it is empty"):
        engine.submit(Inpaint(image=SHOWN, mask_image=box(0, 0, 0, 0), checkpoint="one"), "ann")


def test_a_closing_engine_ends_looks_too(settings: Settings) -> None:
    engine = LocalEngine(settings)  # not begun, so that the look still waits
    job = engine.look(FindMask(image=SHOWN, words=THING), "ann")
    engine.close()
    with pytest.raises(Cancelled):
        list(engine.events(job.id, "ann"))


# Requests with controls, which are made ready beside the painting.

FOLLOWING = TextToImage(
    prompt="a red house",
    checkpoint="sd1",
    width=256,
    height=256,
    num_inference_steps=2,
    guidance_scale=1.0,
    seed=5,
    controls=(Control(kind="canny", image=SHOWN),),
)
# By the bundled net, whose control image takes a moment; words alone paint.
DEPTH = replace(FOLLOWING, checkpoint="storybook", width=96, height=96, method="none")
DEPTH = replace(DEPTH, controls=(Control(kind="depth", image=SHOWN),))


@pytest.fixture
def steering(steered: Settings, tmp_path: Path) -> Iterator[LocalEngine]:
    started = LocalEngine(replace(steered, outputs=tmp_path)).start()
    yield started
    started.close()


def test_a_request_with_controls_is_held_until_they_are_ready(steered: Settings, tmp_path: Path) -> None:
    engine = LocalEngine(replace(steered, outputs=tmp_path))  # not begun, so that all of it still waits
    job = engine.submit(FOLLOWING, "ann")
    assert job.state == "waiting" and engine.jobs("ann") == [job] and engine.status()["waiting"] == 0
    assert [(one.preprocessor, one.controlnet) for one in job.request.controls] == [("canny", "sd15-canny")]
    engine.start()
    *events, result = engine.events(job.id, "ann")
    phases = [event.phase for event in events if isinstance(event, Progress)]
    assert phases.index("looking") < phases.index("painting") and job.state == "done"
    assert result.obeyed[0][0].kind == "canny" and engine.jobs("ann") == [job]
    engine.close()


def test_a_request_with_controls_gives_the_bytes_of_the_bare_task(steering: LocalEngine, steered: Settings) -> None:
    assert bytes_of(finished(steering, FOLLOWING)) == bytes_of(run(FOLLOWING, PipelineManager(steered), lambda _: None))


def test_saved_pictures_carry_the_controls_that_repeat_them(steering: LocalEngine) -> None:
    result = finished(steering, FOLLOWING)
    saved = outputs.found(result.paths[0]).request
    again = from_json(saved, lambda reference: steering.find_picture(reference, "ann"))
    assert again == result.request and bytes_of(finished(steering, again)) == bytes_of(result)


def test_a_control_image_that_was_looked_at_is_not_made_again_for_the_run(steering: LocalEngine) -> None:
    asked: list[object] = []

    def count(module: torch.nn.Module, *_: object) -> None:
        asked.extend([module] if isinstance(module, DepthAnythingForDepthEstimation) else [])

    hook = register_module_forward_hook(count)
    size = images.picture(images.resized(SHOWN, 96, 96, "crop"))
    *_, seen_first = steering.events(
        steering.look(Preprocess(image=size, preprocessor="storybook-depth"), "ann").id, "ann"
    )
    assert isinstance(seen_first, Preprocessed) and len(asked) == 1
    finished(steering, DEPTH)
    assert len(asked) == 2  # of the picture that was painted
    finished(steering, replace(DEPTH, controls=(replace(DEPTH.controls[0], controlnet_conditioning_scale=0.5),)))
    assert len(asked) == 2  # the same picture again
    hook.remove()


def test_a_request_that_is_stopped_while_its_controls_wait_is_never_painted(steered: Settings, tmp_path: Path) -> None:
    engine = LocalEngine(replace(steered, outputs=tmp_path))
    job = engine.submit(FOLLOWING, "ann")
    engine.cancel(job.id, "ann")
    assert job.state == "cancelled"
    engine.start()
    finished(engine, FOLLOWING, "bob")
    with pytest.raises(Cancelled):
        list(engine.events(job.id, "ann"))
    assert job.result is None
    engine.close()


def test_a_request_that_is_stopped_while_a_control_image_is_made_is_never_painted(steering: LocalEngine) -> None:
    jobs: list[Job] = []

    def stop(module: torch.nn.Module, *_: object) -> None:
        if isinstance(module, DepthAnythingForDepthEstimation) and jobs:
            steering.cancel(jobs[0].id, "ann")

    hook = register_module_forward_hook(stop)
    first, second = (replace(DEPTH.controls[0], resize_mode=mode) for mode in ("crop", "stretch"))
    shown = images.picture(render.picture(random_scene(502), 96).resize((150, 96)))
    request = replace(DEPTH, controls=tuple(replace(one, image=shown) for one in (first, second)))
    jobs.append(steering.submit(request, "ann"))
    with pytest.raises(Cancelled):
        list(steering.events(jobs[0].id, "ann"))
    hook.remove()
    assert jobs[0].state == "cancelled" and finished(steering, DEPTH).images


def test_a_net_that_cannot_be_fetched_ends_that_job_alone(steered: Settings, tmp_path: Path) -> None:
    engine = LocalEngine(replace(steered, outputs=tmp_path / "outputs", cache_dir=tmp_path / "empty")).start()
    job = engine.submit(FOLLOWING, "ann")
    with pytest.raises(
        LoadError, match="^ControlNet: lllyasviel/control_v11p_sd15_canny is not on this machine, and E"
    ):
        list(engine.events(job.id, "ann"))
    assert job.state == "failed" and finished(engine, replace(FOLLOWING, controls=())).images
    engine.close()


def test_a_grid_of_methods_fetches_their_nets_before_it_paints(steered: Settings, tmp_path: Path) -> None:
    engine = LocalEngine(replace(steered, outputs=tmp_path / "outputs", cache_dir=tmp_path / "empty")).start()
    job = engine.submit(Grid(base=FOLLOWING, x=Axis(field="method", values=("none", "controlnet"))), "ann")
    with pytest.raises(LoadError, match="^ControlNet: lllyasviel/control_v11p_sd15_canny is not on this machine"):
        list(engine.events(job.id, "ann"))
    assert job.state == "failed" and job.result is None
    engine.close()


def test_a_grid_of_methods_finds_its_control_images_made(steering: LocalEngine) -> None:
    job = steering.submit(Grid(base=DEPTH, x=Axis(field="seed", values=(1, 2))), "ann")
    events = list(steering.events(job.id, "ann"))
    phases = [event.phase for event in events if isinstance(event, Progress)]
    assert phases.index("looking") < next(at for at, phase in enumerate(phases) if phase.startswith("painting"))
    assert len(job.result.images) == 3 and job.result.obeyed[1][0].kind == "depth"


@pytest.mark.parametrize(
    ("control", "message"),
    [
        (Control(kind="pose", skeleton='{"people": []}'), "^Skeleton: nobody is in it"),
        (Control(kind="depth", image=SHOWN, preprocessor="canny"), "^Preprocessor: Canny does not make what Depth"),
        (Control(kind="tile", image=SHOWN), "^Control: Stable Diffusion 1.x has no ControlNet for Tile"),
    ],
)
def test_controls_that_cannot_be_followed_are_refused_before_they_wait(
    steering: LocalEngine, control: Control, message: str
) -> None:
    with pytest.raises(StudioError, match=message):
        steering.submit(replace(FOLLOWING, controls=(control,)), "ann")
    assert steering.jobs("ann") == []


def test_a_request_whose_controls_find_no_room_is_over(steered: Settings, tmp_path: Path) -> None:
    engine = LocalEngine(replace(steered, outputs=tmp_path))
    for _ in range(MOST_WAITING_OF_ONE):
        engine.look(Preprocess(image=SHOWN), "ann")
    with pytest.raises(StudioError, match="^Queue: "):
        engine.submit(FOLLOWING, "ann")
    assert all(job.is_over for job in engine.jobs("ann"))
    engine.close()


STEERED_EDIT = replace(EDIT, checkpoint="sd1", guidance_scale=1.0, controls=FOLLOWING.controls)
FIND = FindMask(image=SHOWN, words=THING, mask_model="storybook-words")


def test_an_edit_waits_for_its_mask_and_then_for_its_controls(steering: LocalEngine) -> None:
    job = steering.submit(STEERED_EDIT, "ann", find=FIND)
    *events, result = steering.events(job.id, "ann")
    phases = [event.phase for event in events if isinstance(event, Progress)]
    assert "looking" in phases and "painting" in phases
    assert result.request.mask_image == job.found.mask and result.request.controls[0].controlnet == "sd15-canny"
    assert len(result.obeyed[0]) == 1 and job.state == "done"


def test_an_edit_whose_nets_cannot_be_fetched_ends_before_it_is_painted(steered: Settings, tmp_path: Path) -> None:
    engine = LocalEngine(replace(steered, outputs=tmp_path / "outputs", cache_dir=tmp_path / "empty")).start()
    job = engine.submit(STEERED_EDIT, "ann", find=FIND)
    with pytest.raises(LoadError, match="^ControlNet: .* is not on this machine, and Easel was told not to ask"):
        list(engine.events(job.id, "ann"))
    assert job.state == "failed" and isinstance(job.found, Masked)
    engine.close()


# Requests with references, for which an adapter may have to come.

STYLED = replace(FOLLOWING, controls=(), references=(Reference(image=SHOWN),))


@pytest.fixture
def styling(styled: Settings, tmp_path: Path) -> Iterator[LocalEngine]:
    started = LocalEngine(replace(styled, outputs=tmp_path)).start()
    yield started
    started.close()


def test_a_request_with_references_is_held_until_their_adapter_is_there(styled: Settings, tmp_path: Path) -> None:
    engine = LocalEngine(replace(styled, outputs=tmp_path))  # not begun, so that all of it still waits
    job = engine.submit(STYLED, "ann")
    assert engine.status()["waiting"] == 0 and job.request.ip_adapter == "sd15-ip-adapter"
    engine.start()
    *_, result = engine.events(job.id, "ann")
    assert job.state == "done" and bytes_of(result) == bytes_of(run(STYLED, PipelineManager(styled), lambda _: None))
    engine.close()


def test_saved_pictures_carry_the_references_that_repeat_them(styling: LocalEngine) -> None:
    result = finished(styling, replace(STYLED, transfer="both", ip_adapter="sd15-ip-adapter-plus"))
    saved = outputs.found(result.paths[0]).request
    assert saved["references"] == [{"image": SHOWN.reference, "ip_adapter_scale": 0.7}]
    again = from_json(saved, lambda reference: styling.find_picture(reference, "ann"))
    assert again == result.request and bytes_of(finished(styling, again)) == bytes_of(result)


def test_an_adapter_that_cannot_be_fetched_ends_its_job_alone(styled: Settings, tmp_path: Path) -> None:
    engine = LocalEngine(replace(styled, outputs=tmp_path / "outputs", cache_dir=tmp_path / "empty")).start()
    job = engine.submit(STYLED, "ann")
    with pytest.raises(LoadError, match="^IP-Adapter: h94/IP-Adapter is not on this machine, and Easel was told not"):
        list(engine.events(job.id, "ann"))
    assert finished(engine, replace(STYLED, references=())).images
    engine.close()


def test_references_that_cannot_be_heard_are_refused_before_they_wait(styling: LocalEngine) -> None:
    with pytest.raises(StudioError, match="^IP-Adapter: Standard SDXL is for SDXL, but sd1 is Stable Diffusion 1.x"):
        styling.submit(replace(STYLED, ip_adapter="sdxl-ip-adapter"), "ann")
    assert styling.jobs("ann") == []


def test_weights_side_by_side_are_the_pictures_of_each_weight(styling: LocalEngine) -> None:
    grid = Grid(base=STYLED, x=Axis(field="ip_adapter_scale", values=(0.0, 1.0)))
    *_, result = styling.events(styling.submit(grid, "ann").id, "ann")
    weighed = [replace(STYLED, references=(Reference(image=SHOWN, ip_adapter_scale=one),)) for one in (0.0, 1.0)]
    assert bytes_of(result)[1:] == [bytes_of(finished(styling, one))[0] for one in weighed]


def test_an_edit_waits_for_its_mask_and_then_for_its_references(styling: LocalEngine) -> None:
    styled_edit = replace(EDIT, checkpoint="sd1", guidance_scale=1.0, references=STYLED.references)
    followed = replace(styled_edit, controls=FOLLOWING.controls)
    for edit in (styled_edit, followed):
        job = styling.submit(edit, "ann", find=FIND)
        *_, result = styling.events(job.id, "ann")
        assert result.request.mask_image == job.found.mask and result.request.ip_adapter == "sd15-ip-adapter"
