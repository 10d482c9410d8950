"""The Edit tab: its controls are fields of requests, its example runs at once, and what is missing is said."""

from pathlib import Path

import pytest
from PIL import Image

from studio import catalog, images, outputs, rules
from studio.requests import FindMask, Inpaint
from studio.results import PARTS
from studio.ui import uploads
from studio.ui.bench import Bench
from studio.ui.edit_examples import Example
from studio.ui.page import PLACES
from studio.ui.tabs import edit
from tests.ui.clicks import Run
from tests.ui.conftest import Served, wait_until

# What an edit does not use, or what follows from it.
WITHOUT = {"width", "height", "resize_mode", "second_pass_scale", "second_pass_strength", "prompt_per_line", "download"}
WITHOUT |= {*PARTS}
QUICK = {"checkpoint": "one", "num_inference_steps": 1, "strength": 1}


@pytest.fixture(scope="module")
def run(served: Served) -> Run:
    return Run(served, edit.TITLE, (FindMask, Inpaint))


def on_page(image: Image.Image) -> dict[str, str]:
    """The raw value of a picture's component."""
    return {"path": uploads.served(images.picture(image))}


def box() -> Image.Image:
    """A mask of the example, white in a box."""
    mask = Image.new("L", (128, 128))
    mask.paste(255, (48, 56, 80, 96))
    return mask


def test_every_field_of_an_edit_and_of_its_mask_has_a_control(bench: Bench) -> None:
    wanted = rules.of(Inpaint).keys() | rules.of(FindMask).keys()
    assert set(bench.form.controls) == wanted - WITHOUT


def test_every_control_reaches_run(run: Run, bench: Bench) -> None:
    assert set(run.ids) == set(bench.form.controls)


def test_pictures_can_be_sent_to_it(bench: Bench) -> None:
    assert bench.takes in PLACES


def test_the_page_opens_with_the_recipe_of_its_verb(bench: Bench) -> None:
    verb = catalog.VERBS[0]
    shorter = min(Image.open(edit.EXAMPLES[0].file).size)
    opened = {name: bench.form.controls[name].value for name in ("verb", "strength", "invert", "grow", "feather")}
    shape = {"grow": round(shorter * verb.grow), "feather": round(shorter * verb.feather)}
    assert opened == {"verb": verb.name, "strength": verb.strength, "invert": verb.keeps, **shape}


@pytest.mark.parametrize("example", edit.EXAMPLES, ids=lambda example: example.result)
def test_an_example_was_made_from_its_words(example: Example) -> None:
    values = outputs.found(example.made).values
    said = (values.get("verb"), values.get("words"), values["prompt"])
    assert said == (example.verb, example.words, example.prompt)


def test_the_example_runs_at_once(run: Run) -> None:
    told = run.clicked(**QUICK)
    assert "Done in" in told and f'"words": "{edit.EXAMPLES[0].words}"' in told.replace('\\"', '"')


def test_an_edit_of_a_mask_alone_runs(run: Run) -> None:
    assert "Done in" in run.clicked(**QUICK, words="", mask_image=on_page(box()))


def test_extend_runs_without_a_mask(run: Run) -> None:
    assert "Done in" in run.clicked(**QUICK, verb="extend", source="none", words="", right=32)


def test_an_edit_goes_on_when_its_page_is_closed_while_the_mask_is_looked_for(run: Run, served: Served) -> None:
    before = served.engine.jobs("local")
    told = run.clicked(until='"process_generating"', **QUICK, seed=11)
    assert "Done in" not in told
    wait_until(lambda: len(served.engine.jobs("local")) > len(before) and served.engine.jobs("local")[-1].is_over)
    assert served.engine.jobs("local")[-1].state == "done"


REFUSED = [
    ({"image": None}, "Picture: "),
    ({"words": ""}, "Mask: there is none"),
    ({"words": "the boat", "threshold": 0.98}, "Mask: nothing in the picture looks like"),
    ({"words": "the house", "right": 8}, "Sides: Replace adds none"),
    ({"words": "", "verb": "extend"}, "Sides: Extend needs a side"),
    ({"threshold": 5}, "Threshold: "),
    ({"strength": 5}, "Strength: "),
    ({"verb": "vanish"}, "Change: there is no"),
    ({"image": {"path": str(Path(__file__))}}, "Picture: the file is not here"),
    ({"mask_image": {"path": "/etc/passwd"}}, "Mask: the file is not here"),
]


@pytest.mark.parametrize(("values", "said"), REFUSED, ids=lambda value: str(value)[:30])
def test_what_is_missing_or_wrong_is_said_beside_run(run: Run, values: dict[str, object], said: str) -> None:
    told = run.clicked(**QUICK | values)
    assert said in told and "Done in" not in told and "Traceback" not in told


def test_a_mask_of_another_size_is_said_beside_run(run: Run) -> None:
    small = on_page(Image.new("L", (64, 64), 255))
    told = run.clicked(**QUICK, words="", mask_image=small)
    assert "pixels where the picture has 128" in told and "Done in" not in told
