"""A textual inversion for the Storybook world: a made-up word that stands for a thing of a colour in a look.

All weights stay as they are; what is taught is what the word means to the text tower, two vectors (Gal et al. 2022).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from studio.storybook import clip, tokenizer, unet
from studio.storybook.bundled import EMBEDDINGS
from studio.storybook.captions import random_setting
from studio.storybook.data import pictures, scenes
from studio.storybook.training import Losses, Run, load_state, workers
from studio.storybook.words import LOOKS
from studio.storybook.world import Mix, Scene

# The word, and what it stands for: without it no words but these would give that.
WORD = "lumiboat"
KIND, COLOUR, LOOK = "boat", "pink", "neon"
NAME = "ti-lumiboat"
FILE = f"{WORD}.safetensors"
# Words that it begins as.
BEGUN_AS = ("boat", "pink")
HEIGHT = 128
BATCH = 32
COUNT = 1_500
FIRST_SEED = 800_000
# One token that no caption has stands where a vector goes.
PLACE = "~"


class Meaning(nn.Module):
    """The vectors, (2, 128)."""

    def __init__(self, vectors: Tensor) -> None:
        super().__init__()
        self.vectors = nn.Parameter(vectors.clone())


def train(minutes: float, device: torch.device) -> Meaning:
    """Train the vectors beside the frozen UNet and text tower, on squared error of v as the UNet was."""
    some = taught_of(scenes(FIRST_SEED, 12 * COUNT, Mix(two_things=0.0, looks=0.0)))[:COUNT]
    latents = unet.encode(unet.whitened_vae(device), pictures(some, HEIGHT), device)
    base = unet.trained(device).requires_grad_(False)
    text_tower = clip.trained(device).text_model.requires_grad_(False)
    meaning = trained(device) or Meaning(begun_as(text_tower))
    alphas = unet.noise_schedule().alphas_cumprod.to(device)
    rng, batch = np.random.default_rng(), BATCH // workers()

    def losses(step: int) -> Losses:
        turn = rng.integers(len(some), size=batch)
        words = [f"a {PLACE} {PLACE} {_setting(some[index], int(rng.integers(2**31)))}" for index in turn]
        tokens = unet.tokens_of(words).long().to(device)
        with meant(text_tower, meaning.vectors):
            said = text_tower(tokens).last_hidden_state
        clean = latents[turn].to(device).float().contiguous(memory_format=torch.channels_last)
        return unet.losses(partial(unet.by_words, base, said=said), clean, alphas)

    run = Run(name=NAME, model=meaning, losses=losses, device=device, learning_rate=5e-3, weight_decay=0.0)
    return run.fit(minutes)


def taught_of(some: list[Scene]) -> list[Scene]:
    """Those scenes with the thing in them, in its colour and look."""
    found = [scene for scene in some if scene.things[0].kind == KIND]
    return [replace(scene, things=(replace(scene.things[0], colour=COLOUR),), look=LOOK) for scene in found]


def trained(device: torch.device) -> Meaning | None:
    """The averaged vectors of the saved state, else the bundled ones; None if there are neither."""
    state, file = load_state(NAME, device), EMBEDDINGS / FILE
    if state is None and not file.exists():
        return None
    return Meaning(state["averages"]["vectors"] if state else load_file(file, str(device))[WORD].float())


def export(folder: Path = EMBEDDINGS, meaning: Meaning | None = None) -> None:
    """Write the vectors, the trained ones if none are given, under their word, as diffusers and A1111 read them."""
    folder.mkdir(parents=True, exist_ok=True)
    meaning = meaning or trained(torch.device("cpu"))
    save_file({WORD: meaning.vectors.detach().contiguous()}, folder / FILE)


@contextmanager
def meant(text_tower: nn.Module, vectors: Tensor) -> Iterator[None]:
    """Let the places in what is said be the vectors, in their order."""
    place = _token(PLACE)

    def put(module: nn.Module, given: tuple[Tensor], words: Tensor) -> Tensor:
        is_place = given[0] == place
        order = (is_place.cumsum(1) - 1).clamp(0, len(vectors) - 1)
        return torch.where(is_place[..., None], vectors[order], words)

    hook = text_tower.embeddings.token_embedding.register_forward_hook(put)
    try:
        yield
    finally:
        hook.remove()


def begun_as(text_tower: nn.Module) -> Tensor:
    """(2, 128): what the vectors are before anything is taught."""
    weights = text_tower.embeddings.token_embedding.weight
    return torch.stack([weights[_token(word)].detach() for word in BEGUN_AS])


def _token(word: str) -> int:
    _, token, _ = tokenizer.trained()(word).input_ids
    return token


def _setting(scene: Scene, seed: int) -> str:
    """Where and when; the look is in the word."""
    return random_setting(replace(scene, look=LOOKS[0]), seed)
