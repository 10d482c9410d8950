"""The endpoints for gradio_client and curl: their parameters are the request's fields, with its defaults."""

import inspect
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components.api_component import Api
from gradio.context import get_blocks_context
from gradio_client.utils import python_type_to_json_schema

from studio import results, rules
from studio.engine.jobs import Job
from studio.errors import InvalidField, StudioError
from studio.grids import Grid
from studio.images import Picture
from studio.requests import RULES, Fetch, TextToImage, made
from studio.rules import Rule
from studio.ui import compare, uploads
from studio.ui.events import UNEXPECTED
from studio.ui.page import Page
from studio.ui.picture import picture_files

log = logging.getLogger(__name__)

JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}
PICTURE = {**gr.FileData.model_json_schema(), "description": "A picture file, or the reference of one used before."}
PICTURES, DETAILS = python_type_to_json_schema(list[gr.FileData]), python_type_to_json_schema(dict[str, Any])
ROWS = python_type_to_json_schema(list[dict[str, Any]])
EMPTY = inspect.Parameter.empty

Body = Callable[[gr.Request, dict[str, object]], Iterator[Any]]


class Parameter(Api):
    """A parameter of an endpoint, or what it gives back, told with its type, its limits and what it is for."""

    def __init__(self, label: str, schema: dict[str, Any], value: object = None) -> None:
        self.schema = schema
        super().__init__(value, _api_info=schema, label=label)

    def get_block_name(self) -> str:
        """The name that Gradio's own clients pass over."""
        return "api"

    async def async_move_resource_to_block_cache(self, url_or_file_path: str | Path | None) -> str | None:
        """A file that was uploaded; nothing is ever fetched from an address that somebody names."""
        if "://" in str(url_or_file_path):
            raise spoken("Picture: send the file itself, not its address.")
        return await super().async_move_resource_to_block_cache(url_or_file_path)


def publish(page: Page, request_type: type[TextToImage], name: str, description: str) -> None:
    """An endpoint that runs a request: first its job as it stands, then (pictures, details)."""

    def run(request: gr.Request, values: dict[str, object]) -> Iterator[tuple[list, dict]]:
        owner = page.owner(request)
        yield from ran(page, page.engine.submit(made(_with_picture(page, values, owner)), owner))

    endpoint(page, run, name, description, parameters=parameters(request_type), gives=pictures_and_details())


def publish_grid(page: Page, request_type: type[TextToImage], name: str, description: str) -> None:
    """An endpoint that runs a request once for each cell of a grid: first the sheet, then the cells."""

    def run(request: gr.Request, values: dict[str, object]) -> Iterator[tuple[list, dict]]:
        owner = page.owner(request)
        asked = compare.asked(values, made(_with_picture(page, values, owner)))
        if not isinstance(asked, Grid):
            raise InvalidField("x_field", "X axis: name the field that changes along it, or call /generate.")
        yield from ran(page, page.engine.submit(asked, owner))

    axes = {}
    for axis, (label, info) in compare.AXES.items():
        told = {"field": f"{info} The field that changes along it.", "values": "The values it takes, commas between."}
        for part, about in told.items():
            schema = {"type": "string", "description": about, "additional_description": about}
            axes[f"{axis}_{part}"] = Parameter(label, schema, ""), ""
    endpoint(page, run, name, description, parameters=parameters(request_type) | axes, gives=pictures_and_details())


def publish_common(page: Page) -> None:
    """The endpoints that belong to no tab."""

    def checkpoints(request: gr.Request, values: dict[str, object]) -> Iterator[list[dict[str, Any]]]:
        yield page.engine.checkpoints()

    def loras(request: gr.Request, values: dict[str, object]) -> Iterator[list[dict[str, Any]]]:
        yield page.engine.loras(str(values["checkpoint"]))

    def embeddings(request: gr.Request, values: dict[str, object]) -> Iterator[list[dict[str, Any]]]:
        yield page.engine.embeddings(str(values["checkpoint"]))

    def cancel(request: gr.Request, values: dict[str, object]) -> Iterator[dict[str, Any]]:
        page.engine.cancel(str(values["job"]), page.owner(request))
        yield {"job": values["job"]}

    def fetch(request: gr.Request, values: dict[str, object]) -> Iterator[dict[str, Any]]:
        job = page.engine.fetch(Fetch(**values), page.owner(request))
        yield {"job": job.id, "state": job.state}
        *_, fetched = page.engine.events(job.id, job.owner)
        yield {"job": job.id, "checkpoint": fetched.checkpoint, "seconds": round(fetched.seconds, 3)}

    told = {"type": "string", "description": "The job's id, as its details tell it."}
    job = {"job": (Parameter("Job", told), EMPTY)}
    checkpoint = {name: row for name, row in parameters(TextToImage).items() if name == "checkpoint"}
    endpoint(
        page,
        checkpoints,
        "checkpoints",
        "What can be chosen, and whether it is on disk.",
        gives=[Parameter("Checkpoints", ROWS)],
    )
    endpoint(
        page,
        loras,
        "loras",
        "The LoRAs that are here, whose they are, the words that call them, and whether each fits the checkpoint.",
        parameters=checkpoint,
        gives=[Parameter("LoRAs", ROWS)],
    )
    endpoint(
        page,
        embeddings,
        "embeddings",
        "The embeddings that are here, the words that name them, whose they are, and whether each fits the checkpoint.",
        parameters=checkpoint,
        gives=[Parameter("Embeddings", ROWS)],
    )
    endpoint(
        page,
        cancel,
        "cancel",
        "Stop a job of yours within a step.",
        parameters=job,
        gives=[Parameter("Job", DETAILS)],
    )
    endpoint(
        page,
        fetch,
        "fetch",
        "Bring a checkpoint onto this machine: download it, or convert its pickled file. For the studio's owner.",
        parameters=parameters(Fetch),
        gives=[Parameter("Checkpoint", DETAILS)],
    )


def endpoint(
    page: Page,
    body: Body,
    name: str,
    description: str,
    *,
    parameters: dict[str, tuple[Parameter, object]] | None = None,
    gives: list[Parameter],
) -> None:
    """Publish a generator under a name; errors reach the caller as the sentences they are."""
    parameters = parameters or {}

    def answer(request: gr.Request, *given: object) -> Iterator[Any]:
        try:
            yield from body(request, dict(zip(parameters, given, strict=True)))
        except StudioError as error:
            raise spoken(str(error)) from None
        except Exception:
            log.exception("endpoint /%s failed", name)
            raise spoken(UNEXPECTED) from None

    answer.__signature__ = _signature({parameter: default for parameter, (_, default) in parameters.items()})
    get_blocks_context().set_event_trigger(
        [],
        answer,
        [parameter for parameter, _ in parameters.values()],
        gives,
        preprocess=False,
        postprocess=False,
        show_progress="hidden",
        api_name=name,
        api_description=description,
        concurrency_limit=None,
    )


def spoken(message: str) -> gr.Error:
    """The message as an error that reaches the caller."""
    return gr.Error(message, print_exception=False)


def pictures_and_details() -> list[Parameter]:
    """What an endpoint gives that paints."""
    return [Parameter("Pictures", PICTURES), Parameter("Details", DETAILS)]


def given(picture: Picture) -> dict[str, object]:
    """The picture as an endpoint gives it."""
    return gr.FileData(path=uploads.served(picture), mime_type="image/png").model_dump()


def _with_picture(page: Page, values: dict[str, object], owner: str) -> dict[str, object]:
    """The values with the start image read, if one was sent or named."""
    if values.get("image") is None:
        return values
    return values | {"image": page.picture(values["image"], owner, label=RULES["image"].label)}


def ran(page: Page, job: Job) -> Iterator[tuple[list, dict]]:
    """The job as it stands, then its pictures and details."""
    yield [], {"job": job.id, "state": job.state}
    yield _outcome(page, job)


def _outcome(page: Page, job: Job) -> tuple[list, dict]:
    *_, result = page.engine.events(job.id, job.owner)
    files = [gr.FileData(path=path, mime_type="image/png") for path, _ in picture_files(result, page.checkpoint)]
    details = results.details(result, job.id)
    if isinstance(result.request, Grid):
        # As the endpoint takes it, so that it can be run again.
        details["request"] = results.to_json(result.request.base) | compare.texts(details["request"])
    return [file.model_dump() for file in files], details


def parameters(request_type: type, left_out: Collection[str] = results.PARTS) -> dict[str, tuple[Parameter, object]]:
    """For each field of a request its parameter and its default; a picture may always be left out."""
    made = {}
    for row in [row for row in fields(request_type) if row.name not in left_out]:
        rule, default = row.metadata["rule"], None if row.default is MISSING else row.default
        default = list(default) if rule.kind is tuple else default
        made[row.name] = Parameter(rule.label, _schema(rule), default), default
    return made


def wording(text: str) -> dict[str, str]:
    """What a schema says of a parameter, to programs and in gradio_client."""
    return {"description": text, "additional_description": text}


def list_of(kind: str) -> dict[str, object]:
    """The schema of one value for all, or a list of one for each."""
    return {"anyOf": [{"type": kind}, {"type": "array", "items": {"type": kind}}]}


def in_list(value: object) -> list:
    """What was sent as a list, or as one."""
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def for_each(name: str, value: object, count: int, *, label: str, of: str) -> Sequence[object]:
    """One value for each of so many; of one for all as many. InvalidField says what they are `of`."""
    if not isinstance(value, list | tuple):
        return [value] * count
    if len(value) != count:
        message = f"{label}: {len(value)} values for {count} {of}. Send one for each, or one for all."
        raise InvalidField(name, message)
    return value


def _schema(rule: Rule) -> dict[str, Any]:
    """The rule as JSON schema; `additional_description` is what gradio_client shows."""
    if rule.kind is Picture:
        return PICTURE
    if rule.kind is tuple:
        return _list_schema(rule)
    said = {"type": JSON_TYPES[rule.kind], "description": rule.info, "additional_description": rule.info}
    if rule.kind in (int, float):
        said |= {"minimum": rule.minimum, "maximum": rule.maximum}
    elif rule.maximum is not None:
        said["maxLength"] = rule.maximum
    if rule.choices:
        said["enum"] = list(rule.choices)
    return said


def _list_schema(rule: Rule) -> dict[str, Any]:
    """A list of parts, or its JSON as text."""
    inside = {name: _schema(one) for name, one in rules.of(rule.part).items()}
    parts = {"type": "array", "maxItems": rule.maximum, "items": {"type": "object", "properties": inside}}
    about = f"{rule.info} A list, or its JSON."
    return {"anyOf": [parts, {"type": "string"}], "description": about, "additional_description": about}


def _signature(defaults: dict[str, object]) -> inspect.Signature:
    """Gradio reads an endpoint's parameters from its function's signature."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    first = inspect.Parameter("request", kind, annotation=gr.Request)
    return inspect.Signature([first, *(inspect.Parameter(name, kind, default=one) for name, one in defaults.items())])
