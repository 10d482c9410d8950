"""Did it obey? How far the chosen picture follows its controls, as numbers and as an overlay."""

import gradio as gr
from gradio.events import Dependency
from PIL import Image

from studio.engine.jobs import Job
from studio.grids import Grid
from studio.requests import METHODS
from studio.results import Result
from studio.ui import markup
from studio.ui.controls import html
from studio.ui.page import QUICK, Page
from studio.ui.picture import Updates, View

Parts = tuple[gr.Column, gr.HTML, gr.Checkbox, gr.HTML]


def build() -> Parts:
    """The line of scores, the switch and the overlay; there is nothing to tell yet."""
    with gr.Column(visible=False, elem_classes="obeyed") as box:
        scores = html("", "scores-box")
        switch = gr.Checkbox(False, label="Overlay", info="What was to be followed, over the picture.")
        overlay = html("", "overlay-box", visible=False)
    return box, scores, switch, overlay


def connect(page: Page, view: View, parts: Parts, shown: tuple[Dependency, ...]) -> None:
    """Tell of the chosen picture; after these events too, which show a job to its end."""
    box, scores, switch, overlay = parts

    def tell(details: object, index: object, is_on: object, request: gr.Request) -> Updates:
        said = _said(details, index)
        if not said:
            return {box: gr.update(visible=False)}
        picture = _overlay(_result(page, details, request), index) if is_on is True else None
        return {
            box: gr.update(visible=True),
            scores: said,
            overlay: gr.update(value=markup.overlay(picture) if picture else "", visible=picture is not None),
        }

    def look(details: object, is_on: object, event: gr.SelectData, request: gr.Request) -> Updates:
        return tell(details, event.index, is_on, request)

    told, details = [box, scores, overlay], view.tools.details
    for event in shown:
        event.then(tell, [details, view.tools.index, switch], told, **QUICK)
    switch.input(tell, [details, view.tools.index, switch], told, **QUICK)
    view.gallery.select(look, [details, switch], told, **QUICK)


def _said(details: object, index: object) -> str:
    """What the details of a job tell of that picture; of the sheet what each of its cells took and how far it obeys."""
    try:
        if details["costs"] and index == 0:
            methods = [METHODS[method] for method in details["request"]["x"]["values"]]
            return markup.ways(zip(methods, details["costs"][1:], details["obeyed"][1:], strict=True))
        return markup.scores(details["obeyed"][index]) if details["obeyed"][index] else ""
    except (TypeError, KeyError, IndexError, ValueError):  # none were made, or the page is older than what it shows
        return ""


def _result(page: Page, details: object, request: gr.Request) -> Result | None:
    jobs: list[Job] = page.engine.jobs(page.owner(request))
    return next((job.result for job in jobs if isinstance(job.result, Result) and job.id == details.get("job")), None)


def _overlay(result: Result | None, index: object) -> Image.Image | None:
    """The overlay of that picture; None of a sheet, or once it is let go of."""
    if result is None or not isinstance(index, int) or not 0 <= index < len(result.overlays):
        return None
    return None if isinstance(result.requests[index], Grid) else result.overlays[index]
