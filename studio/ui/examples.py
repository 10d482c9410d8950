"""What an example of a tab is: a picture, a prompt, and what came of the two; and the row of those to try."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import gradio as gr

from studio.ui.page import ASSETS

FOLDER = ASSETS / "examples"


@dataclass(frozen=True, kw_only=True)
class Example:
    """The files of a picture and of what came of it, and the prompt; each tab says the rest, and its `label`."""

    picture: str
    prompt: str
    result: str

    @property
    def file(self) -> Path:
        """The picture."""
        return FOLDER / self.picture

    @property
    def made(self) -> Path:
        """What came of it."""
        return FOLDER / self.result

    @property
    def label(self) -> str:
        """What is done, in words."""
        return self.prompt


Tried = TypeVar("Tried", bound=Example)


def build(examples: Sequence[Tried]) -> dict[Tried, gr.Button]:
    """A row of them."""
    with gr.Row(elem_classes="examples"):
        return {one: gr.Button(one.label, icon=one.made, size="sm", min_width=0) for one in examples}
