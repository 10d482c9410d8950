"""From controls to a request, from a job's events to the page: one way for every tab."""

import html
import logging
from collections.abc import Iterator

import gradio as gr

from studio.engine.jobs import Job
from studio.errors import Cancelled, NotFound, StudioError
from studio.ui.form import Form, family_values
from studio.ui.page import Page
from studio.ui.picture import Updates, View

log = logging.getLogger(__name__)

UNEXPECTED = "Studio: something went wrong inside. Your settings are untouched; try again, or look into the log."
# Watching costs a waiting thread and no computing: any number may watch at once.
WATCHING = {"concurrency_limit": None, "show_progress": "hidden", "api_visibility": "private"}
# Small answers skip the queue, so that they come even when it is full.
QUICK = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


def connect(page: Page, form: Form, view: View, title: str) -> None:
    """All that a tab with a form and a picture does."""
    run_on_click(page, form, view)
    remember(page, form, title)
    follow_checkpoint(page, form)
    reuse_settings(page, form, view)


def run_on_click(page: Page, form: Form, view: View) -> None:
    """Run submits what the controls say and shows the job to its end; Stop cancels it; a reload finds it again."""

    def run(request: gr.Request, **values: object) -> Iterator[Updates]:
        try:
            job = page.engine.submit(form.request(values), page.owner(request))
        except StudioError as error:
            yield _refused(view, str(error))
        else:
            yield from _watched(page, view, job)

    def rejoin(request: gr.Request) -> Iterator[Updates]:
        yield gr.skip()  # a generator that yields nothing would empty the components
        mine = [job for job in page.engine.jobs(page.owner(request)) if type(job.request) is form.request_type]
        if mine and mine[-1].state in ("waiting", "running", "done"):
            yield from _watched(page, view, mine[-1])

    def stop(job_id: str | None, request: gr.Request) -> None:
        try:
            page.engine.cancel(job_id or "", page.owner(request))
        except NotFound:
            log.info("nothing to stop")

    # Raw values: Gradio's own checks would answer before ours, in words that do not name the field.
    view.run.click(run, inputs_kwargs=form.controls, outputs=view.outputs, preprocess=False, **WATCHING)
    page.blocks.load(rejoin, None, view.outputs, **WATCHING)
    view.stop.click(stop, view.job, None, **QUICK)


def remember(page: Page, form: Form, title: str) -> None:
    """Keep what the controls say in the visitor's own browser, and put it back after a reload."""
    # A fixed key and secret, else every restart of the server would forget; the values are no secret.
    kept = gr.BrowserState({}, storage_key=f"easel-{title.lower()}", secret="easel")

    def restore(values: object) -> Updates:
        return form.filled(values if isinstance(values, dict) else {}, page.families()) or {form.words: gr.skip()}

    page.blocks.load(restore, kept, form.outputs, **QUICK)
    arguments = ", ".join(form.controls)
    gr.on(
        [control.change for control in form.controls.values()],
        None,
        list(form.controls.values()),
        kept,
        js=f"({arguments}) => ({{{arguments}}})",
    )


def follow_checkpoint(page: Page, form: Form) -> None:
    """Choosing another checkpoint shows its family's sizes, words and defaults."""

    def follow(checkpoint: str) -> Updates:
        known = page.families()
        if checkpoint not in known:
            return {form.words: gr.skip()}
        return form.filled(family_values(checkpoint, known[checkpoint]), known)

    page.checkpoint.input(follow, page.checkpoint, form.outputs, **QUICK)


def reuse_settings(page: Page, form: Form, view: View) -> None:
    """Reuse settings: the form says what the picture was made from, its seed included."""

    def reuse(details: dict[str, object] | None) -> Updates:
        return form.filled((details or {}).get("request", {}), page.families()) or {form.words: gr.skip()}

    view.reuse.click(reuse, view.details, form.outputs, **QUICK)


def _watched(page: Page, view: View, job: Job) -> Iterator[Updates]:
    """The page's updates to the end of a job; ending the watch early leaves the job alone."""
    try:
        yield view.started(job)
        for event in page.engine.events(job.id, job.owner):
            yield view.showing(event, job)
    except Cancelled as error:
        yield view.ended(said=str(error))
    except StudioError as error:
        yield _refused(view, str(error))
    except Exception:
        log.exception("watching job %s failed", job.id)
        yield _refused(view, UNEXPECTED)


def _refused(view: View, message: str) -> Updates:
    # A toast renders HTML, and the message may hold what somebody typed.
    gr.Warning(html.escape(message), title="Not painted")
    return view.ended(message=message)
