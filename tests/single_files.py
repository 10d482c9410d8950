"""Diffusers folders to the single files people share: the inverse of diffusers' own conversion."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

Weights = dict[str, Tensor]

UNET_NAMES = (
    ("time_embedding.linear_1", "time_embed.0"),
    ("time_embedding.linear_2", "time_embed.2"),
    ("add_embedding.linear_1", "label_emb.0.0"),
    ("add_embedding.linear_2", "label_emb.0.2"),
    ("conv_norm_out", "out.0"),
    ("conv_in", "input_blocks.0.0"),
    ("conv_out", "out.2"),
)
RESNET_NAMES = (
    ("norm1", "in_layers.0"),
    ("conv1", "in_layers.2"),
    ("time_emb_proj", "emb_layers.1"),
    ("norm2", "out_layers.0"),
    ("conv2", "out_layers.3"),
    ("conv_shortcut", "skip_connection"),
)
VAE_NAMES = (
    ("conv_norm_out", "norm_out"),
    ("conv_shortcut", "nin_shortcut"),
    ("group_norm", "norm"),
    ("to_q", "q"),
    ("to_k", "k"),
    ("to_v", "v"),
    ("to_out.0", "proj_out"),
    ("mid_block.attentions.0", "mid.attn_1"),
    ("mid_block.resnets.0", "mid.block_1"),
    ("mid_block.resnets.1", "mid.block_2"),
)
OPEN_CLIP_NAMES = (
    ("embeddings.position_embedding.weight", "positional_embedding"),
    ("embeddings.token_embedding.weight", "token_embedding.weight"),
    ("final_layer_norm", "ln_final"),
    ("encoder.layers", "transformer.resblocks"),
    ("layer_norm1", "ln_1"),
    ("layer_norm2", "ln_2"),
    ("self_attn", "attn"),
    ("mlp.fc1", "mlp.c_fc"),
    ("mlp.fc2", "mlp.c_proj"),
)
TRANSFORMER_NAMES = (
    ("pos_embed.proj", "x_embedder.proj"),
    ("pos_embed.pos_embed", "pos_embed"),
    ("time_text_embed.timestep_embedder.linear_1", "t_embedder.mlp.0"),
    ("time_text_embed.timestep_embedder.linear_2", "t_embedder.mlp.2"),
    ("time_text_embed.text_embedder.linear_1", "y_embedder.mlp.0"),
    ("time_text_embed.text_embedder.linear_2", "y_embedder.mlp.2"),
    ("norm_out.linear", "final_layer.adaLN_modulation.1"),
    ("proj_out", "final_layer.linear"),
)
# Names inside a transformer block, and what they are inside a joint block.
BLOCK_NAMES = (
    ("norm1_context.linear", "context_block.adaLN_modulation.1"),
    ("norm1.linear", "x_block.adaLN_modulation.1"),
    ("ff_context.net.0.proj", "context_block.mlp.fc1"),
    ("ff_context.net.2", "context_block.mlp.fc2"),
    ("ff.net.0.proj", "x_block.mlp.fc1"),
    ("ff.net.2", "x_block.mlp.fc2"),
    ("attn.to_add_out", "context_block.attn.proj"),
    ("attn.norm_added_q", "context_block.attn.ln_q"),
    ("attn.norm_added_k", "context_block.attn.ln_k"),
    ("attn.to_out.0", "x_block.attn.proj"),
    ("attn.norm_q", "x_block.attn.ln_q"),
    ("attn.norm_k", "x_block.attn.ln_k"),
    ("attn2.to_out.0", "x_block.attn2.proj"),
    ("attn2.norm_q", "x_block.attn2.ln_q"),
    ("attn2.norm_k", "x_block.attn2.ln_k"),
)
# Three matrices that the original layout keeps as one: where it is, and what the three are called.
JOINED = (
    ("x_block.attn.qkv", ("attn.to_q", "attn.to_k", "attn.to_v")),
    ("x_block.attn2.qkv", ("attn2.to_q", "attn2.to_k", "attn2.to_v")),
    ("context_block.attn.qkv", ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj")),
)


def single_file(folder: Path, path: Path) -> Path:
    """Write the original single-file layout of a diffusers folder's weights; which one, its parts tell."""
    if (folder / "transformer").is_dir():
        parts = _sd3(folder)
    elif (folder / "text_encoder_2").is_dir():
        parts = _sdxl(folder)
    elif _part(folder, "unet")["mid_block.attentions.0.proj_in.weight"].dim() == 2:
        parts = _stable_diffusion(folder, "cond_stage_model.model.", _open_clip)
    else:
        parts = _stable_diffusion(folder, "cond_stage_model.transformer.", _clip)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: weight.contiguous() for name, weight in parts}, path, metadata={"format": "pt"})
    return path


def _part(folder: Path, name: str) -> Weights:
    return {key: weight for file in (folder / name).glob("*.safetensors") for key, weight in load_file(file).items()}


def _stable_diffusion(folder: Path, prefix: str, text: Callable[[Weights], Weights]) -> Iterator[tuple[str, Tensor]]:
    yield from _below("model.diffusion_model.", _unet(_part(folder, "unet")))
    yield from _below("first_stage_model.", _vae(_part(folder, "vae")))
    yield from _below(prefix, text(_part(folder, "text_encoder")))


def _sdxl(folder: Path) -> Iterator[tuple[str, Tensor]]:
    yield from _below("model.diffusion_model.", _unet(_part(folder, "unet")))
    yield from _below("first_stage_model.", _vae(_part(folder, "vae")))
    yield from _below("conditioner.embedders.0.transformer.", _clip(_part(folder, "text_encoder")))
    yield from _below("conditioner.embedders.1.model.", _open_clip(_part(folder, "text_encoder_2")))


def _sd3(folder: Path) -> Iterator[tuple[str, Tensor]]:
    yield from _below("model.diffusion_model.", _transformer(_part(folder, "transformer")))
    yield from _below("first_stage_model.", _vae(_part(folder, "vae")))
    yield from _below("text_encoders.clip_l.transformer.", _part(folder, "text_encoder"))
    yield from _below("text_encoders.clip_g.transformer.", _part(folder, "text_encoder_2"))
    yield from _below("text_encoders.t5xxl.transformer.", _part(folder, "text_encoder_3"))


def _below(prefix: str, weights: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    for name, weight in weights.items():
        yield prefix + name, weight


def _renamed(name: str, table: tuple[tuple[str, str], ...]) -> str:
    """The name by the first row that its beginning, or a part of it between dots, matches."""
    for ours, theirs in table:
        name = re.sub(rf"(^|(?<=\.)){re.escape(ours)}(?=\.|$)", theirs, name)
    return name


def _unet(weights: Weights) -> Weights:
    """Blocks are numbered through, and what stands at 0, 1, 2 of each is a resnet, attention, a change of size."""
    per_level = 1 + max(int(name.split(".")[3]) for name in weights if name.startswith("down_blocks.0.resnets"))
    return {_unet_name(name, per_level, set(weights)): weight for name, weight in weights.items()}


def _unet_name(name: str, per_level: int, names: set[str]) -> str:
    where, _, rest = name.partition(".")
    if where == "mid_block":
        kind, index, inner = rest.split(".", 2)
        place = 1 if kind == "attentions" else 2 * int(index)
        return f"middle_block.{place}.{_renamed(inner, RESNET_NAMES if kind == 'resnets' else ())}"
    if where not in ("down_blocks", "up_blocks"):
        return _renamed(name, UNET_NAMES)
    level, kind, index, inner = rest.split(".", 3)
    inner = _renamed(inner, RESNET_NAMES if kind == "resnets" else ())
    if where == "down_blocks":
        first = 1 + int(level) * (per_level + 1)
        if kind == "downsamplers":
            return f"input_blocks.{first + per_level}.0.{inner.replace('conv', 'op')}"
        return f"input_blocks.{first + int(index)}.{int(kind == 'attentions')}.{inner}"
    first = int(level) * (per_level + 1)
    if kind == "upsamplers":
        place = 2 if f"up_blocks.{level}.attentions.0.norm.weight" in names else 1
        return f"output_blocks.{first + per_level}.{place}.{inner}"
    return f"output_blocks.{first + int(index)}.{int(kind == 'attentions')}.{inner}"


def _vae(weights: Weights) -> Weights:
    """The decoder counts its levels from the other end, and attention is made of 1×1 convolutions."""
    levels = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("decoder.up_blocks"))
    made = {}
    for name, weight in weights.items():
        is_attention = ".attentions." in name and weight.dim() == 2
        made[_vae_name(name, levels)] = weight[:, :, None, None] if is_attention else weight
    return made


def _vae_name(name: str, levels: int) -> str:
    name = re.sub(r"down_blocks\.(\d+)\.resnets", r"down.\1.block", name)
    name = re.sub(r"down_blocks\.(\d+)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d+)\.resnets", lambda found: f"up.{levels - 1 - int(found[1])}.block", name)
    name = re.sub(r"up_blocks\.(\d+)\.upsamplers\.0", lambda found: f"up.{levels - 1 - int(found[1])}.upsample", name)
    return _renamed(name, VAE_NAMES)


def _clip(weights: Weights) -> Weights:
    return {f"text_model.{name.removeprefix('text_model.')}": weight for name, weight in weights.items()}


def _open_clip(weights: Weights) -> Weights:
    """Query, key and value stand in one matrix, and the projection is turned round."""
    plain = {name.removeprefix("text_model."): weight for name, weight in weights.items()}
    made = {}
    for name, weight in plain.items():
        if name == "text_projection.weight":
            made["text_projection"] = weight.T
        elif ".q_proj." in name:
            whole = _renamed(name, OPEN_CLIP_NAMES).replace("q_proj.", "in_proj_")
            made[whole] = torch.cat([plain[name.replace("q_proj", f"{letter}_proj")] for letter in "qkv"])
        elif ".k_proj." not in name and ".v_proj." not in name:
            made[_renamed(name, OPEN_CLIP_NAMES)] = weight
    return made


def _transformer(weights: Weights) -> Weights:
    blocks = 1 + max(int(name.split(".")[1]) for name in weights if name.startswith("transformer_blocks."))
    made = {}
    for name, weight in weights.items():
        if not name.startswith("transformer_blocks."):
            made[_renamed(name, TRANSFORMER_NAMES)] = _swapped(weight) if name.startswith("norm_out.") else weight
            continue
        _, index, inner = name.split(".", 2)
        if any(inner.startswith(f"{part}.") for _, parts in JOINED for part in parts):
            continue
        is_last_context = inner.startswith("norm1_context.") and int(index) == blocks - 1
        made[f"joint_blocks.{index}.{_renamed(inner, BLOCK_NAMES)}"] = _swapped(weight) if is_last_context else weight
    return made | dict(_joined(weights, blocks))


def _joined(weights: Weights, blocks: int) -> Iterator[tuple[str, Tensor]]:
    for index in range(blocks):
        for whole, parts in JOINED:
            for end in ("weight", "bias"):
                names = [f"transformer_blocks.{index}.{part}.{end}" for part in parts]
                if names[0] in weights:
                    yield f"joint_blocks.{index}.{whole}.{end}", torch.cat([weights[name] for name in names])


def _swapped(weight: Tensor) -> Tensor:
    """Scale and shift the other way round."""
    return torch.cat(weight.chunk(2)[::-1])
