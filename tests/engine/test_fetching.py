"""Checkpoints brought onto this machine by a job of their own, and used like any other then."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from studio.config import Settings
from studio.engine.local import LocalEngine
from studio.errors import LoadError, StudioError
from studio.requests import Fetch, TextToImage
from studio.results import Fetched, Progress, Result
from tests import tiny
from tests.single_files import single_file


@pytest.fixture
def pickled(tmp_path: Path) -> Path:
    """A `--models` folder with a pickled checkpoint of one file, and its configs beside it."""
    folder = tiny.write(tmp_path / "models" / "old", 5, vae_levels=4)
    weights = load_file(single_file(folder, tmp_path / "old.safetensors"))
    torch.save({"state_dict": weights}, tmp_path / "models" / "old.ckpt")
    for path in folder.rglob("*.safetensors"):
        path.unlink()
    shutil.rmtree(folder / "safety_checker", ignore_errors=True)
    return tmp_path / "models"


def outcome(engine: LocalEngine, request: Fetch) -> list:
    return list(engine.events(engine.fetch(request, "local").id, "local"))


def test_a_pickled_checkpoint_is_converted_and_paints(settings: Settings, pickled: Path) -> None:
    engine = LocalEngine(replace(settings, models=pickled)).start()
    (row,) = [row for row in engine.checkpoints() if row["is_pickle"]]
    assert row["can_fetch"] and "convert" in row["problem"]
    *told, last = outcome(engine, Fetch(checkpoint=row["id"]))
    assert isinstance(last, Fetched) and all(isinstance(event, Progress) for event in told)
    ready = [
        row["id"] for row in engine.checkpoints() if row["on_disk"] and not row["problem"] and row["family"] == "sd1"
    ]
    request = TextToImage(prompt="a cat", checkpoint=ready[0], width=256, height=256, num_inference_steps=1)
    *_, result = engine.events(engine.submit(request, "local").id, "local")
    engine.close()
    assert isinstance(result, Result) and result.images[0].size == (256, 256)


def test_a_fetch_that_fails_says_why_and_the_engine_works_on(engine: LocalEngine, request_one: TextToImage) -> None:
    with pytest.raises(StudioError, match=r"^Checkpoint: "):
        outcome(engine, Fetch(checkpoint="dreamshaper-8"))
    *_, result = engine.events(engine.submit(request_one, "local").id, "local")
    assert isinstance(result, Result)


def test_what_is_here_needs_no_fetching(engine: LocalEngine) -> None:
    with pytest.raises(LoadError, match="^Checkpoint: Storybook is on this machine already"):
        outcome(engine, Fetch(checkpoint="storybook"))


def test_visitors_of_a_public_studio_fetch_nothing(settings: Settings) -> None:
    engine = LocalEngine(replace(settings, listen="0.0.0.0"))
    with pytest.raises(LoadError, match="only the owner"):
        engine.fetch(Fetch(checkpoint="sd15"), "a visitor")
    assert not any(row["can_fetch"] for row in engine.checkpoints())
    engine.close()
