"""The checkpoint picker of the top line: what can be chosen, what it is, and bringing it onto this machine."""

from collections.abc import Iterator
from dataclasses import dataclass

import gradio as gr

from studio.config import Settings
from studio.engine import Engine
from studio.errors import Cancelled, NotFound, StudioError
from studio.requests import Fetch
from studio.results import Progress
from studio.ui import markup
from studio.ui.events import QUICK, WATCHING, adding_up, warn
from studio.ui.page import PACE, Page
from studio.ui.picture import Updates

Row = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Picker:
    """The parts of the picker; `known` is what its list holds on this page."""

    checkpoint: gr.Dropdown
    line: gr.HTML
    fetch: gr.Button
    stop: gr.Button
    known: gr.State
    job: gr.State


def build(engine: Engine, settings: Settings) -> Picker:
    """The picker at the checkpoint to begin with; NotFound if there is none of the name that was given."""
    rows = {row["id"]: row for row in engine.checkpoints()}
    first = settings.checkpoint or _first(rows)
    if first not in rows:
        raise NotFound(f"Checkpoint: there is no '{first}'. Choose one of {', '.join(rows)}.")
    with gr.Column(elem_classes="checkpoint-box", min_width=200):
        checkpoint = gr.Dropdown(
            _choices(rows),
            value=first,
            label="Checkpoint",
            container=False,
            filterable=not settings.is_public,
            # The owner may name a model of the hub, a folder or a file.
            allow_custom_value=not settings.is_public,
        )
        line = gr.HTML(markup.checkpoint_line(rows[first]), elem_classes="line-box", apply_default_css=False)
        fetch = gr.Button(visible=False, size="sm", elem_classes="fetch")
        stop = gr.Button("Stop", visible=False, size="sm", elem_classes="fetch-stop")
    return Picker(checkpoint=checkpoint, line=line, fetch=fetch, stop=stop, known=gr.State(list(rows)), job=gr.State())


def connect(page: Page, picker: Picker, tick: gr.Timer) -> None:
    """Tell of the checkpoint chosen, fetch it when asked to, and follow what comes and goes on this machine."""

    def describe(id: str) -> Updates:
        return _described(page, picker, id)

    def follow(known: list[str]) -> Updates:
        rows = {row["id"]: row for row in page.engine.checkpoints()}
        if list(rows) == known:
            return {picker.known: gr.skip()}
        return {picker.checkpoint: gr.update(choices=_choices(rows)), picker.known: list(rows)}

    @adding_up
    def bring(id: str, request: gr.Request) -> Iterator[Updates]:
        try:
            job = page.engine.fetch(Fetch(checkpoint=id), page.owner(request))
            yield {picker.fetch: gr.update(visible=False), picker.stop: gr.update(visible=True), picker.job: job.id}
            for event in page.engine.events(job.id, job.owner, pace=PACE):
                if isinstance(event, Progress):
                    yield {picker.line: markup.fetch_line(event)}
                else:
                    id = event.checkpoint
            rows = {row["id"]: row for row in page.engine.checkpoints()}
            yield {picker.checkpoint: gr.update(value=id, choices=_choices(rows)), **_described(page, picker, id)}
        except StudioError as error:
            if not isinstance(error, Cancelled):
                # A toast renders HTML.
                warn(str(error), "Not fetched", seconds=None)
            yield _described(page, picker, id, problem=str(error))

    def stop(job_id: str | None, request: gr.Request) -> None:
        if job_id:
            page.engine.cancel(job_id, page.owner(request))

    told = [picker.line, picker.fetch, picker.stop, picker.job]
    gr.on([picker.checkpoint.change, page.blocks.load], describe, picker.checkpoint, told, **QUICK)
    tick.tick(follow, picker.known, [picker.checkpoint, picker.known], **QUICK)
    picker.fetch.click(bring, picker.checkpoint, [*told, picker.checkpoint], **WATCHING)
    picker.stop.click(stop, picker.job, None, **QUICK)


def _first(rows: dict[str, Row]) -> str:
    """What lies on this machine already goes before Storybook."""
    ready = [id for id, row in rows.items() if row["on_disk"] and not row["is_bundled"] and not row["problem"]]
    return next(iter(ready), "storybook")


def _choices(rows: dict[str, Row]) -> list[tuple[str, str]]:
    return [(row["label"], row["id"]) for row in rows.values()]


def _described(page: Page, picker: Picker, id: str, *, problem: str = "") -> Updates:
    try:
        row = page.engine.checkpoint(id, ask_hub=True)  # its owner typed it
    except StudioError as error:
        row, problem = None, problem or str(error)
    wanted = markup.fetch_label(row) if row and row["can_fetch"] else ""
    return {
        picker.line: markup.checkpoint_line(row, problem),
        picker.fetch: gr.update(visible=bool(wanted), value=wanted),
        picker.stop: gr.update(visible=False),
        picker.job: None,
    }
