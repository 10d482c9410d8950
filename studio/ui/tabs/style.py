"""Words, or a picture and words, to a picture in the style or composition of others."""

import gradio as gr

from studio.requests import ImageToImage, TextToImage
from studio.ui import (
    aids,
    before_after,
    controls,
    events,
    picture,
    reference_units,
    sections,
    start_image,
    style_api,
    styling,
    ties,
)
from studio.ui.bench import Bench
from studio.ui.controls import html
from studio.ui.examples import FOLDER
from studio.ui.form import Form
from studio.ui.page import PLACES, Page

TITLE = "Style"

# What is in place when the page opens: a picture that Storybook drew, to take after, and other words.
REFERENCE, PAINTED_OF = FOLDER / "neon.png", "a blue boat on the sea, neon"
PROMPT = "a red house in the snow, sunset"


def build(page: Page) -> Bench:
    """The tab: what is taken after, the words and a picture to begin with on the left, the picture on the right."""
    family = page.first_family
    with gr.Row(elem_classes="workbench", elem_id=aids.bench(TITLE)):
        with gr.Column(elem_classes="inputs styling", scale=5):
            unit = reference_units.first(REFERENCE)
            line = html(styling.heard_by(family), "note-box")
            fields = {"checkpoint": page.checkpoint, **controls.of(TextToImage, "transfer")}
            fields |= controls.prompt(PROMPT)
            buttons = picture.actions()
            strip = gr.Button("Try four strengths", size="sm", elem_classes="ways-button")
            words, size = aids.words(page.checkpoint.value), aids.size(family)
            fields |= controls.count()
            recipe, notes = aids.recipe(family), aids.notes("recipe", "strength", "negative_prompt", "second_pass")
            notes["recipe"].render()
            with gr.Column(elem_classes="sections"):
                units = (unit, *reference_units.others())
                image_section, start = sections.start_image(notes["strength"])
                with image_section:
                    keep = reference_units.keep()
                advanced, beside = sections.advanced(page, notes, adapters=reference_units.adapters(family.name))
            fields |= start | advanced
        with gr.Column(elem_classes="picture-side", scale=7):
            view = picture.view(buttons, PAINTED_OF, REFERENCE, send=PLACES)
            compared = before_after.build()
    with page.drawer:
        kept = aids.kept(TITLE)
    form = Form(
        title=TITLE,
        request_type=ImageToImage,
        controls=fields,
        references=reference_units.References(units=units, keep=keep),
        aids=aids.Aids(
            words=words,
            size=size,
            recipe=recipe,
            notes=notes,
            sections={"image": image_section},
            facts=aids.facts(family, TITLE),
            kept=kept,
            pulse=aids.pulse("style-changed"),
            **beside,
        ),
    )
    shown = events.connect(page, form, view)
    ties.connect(page, form, view)
    start_image.follow_shape(page, form)
    styling.connect(page, form, line)
    before_after.connect(page, view, compared, (*shown, styling.try_each(page, form, view, strip)))
    style_api.publish(page)
    return Bench(form=form, view=view, takes="Style", target=styling.target(form, TITLE))
