"""A checkpoint of each family in every form it can have, made once a session."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from studio import catalog
from studio.config import Settings
from studio.pipelines.manager import PipelineManager
from studio.requests import TextToImage
from tests import tiny

# The row of the catalogue whose repository a family's tiny checkpoint plays.
ROWS = {"sd1": "sd15", "sd2": "sd21", "sdxl": "sdxl", "sd3": "sd35-medium"}


class Forms(NamedTuple):
    """A `--models` folder with a folder and a single file of each family, and a hub's cache with the published ones."""

    models: Path
    cache_dir: Path

    def folder(self, family: str) -> Path:
        """Of the id "folders/sd1" and so on."""
        return self.models / "folders" / family

    def file(self, family: str) -> Path:
        """Of the id "files/sd1.safetensors" and so on."""
        return self.models / "files" / f"{family}.safetensors"

    def settings(self, outputs: Path) -> Settings:
        """A private studio that has both."""
        return Settings(models=self.models, cache_dir=self.cache_dir, outputs=outputs, device="cpu")


@pytest.fixture(scope="session")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Forms:
    """Every family as "folders/sd1", as "files/sd1.safetensors", and as what `ROWS` says of it in a hub's cache."""
    made = Forms(tmp_path_factory.mktemp("all"), tmp_path_factory.mktemp("hub"))
    for seed, (name, write) in enumerate(tiny.WRITERS.items()):
        folder = write(made.folder(name), seed)
        tiny.single_file(folder, made.file(name))
        if name in ROWS:
            row = catalog.checkpoint(ROWS[name])
            tiny.hub_cache(folder, made.cache_dir, row.source, revision=row.revision)
    texts = made.file("storybook").with_suffix(".config")
    tiny.texts_of(made.folder("storybook"), texts)
    return made


@pytest.fixture(scope="session")
def every(forms: Forms, tmp_path_factory: pytest.TempPathFactory) -> PipelineManager:
    """A manager that finds all of them."""
    return PipelineManager(forms.settings(tmp_path_factory.mktemp("outputs")))


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
