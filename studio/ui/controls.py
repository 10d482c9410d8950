"""Component factories: each gives controls by request field, worded and limited by the rows of `requests.RULES`."""

import json
from collections.abc import Mapping
from pathlib import Path

import gradio as gr
from gradio.components import Component

from studio import catalog
from studio.requests import RULES, TextToImage

Controls = dict[str, Component]


def html(value: str, name: str) -> gr.HTML:
    """A piece of `markup` under a class of `assets/easel.css`."""
    return gr.HTML(value, elem_classes=name, apply_default_css=False)


def prompt(example: str) -> Controls:
    """The words, with an example in place so that Run works at once."""
    return {"prompt": _text("prompt", value=example, lines=3)}


def negative_prompt() -> Controls:
    """The words for what should stay away."""
    return {"negative_prompt": _text("negative_prompt", value=TextToImage().negative_prompt, lines=2)}


def count() -> Controls:
    """How many pictures."""
    return {"num_images_per_prompt": _slider("num_images_per_prompt", value=TextToImage().num_images_per_prompt)}


def sampling(family: catalog.Family) -> Controls:
    """Steps, guidance and sampler, at the family's defaults."""
    return {
        "num_inference_steps": _slider("num_inference_steps", value=family.defaults["num_inference_steps"]),
        "guidance_scale": _slider("guidance_scale", value=family.defaults["guidance_scale"]),
        "scheduler": gr.Dropdown(
            [row.label for row in catalog.SAMPLERS], value=family.defaults["scheduler"], **_worded("scheduler")
        ),
    }


def size(family: catalog.Family) -> Controls:
    """Width and height as numbers, with a button that swaps them."""
    width, height = family.sizes[0]
    with gr.Row(elem_classes="pair"):
        controls = {"width": _number("width", width), "height": _number("height", height)}
        swap = gr.Button("Swap", size="sm", min_width=60, scale=0)
    both = list(controls.values())
    swap.click(None, both, both, js="(width, height) => [height, width]")
    return controls


def seed() -> tuple[Controls, gr.Button]:
    """The seed, with a button for a random one, and the button that `tie_seed` makes bring back the last one."""
    default = TextToImage().seed
    with gr.Row(elem_classes="pair"):
        number = _number("seed", default)
        random = gr.Button("Random", size="sm", min_width=60, scale=0)
        last = gr.Button("Last", size="sm", min_width=60, scale=0)
    random.click(None, None, number, js=f"() => {default}")
    return {"seed": number}, last


def tie_seed(last: gr.Button, controls: Controls, details: gr.JSON) -> None:
    """The button sets the seed of the picture that `details` tell of."""
    number = controls["seed"]
    last.click(None, [details, number], number, js="(details, seed) => details?.seed ?? seed")


def size_picker(family: catalog.Family) -> gr.Radio:
    """The family's sizes to choose from; not a request field, `tie_size` ties it to width and height."""
    choices = size_choices(family)
    return gr.Radio(choices, value=choices[0][1], label="Size", elem_classes="sizes")


def tie_size(picker: gr.Radio, controls: Controls) -> None:
    """Choosing a size sets width and height; changing these marks the size they make, and shapes the frame."""
    both = [controls["width"], controls["height"]]
    picker.input(None, picker, both, js="(size) => size.split('x').map(Number)")
    gr.on([control.change for control in both], None, both, picker, js="(...size) => easel.shape(...size)")


def size_choices(family: catalog.Family) -> list[tuple[str, str]]:
    """The family's sizes as (label, value)."""
    return [(f"{width} × {height}", f"{width}x{height}") for width, height in family.sizes]


def tie_words(blocks: gr.Blocks, controls: Controls) -> None:
    """The words already in the prompt look pressed."""
    field = controls["prompt"]
    gr.on([blocks.load, field.change], None, field, None, js="(prompt) => easel.markWords(prompt)")


def examples(rows: Mapping[str, Path]) -> list[gr.Button]:
    """Prompts to click, each with the picture it made."""
    with gr.Row(elem_classes="examples"):
        return [gr.Button(prompt, icon=picture, size="sm", min_width=0) for prompt, picture in rows.items()]


def tie_examples(buttons: list[gr.Button], controls: Controls) -> None:
    """Clicking an example puts it into the prompt."""
    for button in buttons:
        button.click(None, None, controls["prompt"], js=f"() => {json.dumps(button.value)}")


def _worded(name: str) -> dict[str, object]:
    return {"label": RULES[name].label, "info": RULES[name].info}


def _text(name: str, **options: object) -> gr.Textbox:
    return gr.Textbox(**_worded(name), elem_classes=name, **options)


def _slider(name: str, value: object) -> gr.Slider:
    rule = RULES[name]
    return gr.Slider(rule.minimum, rule.maximum, value=value, step=rule.step, buttons=[], **_worded(name))


def _number(name: str, value: object) -> gr.Number:
    return gr.Number(value, step=RULES[name].step, min_width=80, **_worded(name))
