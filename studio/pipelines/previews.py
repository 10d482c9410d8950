"""Latents to a rough picture, by the family's matrix: no decoder is run."""

import numpy as np
import torch
from diffusers import SchedulerMixin
from PIL import Image
from torch import Tensor

from studio.catalog import Family


def estimate(scheduler: SchedulerMixin, latents: Tensor) -> Tensor:
    """The finished latents as the sampler expects them after its last step, as far as it tells.

    Solvers that predict the sample keep it; else the latents as they are, noise and all, at the model's own scale,
    which those of flow matching never leave.
    """
    kept, config = getattr(scheduler, "model_outputs", None), scheduler.config
    if (
        kept
        and kept[-1] is not None
        and (str(config.get("algorithm_type")).endswith("++") or config.get("predict_x0", False))
    ):
        return kept[-1]
    if getattr(scheduler, "init_noise_sigma", 1) == 1:
        return latents
    sigma = scheduler.sigmas[scheduler.step_index].to(latents)
    return latents / (sigma**2 + 1) ** 0.5


def rough(latents: Tensor, family: Family) -> Image.Image:
    """The first of (n, channels, h, w) latents as an RGB picture of w × h pixels."""
    *rows, offset = torch.tensor(family.latent_rgb, dtype=torch.float32)
    factors = torch.stack(rows)
    seen = latents[0].detach().to("cpu", torch.float32).permute(1, 2, 0) @ factors + offset
    return Image.fromarray((seen.clamp(0, 1) * 255).round().numpy().astype(np.uint8))
