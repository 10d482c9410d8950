"""The foreground net: a picture to the mask of its things; exported to ONNX and used through rembg."""

from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from studio.storybook.bundled import FOREGROUND
from studio.storybook.data import Pool, normalised, regions, scenes
from studio.storybook.queries import FIRST_THING
from studio.storybook.training import Losses, Run, load_state, workers
from studio.storybook.world import Mix, Scene

# As rembg's session for U²-Net brings pictures to its net.
SEES = 320
HEIGHT = 128
BATCH = 32
POOL = 6_000
EMPTY = 1_000  # of these
TRAINED_ON = Mix(two_things=0.4, looks=0.35)
FIRST_SEED = 60_000_000
# The net works at a quarter of that: the world is drawn at little more, and a step takes a tenth of the time.
WORKS_AT = 80
WIDTHS = (16, 32, 64, 96)


class Foreground(nn.Module):
    """A small U-Net (Ronneberger et al. 2015): (n, 3, 320, 320) as rembg normalises it to (n, 1, 320, 320) in 0 … 1."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(_block(before, after) for before, after in zip((3, *WIDTHS), WIDTHS, strict=False))
        self.up = nn.ModuleList(
            _block(below + beside, beside) for below, beside in zip(WIDTHS[:0:-1], WIDTHS[-2::-1], strict=True)
        )
        self.head = nn.Conv2d(WIDTHS[0], 1, 1)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.logits(pixels).sigmoid()

    def logits(self, pixels: Tensor) -> Tensor:
        """(n, 1, 320, 320) before the sigmoid."""
        return F.interpolate(self.small(F.avg_pool2d(pixels, SEES // WORKS_AT)), scale_factor=4.0, mode="bilinear")

    def small(self, seen: Tensor) -> Tensor:
        """(n, 3, 80, 80) to (n, 1, 80, 80), before the sigmoid."""
        levels = []
        for block in self.down:
            seen = block(F.max_pool2d(seen, 2) if levels else seen)
            levels.append(seen)
        seen = levels.pop()
        for block in self.up:
            larger = F.interpolate(seen, scale_factor=2.0, mode="nearest")
            seen = block(torch.cat([larger, levels.pop()], 1))
        return self.head(seen)


def _block(before: int, after: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in (before, after):
        layers += [nn.Conv2d(width, after, 3, padding=1), nn.GroupNorm(8, after), nn.SiLU()]
    return nn.Sequential(*layers)


def train(minutes: float, device: torch.device) -> Foreground:
    """Train on worn scenes of three aspects, all squeezed to a square as rembg does; cross entropy and Dice."""
    model, batch = Foreground().to(memory_format=torch.channels_last), BATCH // workers()

    def draw(first_seed: int, aspect: float) -> list[Scene]:
        alone = empty(first_seed + POOL, EMPTY, aspect=aspect)
        return [*scenes(first_seed, POOL - EMPTY, TRAINED_ON, aspect=aspect), *alone]

    pool = Pool(draw, FIRST_SEED, lambda some, height: regions(some, height) >= FIRST_THING, height=HEIGHT)

    def losses(step: int) -> Losses:
        pixels, masks = pool.batch(batch, device)
        masks = masks.float()
        # One of each batch is a plain colour, which has no foreground either.
        pixels[-1], masks[-1] = 2 * torch.rand(3, 1, 1, device=device) - 1, 0
        return _losses(model, pixels, masks)

    return Run(name="foreground", model=model, losses=losses, device=device).fit(minutes)


def empty(first_seed: int, count: int, *, aspect: float = 1.0) -> list[Scene]:
    """Scenes without any thing, which teach that there may be no foreground."""
    return [replace(scene, things=()) for scene in scenes(first_seed, count, TRAINED_ON, aspect=aspect)]


def trained(device: torch.device) -> Foreground:
    """The averaged net of the saved state, in evaluation mode; the bundled ONNX file cannot be trained on."""
    state = load_state("foreground", device)
    if state is None:
        raise FileNotFoundError("train the foreground net first: python -m studio.storybook train foreground")
    model = Foreground().to(device)
    model.load_state_dict(state["averages"])
    return model.eval()


def export(file: Path = FOREGROUND) -> None:
    """Write the net as ONNX, float32, without the exporter's notes on files and lines; needs onnx and onnxscript."""
    model, pixels = trained(torch.device("cpu")), torch.zeros(1, 3, SEES, SEES)
    made = torch.onnx.export(model, (pixels,), input_names=["pixels"], output_names=["foreground"], dynamo=True)
    bare = made.model_proto
    for part in (bare, bare.graph, *bare.graph.node, *bare.graph.value_info, *bare.graph.initializer):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    file.write_bytes(bare.SerializeToString())


def _losses(model: Foreground, pixels: Tensor, masks: Tensor) -> Losses:
    size = (WORKS_AT, WORKS_AT)
    wanted = F.interpolate(masks[:, None], size=size, mode="bilinear", antialias=True)
    small = normalised(F.interpolate(pixels, size=size, mode="bicubic", antialias=True))
    logits = model.small(small.contiguous(memory_format=torch.channels_last)).float()
    guess = logits.sigmoid()
    dice = 1 - (2 * (guess * wanted).sum((1, 2, 3)) + 1) / (guess.sum((1, 2, 3)) + wanted.sum((1, 2, 3)) + 1)
    return {"cross entropy": F.binary_cross_entropy_with_logits(logits, wanted), "dice": 0.5 * dice.mean()}
