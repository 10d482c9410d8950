"""A diffusers folder into memory part by part, so that a load can be watched, and stopped between two parts."""

import importlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import diffusers
import torch
from torch import nn

# A model_index.json may name any module; only parts of these libraries are made from it here.
LIBRARIES = ("diffusers", "transformers")

OnPart = Callable[[int, int], None]


def components(
    folder: Path, pipeline: str, *, dtype: torch.dtype, device: torch.device, on_part: OnPart
) -> dict[str, object]:
    """Everything of the checkpoint but its scheduler, frozen and on the device.

    `on_part(done, parts)` is called before each part; what it raises ends the load.
    """
    how = {"dtype": dtype, "local_files_only": True, "use_safetensors": True}
    makers = dict(_makers(folder))
    parts: dict[str, object] = {}
    for name, maker in makers.items():
        on_part(len(parts), len(makers))
        parts[name] = maker.from_pretrained(folder / name, **how).to(device)
    on_part(len(parts), len(makers))
    pipe = getattr(diffusers, pipeline).from_pretrained(folder, **parts, **how)
    made = {name: part for name, part in pipe.components.items() if name != "scheduler"}
    for part in made.values():
        if isinstance(part, nn.Module):
            part.to(device).requires_grad_(False).eval()
    return made


def parameter_bytes(made: dict[str, object]) -> int:
    """Bytes that the weights of these components take."""
    modules = [part for part in made.values() if isinstance(part, nn.Module)]
    return sum(weight.numel() * weight.element_size() for module in modules for weight in module.parameters())


def _makers(folder: Path) -> Iterator[tuple[str, type]]:
    """Name and class of each part with weights; the pipeline itself makes the others."""
    for name, row in json.loads((folder / "model_index.json").read_text(encoding="utf-8")).items():
        if isinstance(row, list) and row[0] in LIBRARIES and any((folder / name).glob("*.safetensors")):
            yield name, getattr(importlib.import_module(row[0]), row[1])
