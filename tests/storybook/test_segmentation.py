"""The segmentation net has a class for everything the world draws."""

import pytest
import torch

from studio.storybook import segmentation
from studio.storybook.words import OBJECTS, PLACES


def test_every_class_has_a_name() -> None:
    assert len(set(segmentation.CLASSES)) == 2 + len(PLACES) + len(OBJECTS)


def test_the_net_has_a_map_for_each_class() -> None:
    logits = segmentation.make().eval()(torch.zeros(1, 3, segmentation.SEES, segmentation.SEES)).logits
    assert logits.shape[:2] == (1, len(segmentation.CLASSES))


def test_the_right_answer_costs_nothing() -> None:
    classes = torch.arange(16).view(1, 4, 4)
    right = 50 * torch.nn.functional.one_hot(classes, 16).permute(0, 3, 1, 2).float()
    losses = segmentation._losses(right, classes)
    assert float(losses["cross entropy"]) == pytest.approx(0, abs=1e-3)
    assert float(losses["dice"]) < float(segmentation._losses(right.flip(1), classes)["dice"])
