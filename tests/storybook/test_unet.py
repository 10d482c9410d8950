"""Whitening and noise schedule do what the denoiser is trained on."""

import torch

from studio.storybook import unet, vae
from studio.storybook.data import pictures, scenes


def test_whitening_is_folded_into_the_autoencoder() -> None:
    torch.manual_seed(1)
    model, cpu = vae.make().eval(), torch.device("cpu")
    seen = pictures(scenes(0, 12), 64)
    pixels = vae.to_tensor(seen)
    with torch.inference_mode():
        before = model.decode(model.encode(pixels).latent_dist.mean).sample
    unet.fold_whitening(model, *unet.whitening(unet.encode(model, seen, cpu)))
    flat = unet.encode(model, seen, cpu).float().permute(1, 0, 2, 3).flatten(1)
    assert flat.mean(1).abs().max() < 0.02
    assert (torch.cov(flat) - torch.eye(4)).abs().max() < 0.02
    with torch.inference_mode():
        after = model.decode(model.encode(pixels).latent_dist.mean).sample
        assert torch.allclose(model.encode(pixels).latent_dist.std, torch.tensor(vae.LATENT_NOISE))
    assert (before - after).abs().max() < 0.01


def test_schedule_ends_in_almost_pure_noise() -> None:
    assert unet.noise_schedule().alphas_cumprod[-1].sqrt() < 0.02


def test_unet_takes_half_and_full_size_latents() -> None:
    model = unet.make().eval()
    with torch.inference_mode():
        for side in (16, 32):
            out = model(torch.zeros(1, 4, side, side), 10, torch.zeros(1, 77, 128)).sample
            assert out.shape == (1, 4, side, side)
