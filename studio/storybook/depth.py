"""Depth Anything for the Storybook world: a picture to how near each pixel is."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import DepthAnythingConfig, DepthAnythingForDepthEstimation, DPTImageProcessor

from studio.storybook import bundled
from studio.storybook.bundled import DEPTH
from studio.storybook.data import DEVIATION, MEAN, Pool, depths, normalised, scenes
from studio.storybook.training import Losses, Run, newest, workers
from studio.storybook.world import Mix

SEES, PATCH = 192, 16
LAYERS = 4
HEIGHT = 128
BATCH = 32
COUNT = 4_000
TRAINED_ON = Mix(two_things=0.4, looks=0.35)
FIRST_SEED = 130_000_000


def make() -> DepthAnythingForDepthEstimation:
    """A fresh net of 0.8 M parameters: four layers of width 96 over patches of 16 pixels."""
    backbone = {
        "model_type": "dinov2",
        "hidden_size": 96,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 4,
        "mlp_ratio": 4,
        "image_size": SEES,
        "patch_size": PATCH,
        "out_indices": [*range(1, LAYERS + 1)],
        "reshape_hidden_states": False,
    }
    model = DepthAnythingForDepthEstimation(
        DepthAnythingConfig(
            backbone_config=backbone,
            patch_size=PATCH,
            reassemble_hidden_size=96,
            neck_hidden_sizes=[24, 32, 48, 64],
            fusion_hidden_size=32,
            head_hidden_size=16,
        )
    )
    torch.nn.init.constant_(model.head.conv3.bias, 0.3)  # below 0 it would learn nothing
    # Not asked: what stands for hidden patches, and what the coarsest level would add to one before it.
    for part in (model.backbone.embeddings.mask_token, model.neck.fusion_stage.layers[0].residual_layer1):
        part.requires_grad_(False)
    return model


def train(minutes: float, device: torch.device) -> DepthAnythingForDepthEstimation:
    """Train on worn scenes, squeezed to a square as the processor does; L1 of the nearness and of its steps."""
    pool = Pool(lambda seed, aspect: scenes(seed, COUNT, TRAINED_ON, aspect=aspect), FIRST_SEED, depths, height=HEIGHT)
    model, batch = trained(device) or make(), BATCH // workers()

    def losses(step: int) -> Losses:
        pixels, near = pool.batch(batch, device)
        seen = F.interpolate(pixels, size=(SEES, SEES), mode="bicubic", antialias=True)
        wanted = F.interpolate(near[:, None], size=(SEES, SEES), mode="bilinear")[:, 0]
        guess = model(normalised(seen)).predicted_depth.float()
        return {"near": (guess - wanted).abs().mean(), "steps": 0.5 * _steps(guess - wanted)}

    return Run(name="depth", model=model, losses=losses, device=device).fit(minutes)


def trained(device: torch.device) -> DepthAnythingForDepthEstimation | None:
    """The averaged net of the saved state, else the bundled one, in evaluation mode; None if there is neither."""
    return newest("depth", make, DepthAnythingForDepthEstimation, DEPTH, device)


def export(folder: Path = DEPTH, model: DepthAnythingForDepthEstimation | None = None) -> None:
    """Write net, the trained one if none is given, and processor in the layout of the published one, float16."""
    (model or trained(torch.device("cpu"))).half().save_pretrained(folder)
    bundled.load_as_float32(folder)
    size = {"height": SEES, "width": SEES}
    DPTImageProcessor(size=size, image_mean=MEAN, image_std=DEVIATION, resample=3).save_pretrained(folder)


def _steps(wrong: Tensor) -> Tensor:
    """How wrong the steps between neighbours are: edges, above all."""
    return wrong.diff(dim=1).abs().mean() + wrong.diff(dim=2).abs().mean()
