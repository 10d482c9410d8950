"""The references of the Style tab, up to four: each a picture to take after and how strongly."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from gradio.components import Component

from studio import catalog, rules
from studio.errors import InvalidField, StudioError
from studio.images import Picture
from studio.requests import MOST_REFERENCES, Control, Reference
from studio.ui import controls, uploads
from studio.ui.control_units import ReadPicture

RULES = rules.of(Reference)
LABEL = RULES["image"].label
FIRST = 1
FIELDS = ("image", "ip_adapter_scale")
DEFAULTS = {"image": None, "ip_adapter_scale": Reference.ip_adapter_scale}
TITLES = {2: "Second reference", 3: "Third reference", 4: "Fourth reference"}
# The switch that has a control follow the start image.
KEEP = "keep_drawing"
KEEP_LABEL = "Keep the drawing"

Values = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Unit:
    """The parts of one reference: `fields` by names of FIELDS, and the choice that fills its weight."""

    number: int
    fields: Mapping[str, Component]
    strength: gr.Radio


@dataclass(frozen=True, kw_only=True)
class References:
    """All references of a form, and the switch that keeps the drawing of its start image."""

    units: tuple[Unit, ...]
    keep: gr.Checkbox

    @property
    def inputs(self) -> dict[str, Component]:
        """Every field, by names that tell the unit too, and the switch."""
        fields = {name_of(unit.number, name): one for unit in self.units for name, one in unit.fields.items()}
        return {**fields, KEEP: self.keep}


def name_of(number: int, field: str) -> str:
    """What a field of a unit is called among those of a form."""
    return f"reference_{number}_{field}"


def first(picture: Path) -> Unit:
    """The reference that is in sight, with a picture in place."""
    return _unit(FIRST, picture)


def others() -> list[Unit]:
    """Those that few need, each in an accordion; they do nothing while they are empty."""
    units = []
    for number in range(FIRST + 1, MOST_REFERENCES + 1):
        with gr.Accordion(TITLES[number], open=False, elem_classes="control-section"):
            units.append(_unit(number, None))
    return units


def keep() -> gr.Checkbox:
    """The switch that has the edges of the start image followed."""
    return gr.Checkbox(False, label=KEEP_LABEL, info="Follow the edges of the start image, by a ControlNet.")


def asked(values: Values, start: Picture | None, read: ReadPicture) -> dict[str, object]:
    """What a form's values ask for: its references, and the control that keeps the drawing of its start image.

    StudioError if there is no reference, a value is out of its limits, or there is no drawing to keep.
    """
    given = [
        {field: values.get(name_of(number, field), DEFAULTS[field]) for field in FIELDS}
        for number in range(FIRST, MOST_REFERENCES + 1)
    ]
    pictures = [read(one.pop("image"), label=LABEL) for one in given]
    made = [Reference(image=image, **one) for image, one in zip(pictures, given, strict=True) if image is not None]
    resize_mode = values.get("resize_mode", Control.resize_mode)
    return {"references": some(made), "controls": drawing(values.get(KEEP, False), start, resize_mode)}


def some(references: list[Reference]) -> list[Reference]:
    """The references; InvalidField if there are none."""
    if references:
        return references
    raise InvalidField("references", f"{LABEL}: there is none. Choose at least one picture to take after.")


def drawing(is_kept: object, start: Picture | None, resize_mode: object) -> list[Control]:
    """The control that keeps the drawing of the start image, brought to size as that is; none if it need not be kept.

    InvalidField if there is no start image.
    """
    if not isinstance(is_kept, bool):
        raise InvalidField(KEEP, f"{KEEP_LABEL}: is either on or off (true or false).")
    if not is_kept:
        return []
    if start is None:
        message = f"{KEEP_LABEL}: there is no start image to keep it of. Choose one, or switch it off."
        raise InvalidField(KEEP, message)
    return [Control(kind="canny", image=start, resize_mode=resize_mode)]


def flat(values: Values) -> dict[str, object]:
    """Fields of units and the switch for a request's JSON, their pictures still named; those not used empty."""
    said = values.get("references")
    listed = [one for one in said if isinstance(one, Mapping)] if isinstance(said, list | tuple) else []
    listed += [{}] * (MOST_REFERENCES - len(listed))
    fields = {
        name_of(number, field): one.get(field, DEFAULTS[field])
        for number, one in enumerate(listed[:MOST_REFERENCES], FIRST)
        for field in FIELDS
    }
    return {**fields, KEEP: bool(values.get("controls"))}


def is_sound(name: str, value: object) -> bool:
    """True if a field of a unit, or the switch, may show the value; of a picture that is its file."""
    if name == KEEP:
        return isinstance(value, bool)
    field = name.split("_", 2)[2]
    if field == "image":
        return value is None or uploads.kept(value) is not None
    try:
        RULES[field].checked(field, value)
    except StudioError:
        return False
    return True


def adapters(family: str) -> list[tuple[str, str]]:
    """The adapters that a family has, as (label, id); the usual one first."""
    rows = catalog.ip_adapters(family)
    usual = f"{rows[0].label} (usual)" if rows else "None"
    return [(usual, ""), *((row.label, row.id) for row in rows[1:])]


def _unit(number: int, picture: Path | None) -> Unit:
    with gr.Column(elem_classes="control-unit"):
        image = controls.drop(LABEL, height=200, value=picture)
        strength = gr.Radio(
            [(row.label, row.ip_adapter_scale) for row in catalog.STRENGTHS],
            value=DEFAULTS["ip_adapter_scale"],
            label="Strength",
            info="How much is taken of it.",
            elem_classes="chips",
        )
        with gr.Accordion("More", open=False, elem_classes="more-section"):
            weight = controls.of(Reference, "ip_adapter_scale")
    return Unit(number=number, fields={"image": image, **weight}, strength=strength)
