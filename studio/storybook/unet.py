"""The denoiser: whitened latents, words through CLIP's text tower, v-prediction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from torch import Tensor

from studio.storybook import bundled, clip, tokenizer, vae
from studio.storybook.captions import random_caption
from studio.storybook.data import pictures, scenes
from studio.storybook.training import STATE, Losses, Run, load_state, workers
from studio.storybook.world import Mix, Scene

CAPTIONS_PER_SCENE = 6
EMPTY_PROMPTS = 0.1
SNR_CAP = 5.0

# Noisy latents and their steps to the v they are made of.
Guess = Callable[[Tensor, Tensor], Tensor]


def make() -> UNet2DConditionModel:
    """A fresh UNet 48-96-160, cross attention below the top level."""
    return UNet2DConditionModel(
        sample_size=32,
        in_channels=4,
        out_channels=4,
        block_out_channels=(48, 96, 160),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=clip.WIDTH,
        attention_head_dim=4,
        norm_num_groups=16,
    )


def noise_schedule() -> DDIMScheduler:
    """v-prediction over a schedule that ends at a signal of 1.5 %: small latents keep their mean light otherwise."""
    return DDIMScheduler(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.02,
        prediction_type="v_prediction",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )


@dataclass(frozen=True, kw_only=True)
class Round:
    """A part of the training: pictures of one height, of `count` scenes from a seed on."""

    height: int
    seed: int
    count: int
    mix: Mix = Mix()

    @property
    def scenes(self) -> list[Scene]:
        """What is seen in it."""
        return scenes(self.seed, self.count, self.mix)


def train(minutes: float, device: torch.device, *, round: Round) -> UNet2DConditionModel:
    """Train one round; the text tower and the autoencoder stay as they are."""
    some, count, height = round.scenes, round.count, round.height
    latents = latents_of(round, device)
    tokens = _tokens(some)
    text_tower = clip.trained(device).text_model
    empty = tokens_of([""])[0].long()
    noise = noise_schedule()
    alphas = noise.alphas_cumprod.to(device)
    model = trained(device).to(memory_format=torch.channels_last)
    rng, batch = np.random.default_rng(), (64 if height <= 64 else 32) // workers()

    def step_losses(step: int) -> Losses:
        picked = torch.from_numpy(rng.integers(count, size=batch))
        words = tokens[picked, torch.from_numpy(rng.integers(CAPTIONS_PER_SCENE, size=batch))].long()
        words[torch.from_numpy(rng.random(batch) < EMPTY_PROMPTS)] = empty
        with torch.no_grad():
            said = text_tower(words.to(device)).last_hidden_state
        clean = latents[picked].to(device).float().contiguous(memory_format=torch.channels_last)
        return losses(partial(by_words, model, said=said), clean, alphas)

    averaging = 0.999 if height <= 64 else 0.997
    run = Run(name="unet", model=model, losses=step_losses, device=device, ema_decay=averaging)
    return run.fit(minutes)


def trained(device: torch.device) -> UNet2DConditionModel:
    """The averaged UNet of the saved state, else the bundled one, else a fresh one; in evaluation mode."""
    state = load_state("unet", device)
    if state is None:
        return bundled.part(UNet2DConditionModel, bundled.BASE / "unet", device) or make().to(device).eval()
    model = make().to(device)
    model.load_state_dict(state["averages"])
    return model.eval()


def whitening(latents: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (4,) and ZCA matrix (4, 4) that give (n, 4, h, w) latents zero mean and unit covariance."""
    flat = latents.float().permute(1, 0, 2, 3).flatten(1)
    mean = flat.mean(1)
    values, vectors = torch.linalg.eigh(torch.cov(flat))
    return mean, vectors @ torch.diag(values.rsqrt()) @ vectors.T


@torch.no_grad()
def fold_whitening(model: AutoencoderKL, mean: Tensor, matrix: Tensor) -> None:
    """Let the two 1×1 convolutions around the latents whiten them, so that plain diffusers gets it right.

    The posterior's deviation becomes a constant 0.05, the noise the decoder was trained to bear.
    """
    into, out = model.quant_conv, model.post_quant_conv
    channels = len(mean)
    into.weight[:channels] = torch.einsum("ij,jkhw->ikhw", matrix, into.weight[:channels])
    into.bias[:channels] = matrix @ (into.bias[:channels] - mean)
    into.weight[channels:] = 0
    into.bias[channels:] = 2 * float(np.log(vae.LATENT_NOISE))
    out.bias += out.weight[:, :, 0, 0] @ mean
    out.weight[:, :, 0, 0] = out.weight[:, :, 0, 0] @ torch.linalg.inv(matrix)


def whitened_vae(device: torch.device) -> AutoencoderKL:
    """The autoencoder in training, its latents whitened as measured once and kept, else the bundled one."""
    model, path = vae.trained(device), STATE / "whitening.pt"
    if model is None:
        return bundled.part(AutoencoderKL, bundled.BASE / "vae", device)
    if not path.exists():
        seen = pictures(scenes(0, 1500, Mix(looks=0.25)), 128)
        mean, matrix = whitening(encode(model, seen, device))
        torch.save({"mean": mean, "matrix": matrix}, path)
    kept = torch.load(path, map_location=device, weights_only=True)
    fold_whitening(model, kept["mean"], kept["matrix"])
    return model


@torch.no_grad()
def encode(model: AutoencoderKL, seen: np.ndarray, device: torch.device) -> Tensor:
    """(n, h, w, 3) uint8 pictures to (n, 4, h/4, w/4) float16 latents on the CPU."""
    model = model.to(memory_format=torch.channels_last)
    parts = []
    for start in range(0, len(seen), 128):
        pixels = vae.to_tensor(seen[start : start + 128]).to(device, memory_format=torch.channels_last)
        parts.append(model.encode(pixels).latent_dist.mean.half().cpu())
    return torch.cat(parts)


def latents_of(round: Round, device: torch.device) -> Tensor:
    """Latents of a round's scenes, rendered and encoded once and kept in a file."""
    path = STATE / f"latents-{round.height}-{round.seed}-{round.count}-{round.mix.looks}.pt"
    if not path.exists():
        model, some = whitened_vae(device), round.scenes
        turns = range(0, len(some), 8192)
        torch.save(
            torch.cat([encode(model, pictures(some[at : at + 8192], round.height), device) for at in turns]), path
        )
    return torch.load(path, weights_only=True)


def _tokens(some: Sequence[Scene]) -> Tensor:
    """(n, CAPTIONS_PER_SCENE, 77) int16 tokens of random captions."""
    rng = np.random.default_rng(len(some))
    said = [random_caption(scene, int(rng.integers(2**31))) for scene in some for _ in range(CAPTIONS_PER_SCENE)]
    return tokens_of(said).view(len(some), CAPTIONS_PER_SCENE, -1)


def tokens_of(said: list[str]) -> Tensor:
    """(n, 77) int16 tokens of captions."""
    tokens = tokenizer.trained()(said, padding="max_length", truncation=True, return_tensors="pt")
    return tokens.input_ids.to(torch.int16)


def by_words(model: UNet2DConditionModel, noisy: Tensor, steps: Tensor, *, said: Tensor) -> Tensor:
    """The v that the UNet tells of noisy latents, hearing words (n, 77, 128) alone."""
    return model(noisy, steps, said).sample


def losses(
    guess: Guess, clean: Tensor, alphas: Tensor, *, matters: Tensor | float = 1.0, noisier: float = 1.0
) -> Losses:
    """Squared error of the v that `guess` tells (Salimans & Ho 2022), almost clean steps weighed as if their SNR were
    capped.

    `matters` (n, 1, height, width) weighs each place. All steps are as likely, or noisy ones more so: a step's chance
    grows as its number to the power of `noisier` - 1.
    """
    drawn = torch.rand(len(clean), device=clean.device) ** (1 / noisier)
    steps = (drawn * len(alphas)).long().clamp(max=len(alphas) - 1)
    signal = alphas[steps].sqrt().view(-1, 1, 1, 1)
    noisiness = (1 - alphas[steps]).sqrt().view(-1, 1, 1, 1)
    noise = torch.randn_like(clean)
    noisy = signal * clean + noisiness * noise
    wanted = signal * noise - noisiness * clean
    told = guess(noisy, steps).float()
    snr = alphas[steps] / (1 - alphas[steps])
    weight = (snr + 1).clamp(max=SNR_CAP + 1) / (snr + 1)
    return {"v": (((told - wanted).square() * matters).mean((1, 2, 3)) * weight).mean()}
