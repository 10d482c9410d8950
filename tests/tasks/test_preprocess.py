"""Pictures become control images of their size, and settings that mean nothing are refused."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from studio import images
from studio.errors import InvalidField, NotFound
from studio.requests import Preprocess
from studio.results import Preprocessed, Preview, Progress
from studio.storybook import render
from studio.storybook.world import random_scene
from studio.tasks.preprocess import Preprocessing
from studio.vision import preprocessors
from studio.vision.preprocessors import PREPROCESSORS

BLANK = preprocessors.preprocessor("canny").blank
Made = Callable[..., Preprocessed]
SCENE = images.picture(render.picture(random_scene(3, aspect=1.5), 96))


def quietly(event: Progress | Preview) -> None:
    """Hears and says nothing."""


@pytest.fixture(scope="module")
def made() -> Made:
    held = Preprocessing()
    return lambda **values: held.preprocess(Preprocess(**{"image": SCENE} | values), quietly)


@pytest.mark.parametrize("row", PREPROCESSORS, ids=lambda row: row.id)
def test_a_control_image_is_as_large_as_its_picture(made: Made, row: preprocessors.Preprocessor) -> None:
    found = made(preprocessor=row.id)
    assert found.image.size == SCENE.size


def test_the_same_request_makes_it_once(made: Made) -> None:
    assert made(high_threshold=90) is made(high_threshold=90)


def test_what_was_made_longest_ago_is_let_go() -> None:
    of_one = 3 * len(SCENE.data) // 2  # a picture and what edges of it come to, but not two
    small = Preprocessing(made_bytes=of_one)
    requests = [Preprocess(image=SCENE, high_threshold=value) for value in (100, 120)]
    for request in requests:
        small.preprocess(request, quietly)
    assert list(small._made) == requests[1:]


def test_it_may_look_at_less_than_there_is(made: Made) -> None:
    coarse, fine = made(detect_resolution=64), made()
    assert coarse.image.size == SCENE.size and coarse.image != fine.image
    assert made(detect_resolution=2048).image == fine.image  # never at more than there is


def test_a_blank_control_image_is_said_to_be(made: Made) -> None:
    plain = images.picture(Image.new("RGB", (64, 64), "teal"))
    assert made(image=plain).note == BLANK


def test_settings_of_a_preprocessor_count(made: Made) -> None:
    few = made(low_threshold=200, high_threshold=250).image.image
    many = made(low_threshold=10, high_threshold=20).image.image
    assert np.asarray(few).sum() < np.asarray(many).sum()


def test_a_setting_it_does_not_take_is_refused(made: Made) -> None:
    with pytest.raises(InvalidField) as caught:
        made(preprocessor="canny", reduction=4)
    assert caught.value.field == "reduction"
    assert str(caught.value) == "Blur: Canny takes none. Leave it out."


def test_an_unknown_preprocessor_is_refused(made: Made) -> None:
    with pytest.raises(NotFound, match="Preprocessor: there is no 'sobel'"):
        made(preprocessor="sobel")


def test_what_is_transparent_is_seen_as_white(made: Made) -> None:
    hole = Image.new("RGBA", (64, 64), (255, 255, 255, 255))
    hole.paste((0, 0, 0, 0), (16, 16, 48, 48))
    assert made(image=images.picture(hole)).note == BLANK
