"""From the gallery back to work: a picture's settings into the form, or the picture itself to where one begins."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from studio import images
from studio.errors import StudioError
from studio.outputs import Row
from studio.ui import chosen, start_image, uploads
from studio.ui.chosen import LABEL, Target
from studio.ui.events import WATCHING, told
from studio.ui.form import Form
from studio.ui.gallery import asking
from studio.ui.gallery.deeds import ONE
from studio.ui.gallery.view import View
from studio.ui.page import Page
from studio.ui.picture import Updates
from studio.ui.tabs import generate


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a picture can be sent to: the title of a tab, and what takes it on the form there."""

    tab: str
    target: Callable[[Page, Form], Target]


PLACES = {"Start image": Place(tab=generate.TITLE, target=start_image.target)}
# The tab whose form takes all settings.
REUSED = generate.TITLE


def connect(page: Page, view: View, tabs: gr.Tabs, forms: Mapping[str, Form]) -> None:
    """Both ways, for the picture seen large."""
    reuse(page, view, tabs, forms[REUSED])
    for name, button in view.viewer.send.items():
        place = PLACES[name]
        send(page, button, view, tabs=tabs, tab=place.tab, target=place.target(page, forms[place.tab]))


def reuse(page: Page, view: View, tabs: gr.Tabs, form: Form) -> None:
    """The form says what the picture was made from, and comes into sight."""

    def fill(value: object, request: gr.Request) -> Updates:
        with told("Not filled in"):
            values = settings(page.gallery(page.owner(request)).get(asking.one(value)))
            with told("Start image left out"):
                values["image"] = chosen.image_file(page, values.pop("image"), request)
            return form.filled({"image": None, **values}, page.row) | {tabs: gr.Tabs(selected=REUSED)}
        return form.unchanged

    reused = view.viewer.reuse.click(fill, view.ids, [*form.outputs, tabs], js=ONE, preprocess=False, **WATCHING)
    form.settle(reused)
    reused.then(None, js="() => easel.gallery.left('.prompt')")


def send(page: Page, button: gr.Button, view: View, *, tabs: gr.Tabs, tab: str, target: Target) -> None:
    """The button sends the picture to the target on its tab, and brings that into sight."""

    def fill(value: object, checkpoint: object, request: gr.Request) -> Updates:
        with told("Not sent"):
            path = page.gallery(page.owner(request)).path(asking.one(value))
            served = uploads.served(images.read(path, label=LABEL))
            return target.fill(Path(served), checkpoint) | {tabs: gr.Tabs(selected=tab)}
        return {tabs: gr.skip()}

    inputs, js = [view.ids, page.checkpoint], "(ids, checkpoint) => [easel.gallery.one()[0], checkpoint]"
    sent = button.click(fill, inputs, [*target.outputs, tabs], js=js, preprocess=False, **WATCHING)
    target.form.settle(sent)
    sent.then(None, js=f"() => easel.gallery.left({json.dumps(target.place)})")


def settings(row: Row) -> dict[str, object]:
    """The fields a picture was made from, for a form; StudioError if they are not known."""
    if not row.request:
        raise StudioError("Settings: none are known of this picture. Choose one that was saved with them.")
    return chosen.settings_of([row.request], 0)
