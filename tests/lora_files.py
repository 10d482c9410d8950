"""Tiny LoRA files for tiny checkpoints, as kohya's trainer, peft and diffusers' older releases write them."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import torch
from diffusers import SD3Transformer2DModel, UNet2DConditionModel
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTextModelWithProjection

RANK = 4
# What makers say of the base; tiny layers are of no family's size.
SAID = MappingProxyType(
    {
        "storybook": {"modelspec.architecture": "storybook/lora"},
        "sd1": {"ss_base_model_version": "sd_v1"},
        "sd2": {"ss_base_model_version": "sd_v2_768_v"},
        "sdxl": {"ss_base_model_version": "sdxl_base_v1-0"},
        "sd3": {"modelspec.architecture": "stable-diffusion-v3/lora"},
    }
)
ATTENTION = (".to_q", ".to_k", ".to_v", ".to_out.0")
TEXT = (".q_proj", ".v_proj", ".fc1")
KOHYA = MappingProxyType({"unet": "lora_unet_", "text_encoder": "lora_te_", "text_encoder_2": "lora_te2_"})

Pairs = Iterator[tuple[str, str, Tensor, Tensor]]


def kohya(base: Path, file: Path, family: str, **how: object) -> Path:
    """As kohya's trainer writes it: flat names, an alpha of half the rank for each layer, words it was shown."""
    tensors = {}
    names = {**KOHYA, "text_encoder": "lora_te1_"} if family in ("sdxl", "sd3") else KOHYA
    pairs = _joint(_pairs(base, **how)) if family == "sd3" else _pairs(base, **how)
    for part, path, down, up in pairs:
        own = path if part in ("unet", "transformer") or path.startswith("text_model.") else f"text_model.{path}"
        name = names.get(part, "lora_unet_") + own.replace(".", "_")
        tensors |= {f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up}
        tensors[f"{name}.alpha"] = torch.tensor(RANK / 2)
    words = {
        "ss_tag_frequency": json.dumps({"10_ink": {"inkdrop": 9, "a house": 4}}),
        "ss_network_alpha": str(RANK / 2),
    }
    return saved(tensors, file, SAID[family] | words)


def peft(base: Path, file: Path, family: str, **how: object) -> Path:
    """As diffusers writes it today: a part's name, then the layer's path, then lora_A and lora_B."""
    tensors = {}
    for part, path, down, up in _pairs(base, **how):
        tensors |= {f"{part}.{path}.lora_A.weight": down, f"{part}.{path}.lora_B.weight": up}
    return saved(tensors, file, SAID[family] | {"modelspec.trigger_phrase": "inkdrop, wet paper"})


def processors(base: Path, file: Path, family: str, **how: object) -> Path:
    """As diffusers wrote it at first: attention alone, by processors."""
    tensors = {}
    for part, path, down, up in _pairs(base, **how):
        attention, _, layer = path.removesuffix(".0").rpartition(".")
        named = {"q_proj": "to_q", "v_proj": "to_v"}.get(layer, layer)
        between = ".processor" if part == "unet" else ""
        end = ".lora_linear_layer" if layer == "fc1" else "_lora"
        name = f"{part}.{attention}{between}.{layer if layer == 'fc1' else named}{end}"
        tensors |= {f"{name}.down.weight": down, f"{name}.up.weight": up}
    return saved(tensors, file, SAID[family])


LAYOUTS: Mapping[str, Callable[..., Path]] = MappingProxyType({"kohya": kohya, "peft": peft})


def saved(tensors: Mapping[str, Tensor], file: Path, metadata: Mapping[str, str]) -> Path:
    """Write tensors as a file of that name, its folder made if need be."""
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.clone() for name, tensor in tensors.items()}, file, dict(metadata))
    return file


def spoiled(file: Path, how: str) -> Path:
    """Damage a file as downloads are damaged, or as trainings end."""
    if how == "cut":
        file.write_bytes(file.read_bytes()[:-100])
    elif how == "html":
        file.write_bytes(b"<!doctype html><p>Not found" * 9)
    else:
        file.write_bytes(
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4cac19622fc3ada9c0fdeadb33f88f367b5\n"
        )
    return file


def _pairs(base: Path, *, seed: int = 0, has_text: bool = True, scale: float = 0.3) -> Pairs:
    """Part, path and the two matrices of layers to change, by chance."""
    drawn = torch.Generator().manual_seed(seed)
    for part, module in _parts(base).items():
        ends = TEXT if part.startswith("text") else ATTENTION
        if part.startswith("text") and not has_text:
            continue
        for path, layer in module.named_modules():
            if isinstance(layer, nn.Linear) and path.endswith(ends):
                yield (
                    part,
                    path,
                    torch.randn(RANK, layer.in_features, generator=drawn) * scale,
                    torch.randn(layer.out_features, RANK, generator=drawn) * scale,
                )


def _parts(base: Path) -> dict[str, nn.Module]:
    if (base / "transformer").is_dir():
        denoiser = {"transformer": SD3Transformer2DModel.from_pretrained(base / "transformer")}
        first = CLIPTextModelWithProjection
    else:
        denoiser = {"unet": UNet2DConditionModel.from_pretrained(base / "unet")}
        first = CLIPTextModel
    parts = denoiser | {"text_encoder": first.from_pretrained(base / "text_encoder")}
    if (base / "text_encoder_2").is_dir():
        parts["text_encoder_2"] = CLIPTextModelWithProjection.from_pretrained(base / "text_encoder_2")
    return parts


def _joint(pairs: Pairs) -> Pairs:
    """Layers of SD3 by the original layout's names: queries, keys and values are one there."""
    for part, path, down, up in pairs:
        if part != "transformer":
            yield part, path, down, up
        elif path.endswith("attn.to_q"):
            block = path.split(".")[1]
            yield part, f"joint_blocks.{block}.x_block.attn.qkv", down, torch.cat([up, up, up])
