"""What is to happen to the masked part: choosing a verb shows its fields and sets its recipe."""

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from studio import catalog, images, rules
from studio.errors import StudioError
from studio.requests import Inpaint
from studio.requests.editing import SIDES
from studio.ui import controls, uploads
from studio.ui.chosen import Target
from studio.ui.controls import Controls
from studio.ui.form import Form
from studio.ui.page import QUICK, Page
from studio.ui.picture import Updates

LABEL = rules.of(Inpaint)["image"].label


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


def connect(page: Page, form: Form, sides: Sides) -> None:
    """A verb that is chosen brings its recipe, in pixels of the picture; a new picture too."""
    fields = form.controls

    def tell(name: str) -> Updates:
        verb = catalog.verb(name)
        return {fields["prompt"]: gr.update(info=verb.asks), sides.row: gr.update(visible=verb.name == "extend")}

    def cook(name: str, image: object) -> Updates:
        verb = catalog.verb(name)
        source = "none" if verb.name == "extend" else "foreground" if verb.keeps else "words"
        values = {"strength": verb.strength, "invert": verb.keeps, "source": source, **shares(verb, image)}
        return {fields[field]: value for field, value in values.items()}

    def measure(name: str, image: object) -> Updates:
        said = shares(catalog.verb(name), image)
        return {fields[field]: value for field, value in said.items()} or {fields["grow"]: gr.skip()}

    both = [fields["verb"], fields["image"]]
    cooked = [fields[name] for name in ("strength", "invert", "source", "grow", "feather")]
    fields["verb"].change(tell, fields["verb"], [fields["prompt"], sides.row], **QUICK)
    form.settle(fields["verb"].input(cook, both, cooked, preprocess=False, **QUICK))
    shaped = [fields["grow"], fields["feather"]]
    fields["image"].upload(measure, both, shaped, preprocess=False, **QUICK)


def target(page: Page, form: Form, tab: str) -> Target:
    """The place that takes a picture to edit; the mask stays, for the same picture may come back changed."""

    fields = form.controls

    def fill(path: Path, checkpoint: str, name: str) -> Updates:
        picture = images.read(path, label=LABEL)
        measured = {fields[field]: value for field, value in shares(catalog.verb(name), path).items()}
        return {fields["image"]: uploads.served(picture), **measured}

    outputs = [fields[name] for name in ("image", "grow", "feather")]
    return Target(outputs=outputs, fill=fill, form=form, place=".editing", tab=tab, inputs=(fields["verb"],))


def shares(verb: catalog.Verb, image: object) -> dict[str, int]:
    """The verb's shares in pixels of the picture in a control or a file; nothing if there is none."""
    try:
        picture = images.read(image, label=LABEL) if isinstance(image, Path) else uploads.picture(image, label=LABEL)
    except StudioError:  # the mask will say it
        return {}
    if picture is None:
        return {}
    shorter = min(picture.size)
    return {"grow": round(verb.grow * shorter), "feather": round(verb.feather * shorter)}
