"""Controls named after request fields, filled and read."""

from dataclasses import fields
from pathlib import Path

import gradio as gr
import pytest

from studio import images
from studio.errors import InvalidField, StudioError
from studio.grids import Grid
from studio.images import Picture
from studio.requests import ImageToImage, TextToImage
from studio.results import PARTS
from studio.ui import uploads
from studio.ui.form import Form, family_values
from studio.ui.page import ASSETS, Page

HOUSE = ASSETS / "examples" / "house.png"


def values_of(form: Form, updates: dict) -> dict[str, object]:
    names = {control: name for name, control in form.inputs.items()}
    return {names[one]: update["value"] for one, update in updates.items() if one in names and "value" in update}


def nothing(value: object, *, label: str = "") -> None:
    return None


def house(value: object, *, label: str = "") -> Picture:
    return images.read(HOUSE, label="Start image")


def test_a_control_that_is_no_field_raises(form: Form) -> None:
    with pytest.raises(ValueError, match="TextToImage has no field cfg"):
        Form(title="Generate", request_type=TextToImage, controls={"cfg": form.controls["prompt"]}, aids=form.aids)


def test_without_a_start_image_the_values_make_words_to_a_picture(form: Form) -> None:
    made = form.request({"prompt": "a cat", "width": None, "image": None, "strength": 0.3}, nothing)
    assert made == TextToImage(prompt="a cat")


def test_with_a_start_image_the_values_make_a_picture_to_a_picture(form: Form) -> None:
    made = form.request({"prompt": "a cat", "image": {"path": "x"}, "strength": 0.3}, house)
    assert isinstance(made, ImageToImage) and made.strength == 0.3 and made.image.size == (128, 128)


def test_styles_are_laid_over_the_words(form: Form) -> None:
    made = form.request({"prompt": "a cat", "styles": ["Watercolor page", "Moonlight"]}, nothing)
    assert made.prompt.startswith("a cat, watercolor, cold moonlight") and "sunshine" in made.negative_prompt


def test_styles_are_laid_over_each_line(form: Form) -> None:
    values = {"prompt": "a cat\n\na dog", "prompt_per_line": True, "styles": ["Oil"]}
    first, second = form.request(values, nothing).prompt.split("\n")
    assert first.startswith("oil painting of a cat,") and second.startswith("oil painting of a dog,")


def test_an_axis_makes_a_grid(form: Form) -> None:
    values = {"prompt": "a cat", "x_field": "", "y_field": "num_inference_steps", "y_values": "2, 4"}
    made = form.request(values, nothing)
    assert isinstance(made, Grid) and made.x.values == (2, 4) and made.base.prompt == "a cat"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"seed": 1.5}, "^Seed: "),
        ({"prompt": None}, "^Prompt: "),
        ({"styles": ["Nope"]}, "^Style: there is no 'Nope'"),
        ({"x_field": "seed", "x_values": "many"}, "^X axis: Seed: "),
        ({"prompt_per_line": "no"}, "^One prompt a line: "),
    ],
)
def test_a_value_out_of_its_limits_is_named_by_its_label(form: Form, values: dict, said: str) -> None:
    with pytest.raises(StudioError, match=said):
        form.request(values, nothing)


def test_a_broken_start_image_is_refused(form: Form) -> None:
    with pytest.raises(InvalidField, match="^Start image: "):
        form.request({"image": "x"}, lambda value, **how: "no picture")


def test_what_was_kept_is_put_back(form: Form, page: Page) -> None:
    kept = {"checkpoint": "storybook", "prompt": "a cat", "seed": 5, "width": 128, "strength": 0.4, "clip_skip": 1}
    kept |= {"styles": ["Oil"], "x_field": "seed", "x_values": "1-3", "y_field": "", "y_values": ""}
    put = values_of(form, form.filled(kept, page.row))
    assert put.items() >= kept.items()


def test_new_words_come_without_styles_and_axes(form: Form, page: Page) -> None:
    put = values_of(form, form.filled({"prompt": "a cat"}, page.row))
    assert put == {"prompt": "a cat", "styles": [], **dict.fromkeys(form.aids.axes, "")}


def test_a_start_image_is_put_back_only_while_it_is_there(form: Form, page: Page, tmp_path: Path) -> None:
    there = uploads.served(house(None))
    assert values_of(form, form.filled({"image": there}, page.row)) == {"image": there}
    assert values_of(form, form.filled({"image": str(tmp_path / "gone.png")}, page.row)) == {}
    assert values_of(form, form.filled({"image": None}, page.row)) == {"image": None}


@pytest.mark.parametrize(
    "kept",
    [{"seed": "x"}, {"prompt": None}, {"cfg": 3}, {"width": 1e30}, {"image": "/etc/passwd"}, {"styles": ["Oil"]}],
)
def test_what_could_not_be_meant_is_left_out(form: Form, page: Page, kept: dict[str, object]) -> None:
    assert values_of(form, form.filled(kept, page.row)) == {}


@pytest.mark.parametrize("names", [["Oil", "Nope", 3], "Oil", None, {"Oil": 1}])
def test_styles_that_are_none_are_left_out(form: Form, page: Page, names: object) -> None:
    put = values_of(form, form.filled({"prompt": "", "styles": names}, page.row))
    assert put["styles"] == (["Oil"] if isinstance(names, list) else [])


@pytest.mark.parametrize("id", ["gone", "../gone", None, 3])
def test_a_checkpoint_that_is_gone_is_not_chosen_again(form: Form, page: Page, id: object) -> None:
    assert values_of(form, form.filled({"checkpoint": id, "seed": 5}, page.row)) == {"seed": 5}


def test_another_checkpoint_brings_its_defaults_and_what_can_be_chosen(form: Form, page: Page) -> None:
    updates = form.filled(family_values(page.row("sdxl-turbo")), page.row)
    assert values_of(form, updates).items() >= {"width": 512, "num_inference_steps": 4, "guidance_scale": 0}.items()
    assert ("1024 × 1024", "1024x1024") in updates[form.aids.size]["choices"]
    assert "LCM" in updates[form.controls["scheduler"]]["choices"]
    assert [label for label, _ in updates[form.aids.recipe]["choices"]][:2] == ["Quality", "LCM"]
    assert updates[form.aids.words]["value"] == "" and updates[form.aids.facts]["value"]["multiple"] == 8


def test_a_family_without_flow_samplers_offers_only_its_own(form: Form, page: Page) -> None:
    updates = form.filled(family_values(page.row("sd3-medium")), page.row)
    assert "DDIM" not in updates[form.controls["scheduler"]]["choices"]


def test_every_field_a_picture_can_be_asked_by_has_a_control(form: Form) -> None:
    assert set(form.controls) == {row.name for row in fields(ImageToImage)} - {*PARTS}


def test_no_field_is_left_out_of_what_is_remembered(form: Form) -> None:
    assert isinstance(form.aids.kept, gr.BrowserState) and form.aids.settled["kept"] is form.aids.kept
