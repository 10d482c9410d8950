"""The endpoints for gradio_client and curl: their parameters are the request's fields, with its defaults."""

import inspect
import logging
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

import gradio as gr

from studio import results
from studio.engine.jobs import Job
from studio.errors import StudioError
from studio.requests import TextToImage
from studio.ui.events import UNEXPECTED
from studio.ui.page import Page
from studio.ui.picture import picture_files

log = logging.getLogger(__name__)

Pictures = tuple[list[gr.FileData], dict[str, Any]]


def publish(page: Page, request_type: type[TextToImage], name: str) -> None:
    """An endpoint that runs a request: first its job as it stands, then (pictures, details)."""

    def endpoint(request: gr.Request, *values: object) -> Iterator[tuple[list, dict]]:
        try:
            job = page.engine.submit(request_type(**dict(zip(names, values, strict=True))), page.owner(request))
            yield [], {"job": job.id, "state": job.state}
            yield _outcome(page, job)
        except StudioError as error:
            raise _spoken(str(error)) from None
        except Exception:
            log.exception("endpoint /%s failed", name)
            raise _spoken(UNEXPECTED) from None

    names = [row.name for row in fields(request_type)]
    endpoint = _signed(endpoint, request_type)
    gr.api(endpoint, api_name=name, api_description=_first_line(request_type), concurrency_limit=None)


def publish_common(page: Page) -> None:
    """The endpoints that belong to no tab."""

    def checkpoints() -> list[dict[str, Any]]:
        return page.engine.checkpoints()

    def cancel(job: str, request: gr.Request) -> dict[str, Any]:
        try:
            page.engine.cancel(job, page.owner(request))
        except StudioError as error:
            raise _spoken(str(error)) from None
        return {"job": job}

    gr.api(checkpoints, api_description="What can be chosen, and whether it is on disk.", concurrency_limit=None)
    gr.api(cancel, api_description="Stop a job of yours within a step.", concurrency_limit=None)


def _outcome(page: Page, job: Job) -> tuple[list, dict]:
    *_, result = page.engine.events(job.id, job.owner)
    files = [gr.FileData(path=path, mime_type="image/png") for path in picture_files(result, page.checkpoint)]
    return [file.model_dump() for file in files], results.details(result, job.id)


def _signed(endpoint: Callable, request_type: type[TextToImage]) -> Callable:
    """The function with the request's fields as its parameters: Gradio reads the endpoint's from its signature."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter("request", kind, annotation=gr.Request)]
    parameters += [
        inspect.Parameter(row.name, kind, default=row.default, annotation=row.type) for row in fields(request_type)
    ]
    endpoint.__signature__ = inspect.Signature(parameters, return_annotation=Pictures)
    endpoint.__annotations__ = {row.name: row.annotation for row in parameters}
    return endpoint


def _spoken(message: str) -> gr.Error:
    return gr.Error(message, print_exception=False)


def _first_line(request_type: type) -> str:
    return (request_type.__doc__ or "").splitlines()[0]
