"""Each weight once, every swap whole, and memory that comes back."""

import gc
import shutil
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch

from studio.config import Settings
from studio.errors import LoadError, NotFound
from studio.pipelines import memory
from studio.pipelines.manager import PipelineManager
from studio.requests import TextToImage
from studio.tasks import run

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


def test_a_checkpoint_that_is_not_here_is_said_so(manager: PipelineManager, request_one: TextToImage) -> None:
    with pytest.raises(NotFound, match="there is no 'storibook'.*storybook"):
        painted(manager, replace(request_one, checkpoint="storibook"))
