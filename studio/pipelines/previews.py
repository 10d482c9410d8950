"""Latents to a rough picture, by the family's matrix: no decoder is run."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from studio.catalog import Family


def rough(latents: Tensor, family: Family) -> Image.Image:
    """The first of (n, channels, h, w) latents as an RGB picture of w × h pixels."""
    *rows, offset = torch.tensor(family.latent_rgb, dtype=torch.float32)
    factors = torch.stack(rows)
    seen = latents[0].detach().to("cpu", torch.float32).permute(1, 2, 0) @ factors + offset
    return Image.fromarray((seen.clamp(0, 1) * 255).round().numpy().astype(np.uint8))
