"""Controls to try: each a picture to follow, its words and what came of it; a click puts all of it in place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import gradio as gr
from gradio.events import Dependency

from studio import catalog
from studio.ui import examples, uploads
from studio.ui.control_units import LABEL
from studio.ui.form import Form
from studio.ui.page import QUICK
from studio.ui.picture import Updates


@dataclass(frozen=True, kw_only=True)
class Example(examples.Example):
    """A picture that another keeps to, and what of it is followed."""

    kind: str

    @property
    def label(self) -> str:
        """What is done, in words."""
        return f"{catalog.kind(self.kind).label} of a picture → {self.prompt}"


def connect(
    form: Form, buttons: Mapping[Example, gr.Button], show: Callable[[Callable[..., Dependency]], object]
) -> None:
    """A click fills picture, kind and words, and shows what is followed; a drawing of another goes."""
    fields, prompt = form.units.units[0].fields, form.controls["prompt"]

    def filler(example: Example) -> Callable[[], Updates]:
        def fill() -> Updates:
            picture = uploads.served(uploads.read(example.file, label=LABEL))
            empty = {fields["sketch"]: "", fields["skeleton"]: ""}
            return {prompt: example.prompt, fields["image"]: picture, fields["kind"]: example.kind, **empty}

        return fill

    filled = [prompt, *(fields[name] for name in ("image", "kind", "sketch", "skeleton"))]
    for example, button in buttons.items():
        clicked = button.click(filler(example), None, filled, **QUICK)
        form.settle(clicked)
        show(clicked.then)
