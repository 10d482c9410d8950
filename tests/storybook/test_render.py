"""Pictures and everything true of them agree with each other, at every resolution and in every look."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from studio.storybook.render import bounds, depth, keypoints, mask, picture, segmentation
from studio.storybook.words import COLOURS, LOOKS, OBJECTS, PLACES, TIMES
from studio.storybook.world import Mix, random_scene


@pytest.mark.parametrize("look", LOOKS)
def test_a_scene_is_the_same_at_every_resolution(look: str) -> None:
    scene = replace(random_scene(3), look=look)
    small = np.asarray(picture(scene, 128), np.float32)
    large = np.asarray(picture(scene, 512).resize((128, 128), Image.Resampling.BOX), np.float32)
    assert np.abs(small - large).mean() < 6


def test_width_follows_the_aspect() -> None:
    assert picture(random_scene(1, aspect=1.5), 128).size == (192, 128)


@pytest.mark.parametrize("look", LOOKS)
def test_every_thing_stands_out_in_every_colour_place_and_hour(look: str) -> None:
    """A thing's edge must be visible: inside and just outside of its outline the picture differs."""
    plain = random_scene(5, Mix(two_things=0))
    for index, colour in enumerate(COLOURS):
        thing = replace(plain.things[0], kind=OBJECTS[index], colour=colour, x=0.5, height=0.35, limbs=(0.0,) * 4)
        for place in PLACES:
            for time in TIMES:
                scene = replace(plain, things=(thing,), place=place, time=time, look=look)
                assert _contrast(scene) > 9, (colour, place, time)


def test_mask_covers_the_colour_of_its_thing() -> None:
    scene = replace(
        random_scene(11, Mix(two_things=0, mountains=0)), time="sunny day", place="in the snow", look="plain"
    )
    scene = replace(scene, things=(replace(scene.things[0], kind="ball", colour="red"),))
    red = np.asarray(picture(scene, 128), int)
    is_red = (red[..., 0] > 150) & (red[..., 1] < 90) & (red[..., 2] < 90)
    seen = mask(scene, 0, 128)
    assert (is_red & ~seen).sum() < 0.03 * is_red.sum()
    assert is_red.sum() > 0.5 * seen.sum()


def test_later_things_hide_earlier_ones_in_masks() -> None:
    scene = random_scene(2, Mix(two_things=1))
    assert not (mask(scene, 0, 96) & mask(scene, 1, 96)).any()


def test_segmentation_names_place_and_things() -> None:
    scene = random_scene(2, Mix(two_things=1))
    classes = set(np.unique(segmentation(scene, 128)))
    assert 2 + PLACES.index(scene.place) in classes
    assert {6 + OBJECTS.index(thing.kind) for thing in scene.things} <= classes


def test_depth_is_zero_in_the_sky_and_one_at_the_front() -> None:
    scene = replace(random_scene(4), has_mountains=False)
    near = depth(scene, 128)
    assert near.dtype == np.float32 and near[0, 0] == 0
    assert near[-1].max() > 0.95 and near.max() <= 1


def test_joints_of_a_person_lie_within_its_bounds() -> None:
    scene = random_scene(9, Mix(two_things=0))
    person = replace(scene.things[0], kind="person", limbs=(0.3, -0.8, 0.5, 0.0))
    left, top, right, bottom = bounds(person)
    joints = keypoints(person)
    assert set(joints) == {"head", "neck", "hip", "left hand", "right hand", "left foot", "right foot"}
    assert all(left <= x <= right and top <= y <= bottom for x, y in joints.values())
    assert keypoints(replace(person, kind="cat")) == {}


def _contrast(scene: object) -> float:
    """Mean distance between the picture and a copy blurred widely, along the thing's outline."""
    seen = picture(scene, 128)
    shape = Image.fromarray(mask(scene, 0, 128).astype(np.uint8) * 255)
    edge = np.asarray(shape.filter(ImageFilter.MaxFilter(5))) != np.asarray(shape.filter(ImageFilter.MinFilter(3)))
    wide = np.asarray(seen.filter(ImageFilter.GaussianBlur(5)), np.float32)
    return float(np.abs(np.asarray(seen, np.float32) - wide)[edge].mean())
