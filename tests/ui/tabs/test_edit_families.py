"""The Edit tab with checkpoints of other families: the same click keeps the same promise."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio import catalog
from studio.config import Settings
from studio.requests import FindMask, Inpaint
from studio.ui.tabs import edit
from tests import tiny
from tests.ui.clicks import Run
from tests.ui.conftest import Served, serve

# Checkpoint: what writes it, and its family.
CHECKPOINTS = {
    "sdxl": (tiny.sdxl, "sdxl"),
    "sd3": (tiny.sd3, "sd3"),
    "sd1-inpainting": (tiny.sd1_inpainting, "sd1"),
}
# The words are looked for by Storybook's own net: the real one would be fetched.
QUICK = {"num_inference_steps": 2, "strength": 1, "mask_model": "storybook-words"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("families")


@pytest.fixture(scope="module")
def families(folder: Path) -> Iterator[Served]:
    for seed, (name, (write, _)) in enumerate(CHECKPOINTS.items()):
        write(folder / name, seed)
    yield from serve(Settings(models=folder, outputs=folder / "outputs", device="cpu"))


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_what_the_words_name_is_painted_and_the_rest_is_kept(families: Served, folder: Path, checkpoint: str) -> None:
    sampler = catalog.family(CHECKPOINTS[checkpoint][1]).defaults["scheduler"]
    run = Run(families, edit.TITLE, (FindMask, Inpaint))
    assert "Done in" in run.clicked(**QUICK, checkpoint=checkpoint, scheduler=sampler)
    made = max((folder / "outputs").rglob("*.png"), key=lambda file: file.stat().st_mtime)
    before, after = (np.asarray(Image.open(file).convert("RGB")) for file in (edit.EXAMPLES[0].file, made))
    assert before.shape == after.shape
    assert 0.3 < (before == after).all(axis=2).mean() < 0.9
