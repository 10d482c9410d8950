"""The bundled CLIPSeg: a plain transformers folder that finds what words name in scenes it never saw."""

import numpy as np
import pytest
from transformers import CLIPSegForImageSegmentation, CLIPSegProcessor

from studio.storybook import clipseg, queries
from studio.storybook.bundled import CLIPSEG
from studio.storybook.data import UNSEEN
from studio.storybook.render import picture, segmentation
from studio.storybook.world import random_scene

SCENES = [random_scene(UNSEEN + 90_000 + index) for index in range(16)]


@pytest.fixture(scope="module")
def net() -> CLIPSegForImageSegmentation:
    return CLIPSegForImageSegmentation.from_pretrained(CLIPSEG, local_files_only=True).eval()


@pytest.fixture(scope="module")
def processor() -> CLIPSegProcessor:
    return CLIPSegProcessor.from_pretrained(CLIPSEG, local_files_only=True)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return (one & other).sum() / (one | other).sum()


def test_it_is_tiny(net: CLIPSegForImageSegmentation) -> None:
    assert sum(weight.numel() for weight in net.parameters()) < 1_600_000


def test_things_and_background_are_found(net: CLIPSegForImageSegmentation, processor: CLIPSegProcessor) -> None:
    things, backgrounds = [], []
    for scene in SCENES:
        classes = segmentation(scene, 128)
        asked = [*queries.things(scene, classes), queries.background(scene, classes)]
        seen = np.asarray(picture(scene, 128))
        scores = clipseg.scores(net, processor, seen, [words for words, _ in asked]) >= 0.5
        overlaps = [overlap(found, mask) for found, (_, mask) in zip(scores, asked, strict=True)]
        things += overlaps[:-1]
        backgrounds.append(overlaps[-1])
    assert np.mean(things) >= 0.70
    assert np.mean(backgrounds) >= 0.80


def test_words_for_nothing_find_nothing(net: CLIPSegForImageSegmentation, processor: CLIPSegProcessor) -> None:
    found = [
        clipseg.scores(net, processor, np.asarray(picture(scene, 128)), ["a zebra", "the qwrtz"]).max()
        for scene in SCENES[:8]
    ]
    assert np.mean(np.array(found) < 0.5) >= 0.9


def test_the_processor_of_the_folder_is_that_of_the_training(processor: CLIPSegProcessor) -> None:
    seen = np.asarray(picture(SCENES[0], 128))
    here, there = (
        one(text=["the sky"], images=[seen], return_tensors="pt") for one in (processor, clipseg.processor())
    )
    assert here["pixel_values"].equal(there["pixel_values"])
    assert here["input_ids"].equal(there["input_ids"])
