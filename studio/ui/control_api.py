"""The endpoints of the Control tab: the control image of a picture, and pictures that follow control images."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields

import gradio as gr

from studio import rules
from studio.errors import InvalidField
from studio.requests import MOST_CONTROLS, Control, ImageToImage, Preprocess, made
from studio.results import STYLING
from studio.ui import masking
from studio.ui.api import (
    DETAILS,
    PICTURE,
    PICTURES,
    Parameter,
    endpoint,
    for_each,
    given,
    in_list,
    list_of,
    parameters,
    pictures_and_details,
    ran,
    wording,
)
from studio.ui.page import Page

RULES = rules.of(Control)
LABEL = RULES["image"].label
# Of each control one value, or one for all of them: fields by what they are called here, where a start image may be
# resized too.
EACH = {
    "preprocessor": "preprocessor",
    "controlnet": "controlnet",
    "control_resize_mode": "resize_mode",
    "controlnet_conditioning_scale": "controlnet_conditioning_scale",
    "control_guidance_start": "control_guidance_start",
    "control_guidance_end": "control_guidance_end",
    "detect_resolution": "detect_resolution",
    "low_threshold": "low_threshold",
    "high_threshold": "high_threshold",
    "reduction": "reduction",
}
# Fields of a request that are said in other words here, or not at all.
OWN = ("controls", *STYLING)
# Fields of a request that are told apart from those of its controls.
SAMPLING = tuple(name for name in rules.of(ImageToImage) if name not in OWN)


def publish(page: Page) -> None:
    """All of them."""

    def preprocess(request: gr.Request, values: dict[str, object]) -> Iterator[tuple[dict, dict]]:
        owner = page.owner(request)
        asked = Preprocess(**masking.read(page, values, owner, ("image",)))
        found = masking.end_of(masking.looked(page, asked, owner))
        yield given(found.image), {"note": found.note, "seconds": round(found.seconds, 3)}

    def control(request: gr.Request, values: dict[str, object]) -> Iterator[tuple[list, dict]]:
        owner = page.owner(request)
        listed = controls(page, values, owner)
        sampling = {name: values[name] for name in SAMPLING if name in values}
        sampling["image"] = page.picture(values["image"], owner, label="Start image")
        for pictures, details in ran(page, page.engine.submit(made(sampling | {"controls": listed}), owner)):
            yield pictures, _as_taken(details)

    told = "The control image that a preprocessor makes of a picture, as large as that. A note tells if it is blank."
    gives = [Parameter("Control image", PICTURE), Parameter("Details", DETAILS)]
    endpoint(page, preprocess, "preprocess", told, parameters=parameters(Preprocess), gives=gives)
    told = (
        "Words, and up to three control images or pictures to make them of, to pictures. Details tell how far obeyed."
    )
    endpoint(page, control, "control", told, parameters=_parameters(), gives=pictures_and_details())


def controls(page: Page, values: Mapping[str, object], owner: str) -> list[Control]:
    """The controls that the values of `/control` ask for.

    InvalidField if pictures and kinds do not go together, or a setting is neither one for all nor one for each.
    """
    pictures, kinds = in_list(values["control_images"]), _names(values["kinds"])
    skeletons = _texts(values["skeletons"])
    count = max(len(pictures), len(skeletons))
    if not count:
        raise InvalidField("control_images", f"{LABEL}: there is none. Send at least one, with its kind.")
    if count > MOST_CONTROLS:
        raise InvalidField("control_images", f"{LABEL}: {count} are too many at once; send {MOST_CONTROLS} or fewer.")
    kinds = kinds * count if len(kinds) == 1 else kinds
    if len(kinds) != count:
        message = f"Control: {len(kinds)} kinds for {count} controls. Name one for each, or one for all."
        raise InvalidField("kinds", message)
    each = {
        field: for_each(field, values[name], count, label=RULES[field].label, of="controls")
        for name, field in EACH.items()
    }
    if values["preprocess"] is False:
        each["preprocessor"] = ["none"] * count
    elif values["preprocess"] is not True:
        raise InvalidField("preprocess", "Preprocess: is either on or off (true or false).")
    pictures += [None] * (count - len(pictures))
    skeletons += [""] * (count - len(skeletons))
    read = [page.picture(picture, owner, label=LABEL) for picture in pictures]
    return [
        Control(kind=kind, image=picture, skeleton=skeleton, **{name: of_all[turn] for name, of_all in each.items()})
        for turn, (kind, picture, skeleton) in enumerate(zip(kinds, read, skeletons, strict=True))
    ]


def _parameters() -> dict[str, tuple[Parameter, object]]:
    own = {
        "control_images": (PICTURES, None, "The pictures to follow, one for each control."),
        "kinds": (list_of("string"), "canny", "What of each counts: one word, or a list of one for each."),
        "preprocess": ({"type": "boolean"}, True, "Off if the pictures are control images already."),
        "skeletons": (list_of("string"), "", "People to follow in place of a picture, as OpenPose's JSON."),
    }
    said = {
        name: Parameter(name.replace("_", " ").capitalize(), {**schema, **wording(about)}, default)
        for name, (schema, default, about) in own.items()
    }
    defaults = {name: default for name, (_, default, _) in own.items()}
    usual = {row.name: row.default for row in fields(Control)}
    each = {name: usual[field] for name, field in EACH.items()}
    said |= {
        name: Parameter(RULES[field].label, wording(f"{RULES[field].info} One, or a list."), each[name])
        for name, field in EACH.items()
    }
    both = {name: (parameter, (defaults | each)[name]) for name, parameter in said.items()}
    sampling = parameters(ImageToImage, left_out=OWN)
    return {"prompt": sampling["prompt"], **both, **sampling}


def _names(value: object) -> list[str]:
    """Kinds in a list, or in a text with commas between."""
    listed = value.split(",") if isinstance(value, str) else in_list(value)
    return [one.strip() if isinstance(one, str) else one for one in listed]


def _texts(value: object) -> list[str]:
    """Skeletons: a text each, or the JSON itself."""
    return [one if isinstance(one, str) else json.dumps(one) for one in in_list(value)]


def _as_taken(details: dict[str, object]) -> dict[str, object]:
    """The details with the request as this endpoint takes it, so that it can be run again."""
    if "request" not in details:  # it is not painted yet
        return details
    request = dict(details["request"])
    listed = request.pop("controls")
    each = {name: [control[field] for control in listed] for name, field in EACH.items()}
    seen = {
        "control_images": [control["image"] for control in listed],
        "kinds": [control["kind"] for control in listed],
        "skeletons": [control["skeleton"] for control in listed],
    }
    return {**details, "request": request | seen | each}
