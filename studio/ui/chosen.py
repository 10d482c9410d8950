"""What can be done with the picture that is chosen: its settings again, variations of it, and sending it on."""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil

import gradio as gr
from gradio.components import Component

from studio import rules
from studio.errors import StudioError
from studio.images import Picture
from studio.requests import RULES, Inpaint, TextToImage, controls, made, references
from studio.results import PICTURES, FindPicture
from studio.ui import compare, control_units, markup, reference_units, uploads
from studio.ui.events import QUICK, WATCHING, submitted, told
from studio.ui.form import Form
from studio.ui.page import Page
from studio.ui.picture import VARIATIONS, Tools, Updates, View

LABEL = RULES["image"].label
EDITED = rules.of(Inpaint)

Values = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Target:
    """A place a picture can be sent to.

    `fill` gives the updates of `outputs` for a picture's file, the checkpoint chosen and the values of `inputs`;
    StudioError if it cannot be taken. `place` is a CSS selector of what is brought into sight, on the tab of that
    title.
    """

    form: Form
    outputs: list[Component]
    fill: Callable[..., Updates]
    place: str
    tab: str
    inputs: tuple[Component, ...] = ()


def connect(page: Page, form: Form, view: View, targets: Mapping[str, Target]) -> None:
    """All the buttons below the pictures; each acts on the picture that is chosen."""
    choose(view.gallery, view.tools)
    reuse(page, form, view.tools)
    vary(page, view)
    for name, button in view.tools.send.items():
        send(page, button, view, targets[name])


def choose(gallery: gr.Gallery, tools: Tools) -> None:
    """A picture looked at is the one the buttons mean; Download is its file as it was saved."""

    def look(details: object, event: gr.SelectData) -> Updates:
        try:
            return {tools.index: _place(event.index), tools.line: markup.chosen(details, event.index)}
        except (TypeError, KeyError, IndexError, ValueError):  # the page is older than what it shows
            return {tools.index: gr.skip()}

    gallery.select(look, tools.details, [tools.index, tools.line], **QUICK)
    tools.download.click(None, [gallery, tools.index], None, js="easel.download")


def reuse(page: Page, form: Form, tools: Tools) -> None:
    """The form says what the chosen picture alone was made from: its own words, its own seed, its start image."""

    def fill(requests: object, index: object, request: gr.Request) -> Updates:
        with told("Not filled in"):
            values = settings_of(requests, index)
            return form.filled(with_files(page, values, request), page.row) or form.unchanged
        return form.unchanged

    reused = tools.reuse.click(fill, [tools.requests, tools.index], form.outputs, **WATCHING)
    form.settle(reused)
    reused.then(None, js="() => easel.show('.prompt')")


def vary(page: Page, view: View) -> None:
    """Subtle and strong: the chosen picture painted anew after its own words, with another seed."""

    def runner(strength: float) -> Callable[..., Iterator[Updates]]:
        def run(pictures: object, requests: object, index: object, request: gr.Request) -> Iterator[Updates]:
            def asked() -> TextToImage:
                picture = uploads.picture(file_of(pictures, index), label="Picture")
                return variation(settings_of(requests, index), picture, strength, finder(page, request))

            yield from submitted(page, view, asked, request)

        return run

    inputs = [view.gallery, view.tools.requests, view.tools.index]
    for name, button in view.tools.vary.items():
        button.click(runner(VARIATIONS[name]), inputs, view.outputs, preprocess=False, **WATCHING)


def send(page: Page, button: gr.Button, view: View, target: Target) -> None:
    """The button sends the chosen picture to the target, and brings that into sight."""

    def fill(pictures: object, index: object, *given: object) -> Updates:
        with told("Not sent"):
            filled = target.fill(uploads.uploaded(file_of(pictures, index), label=LABEL), *given)
            return {page.tabs: gr.Tabs(selected=target.tab), **filled}
        return {page.tabs: gr.skip()}

    inputs = [view.gallery, view.tools.index, page.checkpoint, *target.inputs]
    sent = button.click(fill, inputs, [page.tabs, *target.outputs], preprocess=False, **WATCHING)
    target.form.settle(sent)
    sent.then(None, js=f"() => easel.show({json.dumps(target.place)})")


def settings_of(requests: object, index: object) -> Values:
    """The fields of the request that gives this picture alone, for a grid's sheet its axes too.

    `requests` are those of all pictures, as a page holds them; StudioError if they do not tell.
    """
    try:
        said = dict(requests[_place(index)])
    except (TypeError, KeyError, IndexError, ValueError):
        raise StudioError("Settings: there is no picture to take them from. Press Run first.") from None
    if isinstance(said.get("base"), Mapping):
        return {"image": None, "loras": [], **said["base"], **compare.texts(said)}
    return {"image": None, "loras": [], **said}


def variation(values: Values, picture: Picture, strength: float, find: FindPicture) -> TextToImage:
    """The picture as the start image of its own words, controls and references; steps enough that at least one runs.

    `find` gives the pictures of its controls and references.
    """
    if "x_field" in values:
        raise StudioError("Vary: this is the sheet. Choose one of its pictures.")
    steps = max(values["num_inference_steps"], ceil(1 / strength))
    followed = [controls.from_json(control, find) for control in values.get("controls", ())]
    taken = [references.from_json(reference, find) for reference in values.get("references", ())]
    parts = {"controls": followed, "references": taken}
    changed = {"image": picture, "strength": strength, "seed": -1, "num_inference_steps": steps, **parts}
    return made(values | changed)


def finder(page: Page, request: gr.Request) -> FindPicture:
    """How pictures that this visitor's requests name are found."""
    return lambda reference: page.engine.find_picture(reference, page.owner(request), label=control_units.LABEL)


def with_files(page: Page, values: Values, request: gr.Request) -> Values:
    """The values with files for the pictures they name; one that is not to be had any more is told of and left out."""
    values = {"image": None, **values}
    if "verb" in values:
        # The mask as it was, whatever it was made of.
        values |= {"source": "none", "combine": "new", "invert": False, "strokes": None}
    for name in [name for name in PICTURES if name in values]:
        reference, values[name] = values[name], None
        label = (EDITED if "verb" in values else RULES)[name].label
        with told(f"{label} left out"):
            # What is painted over the picture goes with it: it counts as another, though it may be the same.
            file = f"{secrets.token_hex(4)}.png" if "verb" in values else "picture.png"
            values[name] = image_file(page, reference, request, label=label, name=file)
    if values.get("references"):  # what a control then follows is the start image
        return values | _filed(page, reference_units.flat(values), request, label=reference_units.LABEL)
    if values.get("controls"):
        return values | _filed(page, control_units.flat(values["controls"]), request, label=control_units.LABEL)
    return values


def _filed(page: Page, flat: Values, request: gr.Request, *, label: str) -> Values:
    """Fields of controls or references, with files for the pictures they name."""
    for name in [name for name, value in flat.items() if name.endswith("_image") and value]:
        reference, flat[name] = flat[name], None
        with told(f"{label} left out"):
            flat[name] = image_file(page, reference, request, label=label)
    return flat


def image_file(
    page: Page, reference: object, request: gr.Request, *, label: str, name: str = "picture.png"
) -> str | None:
    """The picture a request names, as a file the page can show; StudioError if it is not to be had any more."""
    picture = page.picture(reference, page.owner(request), label=label)
    return uploads.served(picture, name) if picture else None


def _place(index: object) -> int:
    """The index a page names; ValueError if it is none."""
    if type(index) is not int or index < 0:
        raise ValueError(index)
    return index


def file_of(pictures: object, index: object) -> object:
    """The raw value of the picture of that index in the raw value of a gallery."""
    try:
        return pictures[_place(index)]["image"]
    except (TypeError, KeyError, IndexError, ValueError):
        raise StudioError("Picture: there is none. Press Run first, then choose one.") from None
