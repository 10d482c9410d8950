"""What stands beside the fields of a form and helps to fill them; none of it is part of a request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import gradio as gr
from gradio.components import Component

from studio import catalog, styles
from studio.requests import RULES
from studio.ui import compare, markup
from studio.ui.controls import html

# Accordions whose label says that what is in them has an effect.
SECTIONS = {"styles": "Styles", "image": "Start image", "axes": "Compare"}
# Fields that not every family has: the capability, and what happens without it.
CAPABILITIES = {
    "negative_prompt": ("negative_prompt", "reads no words for what to leave out"),
    "guidance_scale": ("guidance", "follows the words in one way only"),
    "guess_mode": ("guess_mode", "follows controls as the words go"),
}


@dataclass(frozen=True, kw_only=True)
class Aids:
    """The aids of a form: choices that fill several fields at once, and notes that say what the fields come to.

    Not every form has sizes, styles, sections and axes.
    """

    words: gr.HTML
    recipe: gr.Radio
    notes: dict[str, gr.HTML]
    facts: gr.JSON
    kept: gr.BrowserState
    pulse: gr.Button
    random: gr.Button
    last: gr.Button
    size: gr.Radio | None = None
    swap: gr.Button | None = None
    styles: gr.HTML | None = None
    sections: dict[str, gr.Accordion] = field(default_factory=dict)
    axes: dict[str, Component] = field(default_factory=dict)

    @property
    def settled(self) -> dict[str, Component]:
        """What `settings.js` works out from the fields, by its names."""
        values = {f"axis {name}": self.axes[f"{name}_values"] for name in compare.AXES if self.axes}
        return {
            **({"size": self.size} if self.size else {}),
            "recipe": self.recipe,
            **{f"note {name}": note for name, note in self.notes.items()},
            **{f"section {name}": section for name, section in self.sections.items()},
            **values,
            "kept": self.kept,
        }


def words(checkpoint: str) -> gr.HTML:
    """The words the checkpoint knows, to click into the prompt."""
    return html(markup.words(known_words(checkpoint)), "words")


def known_words(checkpoint: str) -> Mapping[str, tuple[str, ...]]:
    """The words the checkpoint was taught; nothing for one that was not taught a list."""
    return next((row.words for row in catalog.CHECKPOINTS if row.id == checkpoint), {})


def size(family: catalog.Family) -> gr.Radio:
    """The family's sizes to choose from."""
    choices = size_choices(family)
    return gr.Radio(choices, value=choices[0][1], label="Size", elem_classes="sizes")


def size_choices(family: catalog.Family) -> list[tuple[str, str]]:
    """The family's sizes as (label, value)."""
    return [(f"{width} × {height}", f"{width}x{height}") for width, height in family.sizes]


def recipe(family: catalog.Family) -> gr.Radio:
    """What the settings are for: a choice that fills steps, guidance and sampler together."""
    choices = recipe_choices(family)
    return gr.Radio(
        choices, value=choices[0][1], label="Settings for", elem_classes="recipes", visible=len(choices) > 1
    )


def recipe_choices(family: catalog.Family) -> list[tuple[str, str]]:
    """The family's recipes as (label, value); the value holds what `settings.js` takes apart again."""
    return [(row.label, _recipe_value(row)) for row in catalog.recipes(family)]


def family_facts(family: catalog.Family, bench: str, checkpoint: str = "") -> dict[str, object]:
    """What `settings.js` has to know of the family and the checkpoint, and of the workbench where they stand."""
    return {
        "checkpoint": checkpoint,
        "bench": bench,
        "family": family.name,
        "multiple": family.size_multiple,
        "second_pass_maximum": family.second_pass_maximum,
        "recipes": {_recipe_value(row): row.info for row in catalog.recipes(family)},
    }


def limits(family: catalog.Family) -> dict[str, dict[str, object]]:
    """For each field that not every family has: whether this one has it, and if not the reason."""
    return {
        name: {"interactive": True, "info": RULES[name].info}
        if capability in family.capabilities
        else {"interactive": False, "info": f"{family.label} has none: it {reason}."}
        for name, (capability, reason) in CAPABILITIES.items()
    }


def known_styles(names: object) -> list[str]:
    """Those of the names that are styles of ours, as a page may have kept them."""
    known = {row.name for row in styles.STYLES}
    return [name for name in names if name in known] if isinstance(names, list) else []


def notes(*names: str) -> dict[str, gr.HTML]:
    """Lines that say what the controls above them come to, by names of `settings.js`."""
    return {name: html("", "note-box", render=False) for name in names}


def facts(family: catalog.Family, title: str) -> gr.JSON:
    """What `settings.js` has to know, in a component that nobody sees."""
    return gr.JSON(family_facts(family, bench(title)), visible=False)


def bench(title: str) -> str:
    """The id of a tab's workbench."""
    return f"bench-{title.lower()}"


def kept(title: str) -> gr.BrowserState:
    """What the visitor's own browser keeps of a tab's fields."""
    # A fixed key and secret, else every restart of the server would forget; the values are no secret.
    return gr.BrowserState({}, storage_key=f"easel-{title.lower()}", secret="easel")


def pulse(name: str) -> gr.Button:
    """A button that nobody sees; `easel.soon` presses it once changes pause."""
    return gr.Button(visible="hidden", elem_id=name)


def examples(rows: Mapping[str, Path]) -> dict[str, gr.Button]:
    """Prompts to click, each with the picture it made."""
    with gr.Row(elem_classes="examples"):
        return {prompt: gr.Button(prompt, icon=picture, size="sm", min_width=0) for prompt, picture in rows.items()}


def _recipe_value(row: catalog.Recipe) -> str:
    values = row.values
    return f"{values['num_inference_steps']}|{values['guidance_scale']:g}|{values['scheduler']}"
