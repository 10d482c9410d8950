"""The start image: the size that follows from its shape, and how other places fill it."""

from pathlib import Path

import gradio as gr

from studio import catalog, images
from studio.requests import RULES, size_like
from studio.ui import uploads
from studio.ui.chosen import Target
from studio.ui.events import WATCHING, told
from studio.ui.form import Form
from studio.ui.page import Page
from studio.ui.picture import Updates

LABEL = RULES["image"].label


def follow_shape(page: Page, form: Form) -> None:
    """A picture that is put in brings the size nearest to its shape; one that cannot be read is taken out again."""
    image = form.controls["image"]

    def follow(value: object, checkpoint: str) -> Updates:
        with told("No start image"):
            path = uploads.uploaded(value, label=LABEL)
            return sized(page, form, path, checkpoint) if path else {image: gr.skip()}
        return {image: None}

    sizes = [form.controls[name] for name in ("width", "height")]
    form.settle(image.upload(follow, [image, page.checkpoint], [image, *sizes], preprocess=False, **WATCHING))


def target(page: Page, form: Form) -> Target:
    """The place that takes a picture to begin with."""
    section = form.aids.sections["image"]

    def fill(path: Path, checkpoint: str) -> Updates:
        sizes = sized(page, form, path, checkpoint)
        return {form.controls["image"]: str(path), section: gr.update(open=True), **sizes}

    outputs = [section, *(form.controls[name] for name in ("image", "width", "height"))]
    return Target(outputs=outputs, fill=fill, form=form, place=".start-image")


def sized(page: Page, form: Form, path: Path, checkpoint: str) -> Updates:
    """Width and height nearest to the shape of the picture; StudioError if it is none."""
    picture = images.read(path, label=LABEL)
    row = page.row(checkpoint)
    if row is None:
        return {}
    defaults = row["defaults"]
    size = size_like(picture.size, (defaults["width"], defaults["height"]), catalog.family(row["family"]))
    return {form.controls[name]: side for name, side in zip(("width", "height"), size, strict=True)}
