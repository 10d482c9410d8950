"""The controls of the Control tab, up to three: what each follows, how its control image is made, how strictly."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields

import gradio as gr
from gradio.components import Component

from studio import catalog, rules
from studio.errors import StudioError
from studio.images import Picture
from studio.requests import METHODS, MOST_CONTROLS, Control, TextToImage
from studio.ui import controls, markup, skeleton_editor, sketch_pad, uploads
from studio.ui.controls import html
from studio.ui.picture import Updates
from studio.vision import preprocessors

RULES = rules.of(Control)
LABEL = RULES["image"].label
FIRST = 1
METHOD = TextToImage().method
# What is drawn by hand, and what else stands in a request's control.
DRAWN = "sketch"
FIELDS = (
    "kind",
    "image",
    DRAWN,
    "skeleton",
    "preprocessor",
    "low_threshold",
    "high_threshold",
    "resize_mode",
    "controlnet",
    "controlnet_conditioning_scale",
    "control_guidance_start",
    "control_guidance_end",
)
# Kinds whose control images are lines, which may be drawn by hand.
LINES = tuple(row.name for row in catalog.KINDS if row.measure == "edges")
STRENGTH = ("controlnet_conditioning_scale", "control_guidance_start", "control_guidance_end")
USUAL = ("The usual one", "")
TITLES = {2: "Second control", 3: "Third control"}
HINT = "What is followed is shown here."

Values = Mapping[str, object]
# From the raw value of a picture's control to the picture; `label` is what it is called in errors.
ReadPicture = Callable[..., Picture | None]


@dataclass(frozen=True, kw_only=True)
class Unit:
    """The parts of one control: `fields` by names of FIELDS, and what helps to fill them."""

    number: int
    fields: Mapping[str, Component]
    seen: gr.HTML
    line: gr.HTML
    show: gr.Button
    find: gr.Button
    preset: gr.Radio
    sketching: gr.Accordion
    posing: gr.Accordion
    thresholds: gr.Row

    @property
    def named(self) -> dict[str, Component]:
        """Its fields by names that tell the unit too."""
        return {name_of(self.number, field): component for field, component in self.fields.items()}


@dataclass(frozen=True, kw_only=True)
class Units:
    """All controls of a form."""

    units: tuple[Unit, ...]

    @property
    def inputs(self) -> dict[str, Component]:
        """Every field, by names that tell the unit too."""
        return {name: component for unit in self.units for name, component in unit.named.items()}


def name_of(number: int, field: str) -> str:
    """What a field of a unit is called among those of a form."""
    return f"control_{number}_{field}"


def first(family: catalog.Family, picture: str) -> Unit:
    """The control that is in sight, with a picture in place."""
    return _unit(FIRST, family, picture)


def method(family: catalog.Family) -> gr.Radio:
    """How the controls steer, of what the family has."""
    rule = rules.of(TextToImage)["method"]
    return gr.Radio(methods(family.name), value=METHOD, label=rule.label, info=rule.info, elem_classes="chips")


def others(family: catalog.Family) -> list[Unit]:
    """Those that few need, each in an accordion; they do nothing while they are empty."""
    units = []
    for number in range(FIRST + 1, MOST_CONTROLS + 1):
        with gr.Accordion(TITLES[number], open=False, elem_classes=f"control-section control-{number}"):
            units.append(_unit(number, family, None))
    return units


def asked(values: Values, read: ReadPicture) -> list[Control]:
    """The controls of a form's values that have something to follow; the first one if none has.

    A drawing goes before a picture where lines are followed, people before one where a pose is. StudioError if a value
    is out of its limits.
    """
    given = [_asked(values, number, read) for number in range(FIRST, MOST_CONTROLS + 1)]
    used = [control for control in given if control.image is not None or control.skeleton]
    return used or given[:1]


def one(values: Values, number: int, read: ReadPicture) -> Control:
    """The control of one unit, as `asked`."""
    return _asked(values, number, read)


def flat(said: object) -> dict[str, object]:
    """Fields of units for the controls of a request's JSON, their pictures still references; those not used empty."""
    listed = [one for one in said if isinstance(one, Mapping)] if isinstance(said, list | tuple) else []
    values: dict[str, object] = {}
    for number in range(FIRST, MOST_CONTROLS + 1):
        control = listed[number - 1] if number <= len(listed) else {}
        given = {field: control.get(field, DEFAULTS[field]) for field in FIELDS}
        given |= {field: "" for field in ("preprocessor", "controlnet", DRAWN) if given[field] is None}
        values |= {name_of(number, field): value for field, value in given.items()}
    return values


def is_sound(name: str, value: object) -> bool:
    """True if a field of a unit may show the value; of a picture that is its file."""
    field = name.split("_", 2)[2]
    if field == "image":
        return value is None or uploads.kept(value) is not None
    if field in (DRAWN, "preprocessor", "controlnet"):
        return isinstance(value, str)
    try:
        RULES[field].checked(field, value)
    except StudioError:
        return False
    return True


def drawn(picture: Picture, said: str) -> str:
    """A control image as HTML, its bytes inside."""
    return markup.mask(base64.b64encode(picture.data).decode(), said, is_guess=False)


def kinds(family: str, method: str) -> list[tuple[str, str]]:
    """The kinds of control that a family has nets for, as (label, name); with words alone by any method."""
    how = {"method": None if method == "none" else method}
    return [(row.label, row.name) for row in catalog.KINDS if catalog.controlnets(family, kind=row.name, **how)]


def methods(family: str) -> list[tuple[str, str]]:
    """The methods that a family has nets for, and words alone, as (label, name)."""
    known = [(label, name) for name, label in METHODS.items() if catalog.controlnets(family, method=name)]
    return [*known, (METHODS["none"], "none")]


def ways(kind: str, family: str) -> list[tuple[str, str]]:
    """The preprocessors for a kind, as (label, id); the usual one of the family first."""
    rows = preprocessors.fitting(kind, family)
    return [(f"{rows[0].label} (usual)", ""), *((row.label, row.id) for row in rows[1:])]


def nets(kind: str, family: str, method: str) -> list[tuple[str, str]]:
    """The nets that follow a kind, as (label, id); the usual one of the family first."""
    rows = catalog.controlnets(family, kind=kind, method=method)
    return [(f"{rows[0].label} (usual)", ""), *((row.label, row.id) for row in rows[1:])] if rows else [USUAL]


def following(unit: Unit, kind: str, family: str, method: str) -> Updates:
    """What is seen of a unit, and what there is to choose from, with this kind, family and method."""
    offered = kinds(family, method)
    known = [name for _, name in offered]
    kind = kind if kind in known else (known or [kind])[0]
    return settings(unit, kind, "", family) | {
        unit.fields["kind"]: gr.update(choices=offered, value=kind, info=catalog.kind(kind).info),
        unit.fields["preprocessor"]: gr.update(choices=ways(kind, family), value=""),
        unit.fields["controlnet"]: gr.update(choices=nets(kind, family, method), value=""),
        unit.sketching: gr.update(visible=kind in LINES),
        unit.posing: gr.update(visible=kind == "pose"),
    }


def settings(unit: Unit, kind: str, way: str, family: str) -> Updates:
    """The thresholds of a preprocessor, "" for the usual one; out of sight, and out of the way, if it takes none."""
    try:
        row = preprocessors.preprocessor(way) if way else preprocessors.default(kind, family)
    except StudioError:  # of a page older than the table
        row = preprocessors.default(kind, family)
    is_taken = "low_threshold" in row.settings
    emptied = {unit.fields[name]: gr.skip() if is_taken else None for name in THRESHOLDS}
    return {**emptied, unit.thresholds: gr.update(visible=is_taken)}


def _unit(number: int, family: catalog.Family, picture: str | None) -> Unit:
    offered = kinds(family.name, METHOD)
    kind = offered[0][1] if offered else DEFAULTS["kind"]
    with gr.Column(elem_classes="control-unit"):
        chosen = gr.Radio(
            offered, value=kind, label=RULES["kind"].label, info=catalog.kind(kind).info, elem_classes="chips"
        )
        with gr.Row(elem_classes="picture-and-mask"):
            image = controls.drop(LABEL, height=200, value=picture)
            seen = html(nothing(), "mask-box")
        with gr.Row(elem_classes="answers"):
            show = gr.Button("Show control", size="sm")
            line = html(markup.note(""), "note-box")
        with gr.Accordion("Draw", open=False, visible=kind in LINES, elem_classes="draw-section") as sketching:
            sketch = sketch_pad.build()
        with gr.Accordion("Skeleton", open=False, visible=kind == "pose", elem_classes="pose-section") as posing:
            find = gr.Button("Find people", size="sm")
            skeleton = skeleton_editor.build()
        preset = gr.Radio(
            [(row.label, row.name) for row in catalog.PRESETS],
            value="strict",
            label="Strictness",
            info="How closely the picture keeps to it.",
            elem_classes="chips",
        )
        with gr.Accordion("More", open=False, elem_classes="more-section"):
            strength = controls.of(Control, *STRENGTH)
            way = gr.Dropdown(ways(kind, family.name), value="", **_worded("preprocessor"), filterable=False)
            with gr.Row(elem_classes="pair", visible=True) as thresholds:
                low, high = (gr.Number(None, **_worded(name), min_width=80) for name in THRESHOLDS)
            mode = controls.of(Control, "resize_mode")
            net = gr.Dropdown(nets(kind, family.name, METHOD), value="", **_worded("controlnet"), filterable=False)
    parts = (chosen, image, sketch, skeleton, way, low, high, mode["resize_mode"], net, *strength.values())
    return Unit(
        number=number,
        fields=dict(zip(FIELDS, parts, strict=True)),
        seen=seen,
        line=line,
        show=show,
        find=find,
        preset=preset,
        sketching=sketching,
        posing=posing,
        thresholds=thresholds,
    )


def nothing() -> str:
    """Where the control image will be shown."""
    return markup.no_mask(HINT)


def _asked(values: Values, number: int, read: ReadPicture) -> Control:
    given = {field: values.get(name_of(number, field), DEFAULTS[field]) for field in FIELDS}
    sketch, kind = given.pop(DRAWN), given["kind"]
    given |= {field: given[field] or None for field in ("preprocessor", "controlnet")}
    given["image"] = read(given["image"], label=LABEL)
    given["skeleton"] = str(given["skeleton"] or "") if kind == "pose" else ""
    if kind in LINES and (made := sketch_pad.drawn(str(sketch or ""))):
        given |= {"image": made, "preprocessor": "none"}
    return Control(**given)


def _worded(name: str) -> dict[str, str]:
    return {"label": RULES[name].label, "info": RULES[name].info}


THRESHOLDS = ("low_threshold", "high_threshold")
DEFAULTS: Mapping[str, object] = {
    **{field.name: field.default for field in fields(Control) if field.name in FIELDS},
    DRAWN: "",
}
