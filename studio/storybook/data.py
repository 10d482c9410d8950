"""Rendered scenes as arrays, made ahead on every core; training and evaluation never share a seed."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from studio.storybook.render import depth, picture, segmentation
from studio.storybook.world import Mix, Scene, random_scene

# Seeds below are trained on, seeds from here are for evaluation only.
UNSEEN = 1_000_000_000
# Width ÷ height of what a pool holds, and how often each is drawn from it.
ASPECTS = {1.0: 0.6, 1.5: 0.2, 2 / 3: 0.2}
# As published nets see pictures.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

# A first seed and an aspect to scenes, and those and a height to what is true of them.
Draw = Callable[[int, float], list[Scene]]
Truth = Callable[[Sequence[Scene], int], np.ndarray]


class Pool:
    """Scenes of three aspects drawn ahead, `count` of each, with what is true of them; a batch shares one aspect."""

    def __init__(self, draw: Draw, first_seed: int, truth: Truth, *, height: int) -> None:
        some = [draw(first_seed + 10_000_000 * turn, aspect) for turn, aspect in enumerate(ASPECTS)]
        self._pictures = [pictures(each, height) for each in some]
        self._truths = [truth(each, height) for each in some]
        self._rng = np.random.default_rng()

    def batch(self, size: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Worn pictures (size, 3, h, w) in −1 … 1, and what is true of each."""
        turn = int(self._rng.choice(len(ASPECTS), p=list(ASPECTS.values())))
        picked = self._rng.choice(len(self._truths[turn]), size, replace=False)
        pixels = torch.from_numpy(self._pictures[turn][picked]).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1
        return worn(pixels), torch.from_numpy(self._truths[turn][picked]).to(device)


def scenes(first_seed: int, count: int, mix: Mix = Mix(), *, aspect: float = 1.0) -> list[Scene]:
    """`count` scenes of consecutive seeds, all of one aspect (width ÷ height)."""
    return [random_scene(seed, mix, aspect=aspect) for seed in range(first_seed, first_seed + count)]


def pictures(some: Sequence[Scene], height: int) -> np.ndarray:
    """(n, height, width, 3) uint8; the scenes must share one aspect."""
    return each(_array, some, height)


def regions(some: Sequence[Scene], height: int) -> np.ndarray:
    """(n, height, width) uint8, the classes of `render.segmentation`; the scenes must share one aspect."""
    return each(segmentation, some, height)


def depths(some: Sequence[Scene], height: int) -> np.ndarray:
    """(n, height, width) float32 nearness, as `render.depth`; the scenes must share one aspect."""
    return each(depth, some, height)


def normalised(pixels: Tensor) -> Tensor:
    """Pixels (n, 3, h, w) in −1 … 1 as published nets see them."""
    mean, deviation = (torch.tensor(values, device=pixels.device).view(3, 1, 1) for values in (MEAN, DEVIATION))
    return (pixels / 2 + 0.5 - mean) / deviation


def worn(pixels: Tensor) -> Tensor:
    """(n, 3, h, w) in −1 … 1 as a young model might draw it: half of them blurred, noisy, a little off in tint."""
    half = len(pixels) // 2
    small = F.interpolate(pixels[:half], scale_factor=0.5, mode="area")
    blurred = F.interpolate(small, size=pixels.shape[-2:], mode="bilinear")
    pixels = torch.cat([blurred, pixels[half:]])
    tint = 1 + 0.12 * torch.randn(len(pixels), 3, 1, 1, device=pixels.device)
    light = 0.08 * torch.randn(len(pixels), 1, 1, 1, device=pixels.device)
    noise = torch.rand(len(pixels), 1, 1, 1, device=pixels.device) * 0.15 * torch.randn_like(pixels)
    return (pixels * tint + light + noise).clamp(-1, 1)


def each(draw: Callable[[Scene, int], np.ndarray], some: Sequence[Scene], height: int) -> np.ndarray:
    """(n, …): what is drawn of each scene at that height, on every core."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return np.stack(list(pool.map(partial(draw, height=height), some, chunksize=64)))


def _array(scene: Scene, height: int) -> np.ndarray:
    return np.asarray(picture(scene, height))
