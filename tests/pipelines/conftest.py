"""A manager that finds every family in every form, requests that take it a moment, and a hub to fetch from."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from studio.config import Settings
from studio.pipelines.manager import PipelineManager
from studio.requests import TextToImage
from tests import tiny
from tests.fake_hub import FakeHub, Repository, running
from tests.forms import Forms
from tests.online import Online, process


@pytest.fixture(scope="session")
def every(forms: Forms, tmp_path_factory: pytest.TempPathFactory) -> PipelineManager:
    """A manager that finds all of them."""
    return PipelineManager(forms.settings(tmp_path_factory.mktemp("outputs")))


@pytest.fixture(scope="session")
def inpainters(forms: Forms, tmp_path_factory: pytest.TempPathFactory) -> Forms:
    """Checkpoints made for inpainting, as folders and files; the hub's cache has the texts of plain ones."""
    made = Forms(tmp_path_factory.mktemp("inpainters"), forms.cache_dir)
    for seed, (name, write) in enumerate(tiny.INPAINTERS.items()):
        tiny.single_file(write(made.folder(name), seed), made.file(name))
    return made


@pytest.fixture
def small(every: PipelineManager) -> "Small":
    """Makes resolved requests that take a moment."""
    return Small(every)


class Small:
    """Two steps at the smallest size that every family but Storybook has too."""

    def __init__(self, manager: PipelineManager) -> None:
        self._manager = manager

    def __call__(self, checkpoint: str, **values: object) -> TextToImage:
        family = self._manager.family(checkpoint)
        plain = TextToImage(
            prompt="a red house",
            checkpoint=checkpoint,
            width=family.minimum_size,
            height=family.minimum_size,
            guidance_scale=4.0,
            num_inference_steps=2,
            scheduler=family.defaults["scheduler"],
            seed=7,
        )
        return replace(plain, **values)


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    """A process that may ask a hub."""
    with process() as started:
        yield started


@pytest.fixture
def server(repositories: dict[str, Repository]) -> Iterator[FakeHub]:
    """A hub with the `repositories` of a module of tests."""
    with running(repositories) as started:
        yield started


@pytest.fixture
def online(pool: ProcessPoolExecutor, server: FakeHub) -> Online:
    """Runs calls where that hub can be asked."""
    return Online(pool, server.url)


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    """Of a studio whose cache is empty."""
    return Settings(cache_dir=tmp_path / "cache")
