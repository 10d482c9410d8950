"""The layers of a checkpoint by all the names that LoRA files have for them.

Each name is made from the layer's own, as trainers make theirs, so that none has to be guessed back.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from torch import nn

# What kohya's trainer puts before the names of each part.
BEFORE = {
    "unet": ("lora_unet_",),
    "transformer": ("lora_unet_",),
    "text_encoder": ("lora_te_", "lora_te1_"),
    "text_encoder_2": ("lora_te2_",),
}
# Older ways of writing the same layer.
OLD = (
    (re.compile(r"^base_model_model_"), ""),
    (re.compile(r"_processor_"), "_"),
    (re.compile(r"(?<=self_attn)_to_([qkv])$"), r"_\1_proj"),
    (re.compile(r"(?<=self_attn)_to_out$"), "_out_proj"),
    (re.compile(r"(?<=attn[12])_to_out$"), "_to_out_0"),
    # transformers has two ways to nest a text encoder.
    (re.compile(r"^(lora_te\d?_|text_encoder(?:_2)?_)text_model_"), r"\1"),
)
# A UNet's layers in the original layout, which SDXL's trainers use.
OUTER = {
    "conv_in": "input_blocks_0_0",
    "conv_out": "out_2",
    "time_embedding.linear_1": "time_embed_0",
    "time_embedding.linear_2": "time_embed_2",
    "add_embedding.linear_1": "label_emb_0_0",
    "add_embedding.linear_2": "label_emb_0_2",
}
RESNET = {
    "conv1": "in_layers_2",
    "time_emb_proj": "emb_layers_1",
    "conv2": "out_layers_3",
    "conv_shortcut": "skip_connection",
}
BLOCK = re.compile(r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)")
MIDDLE = re.compile(r"mid_block\.(resnets|attentions)\.(\d+)\.(.+)")
# SD3's layers in the original layout; where queries, keys and values are one there, one name stands for three.
JOINT = {
    "x_block_attn_qkv": ("attn.to_q", "attn.to_k", "attn.to_v"),
    "x_block_attn_proj": ("attn.to_out.0",),
    "x_block_attn2_qkv": ("attn2.to_q", "attn2.to_k", "attn2.to_v"),
    "x_block_attn2_proj": ("attn2.to_out.0",),
    "x_block_mlp_fc1": ("ff.net.0.proj",),
    "x_block_mlp_fc2": ("ff.net.2",),
    "context_block_attn_qkv": ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"),
    "context_block_attn_proj": ("attn.to_add_out",),
    "context_block_mlp_fc1": ("ff_context.net.0.proj",),
    "context_block_mlp_fc2": ("ff_context.net.2",),
}


class Layers(NamedTuple):
    """Layers of one part, by their paths in it; several where a file has them as one."""

    part: str
    paths: tuple[str, ...]


def plain(name: str) -> str:
    """The name of a file's layer in the way that `known` has it."""
    for old, new in OLD:
        name = old.sub(new, name)
    return name


def known(parts: Mapping[str, nn.Module]) -> dict[str, Layers]:
    """Every layer of these parts that a LoRA may change, by each of its names."""
    return {name: layers for part, module in parts.items() for name, layers in _of_part(part, module)}


def _of_part(part: str, module: nn.Module) -> Iterator[tuple[str, Layers]]:
    # Where another LoRA stands, the layer is inside it, and beside it are layers of its own.
    paths = [
        path.removesuffix(".base_layer")
        for path, inner in module.named_modules()
        if isinstance(inner, nn.Linear | nn.Conv2d) and ".lora_" not in path
    ]
    for path in paths:
        flat = path.replace(".", "_").removeprefix("text_model_")
        for before in (f"{part}_", *BEFORE[part]):
            yield f"{before}{flat}", Layers(part, (path,))
        if part == "unet" and (original := _original(path, module)):
            yield f"lora_unet_{original}", Layers(part, (path,))
    if part == "transformer":
        yield from _joint(set(paths), len(module.transformer_blocks))


def _original(path: str, unet: nn.Module) -> str:
    """A layer's name in the original layout; "" if it has none there."""
    if path in OUTER:
        return OUTER[path]
    if found := MIDDLE.fullmatch(path):
        what, place, rest = found.groups()
        return (
            f"middle_block_1_{_flat(rest)}" if what == "attentions" else f"middle_block_{2 * int(place)}_{RESNET[rest]}"
        )
    if not (found := BLOCK.fullmatch(path)):
        return ""
    way, block, what, place, rest = found.groups()
    layers = unet.config.layers_per_block
    number = int(block) * (layers + 1) + (layers if what.endswith("samplers") else int(place))
    has_attention = "CrossAttn" in unet.config.up_block_types[int(block)]
    inner = {
        "resnets": f"0_{RESNET.get(rest)}",
        "attentions": f"1_{_flat(rest)}",
        "downsamplers": "0_op",
        "upsamplers": f"{1 + has_attention}_conv",
    }[what]
    return f"input_blocks_{number + 1}_{inner}" if way == "down" else f"output_blocks_{number}_{inner}"


def _joint(paths: set[str], blocks: int) -> Iterator[tuple[str, Layers]]:
    for block in range(blocks):
        for name, inner in JOINT.items():
            meant = tuple(f"transformer_blocks.{block}.{path}" for path in inner)
            if paths.issuperset(meant):
                yield f"lora_unet_joint_blocks_{block}_{name}", Layers("transformer", meant)


def _flat(path: str) -> str:
    return path.replace(".", "_")
