"""The closed accordions of a form: what few need at once, in groups with a heading each."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import gradio as gr
from gradio.components import Component

from studio import catalog
from studio.requests import Inpaint, TextToImage
from studio.ui import aids, compare, controls, embedding_picker, lora_picker, markup, style_cards
from studio.ui.controls import Controls, html
from studio.ui.page import Page


def styles() -> tuple[gr.Accordion, gr.HTML, gr.HTML]:
    """The accordion with the style cards, these, and the line that says what they add."""
    with gr.Accordion(aids.SECTIONS["styles"], open=False, elem_classes="styles-section") as section:
        line = html(style_cards.NONE, "note-box")
        cards = style_cards.build()
    return section, cards, line


def start_image(note: gr.HTML) -> tuple[gr.Accordion, Controls]:
    """The accordion with the picture to begin with, and how much of it stays."""
    with gr.Accordion(aids.SECTIONS["image"], open=False, elem_classes="start-image") as section:
        fields = controls.image() | controls.strength()
        note.render()
        fields |= controls.resize_mode()
    return section, fields


def advanced(
    page: Page,
    notes: dict[str, gr.HTML],
    *,
    is_steered: bool = False,
    adapters: Sequence[tuple[str, str]] = (),
) -> tuple[Controls, dict[str, gr.Button]]:
    """The accordion with everything else, and the buttons beside its numbers.

    Of what is steered too, and of references the `adapters` to choose from, as (label, id).
    """
    family = page.first_family
    with gr.Accordion("Advanced", open=False, elem_classes="advanced"):
        with _group("Words"):
            fields = controls.negative_prompt()
            notes["negative_prompt"].render()
            fields |= controls.prompt_per_line()
        if is_steered:
            with _group("Controls"):
                fields |= controls.of(TextToImage, "guess_mode")
        if adapters:
            with _group("References"):
                fields |= controls.adapter(adapters)
        with _group(lora_picker.LABEL):
            fields |= {"loras": lora_picker.build(page.engine)}
        with _group(embedding_picker.LABEL):
            embedding_picker.build(page)
        with _group("Sampling"):
            fields |= controls.sampling(family)
            seed, random, last = controls.seed()
            fields |= seed | controls.clip_skip()
        with _group("Size"):
            size, swap = controls.size(family)
            fields |= size | controls.second_pass()
            notes["second_pass"].render()
        with _group("File"):
            fields |= controls.embed_metadata()
    return fields, {"swap": swap, "random": random, "last": last}


def edit_advanced(page: Page, notes: dict[str, gr.HTML]) -> tuple[Controls, dict[str, gr.Button]]:
    """The accordion with everything else of an edit, and the buttons beside its seed."""
    family, verb = page.first_family, catalog.VERBS[0]
    with gr.Accordion("Advanced", open=False, elem_classes="advanced"):
        with _group("Words"):
            fields = controls.negative_prompt()
            notes["negative_prompt"].render()
        with _group("Edit"):
            fields |= controls.of(Inpaint, "strength", strength=verb.strength)
            notes["strength"].render()
            fields |= controls.of(Inpaint, "padding_mask_crop")
        with _group(lora_picker.LABEL):
            fields |= {"loras": lora_picker.build(page.engine)}
        with _group(embedding_picker.LABEL):
            embedding_picker.build(page)
        with _group("Sampling"):
            fields |= controls.sampling(family)
            seed, random, last = controls.seed()
            fields |= seed | controls.clip_skip()
        with _group("File"):
            fields |= controls.embed_metadata()
    return fields, {"random": random, "last": last}


def grid() -> tuple[gr.Accordion, dict[str, Component]]:
    """The accordion with the axes of a grid, and the note that counts its pictures."""
    with gr.Accordion(aids.SECTIONS["axes"], open=False, elem_classes="compare") as section:
        html(markup.note(compare.HINT), "note-box")
        rows = compare.build()
        note = html("", "note-box")
        html(markup.signs(compare.SIGNS), "signs-box")
    compare.tell(rows, note)
    return section, rows


@contextmanager
def _group(title: str) -> Iterator[None]:
    with gr.Column(elem_classes="group"):
        html(markup.heading(title), "heading-box")
        yield
