"""The page's own events, knocked at by hand: what the endpoints refuse, they refuse too, and in the same words."""

import pytest

from studio import rules
from studio.requests import ImageToImage
from studio.results import PARTS
from tests.ui.clicks import Run
from tests.ui.conftest import Served
from tests.ui.test_api import BAD_VALUES, PICTURES_NOT_SENT

RULES = rules.of(ImageToImage)


@pytest.fixture(scope="module")
def run(served: Served) -> Run:
    return Run(served)


def test_every_setting_has_its_control(run: Run) -> None:
    assert set(run.ids) == set(RULES) - {*PARTS}


@pytest.mark.parametrize(("field", "value"), BAD_VALUES, ids=lambda value: repr(value)[:20])
def test_a_bad_value_is_refused_beside_the_button(run: Run, field: str, value: object) -> None:
    told = run.clicked(**{field: value})
    assert f"{RULES[field].label}: " in told
    assert "Traceback" not in told and "process_generating" in told


@pytest.mark.parametrize("image", PICTURES_NOT_SENT, ids=lambda value: repr(value)[:30])
def test_only_a_picture_that_was_sent_here_is_opened(run: Run, image: object) -> None:
    told = run.clicked(image=image)
    assert "Start image: " in told or '"success": false' in told
    assert "root:" not in told
