"""Nets that follow controls, of the published classes and small enough to make in a moment; weights of chance."""

import inspect
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    ControlNetUnionModel,
    SD3ControlNetModel,
    SD3Transformer2DModel,
    T2IAdapter,
    UNet2DConditionModel,
)
from torch import nn

from studio import catalog
from studio.catalog import ControlNet
from tests import tiny

# How wide the trained zeros are here, so that a control shows.
SPREAD = 0.1
# What the published adapters for lines of Stable Diffusion 1.x take: one channel.
GREY = ("sd15-canny-adapter", "sd15-scribble-adapter")
# A first level without attention would be halved before it hears an adapter of Stable Diffusion 1.x's layout.
ATTENTIVE = MappingProxyType(
    {
        "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    }
)


def controlnet(base: Path) -> ControlNetModel:
    """A ControlNet made of a checkpoint's UNet, as those of Stable Diffusion begin."""
    return ControlNetModel.from_unet(_unet(base), conditioning_embedding_out_channels=_levels(base))


def union(base: Path) -> ControlNetUnionModel:
    """One net for eight kinds of control, as xinsir's."""
    unet = _unet(base)
    known = inspect.signature(ControlNetUnionModel.__init__).parameters
    width = unet.config.block_out_channels[0]
    made = ControlNetUnionModel(
        **{name: value for name, value in unet.config.items() if name in known},
        conditioning_embedding_out_channels=_levels(base),
        num_control_type=8,
        num_trans_channel=width,
        num_proj_channel=width,
        num_trans_head=2,
    )
    made.down_blocks.load_state_dict(unet.down_blocks.state_dict(), strict=False)
    return made


def sd3_controlnet(base: Path) -> SD3ControlNetModel:
    """A ControlNet of one layer made of a checkpoint's transformer."""
    transformer = SD3Transformer2DModel.from_pretrained(base / "transformer")
    return SD3ControlNetModel.from_transformer(transformer, num_layers=1, num_extra_conditioning_channels=0)


def adapter(base: Path, *, in_channels: int = 3) -> T2IAdapter:
    """A T2I-Adapter of the layout that fits the checkpoint's UNet: those of SDXL and Storybook halve later."""
    unet = _unet(base)
    is_late = not unet.config.down_block_types[0].startswith("CrossAttn")
    scale = 2 ** (len(_levels(base)) - 1)
    return T2IAdapter(
        in_channels=in_channels,
        channels=list(unet.config.block_out_channels),
        num_res_blocks=1,
        downscale_factor=2 * scale if is_late else scale,
        adapter_type="full_adapter_xl" if is_late else "full_adapter",
    )


MAKERS: Mapping[str, Callable[[Path], nn.Module]] = MappingProxyType(
    {
        "ControlNetModel": controlnet,
        "ControlNetUnionModel": union,
        "SD3ControlNetModel": sd3_controlnet,
        "T2IAdapter": adapter,
    }
)


def write(row: ControlNet, base: Path, folder: Path, *, seed: int = 0) -> Path:
    """Write the net of a row for a tiny checkpoint, in its class and variant."""
    torch.manual_seed(seed)
    net = MAKERS[row.loads](base, **({"in_channels": 1} if row.id in GREY else {}))
    for weight in net.parameters():
        if not weight.any():
            nn.init.normal_(weight, std=SPREAD)
    net.save_pretrained(folder, variant=row.variant)
    return folder


def cached(bases: Mapping[str, Path], cache_dir: Path) -> None:
    """Write every row of a hub as its cache has it once it was fetched; rows of one layout have the same weights."""
    made: dict[tuple, Path] = {}
    for row in catalog.CONTROLNETS:
        if not row.source.startswith("assets/"):
            layout = (row.family, row.loads, row.variant, row.id in GREY)
            if layout not in made:
                made[layout] = write(row, bases[row.family], cache_dir / "made" / row.id)
            tiny.hub_cache(made[layout], cache_dir, row.source)
    shutil.rmtree(cache_dir / "made")


def checkpoints(folder: Path) -> dict[str, Path]:
    """A checkpoint of each family that controls can steer, which rows' tiny nets are made for, named by the family.

    Beside them those made for inpainting, as "sd1-inpainting", for which the same nets will do.
    """
    for seed, (name, write) in enumerate(tiny.INPAINTERS.items()):
        write(folder / f"{name}-inpainting", seed)
    how = {"sd1": ATTENTIVE}
    steered = [family.name for family in catalog.FAMILIES if family.controlled]
    made = {name: tiny.WRITERS[name] for name in steered}
    return {name: write(folder / name, seed, **how.get(name, {})) for seed, (name, write) in enumerate(made.items())}


def _unet(base: Path) -> UNet2DConditionModel:
    return UNet2DConditionModel.from_pretrained(base / "unet")


def _levels(base: Path) -> tuple[int, ...]:
    """Channels of the layers that bring a control image to the size of the checkpoint's latents."""
    return (8,) * len(AutoencoderKL.load_config(base / "vae")["block_out_channels"])
