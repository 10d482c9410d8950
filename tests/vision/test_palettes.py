"""Parts become colours and come back from them."""

import numpy as np
import pytest
from controlnet_aux.util import ade_palette
from PIL import Image

from studio.storybook.segmentation import CLASSES
from studio.vision import palettes


def test_there_is_a_colour_for_every_class() -> None:
    assert len(palettes.STORYBOOK) == len(CLASSES) == len({*palettes.STORYBOOK})
    assert [list(colour) for colour in palettes.ADE20K] == ade_palette()


@pytest.mark.parametrize("palette", [palettes.STORYBOOK, palettes.ADE20K[:48]], ids=["storybook", "ade20k"])
def test_parts_come_back_from_their_colours(palette: tuple[palettes.Colour, ...]) -> None:
    parts = np.random.default_rng(7).integers(0, len(palette), (30, 40))
    drawn = palettes.coloured(parts, palette)
    assert drawn.size == (40, 30) and drawn.mode == "RGB"
    assert (palettes.parts(drawn, palette) == parts).all()


def test_a_colour_that_is_none_counts_as_the_nearest() -> None:
    near = tuple(max(0, part - 9) for part in palettes.STORYBOOK[5])
    assert (palettes.parts(Image.new("RGB", (3, 2), near), palettes.STORYBOOK) == np.full((2, 3), 5)).all()


def test_the_first_of_two_that_are_the_same_counts() -> None:
    assert palettes.ADE20K[48] == palettes.ADE20K[6]
    assert palettes.parts(Image.new("RGB", (1, 1), palettes.ADE20K[48]), palettes.ADE20K) == [[6]]
