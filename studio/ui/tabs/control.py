"""Control pictures and words to a picture that follows them, and how far it does."""

import gradio as gr

from studio.requests import ImageToImage
from studio.ui import (
    aids,
    control_api,
    control_examples,
    control_units,
    controls,
    events,
    examples,
    following,
    obeying,
    picture,
    sections,
    start_image,
    ties,
)
from studio.ui.bench import Bench
from studio.ui.control_examples import Example
from studio.ui.form import Form
from studio.ui.page import PLACES, Page

TITLE = "Control"

# Painted by Storybook; the first is in place when the page opens.
EXAMPLES = (
    Example(picture="house.png", kind="canny", prompt="a purple house on the sand, night", result="purple-house.png"),
    Example(picture="person.png", kind="pose", prompt="a red person in the snow, sunset", result="red-person.png"),
    Example(picture="cat.png", kind="depth", prompt="a white cat in the snow, sunset", result="white-cat.png"),
)


def build(page: Page) -> Bench:
    """The tab: what is followed and the words on the left, the picture on the right."""
    first, family = EXAMPLES[0], page.first_family
    with gr.Row(elem_classes="workbench", elem_id=aids.bench(TITLE)):
        with gr.Column(elem_classes="inputs controlling", scale=5):
            unit = control_units.first(family, str(first.file))
            fields = {"checkpoint": page.checkpoint, **controls.prompt(first.prompt)}
            fields |= {"method": control_units.method(family)}
            buttons = picture.actions()
            ways = gr.Button("Try each", size="sm", elem_classes="ways-button")
            words, size = aids.words(page.checkpoint.value), aids.size(family)
            fields |= controls.count()
            recipe, notes = aids.recipe(family), aids.notes("recipe", "strength", "negative_prompt", "second_pass")
            notes["recipe"].render()
            with gr.Column(elem_classes="sections"):
                units = control_units.Units(units=(unit, *control_units.others(family)))
                image_section, start = sections.start_image(notes["strength"])
                advanced, beside = sections.advanced(page, notes, is_steered=True)
            fields |= start | advanced
        with gr.Column(elem_classes="picture-side", scale=7):
            view = picture.view(buttons, first.prompt, first.made, send=PLACES)
            obeyed = obeying.build()
            tried = examples.build(EXAMPLES)
    with page.drawer:
        kept = aids.kept(TITLE)
    form = Form(
        title=TITLE,
        request_type=ImageToImage,
        controls=fields,
        units=units,
        aids=aids.Aids(
            words=words,
            size=size,
            recipe=recipe,
            notes=notes,
            sections={"image": image_section},
            facts=aids.facts(family, TITLE),
            kept=kept,
            pulse=aids.pulse("control-changed"),
            **beside,
        ),
    )
    shown = events.connect(page, form, view)
    ties.connect(page, form, view)
    start_image.follow_shape(page, form)
    show = following.connect(page, form, units)
    obeying.connect(page, view, obeyed, (*shown, following.try_each(page, form, view, ways)))
    control_examples.connect(form, tried, show)
    control_api.publish(page)
    return Bench(
        form=form,
        view=view,
        takes="Control",
        target=following.target(page, form, TITLE),
        open=lambda tab: show(tab.select),
    )
