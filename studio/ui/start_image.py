"""The start image: the size that follows from its shape, and how other places fill it."""

from pathlib import Path

import gradio as gr

from studio.requests import RULES
from studio.ui import uploads
from studio.ui.chosen import Target
from studio.ui.events import WATCHING, told
from studio.ui.form import Form, sized
from studio.ui.page import Page
from studio.ui.picture import Updates

LABEL = RULES["image"].label


def follow_shape(page: Page, form: Form) -> None:
    """A picture that is put in brings the size nearest to its shape; one that cannot be read is taken out again."""
    image = form.controls["image"]

    def follow(value: object, checkpoint: str) -> Updates:
        with told("No start image"):
            path = uploads.uploaded(value, label=LABEL)
            return (_sides(page, form, path, checkpoint) if path else {}) or {image: gr.skip()}
        return {image: None}

    sizes = [form.controls[name] for name in ("width", "height")]
    form.settle(image.upload(follow, [image, page.checkpoint], [image, *sizes], preprocess=False, **WATCHING))


def target(page: Page, form: Form, tab: str) -> Target:
    """The place that takes a picture to begin with."""
    section = form.aids.sections["image"]

    def fill(path: Path, checkpoint: str) -> Updates:
        sides = _sides(page, form, path, checkpoint)
        return {form.controls["image"]: str(path), section: gr.update(open=True), **sides}

    outputs = [section, *(form.controls[name] for name in ("image", "width", "height"))]
    return Target(outputs=outputs, fill=fill, form=form, place=".start-image", tab=tab)


def _sides(page: Page, form: Form, path: Path, checkpoint: str) -> Updates:
    """The size nearest to the picture's shape, if the checkpoint is one; StudioError if the file is no picture."""
    picture, row = uploads.read(path, label=LABEL), page.row(checkpoint)
    sides = sized(picture, row) if row else {}
    return {form.controls[name]: side for name, side in sides.items()}
