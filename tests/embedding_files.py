"""Tiny embedding files for tiny checkpoints, as A1111, diffusers and trainers for SDXL write them."""

from pathlib import Path

import torch
from torch import Tensor

from tests import tiny
from tests.lora_files import saved


def a1111(file: Path, *, count: int = 2, width: int = tiny.WIDTH, seed: int = 0, number: float | None = None) -> Path:
    """As A1111 has it once its pickle was converted; all its numbers are `number`, if one is given."""
    made = vectors(count, width, seed)
    return saved({"emb_params": made if number is None else made.fill_(number)}, file, {})


def diffusers(file: Path, *, width: int = tiny.WIDTH, seed: int = 0) -> Path:
    """As diffusers' trainer writes it: one vector under its word."""
    return saved({"<made-up>": vectors(1, width, seed)[0]}, file, {})


def sdxl(file: Path, *, count: int = 2, widths: tuple[int, int] = (tiny.WIDTH, 2 * tiny.WIDTH), seed: int = 0) -> Path:
    """As trainers for SDXL write it: the vectors of each text encoder."""
    narrow, wide = (vectors(count, width, seed + place) for place, width in enumerate(widths))
    return saved({"clip_l": narrow, "clip_g": wide}, file, {})


def vectors(count: int, width: int, seed: int) -> Tensor:
    """Vectors by chance."""
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))
