"""Rendered scenes as arrays, made ahead on every core; training and evaluation never share a seed."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from studio.storybook.render import picture, segmentation
from studio.storybook.world import Mix, Scene, random_scene

# Seeds below are trained on, seeds from here are for evaluation only.
UNSEEN = 1_000_000_000


def scenes(first_seed: int, count: int, mix: Mix = Mix(), *, aspect: float = 1.0) -> list[Scene]:
    """`count` scenes of consecutive seeds, all of one aspect (width ÷ height)."""
    return [random_scene(seed, mix, aspect=aspect) for seed in range(first_seed, first_seed + count)]


def pictures(some: Sequence[Scene], height: int) -> np.ndarray:
    """(n, height, width, 3) uint8; the scenes must share one aspect."""
    return _each(_array, some, height)


def regions(some: Sequence[Scene], height: int) -> np.ndarray:
    """(n, height, width) uint8, the classes of `render.segmentation`; the scenes must share one aspect."""
    return _each(segmentation, some, height)


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


def _each(draw: Callable[[Scene, int], np.ndarray], some: Sequence[Scene], height: int) -> np.ndarray:
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return np.stack(list(pool.map(partial(draw, height=height), some, chunksize=64)))


def _array(scene: Scene, height: int) -> np.ndarray:
    return np.asarray(picture(scene, height))
