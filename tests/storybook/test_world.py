"""Scenes are repeatable, varied, and stand inside the picture."""

import pytest

from studio.storybook.render import bounds
from studio.storybook.words import COLOURS, LOOKS, OBJECTS, PLACES, TIMES
from studio.storybook.world import Mix, random_scene

MANY = [random_scene(seed, Mix(two_things=0.5, looks=0.5)) for seed in range(400)]


def test_same_seed_gives_same_scene() -> None:
    assert random_scene(7) == random_scene(7)
    assert random_scene(7) != random_scene(8)


def test_every_word_is_drawn() -> None:
    things = [thing for scene in MANY for thing in scene.things]
    assert {thing.kind for thing in things} == set(OBJECTS)
    assert {thing.colour for thing in things} == set(COLOURS)
    assert {scene.place for scene in MANY} == set(PLACES)
    assert {scene.time for scene in MANY} == set(TIMES)
    assert {scene.look for scene in MANY} == set(LOOKS)


@pytest.mark.parametrize("aspect", [2 / 3, 1.0, 1.5])
def test_things_stand_inside_the_picture(aspect: float) -> None:
    for seed in range(150):
        for thing in random_scene(seed, Mix(two_things=0.5), aspect=aspect).things:
            left, top, right, bottom = bounds(thing)
            assert left > -0.06 and right < aspect + 0.06
            assert top > 0 and bottom < 1


def test_two_things_stand_apart_and_differ() -> None:
    for scene in MANY:
        if len(scene.things) == 2:
            first, second = scene.things
            assert first.kind != second.kind and first.colour != second.colour
            assert bounds(first)[2] < bounds(second)[0] + 0.1


def test_mix_decides_how_often_two_things_meet() -> None:
    assert all(len(random_scene(seed, Mix(two_things=0)).things) == 1 for seed in range(50))
    assert all(len(random_scene(seed, Mix(two_things=1)).things) == 2 for seed in range(50))
