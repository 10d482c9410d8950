"""The weights of a LoRA file, each checked and matched to the layer it changes, before any layer is touched."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from studio.errors import LoadError
from studio.pipelines import lora_headers, lora_names
from studio.pipelines.lora_names import Layers
from studio.pipelines.loras import LoraFile

# Where peft's settings stand, part by part.
SETTINGS = "lora_adapter_metadata"


class Pair(NamedTuple):
    """The two matrices of a layer, and by how much their product is multiplied."""

    down: Tensor
    up: Tensor
    factor: float


class Matched(NamedTuple):
    """Weights by part and then by peft's names; how many layers of the file found theirs, and of how many."""

    weights: dict[str, dict[str, Tensor]]
    found: int
    count: int


def matched(file: LoraFile, parts: Mapping[str, nn.Module], label: str) -> Matched:
    """The file's weights for these parts of the checkpoint `label`, in its precision, on its device, factors laid in.

    LoadError if the file is damaged, holds numbers that are none, is made for layers of other sizes, or changes none
    of these parts.
    """
    known, pairs = lora_names.known(parts), dict(_pairs(file))
    weights: dict[str, dict[str, Tensor]] = {}
    found = 0
    for name, pair in pairs.items():
        layers = known.get(lora_names.plain(name))
        if layers:
            found += 1
            for path, down, up in _laid(file, layers, pair, parts[layers.part], label):
                of_part = weights.setdefault(layers.part, {})
                of_part |= {f"{path}.lora_A.weight": down, f"{path}.lora_B.weight": up}
    if not found:
        message = f"LoRA: 0 of {len(pairs)} layers of {file.name} are in {label}, so it would change nothing."
        raise LoadError(f"{message} Choose one for this checkpoint.")
    return Matched(weights, found, len(pairs))


def _pairs(file: LoraFile) -> Iterator[tuple[str, Pair]]:
    tensors, metadata = _read(file)
    settings = _settings(metadata)
    halves: dict[str, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        if half := lora_headers.split(key):
            name, end = half
            halves.setdefault(name, {})[end] = tensor
    single = {key: tensor for key, tensor in tensors.items() if tensor.numel() == 1}
    alphas = {key.removesuffix(".alpha").replace(".", "_"): tensor for key, tensor in single.items()}
    for name, pair in halves.items():
        if len(pair) < 2:
            message = f"LoRA: {file.name} is damaged: its layer {name} lacks one of two matrices. Fetch it again."
            raise LoadError(message)
        rank = max(pair["down"].shape[0], 1)
        alpha = float(alphas[name]) if name in alphas else None
        factor = alpha / rank if alpha is not None else _factor(settings, name, rank)
        yield name, Pair(pair["down"], pair["up"], factor)


def _read(file: LoraFile) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(file.path, framework="pt") as opened:
            tensors = {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118 - it is no dict
            metadata = opened.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise LoadError(f"LoRA: {file.name} cannot be read: {error}. Fetch it again.") from None
    for tensor in tensors.values():
        if tensor.is_floating_point() and not tensor.sum(dtype=torch.float32).isfinite():
            message = f"LoRA: {file.name} holds numbers that are none (NaN) or infinite, and would paint nothing."
            raise LoadError(f"{message} Fetch it again, or choose another.")
    return tensors, metadata


def _settings(metadata: Mapping[str, str]) -> dict[str, object]:
    """What peft says of the layers' factors, by part and name of the setting; {} if nothing that can be read."""
    try:
        said = json.loads(metadata.get(SETTINGS, "{}"))
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _factor(settings: Mapping[str, object], name: str, rank: int) -> float:
    """What a layer of peft's layout is multiplied by; there the file says it once for a whole part."""
    part = next((part for part in sorted(lora_names.BEFORE, reverse=True) if name.startswith(f"{part}_")), "")
    alpha = settings.get(f"{part}.lora_alpha")
    patterns = settings.get(f"{part}.alpha_pattern")
    for layer, own in patterns.items() if isinstance(patterns, dict) else ():
        if name.endswith(f"_{str(layer).replace('.', '_')}"):
            alpha = own
    if not isinstance(alpha, int | float):
        return 1.0
    return alpha / (math.sqrt(rank) if settings.get(f"{part}.use_rslora") is True else rank)


def _laid(
    file: LoraFile, layers: Layers, pair: Pair, part: nn.Module, label: str
) -> Iterator[tuple[str, Tensor, Tensor]]:
    """For each layer its path and the two matrices in the layer's own shape; one below another where they are one."""
    ups = pair.up.chunk(len(layers.paths))
    if len(ups) != len(layers.paths):
        raise _misfit(file, layers, label)
    for path, up in zip(layers.paths, ups, strict=True):
        weight = part.get_submodule(path).weight
        rank, (out, *into) = pair.down.shape[0], weight.shape
        ends = [1] * (len(into) - 1)
        if pair.down.numel() != rank * math.prod(into) or up.numel() != out * rank or not rank:
            raise _misfit(file, layers, label)
        down = pair.down.reshape(rank, *into).to(weight)
        yield path, down, (up.float() * pair.factor).reshape(out, rank, *ends).to(weight)


def _misfit(file: LoraFile, layers: Layers, label: str) -> LoadError:
    return LoadError(
        f"LoRA: {file.name} does not fit {label}: its layer for {layers.paths[0]} of the {layers.part} has another "
        "size. Choose one for this checkpoint."
    )
