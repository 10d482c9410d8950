"""The family as it lies in the repository: where training goes on when nothing newer is saved."""

import json
from pathlib import Path
from typing import TypeVar

import torch

FOLDER = Path("assets/storybook")
BASE = FOLDER / "base"
CLIP = FOLDER / "clip"
CLIPSEG = FOLDER / "clipseg"
FOREGROUND = FOLDER / "foreground.onnx"
DEPTH = FOLDER / "depth"
POSE = FOLDER / "pose"
SEGMENTATION = FOLDER / "segmentation"
IP_ADAPTER = FOLDER / "ip-adapter"
LORAS = FOLDER / "loras"
EMBEDDINGS = FOLDER / "embeddings"
JUDGE = FOLDER / "judge.safetensors"
FIGURES = FOLDER / "figures.json"

Model = TypeVar("Model", bound=torch.nn.Module)


def part(kind: type[Model], folder: Path, device: torch.device) -> Model | None:
    """A bundled part of a diffusers or transformers class in float32, or None if it is not there."""
    if not (folder / "config.json").exists():
        return None
    return kind.from_pretrained(folder, dtype=torch.float32, local_files_only=True).to(device).eval()


def load_as_float32(folder: Path) -> None:
    """transformers loads in the dtype the config names, diffusers in float32: left apart, plain loading fails."""
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"dtype": "float32"}, indent=2) + "\n")
