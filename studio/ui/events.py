"""From controls to a request, from a job's events to the page: one way for every tab."""

import html
import logging
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

import gradio as gr
from gradio.events import Dependency

from studio.engine.jobs import Job
from studio.errors import Cancelled, NotFound, StudioError
from studio.images import Picture
from studio.requests import RULES, TextToImage
from studio.results import Preview, Progress
from studio.ui import markup, uploads
from studio.ui.form import Form, ReadPicture, family_values, sized
from studio.ui.page import PACE, QUICK, UNMARKED, Page
from studio.ui.picture import Updates, View

log = logging.getLogger(__name__)

UNEXPECTED = "Studio: something went wrong inside. Your settings are untouched; try again, or look into the log."
# Through the queue, since toasts come by no other way; any number may, since watching takes a thread and no computing.
WATCHING = {"concurrency_limit": None, **UNMARKED}


# From who asks and the values of a form to what the page is told, to the end of the job.
Submit = Callable[[gr.Request, dict[str, object]], Iterator[Updates]]


Given = ParamSpec("Given")
End = TypeVar("End")


def adding_up(event: Callable[Given, Iterator[Updates]]) -> Callable[Given, Iterator[Updates]]:
    """An event that tells with every update again what it told before.

    Gradio's page works each message out inside the one before it, shown yet or not: where several come at once, what a
    later one leaves out is gone from the earlier.
    """

    @wraps(event)
    def added(*given: Given.args, **named: Given.kwargs) -> Iterator[Updates]:
        told: Updates = {}
        for updates in event(*given, **named):
            told = told | updates
            yield told

    return added


def connect(page: Page, form: Form, view: View, submit: Submit | None = None) -> tuple[Dependency, ...]:
    """All that a tab with a form and a picture does; `submit` if more than a request has to be made of its values.

    Gives the events that end when a job has been shown to its end.
    """
    form.settle()
    remember(page, form)
    follow_checkpoint(page, form)
    return run_on_click(page, form, view, submit)


def run_on_click(page: Page, form: Form, view: View, submit: Submit | None = None) -> tuple[Dependency, ...]:
    """Run submits what the controls say and shows the job to its end; Stop cancels it; a reload finds it again."""

    def run(request: gr.Request, **values: object) -> Iterator[Updates]:
        if submit:
            yield from submit(request, values)
        else:
            yield from submitted(page, view, lambda: form.request(values, reader(page, request)), request)

    def rejoin(request: gr.Request) -> Iterator[Updates]:
        yield gr.skip()  # a generator that yields nothing would empty the components
        mine = [job for job in page.engine.jobs(page.owner(request)) if form.has_made(job.request)]
        if mine and mine[-1].state == "done":
            yield view.found_again(mine[-1])
        elif mine and mine[-1].state in ("waiting", "running"):
            yield from watched(page, view, mine[-1])

    def stop(job_id: str | None, request: gr.Request) -> None:
        try:
            page.engine.cancel(job_id or "", page.owner(request))
        except NotFound:
            log.info("nothing to stop")

    # Raw values: Gradio's own checks would answer before ours, in words that do not name the field.
    ran = view.actions.run.click(run, inputs_kwargs=form.inputs, outputs=view.outputs, preprocess=False, **WATCHING)
    rejoined = page.blocks.load(rejoin, None, view.outputs, **WATCHING)
    view.actions.stop.click(stop, view.job, None, **QUICK)
    return ran, rejoined


def remember(page: Page, form: Form) -> None:
    """Put back after a reload what the visitor's own browser kept of the controls; `Form.settle` keeps it."""

    def restore(values: object) -> Updates:
        return form.filled(values if isinstance(values, dict) else {}, page.row) or form.unchanged

    form.settle(page.blocks.load(restore, form.aids.kept, form.outputs, **QUICK))


def follow_checkpoint(page: Page, form: Form) -> None:
    """Choosing another checkpoint shows its family's sizes, samplers, recipes and words, and its own defaults.

    A start image keeps its shape.
    """

    def follow(checkpoint: str, image: object) -> Updates:
        row = page.row(checkpoint)
        if row is None:
            return form.unchanged
        try:
            picture = uploads.picture(image, label=RULES["image"].label)
        except StudioError:  # Run will say it
            picture = None
        return form.filled(family_values(row) | (sized(picture, row) if picture else {}), page.row)

    chosen = [page.checkpoint, form.controls["image"]]
    form.settle(page.checkpoint.input(follow, chosen, form.outputs, preprocess=False, **QUICK))


def submitted(page: Page, view: View, ask: Callable[[], TextToImage], request: gr.Request) -> Iterator[Updates]:
    """What becomes of a request: refused with its reason, or its job shown to the end."""
    yield from begun(page, view, lambda: page.engine.submit(ask(), page.owner(request)))


def begun(page: Page, view: View, begin: Callable[[], Job]) -> Iterator[Updates]:
    """What becomes of a job that is to begin: refused with its reason, or shown to the end."""
    try:
        job = begin()
    except StudioError as error:
        yield refused(view, str(error))
    except Exception:
        log.exception("a request could not be made")
        yield refused(view, UNEXPECTED)
    else:
        yield from watched(page, view, job)


@adding_up
def watched(page: Page, view: View, job: Job) -> Iterator[Updates]:
    """The page's updates to the end of a job; ending the watch early leaves the job alone."""
    try:
        yield view.started(job)
        rough: Updates = {}
        for event in page.engine.events(job.id, job.owner, pace=PACE):
            if isinstance(event, Preview):
                rough = view.showing(event, job)  # told along with the progress that follows
            else:
                yield rough | view.showing(event, job)
    except Cancelled as error:
        yield view.ended(said=str(error))
    except StudioError as error:
        yield refused(view, str(error))
    except Exception:
        log.exception("watching job %s failed", job.id)
        yield refused(view, UNEXPECTED)


def telling(line: gr.HTML, steps: Generator[Progress, None, End]) -> Generator[Updates, None, End]:
    """What comes at the end of all steps, each told on the line on the way."""
    while True:
        try:
            yield {line: markup.note(markup.phase(next(steps)))}
        except StopIteration as end:
            return end.value


def reader(page: Page, request: gr.Request) -> ReadPicture:
    """How the pictures of this visitor's controls are read."""

    def read(value: object, *, label: str = RULES["image"].label) -> Picture | None:
        return page.picture(value, page.owner(request), label=label)

    return read


@contextmanager
def told(title: str) -> Iterator[None]:
    """What goes wrong inside is told in a toast, and what follows the block is the answer then.

    Gradio shows toasts of events that go through its queue: `WATCHING`, not `QUICK`.
    """
    try:
        yield
    except StudioError as error:
        warn(str(error), title)
    except Exception:
        log.exception("an event failed")
        warn(UNEXPECTED, title)


def warn(message: str, title: str, *, seconds: float | None = 10) -> None:
    """A toast, to be closed by hand if `seconds` is None.

    Gradio renders HTML in it, and does not show the title it is given. The message may hold what somebody typed.
    """
    gr.Warning(f"<strong>{title}</strong><br>{html.escape(message)}", duration=seconds)


def refused(view: View, message: str) -> Updates:
    """Nothing runs, and why: beside Run and as a toast."""
    warn(message, "Not painted")
    return view.ended(message=message)
