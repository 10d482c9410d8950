"""Component factories: each gives controls by request field, worded and limited by the rows of `requests.RULES`."""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import gradio as gr
from gradio.components import Component

from studio import catalog
from studio.requests import RULES, ImageToImage, TextToImage
from studio.rules import Rule

Controls = dict[str, Component]
# A number with more room than this is typed.
MOST_OF_A_SLIDER = 256


def html(value: str, name: str, **options: object) -> gr.HTML:
    """A piece of `markup` under a class of `assets/easel.css`."""
    return gr.HTML(value, elem_classes=name, apply_default_css=False, **options)


def prompt(example: str) -> Controls:
    """The words, with an example in place so that Run works at once."""
    return {"prompt": _text("prompt", value=example, lines=3)}


def negative_prompt() -> Controls:
    """The words for what should stay away."""
    return {"negative_prompt": _text("negative_prompt", value=TextToImage().negative_prompt, lines=2)}


def count() -> Controls:
    """How many pictures."""
    return {"num_images_per_prompt": _slider("num_images_per_prompt")}


def sampling(family: catalog.Family) -> Controls:
    """Steps, guidance and sampler, at the family's defaults."""
    samplers = [row.label for row in catalog.samplers(family)]
    return {
        "num_inference_steps": _slider("num_inference_steps", value=family.defaults["num_inference_steps"]),
        "guidance_scale": _slider("guidance_scale", value=family.defaults["guidance_scale"]),
        "scheduler": gr.Dropdown(samplers, value=family.defaults["scheduler"], **worded("scheduler")),
    }


def size(family: catalog.Family) -> tuple[Controls, gr.Button]:
    """Width and height as numbers, with a button that swaps them."""
    width, height = family.sizes[0]
    with gr.Row(elem_classes="pair"):
        controls = {"width": _number("width", width), "height": _number("height", height)}
        swap = gr.Button("Swap", size="sm", min_width=60, scale=0)
    return controls, swap


def seed() -> tuple[Controls, gr.Button, gr.Button]:
    """The seed, a button for a random one, and one that brings back the last."""
    with gr.Row(elem_classes="pair"):
        number = _number("seed", TextToImage().seed)
        random = gr.Button("Random", size="sm", min_width=60, scale=0)
        last = gr.Button("Last", size="sm", min_width=60, scale=0)
    return {"seed": number}, random, last


def second_pass() -> Controls:
    """How much larger the picture is painted a second time, and how much may change then."""
    return {name: _slider(name) for name in ("second_pass_scale", "second_pass_strength")}


def clip_skip() -> Controls:
    """How many layers of the text encoder are left out."""
    return {"clip_skip": _slider("clip_skip")}


def prompt_per_line() -> Controls:
    """Whether each line of the prompt is one of its own."""
    return {"prompt_per_line": _switch("prompt_per_line")}


def embed_metadata() -> Controls:
    """Whether the settings are written into the file."""
    return {"embed_metadata": _switch("embed_metadata")}


def image() -> Controls:
    """The picture to begin with."""
    return {"image": drop(RULES["image"].label, height=220)}


def drop(label: str, *, height: int, value: Path | None = None) -> gr.Image:
    """A place for a picture that is dropped, chosen or pasted; it stays the file it came in, nothing is converted."""
    return gr.Image(
        value,
        type="filepath",
        image_mode=None,
        format="png",
        sources=["upload", "clipboard"],
        buttons=[],
        height=height,
        label=label,
        show_label=False,
        placeholder="Drop a picture here, or click to choose one.",
        alt_text=label,
        elem_classes="drop",
    )


def strength() -> Controls:
    """How much of the start image may change."""
    return {"strength": _slider("strength", value=ImageToImage.strength)}


def resize_mode() -> Controls:
    """How the start image is brought to the size asked."""
    choices = [(label, mode) for mode, label in RULES["resize_mode"].choices.items()]
    default = ImageToImage.resize_mode
    return {"resize_mode": gr.Radio(choices, value=default, elem_classes="resize", **worded("resize_mode"))}


def adapter(choices: Sequence[tuple[str, str]]) -> Controls:
    """What hears the references, of these (label, id); the first is the usual one."""
    return {"ip_adapter": gr.Dropdown(choices, value=choices[0][1], filterable=False, **worded("ip_adapter"))}


def of(request_type: type, *names: str, **values: object) -> Controls:
    """A control for each of these fields of a request type, in their order, at these values or else the defaults."""
    rows = {row.name: row for row in fields(request_type)}
    return {name: _control(rows[name].metadata["rule"], values.get(name, rows[name].default)) for name in names}


def worded(name: str) -> dict[str, object]:
    """Label and info of a field."""
    return {"label": RULES[name].label, "info": RULES[name].info}


def _text(name: str, **options: object) -> gr.Textbox:
    return gr.Textbox(**worded(name), elem_classes=[name, "weighed"], **options)


def _switch(name: str) -> gr.Checkbox:
    return gr.Checkbox(getattr(TextToImage(), name), **worded(name))


def _slider(name: str, value: object = None) -> gr.Slider:
    rule = RULES[name]
    value = getattr(TextToImage(), name) if value is None else value
    return gr.Slider(rule.minimum, rule.maximum, value=value, step=rule.step, buttons=[], **worded(name))


def _number(name: str, value: object) -> gr.Number:
    return gr.Number(value, step=RULES[name].step, min_width=80, **worded(name))


def _control(rule: Rule, value: object) -> Component:
    """What a rule's field is chosen with."""
    said = {"label": rule.label, "info": rule.info}
    if rule.kind is bool:
        return gr.Checkbox(value, **said)
    if rule.choices:
        choices = [(label, name) for name, label in rule.choices.items()]
        return gr.Radio(choices, value=value, elem_classes="chips", **said)
    if rule.kind is str:
        return gr.Textbox(value, **said)
    if rule.maximum > MOST_OF_A_SLIDER:
        return gr.Number(value, step=rule.step, min_width=80, **said)
    return gr.Slider(rule.minimum, rule.maximum, value=value, step=rule.step, buttons=[], **said)
