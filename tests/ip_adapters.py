"""IP-Adapters of the published layouts, of weights of chance, and checkpoints for them; made in a moment."""

from pathlib import Path
from types import MappingProxyType

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file
from torch import Tensor
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from studio import catalog
from studio.catalog import IPAdapter
from tests import control_nets, tiny

SIDE = 32
WIDTH = 32
TOKENS = 4
# How wide weights are spread, so that a reference shows.
SPREAD = 0.3
# Where the published UNets have their cross-attention, by which InstantStyle's layers are counted.
BLOCKS = MappingProxyType(
    {
        "sd1": {
            "block_out_channels": (16,) * 4,
            "layers_per_block": 2,
            "down_block_types": (*("CrossAttnDownBlock2D",) * 3, "DownBlock2D"),
            "up_block_types": ("UpBlock2D", *("CrossAttnUpBlock2D",) * 3),
        },
        "sdxl": {
            "block_out_channels": (16,) * 3,
            "layers_per_block": 2,
            "transformer_layers_per_block": (1, 2, 2),
            "down_block_types": ("DownBlock2D", *("CrossAttnDownBlock2D",) * 2),
            "up_block_types": (*("CrossAttnUpBlock2D",) * 2, "UpBlock2D"),
        },
    }
)
HUBS = tuple(row for row in catalog.IP_ADAPTERS if not row.source.startswith("assets/"))
# A net that keeps the drawing of each.
NETS = ("sd15-canny", "sd15-canny-adapter", "sdxl-canny", "sdxl-canny-adapter", "sdxl-union")


def checkpoints(folder: Path) -> dict[str, Path]:
    """A checkpoint of each family that hears references, named by it; and one that hears none, as "sd2"."""
    tiny.sd2(folder / "sd2", 0)
    return {
        name: tiny.WRITERS[name](folder / name, seed, **blocks) for seed, (name, blocks) in enumerate(BLOCKS.items())
    }


def cached(bases: dict[str, Path], cache_dir: Path) -> None:
    """Write every adapter of a hub as its cache has it once it was fetched, with nets that go beside them."""
    made = cache_dir / "made"
    for row in HUBS:
        write(row, bases[row.family] / "unet", made)
    tiny.hub_cache(made, cache_dir, "h94/IP-Adapter")
    for row in map(catalog.controlnet, NETS):
        tiny.hub_cache(control_nets.write(row, bases[row.family], made / row.id), cache_dir, row.source)


def write(row: IPAdapter, unet: Path, folder: Path) -> Path:
    """Write the adapter of a row for a UNet, in its layout, and its encoder; its file."""
    torch.manual_seed(len(row.id))
    model = UNet2DConditionModel.from_config(UNet2DConditionModel.load_config(unet))
    width = model.config.cross_attention_dim
    is_plain = row.id.endswith("ip-adapter")
    tensors = {f"image_proj.{name}": one for name, one in (_plain(width) if is_plain else _plus(width)).items()}
    layers = [name for name in model.attn_processors if name.endswith("attn2.processor")]
    for turn, name in enumerate(layers):
        attention = model.get_submodule(name.removesuffix(".processor"))
        for part in ("k", "v"):
            tensors[f"ip_adapter.{2 * turn + 1}.to_{part}_ip.weight"] = _spread(attention.inner_dim, width)
    file = folder / row.weight_name
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, file)
    encoder(folder / row.encoder)
    return file


def encoder(folder: Path) -> Path:
    """Write what sees pictures for an adapter."""
    torch.manual_seed(0)
    tower = {"hidden_size": WIDTH, "intermediate_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = CLIPVisionConfig(**tower, image_size=SIDE, patch_size=8, projection_dim=WIDTH)
    CLIPVisionModelWithProjection(config).save_pretrained(folder)
    return folder


def _plain(width: int) -> dict[str, Tensor]:
    """One line from a picture's embedding to four tokens."""
    return {
        "proj.weight": _spread(TOKENS * width, WIDTH),
        "proj.bias": _spread(TOKENS * width),
        "norm.weight": torch.ones(width),
        "norm.bias": torch.zeros(width),
    }


def _plus(width: int, *, depth: int = 4, inner: int = 64, count: int = 16) -> dict[str, Tensor]:
    """Sixteen tokens that look at all patches, four times."""
    made = {
        "latents": _spread(1, count, WIDTH),
        "proj_in.weight": _spread(WIDTH, WIDTH),
        "proj_in.bias": torch.zeros(WIDTH),
        "proj_out.weight": _spread(width, WIDTH),
        "proj_out.bias": torch.zeros(width),
        "norm_out.weight": torch.ones(width),
        "norm_out.bias": torch.zeros(width),
    }
    for layer in range(depth):
        made |= {
            f"layers.{layer}.0.{norm}.{part}": torch.full((WIDTH,), float(part == "weight"))
            for norm in ("norm1", "norm2")
            for part in ("weight", "bias")
        }
        made |= {
            f"layers.{layer}.0.to_q.weight": _spread(inner, WIDTH),
            f"layers.{layer}.0.to_kv.weight": _spread(2 * inner, WIDTH),
            f"layers.{layer}.0.to_out.weight": _spread(WIDTH, inner),
            f"layers.{layer}.1.0.weight": torch.ones(WIDTH),
            f"layers.{layer}.1.0.bias": torch.zeros(WIDTH),
            f"layers.{layer}.1.1.weight": _spread(4 * WIDTH, WIDTH),
            f"layers.{layer}.1.3.weight": _spread(WIDTH, 4 * WIDTH),
        }
    return made


def _spread(*shape: int) -> Tensor:
    return torch.randn(shape) * SPREAD
