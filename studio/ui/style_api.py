"""The endpoint of the Style tab: pictures that take after others."""

from collections.abc import Iterator, Mapping

import gradio as gr

from studio import rules
from studio.errors import InvalidField
from studio.requests import MOST_REFERENCES, ImageToImage, Reference, made
from studio.results import STEERING
from studio.ui import reference_units
from studio.ui.api import (
    PICTURES,
    Parameter,
    endpoint,
    for_each,
    in_list,
    list_of,
    parameters,
    pictures_and_details,
    ran,
    wording,
)
from studio.ui.page import Page
from studio.ui.reference_units import KEEP, KEEP_LABEL, LABEL

WEIGHT = rules.of(Reference)["ip_adapter_scale"]
# Fields of a request that are said in other words here.
OWN = ("references", *STEERING)
SAMPLING = tuple(name for name in rules.of(ImageToImage) if name not in OWN)


def publish(page: Page) -> None:
    """Have it called."""

    def style(request: gr.Request, values: dict[str, object]) -> Iterator[tuple[list, dict]]:
        owner = page.owner(request)
        start = page.picture(values["image"], owner, label="Start image")
        asked = {name: values[name] for name in SAMPLING} | {"image": start}
        asked["references"] = references(page, values, owner)
        asked["controls"] = reference_units.drawing(values[KEEP], start, values["resize_mode"])
        for pictures, details in ran(page, page.engine.submit(made(asked), owner)):
            yield pictures, _as_taken(details)

    told = "Words, or a picture and words, to pictures in the style or composition of up to four references."
    endpoint(page, style, "style", told, parameters=_parameters(), gives=pictures_and_details())


def references(page: Page, values: Mapping[str, object], owner: str) -> list[Reference]:
    """The references that the values of `/style` ask for.

    InvalidField if there is none, there are too many, or the weights are neither one for all nor one for each.
    """
    pictures = in_list(values["ip_adapter_images"])
    if len(pictures) > MOST_REFERENCES:
        message = f"{LABEL}: {len(pictures)} are too many at once; send {MOST_REFERENCES} or fewer."
        raise InvalidField("ip_adapter_images", message)
    how = {"label": WEIGHT.label, "of": "references"}
    weights = for_each("ip_adapter_scale", values["ip_adapter_scale"], len(pictures), **how)
    read = [page.picture(picture, owner, label=LABEL) for picture in pictures]
    return reference_units.some(
        [Reference(image=image, ip_adapter_scale=weight) for image, weight in zip(read, weights, strict=True)]
    )


def _parameters() -> dict[str, tuple[Parameter, object]]:
    """The words, then what is this endpoint's own, then the rest of a request."""
    usual = Reference.ip_adapter_scale
    own = {
        "ip_adapter_images": (LABEL, PICTURES, None, "The pictures to take after, up to four."),
        "ip_adapter_scale": (WEIGHT.label, list_of("number"), usual, f"{WEIGHT.info} One, or a list."),
        KEEP: (KEEP_LABEL, {"type": "boolean"}, False, "Whether the edges of the start image are followed."),
    }
    said = {
        name: (Parameter(label, {**schema, **wording(text)}, default), default)
        for name, (label, schema, default, text) in own.items()
    }
    sampling = parameters(ImageToImage, left_out=OWN)
    return {"prompt": sampling["prompt"], **said, **sampling}


def _as_taken(details: dict[str, object]) -> dict[str, object]:
    """The details with the request as this endpoint takes it, so that it can be run again."""
    if "request" not in details:  # it is not painted yet
        return details
    request = {name: value for name, value in details["request"].items() if name not in OWN}
    taken = details["request"]["references"]
    request["ip_adapter_images"] = [reference["image"] for reference in taken]
    request["ip_adapter_scale"] = [reference["ip_adapter_scale"] for reference in taken]
    request[KEEP] = "controls" in details["request"]
    return {**details, "request": request}
