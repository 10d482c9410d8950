"""Rendered scenes as arrays, made ahead on every core; training and evaluation never share a seed."""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np

from studio.storybook.render import picture
from studio.storybook.world import Mix, Scene, random_scene

# Seeds below are trained on, seeds from here are for evaluation only.
UNSEEN = 1_000_000_000


def scenes(first_seed: int, count: int, mix: Mix = Mix()) -> list[Scene]:
    """`count` scenes of consecutive seeds."""
    return [random_scene(seed, mix) for seed in range(first_seed, first_seed + count)]


def pictures(some: Sequence[Scene], height: int) -> np.ndarray:
    """(n, height, width, 3) uint8; the scenes must share one aspect."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return np.stack(list(pool.map(partial(_array, height=height), some, chunksize=64)))


def _array(scene: Scene, height: int) -> np.ndarray:
    return np.asarray(picture(scene, height))
