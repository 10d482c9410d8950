"""Words, or a picture and words, to a picture."""

import gradio as gr

from studio.requests import ImageToImage
from studio.ui import (
    aids,
    api,
    controls,
    events,
    picture,
    prompting,
    sections,
    settings_file,
    start_image,
    style_cards,
    ties,
)
from studio.ui.bench import Bench
from studio.ui.form import Form
from studio.ui.page import ASSETS, PLACES, Page

TITLE = "Generate"

# Painted by Storybook; the first is in place when the page opens. Each file carries the settings that made it.
EXAMPLES = {
    "a red house in the snow, sunset": ASSETS / "examples" / "house.png",
    "a blue car on the sand, sunny day": ASSETS / "examples" / "car.png",
    "a yellow cat on the grass, night": ASSETS / "examples" / "cat.png",
    "a white boat on the sea, sunset": ASSETS / "examples" / "boat.png",
    "a green tree in the snow, mountains, sunset": ASSETS / "examples" / "tree.png",
}


def build(page: Page) -> Bench:
    """The tab: words and settings on the left, the picture on the right."""
    example, picture_of_it = next(iter(EXAMPLES.items()))
    family = page.first_family
    with gr.Row(elem_classes="workbench", elem_id=aids.bench(TITLE)):
        with gr.Column(elem_classes="inputs", scale=5):
            fields = {"checkpoint": page.checkpoint, **controls.prompt(example)}
            help_line = prompting.build()
            buttons = picture.actions()
            words, size = aids.words(page.checkpoint.value), aids.size(family)
            fields |= controls.count()
            recipe, notes = aids.recipe(family), aids.notes("recipe", "strength", "negative_prompt", "second_pass")
            notes["recipe"].render()
            with gr.Column(elem_classes="sections"):
                styles_section, cards, styles_line = sections.styles()
                image_section, start = sections.start_image(notes["strength"])
                advanced, beside = sections.advanced(page, notes)
                grid_section, axes = sections.grid()
                reader = settings_file.build()
            fields |= start | advanced
        with gr.Column(elem_classes="picture-side", scale=7):
            view = picture.view(buttons, example, picture_of_it, send=PLACES)
            examples = aids.examples(EXAMPLES)
    with page.drawer:
        kept = aids.kept(TITLE)
    form = Form(
        title=TITLE,
        request_type=ImageToImage,
        controls=fields,
        aids=aids.Aids(
            words=words,
            size=size,
            recipe=recipe,
            styles=cards,
            notes=notes,
            sections={"styles": styles_section, "image": image_section, "axes": grid_section},
            axes=axes,
            facts=aids.facts(family, TITLE),
            kept=kept,
            pulse=aids.pulse("generate-changed"),
            **beside,
        ),
    )
    events.connect(page, form, view)
    ties.connect(page, form, view)
    ties.examples(examples, form)
    prompting.connect(page, form, help_line)
    style_cards.tell(form, styles_line)
    start_image.follow_shape(page, form)
    settings_file.connect(page, form, reader)
    api.publish(page, ImageToImage, "generate", "Words, or a picture and words, to pictures.")
    api.publish_grid(page, ImageToImage, "grid", "Settings against each other: a labelled sheet first, then its cells.")
    return Bench(form=form, view=view, takes="Start image", target=start_image.target(page, form, TITLE))
