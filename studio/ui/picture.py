"""The picture side of a tab, and what each event of a job changes on it."""

import tempfile
from dataclasses import dataclass
from math import ceil, sqrt
from pathlib import Path

import gradio as gr
from gradio.components import Component

from studio import outputs, results
from studio.engine.jobs import Job
from studio.grids import Grid
from studio.requests import TextToImage
from studio.results import Event, Preview, Progress, Result
from studio.ui import markup
from studio.ui.controls import html

Updates = dict[Component, object]

# Reuse, two variations, and the places a picture can be sent to, are connected in `chosen.py`.
VARIATIONS = {"Subtle": 0.5, "Strong": 0.85}


@dataclass(frozen=True, kw_only=True)
class Actions:
    """Run, the Stop it turns into, and the message beside them."""

    run: gr.Button
    stop: gr.Button
    message: gr.HTML


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What can be done with the picture that is chosen: `index` says which, `line` says it in words.

    `details` are for people to read; `requests` hold what gives each picture alone.
    """

    box: gr.Column
    line: gr.HTML
    index: gr.Number
    download: gr.Button
    reuse: gr.Button
    vary: dict[str, gr.Button]
    send: dict[str, gr.Button]
    details: gr.JSON
    requests: gr.JSON


@dataclass(frozen=True, kw_only=True)
class View:
    """Everything on a tab that shows how a job fares."""

    actions: Actions
    progress: gr.HTML
    frame: gr.HTML
    gallery: gr.Gallery
    tools: Tools
    job: gr.State

    @property
    def outputs(self) -> list[Component]:
        """All that the updates below change."""
        tools = (self.tools.box, self.tools.line, self.tools.index, self.tools.details, self.tools.requests)
        return [*vars(self.actions).values(), self.progress, self.frame, self.gallery, self.job, *tools]

    def started(self, job: Job) -> Updates:
        """The job is in the queue: Run becomes Stop, old messages go."""
        return {
            self.actions.run: gr.update(visible=False),
            self.actions.stop: gr.update(visible=True),
            self.actions.message: "",
            self.progress: markup.progress(job.progress),
            self.job: job.id,
        }

    def showing(self, event: Event, job: Job) -> Updates:
        """One event of a job."""
        if isinstance(event, Progress):
            return {self.progress: markup.progress(event)}
        if isinstance(event, Preview):
            return {self.frame: markup.preview(event)}
        return self._finished(event, job)

    def found_again(self, job: Job) -> Updates:
        """The pictures of a job that was done before; what runs by now goes on."""
        running = {*vars(self.actions).values(), self.frame, self.job}
        return {part: value for part, value in self._finished(job.result, job).items() if part not in running}

    def ended(self, *, message: str = "", said: str = "") -> Updates:
        """Nothing runs any more: Stop becomes Run, the picture of before is back; `said` stands above it."""
        return {
            self.actions.run: gr.update(visible=True),
            self.actions.stop: gr.update(visible=False),
            self.actions.message: markup.message(message),
            self.progress: markup.line(said),
            self.frame: "",
            self.job: None,
        }

    def _finished(self, result: Result, job: Job) -> Updates:
        shown = picture_files(result, self.gallery)
        if not shown:
            return self.ended(said="Deleted since: the Gallery has it under Show: Deleted.")
        details = results.details(result, job.id)
        del details["requests"]  # what a person need not read twice
        return {
            **self.ended(message=result.note, said=markup.finished(result)),
            self.gallery: gr.update(
                value=[(file, request.prompt) for file, request in shown],
                columns=ceil(sqrt(len(shown))),
                # A sheet is looked at as a whole, other pictures side by side: −1 closes what was seen large.
                selected_index=0 if isinstance(result.request, Grid) else -1,
                visible=True,
            ),
            self.tools.box: gr.update(visible=True),
            self.tools.index: 0,
            self.tools.line: markup.chosen(details, 0),
            self.tools.details: details,
            self.tools.requests: [results.to_json(request) for _, request in shown],
        }


def actions() -> Actions:
    """The buttons; on a phone they stay at the bottom of the window."""
    with gr.Column(elem_classes="actions"):
        run = gr.Button("Run", variant="primary", size="lg", elem_classes="run")
        stop = gr.Button("Stop", variant="stop", size="lg", elem_classes="stop", visible=False)
        message = html("", "message-box")
    return Actions(run=run, stop=stop, message=message)


def view(buttons: Actions, prompt: str, example: Path, *, send: tuple[str, ...], can_vary: bool = True) -> View:
    """The frame for preview and pictures, with an example in place, and below what can be done with them."""
    progress = html(markup.HINT, "progress-line")
    with gr.Column(elem_classes="stage"):
        html(markup.example(prompt, example), "example-box")
        gallery = gr.Gallery(
            format="png",
            type="filepath",
            show_label=False,
            label="Pictures",
            visible=False,
            columns=1,
            interactive=False,
            object_fit="contain",
            height="100%",
            buttons=["fullscreen", "download_all"],
        )
        frame = html("", "frame")
    return View(
        actions=buttons,
        progress=progress,
        frame=frame,
        gallery=gallery,
        tools=tools(send=send, can_vary=can_vary),
        job=gr.State(),
    )


def tools(*, send: tuple[str, ...], can_vary: bool) -> Tools:
    """Buttons for the picture that is chosen, and the details of all; hidden until there are pictures."""
    with gr.Column(visible=False, elem_classes="tools") as box:
        line = html("", "chosen-box")
        with gr.Row(elem_classes="tool-row"):
            download = gr.Button("Download", size="sm")
            reuse = gr.Button("Reuse settings", size="sm")
            with gr.Row(elem_classes="tool-group", visible=can_vary):
                html(markup.tool_group("Vary"), "tool-label")
                vary = {name: gr.Button(name, size="sm", elem_classes="vary") for name in VARIATIONS}
            with gr.Row(elem_classes="tool-group"):
                html(markup.tool_group("Send to"), "tool-label")
                sent = {name: gr.Button(name, size="sm") for name in send}
        with gr.Accordion("Details", open=False):
            details = gr.JSON(label="Details", show_label=False)
    index = gr.Number(0, visible=False, precision=0)
    return Tools(
        box=box,
        line=line,
        index=index,
        download=download,
        reuse=reuse,
        vary=vary,
        send=sent,
        details=details,
        requests=gr.JSON(visible=False),
    )


def picture_files(result: Result, component: Component) -> list[tuple[str, TextToImage | Grid]]:
    """The result's PNG files where the server may serve them from, each with what gives it alone.

    One that was not saved, or was deleted since, is written anew while its job still holds it, else it is left out.
    """
    files = []
    for index, request in enumerate(result.requests):
        if index < len(result.paths) and result.paths[index].is_file():
            files.append((component.move_resource_to_block_cache(result.paths[index]), request))
        elif index < len(result.images):
            path = Path(tempfile.mkdtemp(dir=component.GRADIO_CACHE)) / f"picture-{index}.png"
            outputs.write(path, result.images[index], request)
            files.append((str(path), request))
    return files
