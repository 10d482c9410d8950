"""The picture side of a tab, and what each event of a job changes on it."""

import tempfile
from dataclasses import dataclass, fields
from math import ceil, sqrt
from pathlib import Path

import gradio as gr
from gradio.components import Component

from studio import outputs, results
from studio.engine.jobs import Job
from studio.results import Event, Preview, Progress, Result
from studio.ui import markup
from studio.ui.controls import html

Updates = dict[Component, object]


@dataclass(frozen=True, kw_only=True)
class Actions:
    """Run, the Stop it turns into, and the message beside them."""

    run: gr.Button
    stop: gr.Button
    message: gr.HTML


@dataclass(frozen=True, kw_only=True)
class View(Actions):
    """Everything on a tab that shows how a job fares."""

    progress: gr.HTML
    frame: gr.HTML
    gallery: gr.Gallery
    tools: gr.Row
    download: gr.DownloadButton
    reuse: gr.Button
    details: gr.JSON
    job: gr.State

    @property
    def outputs(self) -> list[Component]:
        """All of it, as the outputs of an event."""
        return [getattr(self, row.name) for row in fields(self)]

    def started(self, job: Job) -> Updates:
        """The job is in the queue: Run becomes Stop, old messages go."""
        return {
            self.run: gr.update(visible=False),
            self.stop: gr.update(visible=True),
            self.message: "",
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

    def ended(self, *, message: str = "", said: str = "") -> Updates:
        """Nothing runs any more: Stop becomes Run, the picture of before is back; `said` stands above it."""
        return {
            self.run: gr.update(visible=True),
            self.stop: gr.update(visible=False),
            self.message: markup.message(message),
            self.progress: markup.line(said),
            self.frame: "",
            self.job: None,
        }

    def _finished(self, result: Result, job: Job) -> Updates:
        files = picture_files(result, self.gallery)
        return {
            **self.ended(message=result.note, said=markup.finished(result)),
            self.gallery: gr.update(
                value=[(file, result.request.prompt) for file in files], columns=ceil(sqrt(len(files))), visible=True
            ),
            self.tools: gr.update(visible=True),
            self.download: gr.update(value=files[0]),
            self.details: results.details(result, job.id),
        }


def actions() -> Actions:
    """The buttons; on a phone they stay at the bottom of the window."""
    with gr.Column(elem_classes="actions"):
        run = gr.Button("Run", variant="primary", size="lg", elem_classes="run")
        stop = gr.Button("Stop", variant="stop", size="lg", elem_classes="stop", visible=False)
        message = html("", "message-box")
    return Actions(run=run, stop=stop, message=message)


def view(buttons: Actions, prompt: str, example: Path) -> View:
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
    with gr.Column(visible=False, elem_classes="tools") as tools:
        with gr.Row():
            download = gr.DownloadButton("Download", size="sm")
            reuse = gr.Button("Reuse settings", size="sm")
        with gr.Accordion("Details", open=False):
            details = gr.JSON(label="Details", show_label=False)
    gallery.select(_chosen, gallery, download, queue=False, show_progress="hidden", api_visibility="private")
    return View(
        **vars(buttons),
        progress=progress,
        frame=frame,
        gallery=gallery,
        tools=tools,
        download=download,
        reuse=reuse,
        details=details,
        job=gr.State(),
    )


def picture_files(result: Result, component: Component) -> list[str]:
    """The result's PNG files where the server may serve them from; also of pictures not saved, or deleted since."""
    if result.paths and all(path.is_file() for path in result.paths):
        return [component.move_resource_to_block_cache(path) for path in result.paths]
    folder = Path(tempfile.mkdtemp(dir=component.GRADIO_CACHE))
    paths = [folder / f"picture-{index}.png" for index in range(len(result.images))]
    for index, path in enumerate(paths):
        outputs.write(path, result.images[index], result.request, index)
    return [str(path) for path in paths]


def _chosen(pictures: list[tuple[str, str | None]], event: gr.SelectData) -> str:
    return pictures[event.index][0]
