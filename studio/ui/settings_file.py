"""Settings from a picture file: shown first, with what has no place here, and set only if wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import gradio as gr

from studio import catalog, infotext, outputs
from studio.errors import StudioError
from studio.outputs import Found
from studio.requests import RULES, TextToImage
from studio.ui import compare, controls, embedding_picker, lora_picker, markup, uploads
from studio.ui.chosen import image_file
from studio.ui.controls import html
from studio.ui.events import QUICK, WATCHING, told
from studio.ui.form import Form, family_values
from studio.ui.page import Page
from studio.ui.picture import Updates

LABEL = "Picture"
HINT = "A PNG, JPEG or WebP from here, A1111, Forge, ComfyUI and others. You see its settings before they are set."
# What programs do not name when it is off.
OFF = {
    name: getattr(TextToImage, name)
    for name in ("negative_prompt", "clip_skip", "second_pass_scale", "prompt_per_line", "num_images_per_prompt")
} | {"loras": []}
PROGRAMS = {"easel": "Easel", "a1111": "A1111", "forge": "Forge", "comfyui": "ComfyUI", "invokeai": "InvokeAI"}


@dataclass(frozen=True, kw_only=True)
class Reader:
    """The accordion's parts: where a file is dropped, what was found in it, and what to do about it."""

    file: gr.Image
    found: gr.HTML
    answers: gr.Row
    apply: gr.Button
    close: gr.Button


def build() -> Reader:
    """The accordion with its drop zone."""
    with gr.Accordion("Settings from a picture", open=False, elem_classes="settings-file"):
        file = controls.drop("Picture file", height=160)
        found = html(markup.note(HINT), "found-box")
        with gr.Row(visible=False, elem_classes="answers") as answers:
            apply = gr.Button("Apply", variant="primary", size="sm")
            close = gr.Button("Close", size="sm")
    return Reader(file=file, found=found, answers=answers, apply=apply, close=close)


def connect(page: Page, form: Form, reader: Reader) -> None:
    """Show what a file holds; fill the form with it only when asked to."""
    parts = [reader.file, reader.found, reader.answers]

    def read(value: object, request: gr.Request) -> Updates:
        with told("Not read"):
            found = offered(page, value, request)
            return {reader.found: shown(page, found), reader.answers: gr.update(visible=True)}
        return _empty(reader)

    def apply(value: object, request: gr.Request) -> Updates:
        with told("Not filled in"):
            return form.filled(offered(page, value, request).values, page.row) | _empty(reader)
        return _empty(reader)

    taking = {"inputs": reader.file, "preprocess": False, **WATCHING}
    reader.file.upload(read, outputs=parts, **taking)
    applied = reader.apply.click(apply, outputs=[*form.outputs, *parts], **taking)
    form.settle(applied)
    applied.then(None, js="() => easel.show('.prompt')")
    gr.on([reader.close.click, reader.file.clear], lambda: _empty(reader), None, parts, **QUICK)


def offered(page: Page, value: object, request: gr.Request) -> Found:
    """What the file would set, by the names and in the form of the controls; StudioError if it holds no settings."""
    known = {name: row["id"] for row in page.engine.checkpoints() for name in (row["label"], row["id"])}
    found = outputs.found(uploads.uploaded(value, label=LABEL), known)
    values, unknown, notes = dict(found.values), dict(found.unknown), list(found.notes)
    row = page.row(values.get("checkpoint"))
    if row is None and "checkpoint" in values:
        unknown[RULES["checkpoint"].label] = str(values.pop("checkpoint"))
        notes.append("Checkpoint: it is not to be had here; the one chosen stays.")
    followed = values.pop("controls", ())
    if followed:
        unknown[RULES["controls"].label] = ", ".join(catalog.kind(str(one["kind"])).label for one in followed)
        notes.append(
            "Controls: what the picture followed is left out here. Use it from the Gallery, for the Control tab."
        )
    here, gone = _loras(page, values.pop("loras", []))
    if gone:
        unknown[lora_picker.LABEL] = lora_picker.worded(gone)
        notes.append("LoRAs: they are not here, and left out. Put their files into 'loras' in the --models folder.")
    values["loras"] = here
    if lost := _lost(page, found.embeddings):
        unknown[embedding_picker.LABEL] = ", ".join(lost)
        notes.append(
            "Embeddings: they are not here, and their names are read as plain words. Put their files into 'embeddings' "
            "in the --models folder."
        )
    try:
        values["image"] = image_file(page, values.get("image"), request, label=RULES["image"].label)
    except StudioError as error:
        values["image"] = None
        notes.append(str(error))
    values = {**OFF, **(family_values(row) if row else {}), **values, **compare.texts(found.grid)}
    return Found(source=found.source, values=values, unknown=unknown, notes=tuple(notes))


def _loras(page: Page, said: Sequence[Mapping[str, object]]) -> tuple[list[Mapping[str, object]], ...]:
    """Those that are here, by name or by the name of their file, and the others."""
    paths = [PurePosixPath(str(row["name"])) for row in page.engine.loras(TextToImage().checkpoint)]
    known = {str(path) for path in paths} | {path.name for path in paths}
    here = [one for one in said if one["name"] in known]
    return here, [one for one in said if one not in here]


def _lost(page: Page, names: Sequence[str]) -> list[str]:
    """Those of the embeddings that are not here, by their names as an infotext has them."""
    rows = page.engine.embeddings(TextToImage().checkpoint) if names else []
    known = {infotext.unmarked(str(row["name"])).lower() for row in rows}
    return [name for name in names if name.lower() not in known]


def shown(page: Page, found: Found) -> str:
    """What the file would set and what has no place here, as HTML."""
    row = page.row(found.values.get("checkpoint"))
    values = {**found.values, "checkpoint": row["label"]} if row else found.values
    said = {rule.label: _worded(name, values[name]) for name, rule in RULES.items() if name in values}
    said |= compare.worded(values)
    return markup.found(PROGRAMS.get(found.source, found.source), said, found.unknown, found.notes)


def _worded(name: str, value: object) -> str:
    if name == "image":
        return "the one used then" if value else "none"
    if name == "loras":
        return lora_picker.worded(value) or "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"


def _empty(reader: Reader) -> Updates:
    return {reader.file: None, reader.found: markup.note(HINT), reader.answers: gr.update(visible=False)}
