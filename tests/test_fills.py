"""Fills: what is kept stays bit for bit, what is masked is never looked at, and a scene goes on behind its hole."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from studio.fills import FILLS, filled, matched
from studio.storybook import render, world

SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9))
MASKS = SHAPES.flatmap(lambda shape: arrays.arrays(np.float32, shape, elements=st.sampled_from([0, 0.25, 1])))
MADE_UP = ["surroundings", "neutral"]


def noise(shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


def error(found: Image.Image, true: Image.Image, mask: np.ndarray) -> float:
    return float(np.abs(np.asarray(found, float) - np.asarray(true, float))[mask > 0].mean())


@pytest.mark.parametrize("how", FILLS)
@settings(max_examples=40, deadline=None)
@given(mask=MASKS)
def test_what_is_kept_stays_bit_for_bit(how: str, mask: np.ndarray) -> None:
    pixels = noise(mask.shape)
    found = filled(Image.fromarray(pixels), mask, how)
    assert found.mode == "RGB"
    assert np.array_equal(np.asarray(found)[mask == 0], pixels[mask == 0])


@pytest.mark.parametrize("how", MADE_UP)
@settings(max_examples=40, deadline=None)
@given(mask=MASKS)
def test_what_is_masked_is_never_looked_at(how: str, mask: np.ndarray) -> None:
    one, other = noise(mask.shape), noise(mask.shape)
    other[mask > 0] = noise(mask.shape, seed=1)[mask > 0]
    assert filled(Image.fromarray(one), mask, how) == filled(Image.fromarray(other), mask, how)


@settings(max_examples=40, deadline=None)
@given(mask=MASKS.filter(lambda mask: (mask == 0).any()))
def test_a_plain_wall_goes_on(mask: np.ndarray) -> None:
    wall = Image.new("RGB", mask.shape[::-1], (210, 40, 150))
    assert filled(wall, mask, "surroundings") == wall


def test_original_changes_nothing() -> None:
    image = Image.fromarray(noise((5, 7)))
    assert filled(image, np.ones((5, 7), np.float32), "original") == image


@pytest.mark.parametrize("how", MADE_UP)
def test_where_nothing_is_kept_it_is_grey(how: str) -> None:
    found = filled(Image.fromarray(noise((5, 7))), np.full((5, 7), 0.1, np.float32), how)
    assert found == Image.new("RGB", (7, 5), (128, 128, 128))


def test_neutral_is_one_colour_between_its_rim_and_grey() -> None:
    mask = np.zeros((64, 64), np.float32)
    mask[20:40, 20:40] = 1
    found = filled(Image.new("RGB", (64, 64), (228, 28, 128)), mask, "neutral")
    assert found.crop((20, 20, 40, 40)) == Image.new("RGB", (20, 20), (178, 78, 128))


@pytest.mark.parametrize("size", [(120, 90), (701, 530)])
def test_surroundings_restore_a_gradient(size: tuple[int, int]) -> None:
    width, height = size
    ramp = np.linspace(20, 230, height).round().astype(np.uint8)
    image = Image.fromarray(np.broadcast_to(ramp[:, None, None], (height, width, 3)).copy())
    mask = np.zeros((height, width), np.float32)
    mask[height // 5 : -height // 5, width // 4 : -width // 4] = 1
    assert error(filled(image, mask, "surroundings"), image, mask) < 1


def test_surroundings_are_the_scene_without_its_things() -> None:
    errors = []
    for seed in range(12):
        scene = world.random_scene(seed)
        mask = np.max([render.mask(scene, index, 128) for index in range(len(scene.things))], axis=0)
        empty = render.picture(replace(scene, things=()), 128)
        errors.append(error(filled(render.picture(scene, 128), mask, "surroundings"), empty, mask))
    assert np.mean(errors) < 8


def test_a_background_of_another_tone_is_brought_to_its_surroundings() -> None:
    expected = Image.new("RGB", (64, 64), (200, 190, 180))
    painted = np.full((64, 64, 3), (225, 215, 205), np.uint8)
    painted[20:44, 20:44] = (30, 120, 40)
    mask = np.zeros((64, 64), np.float32)
    mask[2:, 2:] = 1
    brought = np.asarray(matched(Image.fromarray(painted), expected, mask), int)
    assert np.abs(brought[2:10, 2:10] - (200, 190, 180)).max() <= 12
    assert np.abs(brought[24:40, 24:40] - (30, 120, 40)).max() <= 2


def test_matching_leaves_what_is_not_masked_to_the_bit() -> None:
    painted = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8))
    mask = np.zeros((40, 56), np.float32)
    mask[5:30, 10:40] = 1
    brought = np.asarray(matched(painted, Image.new("RGB", (56, 40), "white"), mask))
    assert (brought[mask == 0] == np.asarray(painted)[mask == 0]).all()
