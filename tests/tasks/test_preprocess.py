"""Pictures become control images of their size, and settings that mean nothing are refused."""

import numpy as np
import pytest
from PIL import Image

from studio import images
from studio.errors import InvalidField, NotFound
from studio.requests import Preprocess
from studio.results import Preview, Progress
from studio.storybook import render
from studio.storybook.world import random_scene
from studio.tasks.preprocess import BLANK, preprocess

SCENE = images.picture(render.picture(random_scene(3, aspect=1.5), 96))


def quietly(event: Progress | Preview) -> None:
    """Hears and says nothing."""


def test_a_control_image_is_as_large_as_its_picture() -> None:
    made = preprocess(Preprocess(image=SCENE, preprocessor="canny"), quietly)
    assert made.image.size == SCENE.size and made.note == "" and made.seconds >= 0


def test_it_may_look_at_less_than_there_is() -> None:
    made = preprocess(Preprocess(image=SCENE, preprocessor="canny", detect_resolution=64), quietly)
    assert made.image.size == SCENE.size
    assert made.image != preprocess(Preprocess(image=SCENE, preprocessor="canny"), quietly).image


def test_a_blank_control_image_is_said_to_be() -> None:
    plain = images.picture(Image.new("RGB", (64, 64), "teal"))
    assert preprocess(Preprocess(image=plain), quietly).note == BLANK


def test_settings_of_a_preprocessor_count() -> None:
    few = preprocess(Preprocess(image=SCENE, low_threshold=200, high_threshold=250), quietly).image.image
    many = preprocess(Preprocess(image=SCENE, low_threshold=10, high_threshold=20), quietly).image.image
    assert np.asarray(few).sum() < np.asarray(many).sum()


def test_a_setting_it_does_not_take_is_refused() -> None:
    with pytest.raises(InvalidField) as caught:
        preprocess(Preprocess(image=SCENE, preprocessor="canny", reduction=4), quietly)
    assert caught.value.field == "reduction"
    assert str(caught.value) == "Blur: Canny takes none. Leave it out."


def test_an_unknown_preprocessor_is_refused() -> None:
    with pytest.raises(NotFound, match="Preprocessor: there is no 'sobel'"):
        preprocess(Preprocess(image=SCENE, preprocessor="sobel"), quietly)


def test_what_is_transparent_is_seen_as_white() -> None:
    hole = Image.new("RGBA", (64, 64), (255, 255, 255, 255))
    hole.paste((0, 0, 0, 0), (16, 16, 48, 48))
    assert preprocess(Preprocess(image=images.picture(hole)), quietly).note == BLANK
