"""SegFormer for the Storybook world: a picture to what each pixel shows."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import SegformerConfig, SegformerForSemanticSegmentation, SegformerImageProcessor

from studio.storybook import bundled
from studio.storybook.bundled import SEGMENTATION
from studio.storybook.data import DEVIATION, MEAN, Pool, normalised, regions, scenes
from studio.storybook.training import Losses, Run, newest, workers
from studio.storybook.words import OBJECTS, PLACES
from studio.storybook.world import Mix

# The classes of `render.segmentation`.
CLASSES = ("sky", "mountains", *(place.split()[-1] for place in PLACES), *OBJECTS)
SEES = 192
HEIGHT = 128
BATCH = 32
COUNT = 4_000
TRAINED_ON = Mix(two_things=0.4, looks=0.35)
FIRST_SEED = 100_000_000


def make() -> SegformerForSemanticSegmentation:
    """A fresh net of 0.5 M parameters, four stages 16-32-64-96 of one layer, two in the third."""
    config = SegformerConfig(
        depths=[1, 1, 2, 1],
        hidden_sizes=[16, 32, 64, 96],
        num_attention_heads=[1, 2, 2, 4],
        mlp_ratios=[4, 4, 4, 4],
        decoder_hidden_size=64,
        drop_path_rate=0.0,
        classifier_dropout_prob=0.0,
        id2label=dict(enumerate(CLASSES)),
        label2id={name: index for index, name in enumerate(CLASSES)},
    )
    return SegformerForSemanticSegmentation(config)


def train(minutes: float, device: torch.device) -> SegformerForSemanticSegmentation:
    """Train on worn scenes, squeezed to a square as the processor does; cross entropy and Dice of every class."""
    pool = Pool(lambda seed, aspect: scenes(seed, COUNT, TRAINED_ON, aspect=aspect), FIRST_SEED, regions, height=HEIGHT)
    model, batch = trained(device) or make(), BATCH // workers()

    def losses(step: int) -> Losses:
        pixels, classes = pool.batch(batch, device)
        seen = F.interpolate(pixels, size=(SEES, SEES), mode="bilinear", antialias=True)
        logits = model(normalised(seen)).logits.float()
        return _losses(F.interpolate(logits, size=classes.shape[1:], mode="bilinear"), classes.long())

    return Run(name="segmentation", model=model, losses=losses, device=device).fit(minutes)


def trained(device: torch.device) -> SegformerForSemanticSegmentation | None:
    """The averaged net of the saved state, else the bundled one, in evaluation mode; None if there is neither."""
    return newest("segmentation", make, SegformerForSemanticSegmentation, SEGMENTATION, device)


def export(folder: Path = SEGMENTATION, model: SegformerForSemanticSegmentation | None = None) -> None:
    """Write net, the trained one if none is given, and processor in the layout of the published one, float16."""
    (model or trained(torch.device("cpu"))).half().save_pretrained(folder)
    bundled.load_as_float32(folder)
    size = {"height": SEES, "width": SEES}
    SegformerImageProcessor(size=size, image_mean=MEAN, image_std=DEVIATION).save_pretrained(folder)


def _losses(logits: Tensor, classes: Tensor) -> Losses:
    guess = logits.softmax(1)
    there = F.one_hot(classes, logits.shape[1]).permute(0, 3, 1, 2).float()
    both, all_of_both = (guess * there).sum((0, 2, 3)), (guess + there).sum((0, 2, 3))
    dice = 1 - (2 * both + 1) / (all_of_both + 1)
    return {"cross entropy": F.cross_entropy(logits, classes), "dice": 0.5 * dice.mean()}
