"""Checkpoints small enough to make in a second: real classes, random weights, for shapes and bytes only."""

from pathlib import Path

import torch
from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from studio.storybook import tokenizer, unet

WIDTH = 32


def write(folder: Path, seed: int, *, vae_levels: int = 3) -> Path:
    """Write a StableDiffusionPipeline of random weights; three VAE levels are Storybook's layout, four SD 1.x's."""
    torch.manual_seed(seed)
    words = tokenizer.make(["a red house in the snow", "a blue cat on the grass, night"])
    text = CLIPTextConfig(
        hidden_size=WIDTH,
        intermediate_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        vocab_size=len(words),
        bos_token_id=words.bos_token_id,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
    )
    pipe = StableDiffusionPipeline(
        vae=AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * vae_levels,
            up_block_types=("UpDecoderBlock2D",) * vae_levels,
            block_out_channels=(8,) * vae_levels,
            latent_channels=4,
            norm_num_groups=4,
            sample_size=96,
        ),
        text_encoder=CLIPTextModel(text),
        tokenizer=words,
        unet=UNet2DConditionModel(
            sample_size=24,
            block_out_channels=(16, 32),
            layers_per_block=1,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=WIDTH,
            attention_head_dim=2,
            norm_num_groups=8,
        ),
        scheduler=DPMSolverMultistepScheduler.from_config(unet.noise_schedule().config),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipe.save_pretrained(folder)
    return folder
