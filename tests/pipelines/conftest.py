"""A manager that finds every family in every form, and requests that take it a moment."""

from dataclasses import replace

import pytest

from studio.pipelines.manager import PipelineManager
from studio.requests import TextToImage
from tests import tiny
from tests.forms import Forms


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
