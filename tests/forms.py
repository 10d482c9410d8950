"""A checkpoint of each family in every form it can have: folder, single file, and what a hub's cache holds."""

from pathlib import Path
from typing import NamedTuple

from studio import catalog
from studio.config import Settings
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


def make(models: Path, cache_dir: Path) -> Forms:
    """Every family as "folders/sd1", as "files/sd1.safetensors", and as what `ROWS` says of it in a hub's cache."""
    made = Forms(models, cache_dir)
    for seed, (name, write) in enumerate(tiny.WRITERS.items()):
        folder = write(made.folder(name), seed)
        tiny.single_file(folder, made.file(name))
        if name in ROWS:
            row = catalog.checkpoint(ROWS[name])
            tiny.hub_cache(folder, made.cache_dir, row.source, revision=row.revision)
    texts = made.file("storybook").with_suffix(".config")
    tiny.texts_of(made.folder("storybook"), texts)
    return made
