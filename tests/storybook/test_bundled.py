"""The bundled base: a plain diffusers folder, small enough to live in the repository, true to its figures."""

import json

import numpy as np
import pytest
import torch
from diffusers import StableDiffusionPipeline

from studio.storybook import vae
from studio.storybook.bundled import BASE, FOLDER
from studio.storybook.bundled import FIGURES as FIGURES_FILE
from studio.storybook.captions import plain_caption
from studio.storybook.data import UNSEEN
from studio.storybook.export import paint
from studio.storybook.judge import pixels_right
from studio.storybook.render import picture
from studio.storybook.world import Mix, random_scene

FIGURES = json.loads(FIGURES_FILE.read_text())
FLOORS = {
    ("base", "object"): 75,
    ("base", "colour"): 80,
    ("base", "both"): 65,
    ("vae", "psnr"): 26,
    ("clipseg", "thing, IoU"): 0.70,
    ("clipseg", "background, IoU"): 0.80,
    ("rembg", "IoU"): 0.85,
    ("replace", "new object"): 70,
    ("remove", "old one gone"): 75,
}


@pytest.fixture(scope="module")
def pipe() -> StableDiffusionPipeline:
    return StableDiffusionPipeline.from_pretrained(BASE, local_files_only=True)


def test_files_are_small() -> None:
    sizes = {path: path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()}
    assert max(sizes.values()) <= 10_000_000
    assert sum(size for path, size in sizes.items() if path.is_relative_to(BASE)) <= 30_000_000
    assert sum(sizes.values()) <= 80_000_000


def test_weights_are_float16_safetensors_only() -> None:
    from safetensors import safe_open

    assert not [path for path in BASE.rglob("*") if path.suffix in {".bin", ".pt", ".ckpt", ".pth"}]
    for path in BASE.rglob("*.safetensors"):
        with safe_open(path, "pt") as file:
            dtypes = {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
        assert dtypes <= {"F16", "I64"}, path


def test_plain_loading_gives_one_dtype(pipe: StableDiffusionPipeline) -> None:
    assert {pipe.unet.dtype, pipe.text_encoder.dtype, pipe.vae.dtype, pipe.image_encoder.dtype} == {torch.float32}


@pytest.mark.parametrize("verb", ["replace", "remove"])
def test_not_a_bit_outside_the_mask_was_changed(verb: str) -> None:
    assert FIGURES[verb]["bits changed outside"] == 0


@pytest.mark.parametrize(("part", "figure"), FLOORS)
def test_figures_are_at_or_above_their_floors(part: str, figure: str) -> None:
    assert FIGURES[part][figure] >= FLOORS[part, figure]


def test_autoencoder_gives_unseen_scenes_back(pipe: StableDiffusionPipeline) -> None:
    seen = np.stack([np.asarray(picture(random_scene(UNSEEN + 70_000 + index), 128)) for index in range(24)])
    assert vae.psnr(pipe.vae, seen) >= 26


def test_colours_follow_the_words(pipe: StableDiffusionPipeline) -> None:
    """Counted by pixels on fresh prompts; well under the measured figure, since sixteen prompts scatter."""
    some = [random_scene(UNSEEN + 80_000 + index, Mix(two_things=0, looks=0)) for index in range(16)]
    painted = paint(pipe, [plain_caption(scene) for scene in some], num_inference_steps=10)
    right = [pixels_right(seen, scene) for seen, scene in zip(painted, some, strict=True)]
    assert sum(right) >= 10


def test_latents_are_white(pipe: StableDiffusionPipeline) -> None:
    seen = np.stack([np.asarray(picture(random_scene(index), 128)) for index in range(60)])
    with torch.inference_mode():
        latents = pipe.vae.encode(vae.to_tensor(seen)).latent_dist.mean
    flat = latents.permute(1, 0, 2, 3).flatten(1)
    assert flat.mean(1).abs().max() < 0.3
    assert (torch.cov(flat) - torch.eye(4)).abs().max() < 0.4
