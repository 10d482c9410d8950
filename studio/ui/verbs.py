"""What is to happen to the masked part: choosing a verb shows its fields and sets its recipe."""

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from studio import catalog, rules
from studio.errors import StudioError
from studio.requests import Inpaint, editing
from studio.requests.editing import SIDES
from studio.ui import controls, uploads
from studio.ui.chosen import Target
from studio.ui.controls import Controls
from studio.ui.form import Form
from studio.ui.page import QUICK, Page
from studio.ui.picture import Updates

LABEL = rules.of(Inpaint)["image"].label
# What `recipe` sets.
RECIPE = ("strength", "invert", "source", "grow", "feather", *SIDES)


@dataclass(frozen=True, kw_only=True)
class Sides:
    """How much is added at each side, for the verb that does."""

    row: gr.Row
    controls: Controls


def sides() -> Sides:
    """A number for each side, hidden until it is wanted."""
    with gr.Row(visible=False, elem_classes="pair sides") as row:
        fields = controls.of(Inpaint, *SIDES)
    return Sides(row=row, controls=fields)


def prompt(verb: catalog.Verb, example: str) -> Controls:
    """The words for what is to come, with an example in place."""
    classes = ["prompt", "weighed"]
    return {"prompt": gr.Textbox(example, label="Prompt", info=verb.asks, lines=2, elem_classes=classes)}


def connect(page: Page, form: Form, sides: Sides, what: gr.Row) -> None:
    """A verb that is chosen brings its recipe, in pixels of the picture; a new picture too.

    `what` is the row of the words for the mask, which Extend needs none of.
    """
    fields = form.controls

    def tell(name: str) -> Updates:
        verb = catalog.verb(name)
        extends = verb.name == "extend"
        rows = {sides.row: gr.update(visible=extends), what: gr.update(visible=not extends)}
        return {fields["prompt"]: gr.update(info=verb.asks), **rows}

    def cook(name: str, image: object) -> Updates:
        return {fields[field]: value for field, value in recipe(catalog.verb(name), image).items()}

    def measure(name: str, image: object) -> Updates:
        said = shape(catalog.verb(name), image)
        return {fields[field]: value for field, value in said.items()} or {fields["grow"]: gr.skip()}

    both = [fields["verb"], fields["image"]]
    cooked = [fields[name] for name in RECIPE]
    fields["verb"].change(tell, fields["verb"], [fields["prompt"], sides.row, what], **QUICK)
    form.settle(fields["verb"].input(cook, both, cooked, preprocess=False, **QUICK))
    shaped = [fields["grow"], fields["feather"]]
    fields["image"].upload(measure, both, shaped, preprocess=False, **QUICK)


def target(page: Page, form: Form, tab: str) -> Target:
    """The place that takes a picture to edit; the mask stays, for the same picture may come back changed."""

    fields = form.controls

    def fill(path: Path, checkpoint: str, name: str) -> Updates:
        picture = uploads.read(path, label=LABEL)
        measured = {fields[field]: value for field, value in shape(catalog.verb(name), path).items()}
        return {fields["image"]: uploads.served(picture), **measured}

    outputs = [fields[name] for name in ("image", "grow", "feather")]
    return Target(outputs=outputs, fill=fill, form=form, place=".editing", tab=tab, inputs=(fields["verb"],))


def recipe(verb: catalog.Verb, image: object) -> dict[str, object]:
    """What a verb sets: its row, the shape of its mask, and no sides, which are seen with Extend alone."""
    extends = verb.name == "extend"
    values = {"strength": verb.strength, "invert": verb.keeps, "source": "none" if extends else "words"}
    return values | shape(verb, image) | ({} if extends else dict.fromkeys(SIDES, 0))


def shape(verb: catalog.Verb, image: object) -> dict[str, int]:
    """How far the verb grows and feathers the mask of the picture in a control or a file; nothing if there is none."""
    try:
        picture = uploads.read(image, label=LABEL) if isinstance(image, Path) else uploads.picture(image, label=LABEL)
    except StudioError:  # the mask will say it
        return {}
    return {} if picture is None else editing.shape(verb, picture.size)
