"""Every preprocessor runs on a small picture, and gives a control image of its size."""

import numpy as np
import pytest

from studio.errors import NotFound
from studio.requests import Preprocess
from studio.rules import of
from studio.storybook import render
from studio.storybook.world import random_scene
from studio.tasks.preprocess import SETTINGS
from studio.vision import preprocessors
from studio.vision.preprocessors import PREPROCESSORS, Preprocessor

SCENE = render.picture(random_scene(3, aspect=1.5), 96)


@pytest.mark.parametrize("row", PREPROCESSORS, ids=lambda row: row.id)
def test_every_row_draws_something(row: Preprocessor) -> None:
    drawn = row.draw(SCENE, **row.settings)
    assert drawn.size == SCENE.size and drawn.mode in ("L", "RGB")
    assert np.ptp(np.asarray(drawn)) > 100


@pytest.mark.parametrize("row", PREPROCESSORS, ids=lambda row: row.id)
def test_settings_are_fields_within_their_limits(row: Preprocessor) -> None:
    assert row.label and row.info.endswith(".")
    assert row.settings.keys() <= {*SETTINGS}
    for name, value in row.settings.items():
        of(Preprocess)[name].checked(name, value)


def test_ids_and_labels_tell_rows_apart() -> None:
    for name in ("id", "label"):
        assert len({getattr(row, name) for row in PREPROCESSORS}) == len(PREPROCESSORS)


def test_an_unknown_one_names_the_nearest() -> None:
    with pytest.raises(NotFound, match="there is no 'cany'. Choose one of the list, such as canny"):
        preprocessors.preprocessor("cany")
