"""What one click changes on a form, in the browser itself; `Form.settle` then works out what follows."""

import json
from collections.abc import Mapping

import gradio as gr

from studio.requests import TextToImage
from studio.ui import aids
from studio.ui.form import Form
from studio.ui.page import Page
from studio.ui.picture import View


def connect(page: Page, form: Form, view: View) -> None:
    """All that is tied on a form with sizes, recipes, a seed and words."""
    size(form)
    recipe(form)
    seed(form, view)
    words(page, form)


def size(form: Form) -> None:
    """Choosing a size sets width and height; a button swaps them."""
    both = [form.controls["width"], form.controls["height"]]
    picked = form.aids.size.input(None, form.aids.size, both, js="(size) => size.split('x').map(Number)")
    swapped = form.aids.swap.click(None, both, both, js="(width, height) => [height, width]")
    form.settle(picked, swapped)


def recipe(form: Form) -> None:
    """Choosing a recipe sets steps, guidance and sampler."""
    fields = [form.controls[name] for name in ("num_inference_steps", "guidance_scale", "scheduler")]
    form.settle(form.aids.recipe.input(None, form.aids.recipe, fields, js="easel.cook"))


def seed(form: Form, view: View) -> None:
    """A button for a random seed, and one that brings back that of the chosen picture."""
    number = form.controls["seed"]
    random = form.aids.random.click(None, None, number, js=f"() => {TextToImage().seed}")
    last = form.aids.last.click(
        None,
        [view.tools.details, view.tools.index, number],
        number,
        js="(details, index, seed) => details?.seeds?.[index] ?? seed",
    )
    form.settle(random, last)


def words(page: Page, form: Form) -> None:
    """The words already in the prompt look pressed."""
    field = form.controls["prompt"]
    mark = f"(prompt) => easel.markWords(prompt, '{aids.bench(form.title)}')"
    gr.on([page.blocks.load, field.change], None, field, None, js=mark)


def examples(buttons: Mapping[str, gr.Button], form: Form) -> None:
    """Clicking an example puts it into the prompt."""
    for prompt, button in buttons.items():
        button.click(None, None, form.controls["prompt"], js=f"() => {json.dumps(prompt)}")
