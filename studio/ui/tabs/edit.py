"""A part of a picture changed by a verb, the rest kept bit for bit."""

from collections.abc import Iterator

import gradio as gr

from studio import catalog, rules
from studio.engine.jobs import Job
from studio.requests import FindMask, Inpaint, made
from studio.ui import (
    aids,
    before_after,
    controls,
    edit_api,
    edit_examples,
    events,
    examples,
    mask_section,
    masking,
    picture,
    sections,
    ties,
    verbs,
)
from studio.ui.bench import Bench
from studio.ui.edit_examples import Example
from studio.ui.form import Form
from studio.ui.page import PLACES, Page
from studio.ui.picture import Updates, View

TITLE = "Edit"

# Painted by Storybook; the first is in place when the page opens.
EXAMPLES = (
    Example(picture="house.png", verb="replace", words="the house", prompt="a purple tree", result="purple-tree.png"),
    Example(picture="car.png", verb="replace", words="the car", prompt="a red boat", result="red-boat.png"),
    Example(picture="cat.png", verb="remove", words="the cat", prompt="", result="no-cat.png"),
    Example(
        picture="boat.png",
        verb="restyle",
        words="the boat",
        prompt="a blue boat on the sea, sunset",
        result="blue-boat.png",
    ),
    Example(
        picture="tree.png", verb="background", words="the tree", prompt="on the sea, night", result="sea-night.png"
    ),
)
EDITED = tuple(rules.of(Inpaint))


def build(page: Page) -> Bench:
    """The tab: picture, verb, words and mask on the left, what came of it on the right."""
    family, first = page.first_family, EXAMPLES[0]
    verb = catalog.verb(first.verb)
    with gr.Row(elem_classes="workbench", elem_id=aids.bench(TITLE)):
        with gr.Column(elem_classes="inputs editing", scale=5):
            with gr.Row(elem_classes="picture-and-mask"):
                image = controls.drop("Picture", height=220, value=first.file)
                seen = mask_section.beside()
            line = mask_section.line()
            fields = {"checkpoint": page.checkpoint, "image": image}
            fields |= controls.of(Inpaint, "verb")
            sides = verbs.sides()
            fields |= sides.controls
            with gr.Row(elem_classes="what-row") as what_row:
                what = controls.of(FindMask, "words", words=first.words)
                find = gr.Button("Find", size="sm", elem_classes="find")
            fields |= verbs.prompt(verb, first.prompt)
            buttons = picture.actions()
            words = aids.words(page.checkpoint.value)
            fields |= controls.count()
            recipe, notes = aids.recipe(family), aids.notes("recipe", "strength", "negative_prompt")
            notes["recipe"].render()
            with gr.Column(elem_classes="sections"):
                section = mask_section.build(what, find, (seen, line), verbs.shape(verb, first.file))
                advanced, beside = sections.edit_advanced(page, notes)
            fields |= section.controls | advanced
        with gr.Column(elem_classes="picture-side", scale=7):
            view = picture.view(buttons, first.prompt, first.made, send=PLACES, can_vary=False)
            compared = before_after.build()
            tried = examples.build(EXAMPLES)
    with page.drawer:
        kept = aids.kept(TITLE)
    form = Form(
        title=TITLE,
        request_type=Inpaint,
        beside=FindMask,
        controls=fields,
        aids=aids.Aids(
            words=words,
            recipe=recipe,
            notes=notes,
            facts=aids.facts(family, TITLE),
            kept=kept,
            pulse=aids.pulse("edit-changed"),
            **beside,
        ),
    )
    shown = events.connect(page, form, view, lambda request, values: _submitted(page, view, values, request))
    ties.recipe(form)
    ties.seed(form, view)
    ties.words(page, form)
    verbs.connect(page, form, sides, what_row)
    show_mask = mask_section.connect(page, section, {name: fields[name] for name in mask_section.FIELDS})
    edit_examples.connect(form, tried, section, show_mask)
    before_after.connect(page, view, compared, shown)
    edit_api.publish(page)
    return Bench(
        form=form,
        view=view,
        takes="Edit",
        target=verbs.target(page, form, TITLE),
        open=lambda tab: show_mask(tab.select),
    )


def _submitted(page: Page, view: View, values: dict[str, object], request: gr.Request) -> Iterator[Updates]:
    """What becomes of Run: one job, which first finds the mask if there is one to find, shown to the end."""

    def begin() -> Job:
        owner = page.owner(request)
        read = masking.read(page, values, owner)
        asked = {name: read[name] for name in EDITED if name in read}
        find = masking.asked(read, grow=0, feather=0)
        if masking.is_empty(find):
            return page.engine.submit(made(asked | {"words": ""}), owner)
        return page.engine.submit(made(asked), owner, find=find)

    yield from events.begun(page, view, begin)
