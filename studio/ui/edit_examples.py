"""Edits to try: each with its picture, its words and what came of it; a click puts all of it in place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import gradio as gr
from gradio.events import Dependency

from studio import catalog
from studio.ui import examples, mask_section, uploads, verbs
from studio.ui.form import Form
from studio.ui.page import QUICK
from studio.ui.picture import Updates


@dataclass(frozen=True, kw_only=True)
class Example(examples.Example):
    """A picture changed by a verb, with the words for what it was done to."""

    verb: str
    words: str

    @property
    def label(self) -> str:
        """What was done, in words."""
        verb = catalog.verb(self.verb).label
        return f"{verb}: {self.words} → {self.prompt}" if self.prompt else f"{verb}: {self.words}"


def connect(
    form: Form,
    buttons: Mapping[Example, gr.Button],
    section: mask_section.Section,
    show_mask: Callable[[Callable[..., Dependency]], Dependency],
) -> None:
    """A click fills picture, verb and words, and shows what they find; a mask of another picture goes."""
    fields = form.controls
    filled = [fields[name] for name in ("image", "verb", "prompt", *verbs.RECIPE)]

    def filler(example: Example) -> Callable[[], Updates]:
        def fill() -> Updates:
            verb, picture = catalog.verb(example.verb), uploads.read(example.file, label="Picture")
            values = {
                "image": uploads.served(picture),
                "verb": verb.name,
                "prompt": example.prompt,
                **verbs.recipe(verb, example.file),
                "words": example.words,
            }
            return section.cleared(picture) | {fields[name]: value for name, value in values.items()}

        return fill

    for example, button in buttons.items():
        clicked = button.click(filler(example), None, list({*filled, *section.held}), **QUICK)
        form.settle(clicked)
        show_mask(clicked.then)  # words alone wait for Find
