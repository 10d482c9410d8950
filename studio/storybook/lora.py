"""A LoRA for the Storybook world: a drawing style that the base has never seen, the worked example of how to teach one.

The blueprint has no word in the base's captions. What is taught is a few rows and columns beside the frozen UNet's own
weights (Hu et al. 2021), on scenes drawn in that look and described as ever.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionPipeline, UNet2DConditionModel
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from studio.storybook import clip, unet
from studio.storybook.bundled import LORAS
from studio.storybook.captions import random_caption
from studio.storybook.data import pictures, scenes
from studio.storybook.looks import BLUE, CHALK
from studio.storybook.training import Losses, Run, load_state, workers
from studio.storybook.world import Mix

NAME = "lora-blueprint"
LOOK = "blueprint"
FILE = f"{LOOK}.safetensors"
HEIGHT = 128
BATCH = 32
COUNT = 3_000
FIRST_SEED = 700_000
RANK = 8
# Attention to words and to the picture itself, and the convolutions, which draw the lines.
HEARS = ("to_q", "to_k", "to_v", "to_out.0", "conv1", "conv2", "conv_out")
# How often its word is said too, so that it may be, and need not.
SAID = 0.5
# How far the colours of a blueprint may be from the line between its paper and its lines, on average, in RGB.
NEAR = 14.0


def train(minutes: float, device: torch.device) -> UNet2DConditionModel:
    """Train the rows and columns beside the frozen UNet, on squared error of v as that was."""
    some = scenes(FIRST_SEED, COUNT, Mix(looks=0.0))
    drawn = pictures([replace(scene, look=LOOK) for scene in some], HEIGHT)
    latents = unet.encode(unet.whitened_vae(device), drawn, device)
    text_tower = clip.trained(device).text_model
    base = begun(device)
    alphas = unet.noise_schedule().alphas_cumprod.to(device)
    rng, batch = np.random.default_rng(), BATCH // workers()

    def losses(step: int) -> Losses:
        turn = rng.integers(COUNT, size=batch)
        words = [random_caption(some[index], int(rng.integers(2**31))) for index in turn]
        words = [f"{said}, {LOOK}" if rng.random() < SAID else said for said in words]
        with torch.no_grad():
            said = text_tower(unet.tokens_of(words).long().to(device)).last_hidden_state
        clean = latents[turn].to(device).float().contiguous(memory_format=torch.channels_last)
        return unet.losses(partial(unet.by_words, base, said=said), clean, alphas)

    run = Run(name=NAME, model=base, losses=losses, device=device, learning_rate=3e-3, weight_decay=0.0)
    return run.fit(minutes)


def begun(device: torch.device) -> UNet2DConditionModel:
    """The frozen UNet with rows and columns beside it that change nothing yet, or those of the saved state."""
    base = unet.trained(device).requires_grad_(False)
    base.add_adapter(LoraConfig(r=RANK, lora_alpha=RANK, target_modules=list(HEARS), init_lora_weights="gaussian"))
    if (state := load_state(NAME, device)) is not None:
        base.load_state_dict(state["averages"])
    return base


def export(folder: Path = LORAS, base: UNet2DConditionModel | None = None) -> None:
    """Write what stands beside the UNet, the trained one if none is given, as diffusers names it, float16.

    The header says its word, as files of other trainers do.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = get_peft_model_state_dict(base or begun(torch.device("cpu")))
    taught = {name: value.half() for name, value in state.items()}
    StableDiffusionPipeline.save_lora_weights(folder, unet_lora_layers=taught, weight_name=FILE)
    _tell(folder / FILE, {"modelspec.title": "Blueprint", "modelspec.trigger_phrase": LOOK})


def _tell(file: Path, words: Mapping[str, str]) -> None:
    """Add to what the header of a file says."""
    with safe_open(file, "pt") as read:
        said = read.metadata() or {}
    save_file(load_file(file), file, {**said, **words})


def is_blueprint(seen: np.ndarray) -> bool:
    """True if the colours of a (h, w, 3) uint8 picture lie between a blueprint's paper and its lines; asks no net."""
    start, way = np.array(BLUE, np.float32), np.subtract(CHALK, BLUE).astype(np.float32)
    pixels = seen.reshape(-1, 3).astype(np.float32) - start
    along = np.clip(pixels @ way / (way @ way), 0, 1)
    return float(np.linalg.norm(pixels - along[:, None] * way, axis=1).mean()) < NEAR
