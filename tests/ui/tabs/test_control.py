"""The Control tab: its controls are fields of requests, its example runs at once, and what is missing is said."""

from pathlib import Path

import pytest
from PIL import Image

from studio import catalog, rules
from studio.requests import ImageToImage, TextToImage
from studio.results import STEERING, STYLING
from studio.ui import control_units
from studio.ui.bench import Bench
from studio.ui.page import PLACES, Page
from studio.ui.tabs import control


@pytest.fixture(scope="module")
def bench(page: Page) -> Bench:
    with page.blocks:
        return control.build(page)


def test_every_field_of_a_request_has_a_control(bench: Bench) -> None:
    parts = {"controls"}
    assert set(bench.form.controls) == rules.of(ImageToImage).keys() - parts - {*STYLING}
    assert set(STEERING) - parts <= set(bench.form.controls)


def test_each_control_of_a_picture_has_its_fields(bench: Bench) -> None:
    units = bench.form.units.units
    assert [set(unit.fields) for unit in units] == [set(control_units.FIELDS)] * 3
    assert set(bench.form.units.inputs) < set(bench.form.inputs)


def test_pictures_can_be_sent_to_it(bench: Bench) -> None:
    assert bench.takes in PLACES


def test_only_kinds_that_storybook_has_nets_for_are_offered(bench: Bench) -> None:
    offered = {name for _, name in bench.form.units.units[0].fields["kind"].choices}
    assert offered == {kind for net in catalog.controlnets("storybook", method="controlnet") for kind in net.kinds}


def test_the_examples_are_pictures_of_their_kind() -> None:
    for example in control.EXAMPLES:
        assert catalog.controlnets("storybook", kind=example.kind)
        for file in (example.file, example.made):
            assert isinstance(file, Path) and Image.open(file).size == (128, 128)


def test_jobs_with_controls_are_its_own_and_others_are_not(bench: Bench) -> None:
    asked = bench.form.request({"prompt": "a cat", "image": None}, lambda value, label="": None)
    assert bench.form.has_made(asked)
    assert not bench.form.has_made(TextToImage(prompt="a cat"))


@pytest.mark.parametrize(
    ("kind", "way", "is_seen"),
    [("canny", "", True), ("canny", "none", False), ("depth", "", False), ("canny", "gone", True)],
)
def test_thresholds_are_seen_and_sent_where_the_preprocessor_takes_them(
    bench: Bench, kind: str, way: str, *, is_seen: bool
) -> None:
    unit = bench.form.units.units[0]
    seen = control_units.settings(unit, kind, way, "storybook")
    assert seen[unit.thresholds]["visible"] == is_seen
    assert (seen[unit.fields["low_threshold"]] is None) == (not is_seen)
