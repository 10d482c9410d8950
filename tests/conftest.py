"""Tiny but complete checkpoints of the real classes, made once a session, and engines that run them."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
# What cuts out is compiled by numba, which gives the thread that imports it so many for torch too.
os.environ.setdefault("NUMBA_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Sums in one order wherever in memory a weight lies; the manager asks for the same.
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")

import gc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import hypothesis
import pytest
import torch

from studio.config import Settings
from studio.engine.local import LocalEngine
from studio.requests import TextToImage
from tests import control_nets, embedding_files, ip_adapters, lora_files, tiny
from tests import forms as every_form
from tests.forms import Forms

torch.set_num_threads(1)
# Speed is held by benchmarks: on a busy machine any example may take its time.
hypothesis.settings.register_profile("busy", deadline=None)
hypothesis.settings.load_profile("busy")


def pytest_collection_finish() -> None:
    """What was imported stays: looking for garbage among it would take a fifth of the suite's time, and find none."""
    gc.freeze()


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A `--models` folder with three checkpoints of Storybook's layout, "one", "two" and "three", a LoRA, "ink", and an
    embedding, "inkish"."""
    folder = tmp_path_factory.mktemp("models")
    for seed, name in enumerate(("one", "two", "three")):
        tiny.write(folder / name, seed)
    lora_files.kohya(folder / "one", folder / "loras" / "ink.safetensors", "storybook")
    embedding_files.a1111(folder / "embeddings" / "inkish.safetensors")
    return folder


@pytest.fixture(scope="session")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Forms:
    """A checkpoint of every family in every form, made once."""
    return every_form.make(tmp_path_factory.mktemp("all"), tmp_path_factory.mktemp("hub"))


@pytest.fixture(scope="session")
def steered(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Of a studio with a checkpoint of each family that controls steer, named by it, and every net of a hub."""
    models, cache = tmp_path_factory.mktemp("steered"), tmp_path_factory.mktemp("nets")
    control_nets.cached(control_nets.checkpoints(models), cache)
    how = {"device": "cpu", "offline": True}
    return Settings(models=models, cache_dir=cache, outputs=tmp_path_factory.mktemp("outputs"), **how)


@pytest.fixture(scope="session")
def styled(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Of a studio with a checkpoint of each family that hears references, named by it, and every adapter of a hub."""
    models, cache = tmp_path_factory.mktemp("styled"), tmp_path_factory.mktemp("adapters")
    ip_adapters.cached(ip_adapters.checkpoints(models), cache)
    how = {"device": "cpu", "offline": True}
    return Settings(models=models, cache_dir=cache, outputs=tmp_path_factory.mktemp("outputs"), **how)


@pytest.fixture
def settings(models: Path, tmp_path: Path) -> Settings:
    return Settings(models=models, outputs=tmp_path / "outputs", device="cpu")


@pytest.fixture
def engine(settings: Settings) -> Iterator[LocalEngine]:
    started = LocalEngine(settings).start()
    yield started
    started.close()


@pytest.fixture
def request_one() -> TextToImage:
    """A resolved request that takes a tenth of a second."""
    plain = TextToImage(prompt="a red house", checkpoint="one", num_inference_steps=4, seed=7, width=96, height=96)
    return replace(plain, guidance_scale=4.0, scheduler="DPM++ 2M")
