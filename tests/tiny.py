"""Checkpoints small enough to make in a second: real classes and layouts, random weights, for shapes and bytes only."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    PNDMScheduler,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLInpaintPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
)

from studio.storybook import tokenizer, unet
from tests.single_files import single_file

__all__ = [
    "INPAINTERS",
    "WRITERS",
    "hub_cache",
    "sd1",
    "sd1_inpainting",
    "sd2",
    "sd2_inpainting",
    "sd3",
    "sdxl",
    "sdxl_inpainting",
    "single_file",
    "texts_of",
    "with_safety_checker",
    "write",
]

WIDTH = 32
REVISION = "0123456789abcdef0123456789abcdef01234567"
# A latent, the masked picture's latent and the mask.
INPAINTING_CHANNELS = 9
# What the published checkpoints of these families say of their training noise.
NOISE = MappingProxyType({"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"})


def write(folder: Path, seed: int, *, vae_levels: int = 3) -> Path:
    """Write a StableDiffusionPipeline of random weights; three VAE levels are Storybook's layout, four SD 1.x's."""
    noise = DPMSolverMultistepScheduler.from_config(unet.noise_schedule().config)
    return _stable_diffusion(folder, seed, noise, vae_levels=vae_levels)


def sd1(folder: Path, seed: int, **how: object) -> Path:
    """Write a checkpoint of Stable Diffusion 1.x's layout."""
    noise = PNDMScheduler(**NOISE, skip_prk_steps=True, set_alpha_to_one=False, steps_offset=1)
    return _unclipped(_stable_diffusion(folder, seed, noise, vae_levels=4, **how))


def sd1_inpainting(folder: Path, seed: int) -> Path:
    """Write a checkpoint of Stable Diffusion 1.x's layout that was made for inpainting."""
    return sd1(folder, seed, made_by=StableDiffusionInpaintPipeline, in_channels=INPAINTING_CHANNELS)


def sd2(folder: Path, seed: int, *, prediction_type: str = "v_prediction", **made: object) -> Path:
    """Write a checkpoint of Stable Diffusion 2.x's layout; the base one says "epsilon"."""
    how = {"clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}
    noise = DDIMScheduler(**NOISE, **how, prediction_type=prediction_type)
    return _stable_diffusion(folder, seed, noise, vae_levels=4, use_linear_projection=True, **made)


def sd2_inpainting(folder: Path, seed: int) -> Path:
    """Write a checkpoint of Stable Diffusion 2.x's layout that was made for inpainting."""
    how = {"made_by": StableDiffusionInpaintPipeline, "in_channels": INPAINTING_CHANNELS}
    return sd2(folder, seed, prediction_type="epsilon", **how)


def sdxl(folder: Path, seed: int, *, made_by: type = StableDiffusionXLPipeline, **how: object) -> Path:
    """Write a checkpoint of SDXL's layout: two encoders of different widths, and sizes told to the UNet."""
    torch.manual_seed(seed)
    words, second = _words(), _words(pad_token="!")
    made_by(
        vae=_vae(4, scaling_factor=0.13025),
        text_encoder=CLIPTextModel(_text(words)),
        text_encoder_2=CLIPTextModelWithProjection(_text(second, width=WIDTH * 2, hidden_act="gelu")),
        tokenizer=words,
        tokenizer_2=second,
        unet=_unet(
            cross_attention_dim=WIDTH * 3,
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + WIDTH * 2,
            **{"transformer_layers_per_block": (1, 2)} | how,
        ),
        scheduler=EulerDiscreteScheduler(**NOISE, timestep_spacing="leading", steps_offset=1),
    ).save_pretrained(folder)
    return _unclipped(folder)


def sdxl_inpainting(folder: Path, seed: int) -> Path:
    """Write a checkpoint of SDXL's layout that was made for inpainting."""
    return sdxl(folder, seed, made_by=StableDiffusionXLInpaintPipeline, in_channels=INPAINTING_CHANNELS)


def sd3(folder: Path, seed: int) -> Path:
    """Write a checkpoint of SD3.5 medium's layout: three encoders, a transformer with a second attention, no UNet."""
    torch.manual_seed(seed)
    words, second, long = _words(), _words(pad_token="!"), _long_words()
    first = CLIPTextModelWithProjection(_text(words))
    # Single files carry no projection of the first encoder: it is the identity.
    first.text_projection.weight.data = torch.eye(WIDTH)
    StableDiffusion3Pipeline(
        vae=_vae(
            4,
            latent_channels=16,
            scaling_factor=1.5305,
            shift_factor=0.0609,
            use_quant_conv=False,
            use_post_quant_conv=False,
        ),
        text_encoder=first,
        text_encoder_2=CLIPTextModelWithProjection(_text(second, width=WIDTH * 2, hidden_act="gelu")),
        text_encoder_3=T5EncoderModel(_long_text(long)),
        tokenizer=words,
        tokenizer_2=second,
        tokenizer_3=long,
        transformer=SD3Transformer2DModel(
            sample_size=32,
            patch_size=2,
            in_channels=16,
            num_layers=2,
            attention_head_dim=8,
            num_attention_heads=4,
            joint_attention_dim=WIDTH * 4,
            caption_projection_dim=32,
            pooled_projection_dim=WIDTH * 3,
            out_channels=16,
            pos_embed_max_size=96,
            dual_attention_layers=(0,),
            qk_norm="rms_norm",
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
    ).save_pretrained(folder)
    return folder


WRITERS: Mapping[str, Callable[[Path, int], Path]] = MappingProxyType(
    {"storybook": write, "sd1": sd1, "sd2": sd2, "sdxl": sdxl, "sd3": sd3}
)
# By the family that they are of.
INPAINTERS: Mapping[str, Callable[[Path, int], Path]] = MappingProxyType(
    {"sd1": sd1_inpainting, "sdxl": sdxl_inpainting}
)


def hub_cache(folder: Path, cache_dir: Path, repo_id: str, *, revision: str = REVISION) -> Path:
    """Lay a folder out as the hub's cache does after a download; the snapshot's folder."""
    repository = cache_dir / f"models--{repo_id.replace('/', '--')}"
    snapshot = repository / "snapshots" / revision
    shutil.copytree(folder, snapshot)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision)
    return snapshot


def texts_of(folder: Path, to: Path) -> Path:
    """Copy what a checkpoint has beside its weights: what a single file is read with."""
    return Path(shutil.copytree(folder, to, ignore=shutil.ignore_patterns("*.safetensors")))


def with_safety_checker(folder: Path) -> Path:
    """Let the checkpoint bring along a safety checker that holds everything back."""
    tower = {"hidden_size": WIDTH, "intermediate_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = CLIPConfig(vision_config={**tower, "image_size": 32, "patch_size": 16}, projection_dim=WIDTH)
    checker = StableDiffusionSafetyChecker(config)
    checker.concept_embeds_weights.fill_(-2)
    checker.save_pretrained(folder / "safety_checker")
    size = {"height": 32, "width": 32}
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=size).save_pretrained(folder / "feature_extractor")
    index = folder / "model_index.json"
    parts = {
        "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
        "feature_extractor": ["transformers", "CLIPImageProcessor"],
        "requires_safety_checker": True,
    }
    index.write_text(json.dumps(json.loads(index.read_text()) | parts))
    return folder


def _stable_diffusion(
    folder: Path,
    seed: int,
    noise: object,
    *,
    vae_levels: int,
    made_by: type = StableDiffusionPipeline,
    **how: object,
) -> Path:
    torch.manual_seed(seed)
    words = _words()
    made_by(
        vae=_vae(vae_levels),
        text_encoder=CLIPTextModel(_text(words)),
        tokenizer=words,
        unet=_unet(**how),
        scheduler=noise,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    return folder


def _unclipped(folder: Path) -> Path:
    """Say what the published configs say to other schedulers than their own: that no sample is clipped."""
    path = folder / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"clip_sample": False}))
    return folder


def _words(**how: object) -> CLIPTokenizer:
    made = tokenizer.make(["a red house in the snow", "a blue cat on the grass, night"])
    for name, value in how.items():
        setattr(made, name, value)
    return made


def _long_words() -> T5Tokenizer:
    letters = [(letter, -2.0) for letter in "▁abcdefghijklmnopqrstuvwxyz,"]
    return T5Tokenizer(vocab=[("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *letters], extra_ids=0)


def _text(words: CLIPTokenizer, *, width: int = WIDTH, **how: object) -> CLIPTextConfig:
    return CLIPTextConfig(
        hidden_size=width,
        intermediate_size=width,
        projection_dim=width,
        num_hidden_layers=2,
        num_attention_heads=2,
        vocab_size=len(words),
        bos_token_id=words.bos_token_id,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
        **how,
    )


def _long_text(words: T5Tokenizer) -> T5Config:
    return T5Config(vocab_size=len(words), d_model=WIDTH * 4, d_kv=8, d_ff=WIDTH, num_layers=2, num_heads=2)


def _vae(levels: int, *, latent_channels: int = 4, **how: object) -> AutoencoderKL:
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=(8,) * levels,
        latent_channels=latent_channels,
        norm_num_groups=4,
        sample_size=96,
        **how,
    )


def _unet(*, cross_attention_dim: int = WIDTH, **how: object) -> UNet2DConditionModel:
    blocks = {
        "block_out_channels": (16, 32),
        "layers_per_block": 1,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    }
    return UNet2DConditionModel(
        sample_size=24,
        cross_attention_dim=cross_attention_dim,
        attention_head_dim=2,
        norm_num_groups=8,
        **blocks | how,
    )
