"""From the gallery back to work: a picture's settings into the form, or the picture itself to where one begins."""

import json
from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from studio import images
from studio.errors import StudioError
from studio.outputs import Row
from studio.ui import chosen, uploads
from studio.ui.bench import Bench
from studio.ui.chosen import LABEL, Target
from studio.ui.events import WATCHING, told
from studio.ui.form import Form
from studio.ui.gallery import asking
from studio.ui.gallery.deeds import ONE
from studio.ui.gallery.view import View
from studio.ui.page import Page
from studio.ui.picture import Updates


def connect(page: Page, view: View, benches: Sequence[Bench]) -> None:
    """Both ways, for the picture seen large."""
    reuse(page, view, [bench.form for bench in benches])
    targets = {bench.takes: bench.target for bench in benches}
    for name, button in view.viewer.send.items():
        send(page, button, view, targets[name])


def reuse(page: Page, view: View, forms: Sequence[Form]) -> None:
    """The form that makes such pictures says what this one was made from, and comes into sight."""

    def fill(value: object, request: gr.Request) -> Updates:
        with told("Not filled in"):
            values = settings(page.gallery(page.owner(request)).get(asking.one(value)))
            form = next(form for form in forms if form.fits(values))
            filled = form.filled(chosen.with_files(page, values, request), page.row)
            return {page.tabs: gr.Tabs(selected=form.title), **filled}
        return {page.tabs: gr.skip()}

    outputs = [page.tabs, *dict.fromkeys(output for form in forms for output in form.outputs)]
    reused = view.viewer.reuse.click(fill, view.ids, outputs, js=ONE, preprocess=False, **WATCHING)
    for form in forms:
        form.settle(reused)
    reused.then(None, js="() => easel.gallery.left('.prompt')")


def send(page: Page, button: gr.Button, view: View, target: Target) -> None:
    """The button sends the picture to the target on its tab, and brings that into sight."""

    def fill(value: object, request: gr.Request, *given: object) -> Updates:
        with told("Not sent"):
            path = page.gallery(page.owner(request)).path(asking.one(value))
            served = uploads.served(images.read(path, label=LABEL))
            return {page.tabs: gr.Tabs(selected=target.tab), **target.fill(Path(served), *given)}
        return {page.tabs: gr.skip()}

    inputs, js = [view.ids, page.checkpoint, *target.inputs], "(ids, ...given) => [easel.gallery.one()[0], ...given]"
    sent = button.click(fill, inputs, [page.tabs, *target.outputs], js=js, preprocess=False, **WATCHING)
    target.form.settle(sent)
    sent.then(None, js=f"() => easel.gallery.left({json.dumps(target.place)})")


def settings(row: Row) -> dict[str, object]:
    """The fields a picture was made from, for a form; StudioError if they are not known."""
    if not row.request:
        raise StudioError("Settings: none are known of this picture. Choose one that was saved with them.")
    return chosen.settings_of([row.request], 0)
