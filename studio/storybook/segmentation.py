"""UperNet for the Storybook world: a picture to what each pixel shows."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import ResNetConfig, SegformerImageProcessor, UperNetConfig, UperNetForSemanticSegmentation

from studio.storybook import bundled
from studio.storybook.bundled import SEGMENTATION
from studio.storybook.data import DEVIATION, MEAN, Pool, normalised, regions, scenes
from studio.storybook.training import Losses, Run, newest, workers
from studio.storybook.words import OBJECTS, PLACES
from studio.storybook.world import Mix

# The classes of `render.segmentation`.
CLASSES = ("sky", "mountains", *(place.split()[-1] for place in PLACES), *OBJECTS)
SEES = 160
HEIGHT = 128
# A batch holds as many pixels whatever the size.
BATCH = 32
COUNT = 4_000
TRAINED_ON = Mix(two_things=0.4, looks=0.35)
FIRST_SEED = 100_000_000


def make() -> UperNetForSemanticSegmentation:
    """A fresh net of 0.8 M parameters: a ResNet of four stages, 24-48-96-128, under a head of width 32.

    Convolutions know from the start what attention has to learn: a SegFormer of half as many weights came to an mIoU
    of 0.56 in 12 minutes.
    """
    backbone = ResNetConfig(
        embedding_size=24,
        hidden_sizes=[24, 48, 96, 128],
        depths=[1, 1, 2, 1],
        layer_type="basic",
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    config = UperNetConfig(
        backbone_config=backbone,
        hidden_size=32,
        use_auxiliary_head=False,
        id2label=dict(enumerate(CLASSES)),
        label2id={name: index for index, name in enumerate(CLASSES)},
    )
    return UperNetForSemanticSegmentation(config)


def train(minutes: float, device: torch.device, *, sees: int = SEES) -> UperNetForSemanticSegmentation:
    """Train on worn scenes, squeezed to a square of `sees` pixels; cross entropy and Dice of every class.

    Begun on a smaller square it sees more scenes in the same minutes, and learns sooner what is what.
    """
    pool = Pool(lambda seed, aspect: scenes(seed, COUNT, TRAINED_ON, aspect=aspect), FIRST_SEED, regions, height=HEIGHT)
    model, batch = trained(device) or make(), round(BATCH * (SEES / sees) ** 2) // workers()

    def losses(step: int) -> Losses:
        pixels, classes = pool.batch(batch, device)
        seen = F.interpolate(pixels, size=(sees, sees), mode="bilinear", antialias=True)
        wanted = F.interpolate(classes[:, None].float(), size=(sees, sees), mode="nearest-exact")[:, 0]
        return _losses(model(normalised(seen)).logits.float(), wanted.long())

    return Run(name="segmentation", model=model, losses=losses, device=device).fit(minutes)


def trained(device: torch.device) -> UperNetForSemanticSegmentation | None:
    """The averaged net of the saved state, else the bundled one, in evaluation mode; None if there is neither."""
    return newest("segmentation", make, UperNetForSemanticSegmentation, SEGMENTATION, device)


def export(folder: Path = SEGMENTATION, model: UperNetForSemanticSegmentation | None = None) -> None:
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
