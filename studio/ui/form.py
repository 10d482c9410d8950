"""The input side of a tab: controls named after request fields, read into a request and filled from one."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import gradio as gr
from gradio.components import Component

from studio import catalog
from studio.errors import StudioError
from studio.requests import RULES, TextToImage
from studio.ui import controls, markup
from studio.ui.picture import Updates


@dataclass(frozen=True, kw_only=True)
class Form:
    """A view on one request type; a control that is no field of it raises ValueError."""

    request_type: type[TextToImage]
    controls: controls.Controls
    picker: gr.Radio
    words: gr.HTML

    def __post_init__(self) -> None:
        unknown = set(self.controls) - {row.name for row in fields(self.request_type)}
        if unknown:
            raise ValueError(f"{self.request_type.__name__} has no field {', '.join(sorted(unknown))}")

    @property
    def outputs(self) -> list[Component]:
        """All that `filled` may change."""
        return [*self.controls.values(), self.picker, self.words]

    def request(self, values: Mapping[str, object]) -> TextToImage:
        """The request the values make; InvalidField if one is out of its limits."""
        return self.request_type(**values)

    def filled(self, values: Mapping[str, object], known: Mapping[str, str]) -> Updates:
        """Put values into the controls; those not given stay, those that could not be meant are left out.

        `known` maps the checkpoints that can be chosen to their families; sizes and words follow the one chosen.
        """
        updates = {
            self.controls[name]: gr.update(value=value)
            for name, value in values.items()
            if name in self.controls and _is_sound(name, value)
        }
        checkpoint = values.get("checkpoint")
        if checkpoint not in known:
            updates.pop(self.controls["checkpoint"], None)
            return updates
        choices = controls.size_choices(catalog.family(known[checkpoint]))
        chosen = f"{values.get('width')}x{values.get('height')}"
        value = chosen if chosen in dict(choices).values() else None
        return updates | {
            self.picker: gr.update(choices=choices, value=value),
            self.words: words_of(checkpoint),
        }


def words_of(checkpoint: str) -> str:
    """The words the checkpoint knows as HTML; nothing for one that was not taught a list."""
    return markup.words(next((row.words for row in catalog.CHECKPOINTS if row.id == checkpoint), {}))


def family_values(checkpoint: str, family: str) -> dict[str, object]:
    """What the controls show after another checkpoint is chosen: it, and its family's defaults."""
    row = catalog.family(family)
    width, height = row.sizes[0]
    return {"checkpoint": checkpoint, "width": width, "height": height, **row.defaults}


def _is_sound(name: str, value: object) -> bool:
    try:
        RULES[name].checked(name, value)
    except StudioError:
        return False
    return True
