"""Each weight once, every swap whole, and memory that comes back."""

import gc
import logging
import math
import shutil
import struct
from dataclasses import replace
from pathlib import Path

import diffusers
import numpy as np
import psutil
import pytest
import torch
from diffusers import DiffusionPipeline
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from studio import catalog
from studio.config import Settings
from studio.errors import LoadError, NotFound
from studio.images import picture
from studio.pipelines import memory, sources
from studio.pipelines.encoding import encode
from studio.pipelines.manager import PipelineManager
from studio.requests import Control, TextToImage, resolved
from studio.tasks import run
from tests import tiny
from tests.forms import ROWS, Forms
from tests.pipelines.conftest import Small

NAMES = ("one", "two", "three")


def painted(manager: PipelineManager, request: TextToImage) -> bytes:
    return run(request, manager, lambda event: None).images[0].tobytes()


@pytest.fixture
def manager(settings: Settings) -> PipelineManager:
    return PipelineManager(settings)


def test_weights_are_shared_and_schedulers_are_not(manager: PipelineManager, request_one: TextToImage) -> None:
    with manager.pipeline(request_one) as first, manager.pipeline(request_one) as second:
        assert first.unet is second.unet and first.vae is second.vae
        assert first.scheduler is not second.scheduler


def test_a_hundred_switches_leak_nothing_and_change_nothing(manager: PipelineManager, request_one: TextToImage) -> None:
    requests = [replace(request_one, checkpoint=name, num_inference_steps=1) for name in NAMES]
    reference = [painted(manager, request) for request in requests]
    for _ in range(3):
        swap_all(manager, requests)
    before = resident_bytes()
    for _ in range(33):
        assert swap_all(manager, requests) == reference
    assert resident_bytes() <= before * 1.05


def swap_all(manager: PipelineManager, requests: list[TextToImage]) -> list[bytes]:
    """Paint with each checkpoint after everything else has been evicted, so that each one is read from disk."""
    pictures = []
    for request in requests:
        manager.close()
        pictures.append(painted(manager, request))
    return pictures


def resident_bytes() -> int:
    gc.collect()
    memory.release(torch.device("cpu"))
    return psutil.Process().memory_info().rss


def test_a_second_checkpoint_does_not_drive_out_the_first(manager: PipelineManager, request_one: TextToImage) -> None:
    for name in NAMES:
        painted(manager, replace(request_one, checkpoint=name))
    painted(manager, request_one)
    assert manager.held() == ["two", "three", "one"]


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("unet/diffusion_pytorch_model.safetensors", "cut"),
        ("vae/diffusion_pytorch_model.safetensors", "empty"),
        ("text_encoder/model.safetensors", "html"),
        ("unet/config.json", "gone"),
        ("text_encoder", "gone"),
    ],
)
def test_a_damaged_checkpoint_is_named_and_the_old_one_works(
    settings: Settings, request_one: TextToImage, tmp_path: Path, file: str, damage: str
) -> None:
    shutil.copytree(settings.models, tmp_path / "models")
    hurt(tmp_path / "models" / "two" / file, damage)
    manager = PipelineManager(replace(settings, models=tmp_path / "models"))
    reference = painted(manager, request_one)
    with pytest.raises(LoadError, match=file.rpartition("/")[2].removesuffix(".json")):
        painted(manager, replace(request_one, checkpoint="two"))
    assert painted(manager, request_one) == reference
    assert manager.held() == ["one"]


def hurt(path: Path, damage: str) -> None:
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-1000])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "html":
        path.write_text("<!doctype html><title>Not found</title>" * 20)
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def test_a_load_that_fails_inside_diffusers_leaves_nothing_behind(
    settings: Settings, request_one: TextToImage, tmp_path: Path
) -> None:
    """A config of other shapes than the weights passes every check of ours and fails in the loading itself."""
    shutil.copytree(settings.models, tmp_path / "models")
    config = tmp_path / "models" / "two" / "unet" / "config.json"
    config.write_text(config.read_text().replace('"cross_attention_dim": 32', '"cross_attention_dim": 64'))
    manager = PipelineManager(replace(settings, models=tmp_path / "models"))
    reference = painted(manager, request_one)
    with pytest.raises(LoadError, match="two could not be loaded"):
        painted(manager, replace(request_one, checkpoint="two"))
    assert manager.held() == ["one"] and painted(manager, request_one) == reference


def bare(folder: Path, request: TextToImage, family: catalog.Family) -> bytes:
    """The picture of diffusers alone."""
    row = catalog.sampler(request.scheduler)
    pipe = DiffusionPipeline.from_pretrained(folder, **dict.fromkeys(family.left_out))
    make = getattr(diffusers, row.flow if family.is_flow else row.scheduler)
    pipe.scheduler = make.from_pretrained(folder, subfolder="scheduler", **row.settings)
    pipe.set_progress_bar_config(disable=True)
    picture = pipe(
        request.prompt,
        width=request.width,
        height=request.height,
        num_inference_steps=request.num_inference_steps,
        guidance_scale=request.guidance_scale,
        generator=torch.Generator().manual_seed(request.seed),
    )
    return picture.images[0].tobytes()


@pytest.mark.parametrize("family", tiny.WRITERS)
def test_every_form_of_every_family_gives_the_bytes_of_bare_diffusers(
    every: PipelineManager, small: Small, forms: Forms, family: str
) -> None:
    ids = [f"folders/{family}", f"files/{family}.safetensors", *([ROWS[family]] if family in ROWS else [])]
    pictures = [painted(every, small(id)) for id in ids]
    assert len(set(pictures)) == 1 and len(set(pictures[0])) > 100
    assert pictures[0] == bare(forms.folder(family), small(ids[0]), catalog.family(family))


@pytest.mark.parametrize("family", tiny.WRITERS)
def test_a_pipeline_is_of_the_class_that_the_task_asks_for(every: PipelineManager, small: Small, family: str) -> None:
    request, row = small(f"folders/{family}"), catalog.family(family)
    with every.pipeline(request) as first:
        for task, name in row.pipelines.items():
            with every.pipeline(request, kind=task) as other:
                assert type(other).__name__ == name
                assert first.vae is other.vae and first.text_encoder is other.text_encoder


def filled(manager: PipelineManager, request: TextToImage, strength: float) -> np.ndarray:
    """A picture of one colour after the request has filled the middle of it, and its colour."""
    size = (request.width, request.height)
    picture, mask = Image.new("RGB", size, (200, 30, 60)), Image.new("L", size)
    mask.paste(255, tuple(side // 4 for side in size) + tuple(side * 3 // 4 for side in size))
    steps: list[int] = []

    def on_step(pipe: DiffusionPipeline, step: int, timestep: Tensor, values: dict) -> dict:
        steps.append(step)
        return values

    with manager.pipeline(request, kind="inpaint") as pipe:
        made = pipe(
            image=picture,
            mask_image=mask,
            strength=strength,
            width=request.width,
            height=request.height,
            num_inference_steps=request.num_inference_steps,
            guidance_scale=request.guidance_scale,
            generator=torch.Generator().manual_seed(request.seed),
            callback_on_step_end=on_step,
            output_type="np",
            **encode(pipe, request.prompt, request.negative_prompt),
        )
    assert steps == list(range(len(steps))) and 0 < len(steps) <= request.num_inference_steps
    return made.images[0]


@pytest.mark.parametrize("strength", [0.6, 1.0])
@pytest.mark.parametrize("family", tiny.WRITERS)
def test_every_family_fills_masks(every: PipelineManager, small: Small, family: str, strength: float) -> None:
    request = small(f"folders/{family}")
    made = filled(every, request, strength)
    assert made.shape == (request.height, request.width, 3) and np.isfinite(made).all() and made.std() > 0
    assert not np.array_equal(made, filled(every, replace(request, seed=8), strength))


@pytest.mark.parametrize("strength", [0.6, 1.0])
@pytest.mark.parametrize("family", tiny.INPAINTERS)
def test_a_checkpoint_made_for_inpainting_fills_masks_alike_from_folder_and_file(
    inpainters: Forms, tmp_path: Path, family: str, strength: float
) -> None:
    manager = PipelineManager(inpainters.settings(tmp_path))
    small = Small(manager)
    folder = filled(manager, small(f"folders/{family}"), strength)
    assert np.isfinite(folder).all() and folder.std() > 0
    assert np.array_equal(folder, filled(manager, small(f"files/{family}.safetensors"), strength))


@pytest.mark.parametrize("form", ["folders/sd1", "files/sdxl.safetensors"])
def test_what_changes_on_disk_is_loaded_anew(forms: Forms, small: Small, tmp_path: Path, form: str) -> None:
    shutil.copytree(forms.models, tmp_path / "models")
    manager = PipelineManager(replace(forms.settings(tmp_path), models=tmp_path / "models"))
    request, path = small(form), tmp_path / "models" / form
    before = painted(manager, request)
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises((LoadError, NotFound)):
        painted(manager, request)
    family = path.stem
    other = tiny.WRITERS[family](tmp_path / "other", 99)
    other.rename(path) if form.startswith("folders") else tiny.single_file(other, path)
    after = painted(manager, request)
    assert after != before and painted(manager, request) == after


def test_a_file_that_predicts_velocity_is_run_so(forms: Forms, small: Small, tmp_path: Path) -> None:
    weights = {**load_file(forms.file("sdxl")), "v_pred": torch.zeros(0)}
    (tmp_path / "models").mkdir()
    save_file(weights, tmp_path / "models" / "fast.safetensors")
    manager = PipelineManager(replace(forms.settings(tmp_path), models=tmp_path / "models"))
    with manager.pipeline(replace(small("files/sdxl.safetensors"), checkpoint="fast.safetensors")) as pipe:
        assert pipe.scheduler.config.prediction_type == "v_prediction"


def test_a_file_of_sd2_made_for_inpainting_is_run_as_its_base_model_is(settings: Settings, tmp_path: Path) -> None:
    for name, kind in (("stable-diffusion-2-1", "v_prediction"), ("stable-diffusion-2-1-base", "epsilon")):
        texts = tiny.sd2(tmp_path / name, 0, prediction_type=kind)
        tiny.hub_cache(texts, tmp_path / "hub", f"sd2-community/{name}")
    tiny.single_file(tiny.sd2_inpainting(tmp_path / "made", 1), tmp_path / "models" / "filler.safetensors")
    manager = PipelineManager(replace(settings, models=tmp_path / "models", cache_dir=tmp_path / "hub"))
    with manager.pipeline(TextToImage(checkpoint="filler.safetensors", scheduler="DDIM"), kind="inpaint") as pipe:
        assert pipe.scheduler.config.prediction_type == "epsilon" and pipe.unet.config.in_channels == 9


def test_what_is_no_number_is_refused_once_and_listed_so(forms: Forms, small: Small, tmp_path: Path) -> None:
    shutil.copytree(forms.folder("sd1"), tmp_path / "models" / "mine")
    file = tmp_path / "models" / "mine" / "vae" / "diffusion_pytorch_model.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[:-4] + struct.pack("<f", math.nan))
    settings = replace(forms.settings(tmp_path), models=tmp_path / "models")
    manager, loads = PipelineManager(settings), []
    request = replace(small("folders/sd1"), checkpoint="mine")
    for _ in range(2):
        with (
            pytest.raises(LoadError, match="the part 'vae' of mine holds numbers that are none"),
            manager.pipeline(request, on_load=lambda done, parts: loads.append(done)),
        ):
            pass
    assert loads and loads == sorted(set(loads)) and manager.held() == []
    listed = {row.id: row.problem for row, _ in sources.available(settings, manager.faults)}
    assert "holds numbers that are none" in listed["mine"]
    file.write_bytes(whole)
    assert painted(manager, request) == painted(manager, request)
    assert not {row.id: row.problem for row, _ in sources.available(settings, manager.faults)}["mine"]


def test_encodings_go_with_the_weights_they_came_from(manager: PipelineManager, request_one: TextToImage) -> None:
    painted(manager, request_one)
    held = manager.encodings.size_bytes()
    painted(manager, replace(request_one, checkpoint="two"))
    assert manager.encodings.size_bytes() > held > 0
    manager.close()
    assert manager.encodings.size_bytes() == 0


def test_a_vae_that_a_run_left_widened_is_brought_back(forms: Forms, small: Small, tmp_path: Path) -> None:
    """As SDXL's pipelines do when they are stopped while they decode."""
    manager = PipelineManager(replace(forms.settings(tmp_path), dtype="bfloat16"))
    request = small("folders/sdxl")
    with pytest.raises(RuntimeError, match="stopped"), manager.pipeline(request) as pipe:
        pipe.vae.to(torch.float32)
        raise RuntimeError("stopped")
    with manager.pipeline(request) as pipe:
        assert pipe.vae.dtype == pipe.unet.dtype == torch.bfloat16


def test_precision_is_the_owner_s_or_the_device_s(settings: Settings) -> None:
    sd3 = catalog.family("sd3")
    assert PipelineManager(settings).dtype(sd3) == torch.float32
    assert PipelineManager(replace(settings, dtype="float16")).dtype(sd3) == torch.float16


@pytest.mark.parametrize("family", tiny.WRITERS)
def test_half_precision_paints_too(forms: Forms, small: Small, tmp_path: Path, family: str) -> None:
    manager = PipelineManager(replace(forms.settings(tmp_path), dtype="bfloat16"))
    for id in (f"folders/{family}", f"files/{family}.safetensors"):
        with manager.pipeline(small(id)) as pipe:
            parts = [part for part in pipe.components.values() if isinstance(part, torch.nn.Module)]
            assert {part.dtype for part in parts} == {torch.bfloat16}
    assert painted(manager, small(f"folders/{family}", num_inference_steps=1))


def test_a_checkpoint_that_is_not_here_is_said_so(manager: PipelineManager, request_one: TextToImage) -> None:
    with pytest.raises(NotFound, match="there is no 'storibook'.*storybook"):
        painted(manager, replace(request_one, checkpoint="storibook"))


# Nets that follow controls, lent beside checkpoints.

SHOWN = picture(Image.linear_gradient("L"))
MOST = 2**60  # more than any machine has


def controlled(manager: PipelineManager, checkpoint: str, *kinds: str, **how: object) -> TextToImage:
    """A resolved request whose controls are images already."""
    controls = tuple(Control(kind=kind, image=SHOWN, preprocessor="none") for kind in kinds)
    size = {"width": 256, "height": 256, "num_inference_steps": 1, "guidance_scale": 1.0}
    return resolved(TextToImage(checkpoint=checkpoint, controls=controls, **size | how), manager.row(checkpoint))


def nets_held(manager: PipelineManager) -> list[str]:
    return [id for id, _ in manager._nets]


@pytest.fixture
def steering(steered: Settings) -> PipelineManager:
    return PipelineManager(steered)


@pytest.mark.parametrize("checkpoint", ["sd1", "sdxl", "sd3"])
def test_a_controlled_pipeline_is_of_the_class_that_its_way_asks_for(
    steering: PipelineManager, checkpoint: str
) -> None:
    family = catalog.family(checkpoint)
    for way, classes in family.controlled.items():
        net = next(row for row in catalog.controlnets(checkpoint) if way == ("union" if row.is_union else row.method))
        request = controlled(steering, checkpoint, next(iter(net.kinds)), method=net.method)
        request = replace(request, controls=(replace(request.controls[0], controlnet=net.id),))
        for kind, name in classes.items():
            with steering.pipeline(request, kind=kind) as pipe:
                assert type(pipe).__name__ == name


def test_a_net_is_read_once_and_lent_to_every_run(steering: PipelineManager) -> None:
    request = controlled(steering, "sd1", "canny")
    with steering.pipeline(request) as first, steering.pipeline(replace(request, seed=9)) as second:
        assert first.controlnet is second.controlnet and first.unet is second.unet
    assert nets_held(steering) == ["sd15-canny"]


def test_controls_of_one_kind_share_a_net(steering: PipelineManager) -> None:
    with steering.pipeline(controlled(steering, "sd1", "canny", "canny")) as pipe:
        first, second = pipe.controlnet.nets
        assert first is second


def test_a_plain_run_reads_no_net(steering: PipelineManager) -> None:
    for request in (controlled(steering, "sd1"), controlled(steering, "sd1", "canny", method="none")):
        with steering.pipeline(request) as pipe:
            assert "controlnet" not in pipe.components
    assert nets_held(steering) == []


def test_nets_are_let_go_before_checkpoints_and_those_used_longest_ago_first(
    steering: PipelineManager, caplog: pytest.LogCaptureFixture
) -> None:
    for checkpoint, kind in (("sd1", "canny"), ("sd1", "depth"), ("sdxl", "canny"), ("sd1", "canny")):
        with steering.pipeline(controlled(steering, checkpoint, kind)):
            pass
    with caplog.at_level(logging.INFO, "studio.pipelines.manager"):
        steering._make_room(MOST)
    gone = [record.args[0] for record in caplog.records]
    assert gone == [*((id, torch.float32) for id in ("sd15-depth", "sdxl-canny", "sd15-canny")), "sdxl", "sd1"]
    assert steering.held() == nets_held(steering) == []


def test_what_the_run_needs_is_never_let_go(steering: PipelineManager) -> None:
    for checkpoint, kind in (("sd1", "canny"), ("sdxl", "canny")):
        with steering.pipeline(controlled(steering, checkpoint, kind)):
            pass
    steering._make_room(MOST, keep={"sd1", ("sd15-canny", torch.float32)})
    assert (steering.held(), nets_held(steering)) == (["sd1"], ["sd15-canny"])


def test_closing_lets_nets_go(steering: PipelineManager) -> None:
    with steering.pipeline(controlled(steering, "sd1", "canny", "depth")):
        pass
    steering.close()
    assert nets_held(steering) == []


@pytest.mark.parametrize("method", ["controlnet", "t2i_adapter"])
def test_controls_work_in_half_precision(steered: Settings, method: str) -> None:
    manager = PipelineManager(replace(steered, dtype="bfloat16"))
    request = controlled(manager, "sd1", "depth", method=method)
    with manager.pipeline(request) as pipe:
        parts = [part for part in pipe.components.values() if isinstance(part, torch.nn.Module)]
        assert {part.dtype for part in parts} == {torch.bfloat16}
    assert painted(manager, request)


def test_a_net_that_is_broken_leaves_the_checkpoint_and_the_other_nets(steered: Settings, tmp_path: Path) -> None:
    shutil.copytree(steered.cache_dir, tmp_path / "cache")
    (file,) = (tmp_path / "cache").glob("models--lllyasviel--*_depth/snapshots/*/*.safetensors")
    whole = file.read_bytes()
    file.write_bytes(whole[:-1000])
    manager = PipelineManager(replace(steered, cache_dir=tmp_path / "cache"))
    reference = painted(manager, controlled(manager, "sd1", "canny", seed=7))
    with pytest.raises(LoadError, match="^ControlNet: ControlNet 1.1 depth could not be loaded"):
        painted(manager, controlled(manager, "sd1", "canny", "depth"))
    assert (manager.held(), nets_held(manager)) == (["sd1"], ["sd15-canny"])
    assert painted(manager, controlled(manager, "sd1", "canny", seed=7)) == reference
    file.write_bytes(whole)
    assert painted(manager, controlled(manager, "sd1", "canny", "depth"))
