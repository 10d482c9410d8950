"""Fields against each other: what changes from column to column, from row to row and from block to block of a grid."""

from collections.abc import Mapping

import gradio as gr
import numpy as np
from gradio.components import Component

from studio import axes
from studio.axes import Axis
from studio.errors import StudioError
from studio.grids import Grid
from studio.requests import TextToImage
from studio.ui import markup
from studio.ui.page import QUICK

# The axes by name: label, and what changes along it.
AXES = {
    "x": ("X axis", "For each column."),
    "y": ("Y axis", "For each row."),
    "z": ("Z axis", "For each block."),
}
NOTHING = ("Nothing", "")
# How values are written.
SIGNS = {"10, 20, 30": "these", "2-8 (+2)": "by steps of 2", "1-9 [3]": "3 of them", 'cat, "big, wet dog"': "words"}
HINT = "One picture for each value, on one sheet. Of prompt words, the first gives way to each of the others."


def build() -> dict[str, Component]:
    """For each axis the field that changes and the values it takes, by "x_field", "x_values" and so on."""
    choices = [NOTHING, *((label, field) for field, label in axes.FIELDS.items() if field in axes.OFFERED)]
    rows: dict[str, Component] = {}
    for name, (label, info) in AXES.items():
        with gr.Row(elem_classes="axis"):
            rows[f"{name}_field"] = gr.Dropdown(choices, value="", label=label, info=info, filterable=False)
            rows[f"{name}_values"] = gr.Textbox(
                label=f"{name.upper()} values", info="With commas between.", max_lines=3, min_width=120
            )
    return rows


def tell(rows: Mapping[str, Component], note: gr.HTML) -> None:
    """Keep the note true to how many pictures the axes ask for, or to what is wrong with them."""

    def said(*values: object) -> str:
        given = dict(zip(rows, values, strict=True))
        empty = next((name for name in AXES if given[f"{name}_field"] and not given[f"{name}_values"]), None)
        try:
            return markup.note(f"{AXES[empty][0]}: write the values it takes." if empty else counted(given))
        except StudioError as error:
            return markup.note(str(error))

    fields = list(rows.values())
    gr.on([field.change for field in fields], said, fields, note, preprocess=False, trigger_mode="always_last", **QUICK)


def asked(values: Mapping[str, object], request: TextToImage) -> TextToImage | Grid:
    """The request, or the grid of it if an axis is chosen; StudioError if one is written wrong.

    Values without a field are no axis: the page keeps them for when one is chosen again.
    """
    chosen = dict(zip(("x", "y", "z"), _axes(values), strict=False))
    return Grid(base=request, **chosen) if chosen else request


def counted(values: Mapping[str, object]) -> str:
    """How many pictures the axes ask for; StudioError if one is written wrong."""
    counts = [len(axis.values) for axis in _axes(values)]
    if not counts:
        return ""
    pictures = 1
    for count in counts:
        pictures *= count
    sizes = " × ".join(map(str, counts))
    return f"{sizes} = {pictures} pictures on one sheet." if len(counts) > 1 else f"{pictures} pictures on one sheet."


def texts(said: Mapping[str, object]) -> dict[str, str]:
    """The axes of a grid's JSON as the texts that `asked` reads."""
    rows = {}
    for name in AXES:
        axis = said.get(name) if isinstance(said.get(name), Mapping) else {}
        rows[f"{name}_field"] = str(axis.get("field", ""))
        rows[f"{name}_values"] = ", ".join(map(_quoted, axis.get("values", ())))
    return rows


def worded(said: Mapping[str, object]) -> dict[str, str]:
    """The axes that are chosen, by label and in words."""
    chosen = {name: said.get(f"{name}_field") for name in AXES}
    labels = {name: axes.FIELDS.get(field, field) for name, field in chosen.items() if field}
    return {AXES[name][0]: f"{label}: {said[f'{name}_values']}" for name, label in labels.items()}


def is_sound(name: str, value: object) -> bool:
    """True if a row may show the value."""
    return isinstance(value, str) and (not name.endswith("_field") or value in ("", *axes.FIELDS))


def _axes(values: Mapping[str, object]) -> list[Axis]:
    named = [(name, values.get(f"{name}_field"), values.get(f"{name}_values")) for name in AXES]
    return [axes.parse(str(field), str(text or ""), name=name) for name, field, text in named if field]


def _quoted(value: object) -> str:
    text = np.format_float_positional(value, trim="-") if isinstance(value, float) else str(value)
    is_plain = text and text == text.strip() and not set(text) & set(',"\n')
    return text if is_plain else '"' + text.replace('"', '""') + '"'
