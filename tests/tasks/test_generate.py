"""Words to pictures: the same bytes as bare diffusers, every step told, every failure clear."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import DPMSolverMultistepScheduler, StableDiffusionImg2ImgPipeline, StableDiffusionPipeline
from PIL import Image

from studio.config import Settings
from studio.errors import Cancelled, InvalidField, LoadError, RunError
from studio.images import picture
from studio.pipelines.manager import PipelineManager
from studio.requests import ImageToImage, TextToImage, single
from studio.results import Preview, Progress, Result
from studio.tasks import run
from tests import embedding_files, tiny


def bytes_of(result: Result) -> list[bytes]:
    return [image.tobytes() for image in result.images]


@pytest.fixture
def manager(settings: Settings) -> PipelineManager:
    return PipelineManager(settings)


@pytest.fixture
def start(request_one: TextToImage) -> ImageToImage:
    """Half of the steps, from a picture of many colours."""
    pixels = np.random.default_rng(0).integers(256, size=(96, 96, 3), dtype=np.uint8)
    return ImageToImage(**vars(request_one), image=picture(Image.fromarray(pixels)), strength=0.5)


def painted_bare(pipe: StableDiffusionPipeline, prompt: str, *, negative_prompt: str = "") -> Image.Image:
    """What the pipeline paints by itself, with the settings of `request_one`."""
    how = {"width": 96, "height": 96, "num_inference_steps": 4, "guidance_scale": 4.0}
    generator = torch.Generator().manual_seed(7)
    return pipe(prompt, negative_prompt=negative_prompt, generator=generator, **how).images[0]


def test_bytes_equal_bare_diffusers(manager: PipelineManager, settings: Settings, request_one: TextToImage) -> None:
    pipe = StableDiffusionPipeline.from_pretrained(settings.models / "one", dtype=torch.float32)
    pipe.scheduler = DPMSolverMultistepScheduler.from_config(pipe.scheduler.config)
    bare = painted_bare(pipe, "a red house")
    assert bytes_of(run(request_one, manager, lambda event: None)) == [bare.tobytes()]


def test_a_start_image_gives_the_bytes_of_bare_diffusers(
    manager: PipelineManager, settings: Settings, start: ImageToImage
) -> None:
    pipe = StableDiffusionImg2ImgPipeline.from_pretrained(settings.models / "one", dtype=torch.float32)
    pipe.scheduler = DPMSolverMultistepScheduler.from_config(pipe.scheduler.config)
    bare = pipe(
        "a red house",
        negative_prompt="",
        image=start.image.image.convert("RGB"),
        strength=0.5,
        num_inference_steps=4,
        guidance_scale=4.0,
        generator=torch.Generator().manual_seed(7),
    ).images[0]
    assert bytes_of(run(start, manager, lambda event: None)) == [bare.tobytes()]


def test_strength_runs_that_share_of_the_steps(manager: PipelineManager, start: ImageToImage) -> None:
    events: list[Progress | Preview] = []
    run(start, manager, events.append)
    steps = [event.steps for event in events if isinstance(event, Progress) and event.phase != "loading"]
    assert set(steps) == {2}


def test_a_start_image_is_brought_to_the_size_asked(manager: PipelineManager, start: ImageToImage) -> None:
    images = [
        run(replace(start, width=128, resize_mode=mode), manager, lambda event: None).images[0]
        for mode in ("crop", "fill", "stretch")
    ]
    assert {image.size for image in images} == {(128, 96)}
    assert len({image.tobytes() for image in images}) == 3


def test_a_second_pass_paints_the_picture_larger_in_one_row_of_steps(
    manager: PipelineManager, request_one: TextToImage
) -> None:
    events: list[Progress | Preview] = []
    twice = run(replace(request_one, second_pass_scale=2.0, second_pass_strength=0.5), manager, events.append)
    painting = [event for event in events if isinstance(event, Progress) and event.phase != "loading"]
    assert twice.images[0].size == (192, 192)
    assert [event.step for event in painting] == [0, 1, 2, 3, 4, 5, 6] and {event.steps for event in painting} == {6}
    assert [event.phase for event in painting[-2:]] == ["refining", "decoding"]


def test_a_second_pass_is_image_to_image_of_the_enlarged_picture(
    manager: PipelineManager, request_one: TextToImage
) -> None:
    (once,) = run(request_one, manager, lambda event: None).images
    enlarged = picture(once.resize((192, 192), Image.Resampling.LANCZOS))
    asked = {**vars(request_one), "width": 192, "height": 192}
    again = run(ImageToImage(**asked, image=enlarged, strength=0.5), manager, lambda event: None)
    twice = run(replace(request_one, second_pass_scale=2.0, second_pass_strength=0.5), manager, lambda event: None)
    assert bytes_of(twice) == bytes_of(again)


def test_each_line_is_painted_and_can_be_had_alone(manager: PipelineManager, request_one: TextToImage) -> None:
    lines = replace(request_one, prompt="a red house\na blue cat", prompt_per_line=True, num_images_per_prompt=2)
    all_four = run(lines, manager, lambda event: None)
    assert [one.prompt for one in all_four.requests] == ["a red house"] * 2 + ["a blue cat"] * 2
    assert bytes_of(run(single(all_four.request, 3), manager, lambda event: None)) == [bytes_of(all_four)[3]]


def test_another_seed_runs_no_encoder(manager: PipelineManager, request_one: TextToImage) -> None:
    run(request_one, manager, lambda event: None)
    ran = []
    with manager.pipeline(request_one) as pipe:
        hook = pipe.text_encoder.register_forward_hook(lambda *_: ran.append(1))
    run(replace(request_one, seed=8), manager, lambda event: None)
    assert not ran
    run(replace(request_one, prompt="a blue cat"), manager, lambda event: None)
    assert len(ran) == 1
    hook.remove()


def test_clip_skip_changes_the_picture(manager: PipelineManager, request_one: TextToImage) -> None:
    plain, skipped = (run(replace(request_one, clip_skip=skip), manager, lambda event: None) for skip in (0, 1))
    assert bytes_of(plain) != bytes_of(skipped)


def test_a_result_can_be_run_again(manager: PipelineManager) -> None:
    first = run(TextToImage(prompt="a cat", checkpoint="one", num_inference_steps=2), manager, lambda event: None)
    assert None not in vars(first.request).values() and first.request.seed >= 0
    assert bytes_of(run(first.request, manager, lambda event: None)) == bytes_of(first)


def test_picture_i_is_the_picture_of_seed_plus_i(manager: PipelineManager, request_one: TextToImage) -> None:
    three = run(replace(request_one, num_images_per_prompt=3), manager, lambda event: None)
    last = run(replace(request_one, seed=request_one.seed + 2), manager, lambda event: None)
    assert bytes_of(three)[2] == bytes_of(last)[0]


def test_every_step_is_told(manager: PipelineManager, request_one: TextToImage) -> None:
    events: list[Progress | Preview] = []
    run(replace(request_one, num_inference_steps=6), manager, events.append)
    told = [event for event in events if isinstance(event, Progress)]
    painting = [event for event in told if event.phase != "loading"]
    assert [event.phase for event in painting] == [*["painting"] * 6, "decoding"]
    assert [event.step for event in painting] == [0, 1, 2, 3, 4, 5, 6]
    assert all(event.remaining >= 0 for event in painting[1:])


def test_each_part_of_a_load_is_told(manager: PipelineManager, request_one: TextToImage) -> None:
    events: list[Progress | Preview] = []
    run(request_one, manager, events.append)
    told = [(event.step, event.steps) for event in events if isinstance(event, Progress) and event.phase == "loading"]
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_the_time_a_picture_takes_is_expected_from_the_last_one(
    manager: PipelineManager, request_one: TextToImage
) -> None:
    firsts = []
    for _ in range(2):
        events: list[Progress | Preview] = []
        run(request_one, manager, events.append)
        firsts.append(next(event for event in events if isinstance(event, Progress) and event.phase == "painting"))
    assert firsts[0].remaining is None and firsts[1].remaining > 0


def test_previews_are_as_large_as_the_latents(manager: PipelineManager, request_one: TextToImage) -> None:
    events: list[Progress | Preview] = []
    run(replace(request_one, num_inference_steps=120), manager, events.append)
    sizes = {event.image.size for event in events if isinstance(event, Preview)}
    assert sizes == {(24, 24)}


@pytest.mark.parametrize("stop_at", range(5))
def test_stopping_at_any_step_costs_no_further_step_and_no_decoding(
    manager: PipelineManager, request_one: TextToImage, stop_at: int
) -> None:
    reference = bytes_of(run(request_one, manager, lambda event: None))
    counts = {"unet": 0, "decoder": 0}
    with manager.pipeline(request_one) as pipe:
        hooks = [
            pipe.unet.register_forward_hook(lambda *_: counts.__setitem__("unet", counts["unet"] + 1)),
            pipe.vae.decoder.register_forward_hook(lambda *_: counts.__setitem__("decoder", counts["decoder"] + 1)),
        ]
    told = []

    def report(event: Progress | Preview) -> None:
        told.extend([event] if isinstance(event, Progress) else [])
        if len(told) > stop_at:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        run(request_one, manager, report)
    assert counts == {"unet": stop_at, "decoder": 0}
    for hook in hooks:
        hook.remove()
    assert bytes_of(run(request_one, manager, lambda event: None)) == reference


@pytest.mark.parametrize("stop_at", range(4))
def test_a_load_can_be_stopped_between_two_parts(
    manager: PipelineManager, request_one: TextToImage, stop_at: int
) -> None:
    def report(event: Progress | Preview) -> None:
        if event.step == stop_at:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        run(request_one, manager, report)
    assert manager.held() == []
    assert run(request_one, manager, lambda event: None).images


def test_finished_pictures_survive_a_stop(manager: PipelineManager, request_one: TextToImage) -> None:
    def report(event: Progress | Preview) -> None:
        if isinstance(event, Progress) and "picture 3" in event.phase:
            raise Cancelled("Stopped.")

    result = run(replace(request_one, num_images_per_prompt=4), manager, report)
    assert len(result.images) == result.request.num_images_per_prompt == 2
    assert "2 of 4" in result.note


def test_finished_pictures_survive_a_fault_and_the_note_says_why(
    manager: PipelineManager, request_one: TextToImage
) -> None:
    def report(event: Progress | Preview) -> None:
        if isinstance(event, Progress) and "picture 3" in event.phase:
            raise RunError("Size: too large.")

    result = run(replace(request_one, num_images_per_prompt=4), manager, report)
    assert len(result.images) == 2 and result.note == "Stopped after 2 of 4 pictures. Size: too large."


def test_finished_pictures_survive_a_library_that_fails(manager: PipelineManager, request_one: TextToImage) -> None:
    def report(event: Progress | Preview) -> None:
        if isinstance(event, Progress) and "picture 3" in event.phase and event.step:
            raise ValueError("an array of the wrong shape")

    result = run(replace(request_one, num_images_per_prompt=4), manager, report)
    assert len(result.images) == 2 and result.note.startswith("Stopped after 2 of 4 pictures. Studio: something")


def test_finished_pictures_of_long_prompts_survive_a_stop(manager: PipelineManager, request_one: TextToImage) -> None:
    def report(event: Progress | Preview) -> None:
        if isinstance(event, Progress) and "picture 12" in event.phase:
            raise Cancelled("Stopped.")

    text = "\n".join(f"{number} " + "x" * 1500 for number in range(4))
    asked = replace(request_one, prompt=text, prompt_per_line=True, num_images_per_prompt=3, num_inference_steps=1)
    result = run(asked, manager, report)
    assert len(result.images) == len(result.requests) == 11
    assert [request.prompt[0] for request in result.requests] == list("00011122233")


def test_what_a_safety_checker_holds_back_is_named(
    settings: Settings, request_one: TextToImage, tmp_path: Path
) -> None:
    manager = PipelineManager(replace(settings, models=tmp_path))
    tiny.with_safety_checker(tiny.sd1(tmp_path / "one", 0))
    with pytest.raises(RunError, match=r"^Prompt: the checkpoint's own safety checker held the picture back"):
        run(replace(request_one, width=256, height=256), manager, lambda event: None)


def test_a_picture_of_overflowed_numbers_is_an_error(manager: PipelineManager, request_one: TextToImage) -> None:
    with manager.pipeline(request_one) as pipe:
        weight = pipe.vae.decoder.conv_out.bias
    kept = weight.clone()
    weight.fill_(float("nan"))
    with pytest.raises(RunError, match="overflowed"):
        run(request_one, manager, lambda event: None)
    weight.copy_(kept)


def test_a_picture_of_one_colour_is_an_error(manager: PipelineManager, request_one: TextToImage) -> None:
    with manager.pipeline(request_one) as pipe:
        last = pipe.vae.decoder.conv_out
    last.weight.zero_()
    last.bias.zero_()
    with pytest.raises(RunError, match="came out empty"):
        run(request_one, manager, lambda event: None)


def test_a_size_of_another_family_is_refused(manager: PipelineManager, request_one: TextToImage) -> None:
    with pytest.raises(InvalidField, match="Width: Storybook paints sizes from 96 to 192"):
        run(replace(request_one, width=512), manager, lambda event: None)


def test_pictures_are_rgb_of_the_size_asked(manager: PipelineManager, request_one: TextToImage) -> None:
    image = run(replace(request_one, width=128), manager, lambda event: None).images[0]
    assert (image.mode, image.size) == ("RGB", (128, 96)) and np.asarray(image).std() > 0


@pytest.fixture
def taught(settings: Settings, tmp_path: Path) -> PipelineManager:
    """One with an embedding "inkish", and one that holds no numbers, "broken up"."""
    models = Path(shutil.copytree(settings.models, tmp_path / "models"))
    embedding_files.a1111(models / "embeddings" / "inkish.safetensors")
    embedding_files.a1111(models / "embeddings" / "broken up.safetensors", number=float("nan"))
    return PipelineManager(replace(settings, models=models))


def test_an_embedding_paints_the_bytes_of_bare_diffusers(taught: PipelineManager, request_one: TextToImage) -> None:
    pipe = StableDiffusionPipeline.from_pretrained(taught.settings.models / "one", dtype=torch.float32)
    pipe.scheduler = DPMSolverMultistepScheduler.from_config(pipe.scheduler.config)
    pipe.load_textual_inversion(taught.settings.models / "embeddings" / "inkish.safetensors", token="<inkish>")
    bare = painted_bare(pipe, "a red <inkish> house", negative_prompt="<inkish>")
    asked = replace(request_one, prompt="a red inkish house", negative_prompt="Inkish")
    assert bytes_of(run(asked, taught, lambda event: None)) == [bare.tobytes()]


def test_an_embedding_leaves_no_trace(taught: PipelineManager, request_one: TextToImage) -> None:
    def quietly(event: object) -> None:
        pass

    def stop(event: object) -> None:
        if isinstance(event, Progress) and event.phase == "painting":
            raise Cancelled

    before = bytes_of(run(request_one, taught, quietly))
    named = replace(request_one, prompt="a red inkish house")
    with pytest.raises(Cancelled):
        run(named, taught, stop)
    first = bytes_of(run(named, taught, quietly))
    with pytest.raises(LoadError, match=r"^Embedding: broken up\.safetensors holds numbers that are none"):
        run(replace(request_one, prompt="a broken up house"), taught, quietly)
    taught.encodings.forget("one")
    assert bytes_of(run(request_one, taught, quietly)) == before != first
    assert bytes_of(run(named, taught, quietly)) == first


def test_an_embedding_that_changes_paints_anew(taught: PipelineManager, request_one: TextToImage) -> None:
    named = replace(request_one, prompt="a red inkish house")
    first = bytes_of(run(named, taught, lambda event: None))
    embedding_files.a1111(taught.settings.models / "embeddings" / "inkish.safetensors", seed=3)
    assert bytes_of(run(named, taught, lambda event: None)) != first
