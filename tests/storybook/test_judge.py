"""The judge that is no network knows a colour when it sees one, and a wrong one too."""

from dataclasses import replace

import numpy as np

from studio.storybook.judge import colours_right, objects_right, pixels_right
from studio.storybook.render import picture
from studio.storybook.words import COLOURS
from studio.storybook.world import Mix, Thing, random_scene

PLAIN = [random_scene(seed, Mix(two_things=0.2, looks=0)) for seed in range(200)]


def test_counted_pixels_agree_with_true_scenes() -> None:
    right = [pixels_right(np.asarray(picture(scene, 128)), scene) for scene in PLAIN]
    assert np.mean(right) > 0.9


def test_counted_pixels_notice_a_wrong_colour() -> None:
    wrong = []
    for index, scene in enumerate(PLAIN):
        others = [colour for colour in COLOURS if colour not in {thing.colour for thing in scene.things}]
        asked = replace(scene.things[0], colour=others[index % len(others)])
        wrong.append(pixels_right(np.asarray(picture(scene, 128)), replace(scene, things=(asked, *scene.things[1:]))))
    assert np.mean(wrong) < 0.05


def test_objects_must_be_there_and_likeliest() -> None:
    cat = [Thing(kind="cat", colour="red", x=0.5, y=0.9, height=0.5)]
    assert objects_right({"cat": 0.9, "car": 0.2}, cat)
    assert not objects_right({"cat": 0.9, "car": 0.95}, cat)
    assert not objects_right({"cat": 0.4, "car": 0.2}, cat)


def test_colour_is_judged_for_the_kind_asked_for() -> None:
    cat = [Thing(kind="cat", colour="red", x=0.5, y=0.9, height=0.5)]
    assert colours_right({"cat": "red", "car": "blue"}, cat)
    assert not colours_right({"cat": "blue", "car": "red"}, cat)
