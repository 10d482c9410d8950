"""Controls named after request fields, filled and read."""

from collections.abc import Iterator

import gradio as gr
import pytest

from studio.errors import InvalidField
from studio.requests import TextToImage
from studio.ui.form import Form, family_values

KNOWN = {"storybook": "storybook", "sd15": "sd1"}


@pytest.fixture
def form() -> Iterator[Form]:
    with gr.Blocks():
        controls = {name: gr.Textbox() for name in ("checkpoint", "prompt", "seed", "width", "height")}
        yield Form(request_type=TextToImage, controls=controls, picker=gr.Radio(), words=gr.HTML())


def values_of(form: Form, updates: dict) -> dict[str, object]:
    names = {control: name for name, control in form.controls.items()}
    return {names[control]: update["value"] for control, update in updates.items() if control in names}


def test_a_control_that_is_no_field_raises(form: Form) -> None:
    with pytest.raises(ValueError, match="TextToImage has no field cfg"):
        Form(request_type=TextToImage, controls={"cfg": gr.Textbox()}, picker=form.picker, words=form.words)


def test_values_make_a_request(form: Form) -> None:
    assert form.request({"prompt": "a cat", "width": None}) == TextToImage(prompt="a cat")


def test_a_value_out_of_its_limits_raises(form: Form) -> None:
    with pytest.raises(InvalidField, match=r"^Seed: "):
        form.request({"seed": 1.5})


def test_what_was_kept_is_put_back(form: Form) -> None:
    kept = {"checkpoint": "storybook", "prompt": "a cat", "seed": 5, "width": 128, "height": 128}
    updates = form.filled(kept, KNOWN)
    assert values_of(form, updates) == kept
    assert updates[form.picker]["value"] == "128x128"


@pytest.mark.parametrize("kept", [{"seed": "x"}, {"prompt": None}, {"cfg": 3}, {"width": 1e30}])
def test_what_could_not_be_meant_is_left_out(form: Form, kept: dict[str, object]) -> None:
    assert values_of(form, form.filled(kept, KNOWN)) == {}


def test_a_checkpoint_that_is_gone_is_not_chosen_again(form: Form) -> None:
    updates = form.filled({"checkpoint": "gone", "prompt": "a cat"}, KNOWN)
    assert values_of(form, updates) == {"prompt": "a cat"}


def test_another_family_shows_its_own_sizes_and_words(form: Form) -> None:
    updates = form.filled(family_values("sd15", "sd1"), KNOWN)
    assert values_of(form, updates) == {"checkpoint": "sd15", "width": 512, "height": 512}
    assert updates[form.picker]["value"] == "512x512" and updates[form.words] == ""
