"""Every preprocessor runs on a small picture, and gives a control image of its shape."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from studio import skeletons
from studio.catalog import FAMILIES, KINDS
from studio.errors import NotFound
from studio.requests import Preprocess
from studio.rules import of
from studio.storybook import pose, render
from studio.storybook.data import UNSEEN
from studio.tasks.preprocess import SETTINGS
from studio.vision import palettes, preprocessors
from studio.vision.preprocessors import PREPROCESSORS, Preprocessor
from tests import nets

PERSON = pose.with_people(UNSEEN + 90_000, 1, aspect=1.5)[0]
SCENE = render.picture(PERSON, 128)
FINDING = [row for row in PREPROCESSORS if row.find]
# Their weights are of chance, so what they draw may be nothing.
UNTAUGHT = {"hed", "hed-safe", "pidinet", "pidinet-safe", "lineart", "lineart-coarse", "upernet"}


@pytest.mark.parametrize("row", PREPROCESSORS, ids=lambda row: row.id)
def test_every_row_draws_something_of_the_pictures_shape(row: Preprocessor, tmp_path: Path) -> None:
    drawn = row.draw(SCENE, *nets.net(row, tmp_path), **row.settings)
    assert drawn.size == SCENE.size and drawn.mode in ("L", "RGB")
    assert row.id in UNTAUGHT or np.ptp(np.asarray(drawn)) > 100


@pytest.mark.parametrize("row", FINDING, ids=lambda row: row.id)
def test_a_pose_is_drawn_of_people_who_can_be_had(row: Preprocessor, tmp_path: Path) -> None:
    wanted = pose.people(PERSON) if row.family == "storybook" else [nets.SOMEBODY]
    found = row.find(SCENE, *nets.net(row, tmp_path))
    assert skeletons.mean_error(found, wanted, SCENE.size) < 8


def test_of_each_pose_the_people_can_be_had() -> None:
    assert [row for row in PREPROCESSORS if row.kind == "pose"] == FINDING


@pytest.mark.parametrize("row", [row for row in PREPROCESSORS if row.kind == "segmentation"], ids=lambda row: row.id)
def test_parts_can_be_told_from_what_is_drawn(row: Preprocessor, tmp_path: Path) -> None:
    drawn = row.draw(SCENE, *nets.net(row, tmp_path))
    parts = palettes.parts(drawn, row.palette)
    assert (np.asarray(palettes.coloured(parts, row.palette)) == np.asarray(drawn)).all()


@pytest.mark.parametrize("row", PREPROCESSORS, ids=lambda row: row.id)
def test_what_asks_a_net_says_whose_it_is(row: Preprocessor) -> None:
    assert bool(row.read) == bool(row.source) == bool(row.licence)
    assert (row.size_bytes > 0) == (bool(row.source) and not row.source.startswith("assets/"))
    assert bool(row.files) == (row.source == preprocessors.ANNOTATORS)


@pytest.mark.parametrize("row", PREPROCESSORS, ids=lambda row: row.id)
def test_settings_are_fields_within_their_limits(row: Preprocessor) -> None:
    assert row.label and row.info.endswith(".") and row.blank.startswith("Control: ")
    assert row.settings.keys() <= {*SETTINGS}
    for name, value in row.settings.items():
        of(Preprocess)[name].checked(name, value)


def test_ids_and_labels_tell_rows_apart() -> None:
    for name in ("id", "label"):
        assert len({getattr(row, name) for row in PREPROCESSORS}) == len(PREPROCESSORS)


@pytest.mark.parametrize("family", [*(family.name for family in FAMILIES), ""])
@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
def test_there_is_a_way_to_each_kind_for_each_family(kind: str, family: str) -> None:
    rows = preprocessors.fitting(kind, family)
    assert {row.kind for row in rows[:-1]} == {kind} and rows[-1].id == "none" and len(rows) > 1
    assert {row.family for row in rows} <= {family, ""}
    assert preprocessors.default(kind, family) == rows[0]


def test_what_was_made_for_a_family_goes_first() -> None:
    ids = [preprocessors.default(kind, "storybook").id for kind in ("depth", "pose", "segmentation", "canny")]
    assert ids == ["storybook-depth", "storybook-pose", "storybook-segmentation", "canny"]
    assert preprocessors.default("depth", "sd1").id == "depth-anything"


def test_a_kind_that_nothing_makes_is_the_picture_itself() -> None:
    assert preprocessors.default("shuffle", "sd1").id == "none"


def test_the_table_is_there_without_the_libraries() -> None:
    code = "import sys, studio.vision.preprocessors as _; print({'torch', 'transformers', 'cv2'} & {*sys.modules})"
    assert subprocess.check_output([sys.executable, "-c", code], cwd=nets.PROJECT, text=True).strip() == "set()"


def test_an_unknown_one_names_the_nearest() -> None:
    with pytest.raises(NotFound, match="there is no 'cany'. Choose one of the list, such as canny"):
        preprocessors.preprocessor("cany")
