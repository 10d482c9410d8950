"""The bundled foreground net: an ONNX file that tells things from their background in scenes it never saw."""

import numpy as np
import torch

from studio import images
from studio.config import Settings
from studio.results import Preview, Progress
from studio.storybook import foreground, queries
from studio.storybook.data import UNSEEN
from studio.storybook.render import picture, segmentation
from studio.storybook.world import random_scene
from studio.vision import registry
from studio.vision.foreground import Foregrounds

SCENES = [random_scene(UNSEEN + 90_000 + index) for index in range(24)]


def quietly(event: Progress | Preview) -> None:
    """Hears and says nothing."""


def test_it_is_tiny() -> None:
    net = foreground.Foreground()
    assert sum(weight.numel() for weight in net.parameters()) < 1_000_000


def test_it_answers_at_the_size_rembg_asks_at() -> None:
    with torch.inference_mode():
        answer = foreground.Foreground()(torch.zeros(2, 3, foreground.SEES, foreground.SEES))
    assert answer.shape == (2, 1, foreground.SEES, foreground.SEES)
    assert ((answer >= 0) & (answer <= 1)).all()


def test_things_stand_out() -> None:
    nets, model = Foregrounds(Settings()), registry.model("storybook-foreground")
    found = np.stack([nets.matte(images.picture(picture(scene, 128)), model, quietly) for scene in SCENES]) >= 0.5
    truth = np.stack([segmentation(scene, 128) >= queries.FIRST_THING for scene in SCENES])
    overlaps = (found & truth).sum((1, 2)) / (found | truth).sum((1, 2))
    assert overlaps.mean() >= 0.85
