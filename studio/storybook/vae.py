"""The autoencoder: 128×128 pictures to 32×32 latents of four channels and back."""

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from torch import Tensor

from studio.storybook.data import pictures, scenes
from studio.storybook.training import Losses, Run, load_state
from studio.storybook.world import Mix

CROP = 64
BATCH = 16
POOL = 6000
KL_WEIGHT = 1e-3
LATENT_NOISE = 0.05


def make() -> AutoencoderKL:
    """A fresh autoencoder: f = 4, no attention, 0.65 M parameters."""
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(16, 32, 64),
        layers_per_block=1,
        latent_channels=4,
        norm_num_groups=8,
        mid_block_add_attention=False,
        sample_size=128,
        scaling_factor=1.0,
    )


def train(minutes: float, device: torch.device, *, seed: int = 0, decoder_only: bool = False) -> AutoencoderKL:
    """Train on 64×64 crops of 128-pixel scenes and on whole 64-pixel scenes; latents stay put if `decoder_only`."""
    model = make().to(memory_format=torch.channels_last)
    for part in (model.encoder, model.quant_conv):
        part.requires_grad_(not decoder_only)
    some = scenes(seed, POOL, Mix(looks=0.4))
    large, small = pictures(some, 128), pictures(some, 64)
    rng = np.random.default_rng()

    def losses(step: int) -> Losses:
        return _losses(model, _batch(rng, large, small).to(device), fixed_latents=decoder_only)

    return Run(name="vae", model=model, losses=losses, device=device, learning_rate=2e-3).fit(minutes)


def trained(device: torch.device) -> AutoencoderKL | None:
    """The averaged autoencoder of the saved state, in evaluation mode; None if it was never trained here."""
    state = load_state("vae", device)
    if state is None:
        return None
    model = make().to(device)
    model.load_state_dict(state["averages"])
    return model.eval()


def to_tensor(batch: np.ndarray) -> Tensor:
    """(n, h, w, 3) uint8 to (n, 3, h, w) float32 in −1 … 1."""
    return torch.from_numpy(batch).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def _batch(rng: np.random.Generator, large: np.ndarray, small: np.ndarray) -> Tensor:
    """Half crops of large pictures, half small pictures whole."""
    crops = []
    for index in rng.integers(len(large), size=BATCH // 2):
        x, y = rng.integers(0, (large.shape[2] - CROP) // 4 + 1, 2) * 4
        crops.append(large[index, y : y + CROP, x : x + CROP])
    whole = small[rng.integers(len(small), size=BATCH // 2)]
    return to_tensor(np.concatenate([np.stack(crops), whole])).contiguous(memory_format=torch.channels_last)


def _losses(model: AutoencoderKL, pixels: Tensor, *, fixed_latents: bool) -> Losses:
    """L1, squared and gradient errors, and a small KL; noise on the latents teaches the decoder tolerance."""
    posterior = model.encode(pixels).latent_dist
    latents = posterior.mean if fixed_latents else posterior.sample()
    latents = latents + LATENT_NOISE * torch.randn_like(latents)
    error = model.decode(latents).sample.float() - pixels
    named = {
        "l1": error.abs().mean(),
        "l2": 2 * error.square().mean(),
        "edges": 0.5 * (_slope(error, -1) + _slope(error, -2)),
    }
    if not fixed_latents:
        named["kl"] = KL_WEIGHT * posterior.kl().mean() / latents[0].numel()
    return named


def _slope(error: Tensor, axis: int) -> Tensor:
    return torch.diff(error, dim=axis).abs().mean()


def psnr(model: AutoencoderKL, batch: np.ndarray) -> float:
    """Mean PSNR in dB of (n, h, w, 3) uint8 pictures sent through the autoencoder (no sampling noise)."""
    device = next(model.parameters()).device
    values = []
    with torch.inference_mode():
        for start in range(0, len(batch), 50):
            pixels = to_tensor(batch[start : start + 50]).to(device)
            back = model.decode(model.encode(pixels).latent_dist.mean).sample.clamp(-1, 1)
            error = F.mse_loss(back, pixels, reduction="none").mean((1, 2, 3)) / 4
            values.append(-10 * torch.log10(error))
    return float(torch.cat(values).mean())
