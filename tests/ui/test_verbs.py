"""A verb that is chosen, and a picture that is sent: what they put into the form of the Edit tab."""

from pathlib import Path

import pytest
from gradio.components import Component
from PIL import Image

from studio import catalog, images, rules
from studio.errors import StudioError
from studio.requests import FindMask, Inpaint
from studio.requests.editing import SIDES
from studio.ui import uploads, verbs
from studio.ui.bench import Bench
from studio.ui.page import Page

VERBS = [pytest.param(verb, id=verb.name) for verb in catalog.VERBS]


def answers(page: Page, control: Component, event: str, *given: object) -> dict[str, object]:
    """What the functions behind a control's event in `verbs` say, by component."""
    own = [fn.fn for fn in page.blocks.fns.values() if (control._id, event) in fn.targets and fn.fn]
    (function,) = [fn for fn in own if fn.__module__ == "studio.ui.verbs"]
    return function(*given)


@pytest.fixture
def wide() -> str:
    """A picture on the page, twice as wide as high."""
    return uploads.served(images.picture(Image.new("RGB", (400, 200))))


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_brings_its_recipe_in_pixels_of_the_picture(
    page: Page, bench: Bench, wide: str, verb: catalog.Verb
) -> None:
    put = answers(page, bench.form.controls["verb"], "input", verb.name, {"path": wide})
    fields = bench.form.controls
    assert put[fields["strength"]] == verb.strength
    assert (put[fields["grow"]], put[fields["feather"]]) == (round(200 * verb.grow), round(200 * verb.feather))


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_that_keeps_what_is_found_inverts_the_mask(
    page: Page, bench: Bench, wide: str, verb: catalog.Verb
) -> None:
    put = answers(page, bench.form.controls["verb"], "input", verb.name, {"path": wide})
    assert put[bench.form.controls["invert"]] is verb.keeps


@pytest.mark.parametrize("verb", VERBS)
def test_the_recipe_for_a_large_picture_is_within_the_limits(verb: catalog.Verb) -> None:
    large = uploads.served(images.picture(Image.new("RGB", (4000, 3000))))
    limits = rules.of(FindMask) | rules.of(Inpaint)
    for name, value in verbs.recipe(verb, large).items():
        limits[name].checked(name, value)


def test_sides_left_by_extend_hold_up_no_other_verb(page: Page, bench: Bench, wide: str) -> None:
    put = answers(page, bench.form.controls["verb"], "input", "replace", {"path": wide})
    assert [put[bench.form.controls[side]] for side in SIDES] == [0, 0, 0, 0]


def test_sides_that_are_given_stay_with_extend(page: Page, bench: Bench, wide: str) -> None:
    put = answers(page, bench.form.controls["verb"], "input", "extend", {"path": wide})
    assert not put.keys() & {bench.form.controls[side] for side in SIDES}


@pytest.mark.parametrize(
    ("verb", "source"), [("replace", "words"), ("background", "words"), ("extend", "none"), ("remove", "words")]
)
def test_a_verb_says_what_the_mask_is_found_by(page: Page, bench: Bench, wide: str, verb: str, source: str) -> None:
    put = answers(page, bench.form.controls["verb"], "input", verb, {"path": wide})
    assert put[bench.form.controls["source"]] == source


def test_without_a_picture_a_verb_leaves_the_shape_of_the_mask(page: Page, bench: Bench) -> None:
    put = answers(page, bench.form.controls["verb"], "input", "remove", None)
    fields = bench.form.controls
    assert put[fields["strength"]] == catalog.verb("remove").strength
    assert fields["grow"] not in put and fields["feather"] not in put


def test_a_broken_picture_does_not_stop_a_verb(page: Page, bench: Bench) -> None:
    put = answers(page, bench.form.controls["verb"], "input", "remove", {"path": str(Path(__file__))})
    assert put[bench.form.controls["strength"]] == catalog.verb("remove").strength


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_says_what_its_prompt_is_for(page: Page, bench: Bench, verb: catalog.Verb) -> None:
    told = answers(page, bench.form.controls["verb"], "change", verb.name)
    assert told[bench.form.controls["prompt"]]["info"] == verb.asks


@pytest.mark.parametrize("verb", VERBS)
def test_extend_asks_for_sides_and_the_others_for_words(page: Page, bench: Bench, verb: catalog.Verb) -> None:
    told = answers(page, bench.form.controls["verb"], "change", verb.name)
    shown = {part.elem_classes[-1]: update["visible"] for part, update in told.items() if "visible" in update}
    assert shown == {"pair sides": verb.name == "extend", "what-row": verb.name != "extend"}


def test_a_new_picture_brings_the_shape_of_the_mask(page: Page, bench: Bench, wide: str) -> None:
    put = answers(page, bench.form.controls["image"], "upload", "remove", {"path": wide})
    assert put == {bench.form.controls["grow"]: 12, bench.form.controls["feather"]: 6}


@pytest.fixture
def sent(tmp_path: Path) -> Path:
    Image.new("RGB", (300, 200)).save(tmp_path / "sent.png")
    return tmp_path / "sent.png"


def test_a_picture_that_is_sent_comes_into_the_edit_tab(bench: Bench, sent: Path) -> None:
    put = bench.target.fill(sent, "storybook", "replace")
    assert uploads.picture(put[bench.form.controls["image"]], label="Picture").size == (300, 200)
    assert bench.target.tab == "Edit"


def test_the_mask_stays_for_the_picture_that_comes_back_changed(bench: Bench, sent: Path) -> None:
    put = bench.target.fill(sent, "storybook", "replace")
    assert set(put) == {bench.form.controls[name] for name in ("image", "grow", "feather")}


def test_what_is_sent_reaches_nothing_else(bench: Bench, sent: Path) -> None:
    assert set(bench.target.fill(sent, "storybook", "replace")) <= set(bench.target.outputs)


def test_what_is_no_picture_is_refused(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(StudioError, match="^Picture: not a picture we can read"):
        bench.target.fill(tmp_path / "text.png", "storybook", "replace")
