"""Words to a picture."""

import gradio as gr

from studio.requests import TextToImage
from studio.ui import api, controls, events, picture
from studio.ui.form import Form, words_of
from studio.ui.page import ASSETS, Page

TITLE = "Generate"

# Painted by Storybook; the first is in place when the page opens. Each file carries the settings that made it.
EXAMPLES = {
    "a red house in the snow, sunset": ASSETS / "examples" / "house.png",
    "a blue car on the sand, sunny day": ASSETS / "examples" / "car.png",
    "a yellow cat on the grass, night": ASSETS / "examples" / "cat.png",
    "a white boat on the sea, sunset": ASSETS / "examples" / "boat.png",
    "a green tree in the snow, mountains, sunset": ASSETS / "examples" / "tree.png",
}


def build(page: Page) -> None:
    """The tab: words and settings on the left, the picture on the right."""
    example, picture_of_it = next(iter(EXAMPLES.items()))
    with gr.Row(elem_classes="workbench"):
        with gr.Column(elem_classes="inputs", scale=5):
            fields = {"checkpoint": page.checkpoint, **controls.prompt(example)}
            buttons = picture.actions()
            words = controls.html(words_of(page.checkpoint.value), "words")
            picker = controls.size_picker(page.first_family)
            fields |= controls.count()
            with gr.Accordion("Advanced", open=False):
                fields |= controls.negative_prompt() | controls.sampling(page.first_family)
                seed, last = controls.seed()
                fields |= seed | controls.size(page.first_family)
        with gr.Column(elem_classes="picture-side", scale=7):
            view = picture.view(buttons, example, picture_of_it)
            examples = controls.examples(EXAMPLES)
    form = Form(request_type=TextToImage, controls=fields, picker=picker, words=words)
    controls.tie_size(picker, fields)
    controls.tie_seed(last, fields, view.details)
    controls.tie_words(page.blocks, fields)
    controls.tie_examples(examples, fields)
    events.connect(page, form, view, TITLE)
    api.publish(page, TextToImage, "generate")
