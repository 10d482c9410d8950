"""The endpoints of the Edit tab: a mask found, a part cut out, a part of a picture changed."""

from collections.abc import Iterator
from dataclasses import fields

import gradio as gr

from studio.errors import InvalidField
from studio.requests import CutOut, FindMask, Inpaint, made
from studio.results import Masked
from studio.ui import masking
from studio.ui.api import DETAILS, PICTURE, Parameter, endpoint, given, parameters, pictures_and_details, ran
from studio.ui.page import Page

# What an edit says of its mask beside the fields it has itself, with what it means left out.
FINDING = {
    field.name: field.default
    for field in fields(FindMask)
    if field.name in ("source", "mask_model", "threshold", "fill_holes", "invert")
}


def publish(page: Page) -> None:
    """All of them."""

    def mask(request: gr.Request, values: dict[str, object]) -> Iterator[tuple[dict, dict]]:
        owner = page.owner(request)
        found = masking.end_of(masking.looked(page, FindMask(**masking.read(page, values, owner)), owner))
        yield given(found.mask), {**_said(found), "seconds": round(found.seconds, 3)}

    def cut_out(request: gr.Request, values: dict[str, object]) -> Iterator[tuple[dict, dict]]:
        owner = page.owner(request)
        asked = CutOut(**masking.read(page, values, owner, ("image", "mask_image")))
        cut = masking.end_of(masking.looked(page, asked, owner))
        yield given(cut.image), {"seconds": round(cut.seconds, 3)}

    def edit(request: gr.Request, values: dict[str, object]) -> Iterator[tuple[list, dict]]:
        owner = page.owner(request)
        values = masking.read(page, values, owner, ("image", "mask_image"))
        find = _mask_of(values)
        asked = made({name: value for name, value in values.items() if name not in FINDING})
        job = page.engine.submit(asked, owner, find=find)
        for pictures, details in ran(page, job):
            yield pictures, details if job.found is None else {**details, **_said(job.found)}

    finding = {name: row for name, row in parameters(FindMask).items() if name in FINDING}
    one_picture = [Parameter("Picture", PICTURE), Parameter("Details", DETAILS)]
    told = "The mask of what words name, or of the foreground: white there. Details tell its coverage and its score."
    endpoint(page, mask, "mask", told, parameters=parameters(FindMask), gives=one_picture)
    told = "The masked part of a picture, or its foreground, on nothing: a PNG without the colours behind it."
    endpoint(page, cut_out, "cut_out", told, parameters=parameters(CutOut), gives=one_picture)
    told = "A part of a picture changed after a verb, the rest kept bit for bit. The part by a mask, or by words."
    endpoint(page, edit, "edit", told, parameters=parameters(Inpaint) | finding, gives=pictures_and_details())


def _mask_of(values: dict[str, object]) -> FindMask | None:
    """The mask an edit needs, as it is found: the edit grows and feathers it. None if it needs none.

    InvalidField if it is told how to find one then.
    """
    if values["mask_image"] is not None or values["verb"] == "extend":
        why = "Extend needs no mask" if values["mask_image"] is None else "the mask is sent"
        for name in FINDING:
            if values[name] != FINDING[name]:
                raise InvalidField(name, f"{masking.RULES[name].label}: {why}, so none is found. Leave it out.")
        return None
    invert = values["invert"]
    if isinstance(invert, bool):  # what is neither is refused by its label
        invert = invert != masking.keeps(values)
    found = masking.asked(values, invert=invert, grow=0, feather=0, mask_image=None)
    if masking.is_empty(found):
        raise InvalidField("mask_image", "Mask: there is none. Say in words what to change, or send a mask.")
    return found


def _said(found: Masked) -> dict[str, object]:
    return {"coverage": round(found.coverage, 4), "score": None if found.score is None else round(found.score, 3)}
