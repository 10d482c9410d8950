"""The picker of LoRAs: what it holds is what a request says, and is put back as it was."""

import gradio as gr

from studio.requests import Lora
from studio.ui import lora_picker
from studio.ui.bench import Bench
from studio.ui.form import Form
from studio.ui.page import Page

INK = {"name": "ink", "scale": 0.5}


def nothing(value: object, *, label: str = "") -> None:
    return None


def test_what_is_chosen_is_asked_for(form: Form) -> None:
    assert form.request({"prompt": "a cat", "loras": [INK]}, nothing).loras == (Lora(name="ink", scale=0.5),)
    assert form.request({"prompt": "a cat", "loras": []}, nothing).loras == ()


def test_what_was_chosen_is_put_back(form: Form, page: Page) -> None:
    assert form.filled({"loras": [INK]}, page.row)[form.controls["loras"]]["value"] == [INK]
    assert form.filled({"loras": [{"name": "ink", "scale": 9}]}, page.row) == {}


def test_the_edit_tab_has_one_too(bench: Bench) -> None:
    assert isinstance(bench.form.controls["loras"], gr.HTML)


def test_the_list_is_asked_for_anew(page: Page) -> None:
    with page.blocks:
        picker = lora_picker.build(page.engine)
    assert [row["name"] for row in picker.listed(None) if not row["is_bundled"]] == ["ink"]


def test_they_are_told_in_words() -> None:
    assert lora_picker.worded([INK, {"name": "wet", "scale": 1.0}]) == "ink 0.5, wet 1"
    assert lora_picker.worded(None) == lora_picker.worded([]) == ""
