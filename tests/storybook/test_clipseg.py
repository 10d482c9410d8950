"""The bundled CLIPSeg: a plain transformers folder, small, that marks nothing for words of nothing."""

import numpy as np
import pytest
from transformers import CLIPSegForImageSegmentation, CLIPSegProcessor

from studio import images
from studio.results import Preview, Progress
from studio.storybook import clipseg
from studio.storybook.bundled import CLIPSEG
from studio.storybook.data import UNSEEN
from studio.storybook.render import picture
from studio.storybook.world import random_scene
from studio.vision import registry
from studio.vision.regions import Regions

SCENES = [random_scene(UNSEEN + 90_000 + index) for index in range(8)]


@pytest.fixture(scope="module")
def net() -> CLIPSegForImageSegmentation:
    return CLIPSegForImageSegmentation.from_pretrained(CLIPSEG, local_files_only=True).eval()


@pytest.fixture(scope="module")
def processor() -> CLIPSegProcessor:
    return CLIPSegProcessor.from_pretrained(CLIPSEG, local_files_only=True)


def quietly(event: Progress | Preview) -> None:
    """Hears and says nothing."""


def test_it_is_tiny(net: CLIPSegForImageSegmentation) -> None:
    assert sum(weight.numel() for weight in net.parameters()) < 1_600_000


def test_words_for_nothing_find_nothing() -> None:
    model, nets = registry.model("storybook-words"), Regions()
    shown = [images.picture(picture(scene, 128)) for scene in SCENES]
    found = [nets.scores(each, ["a zebra", "the qwrtz"], model, CLIPSEG, report=quietly) for each in shown]
    assert np.mean(np.max(found, axis=(1, 2, 3)) < 0.5) >= 0.9


def test_the_processor_of_the_folder_is_that_of_the_training(processor: CLIPSegProcessor) -> None:
    seen = np.asarray(picture(SCENES[0], 128))
    here, there = (
        one(text=["the sky"], images=[seen], return_tensors="pt") for one in (processor, clipseg.processor())
    )
    assert here["pixel_values"].equal(there["pixel_values"])
    assert here["input_ids"].equal(there["input_ids"])
