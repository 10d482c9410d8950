"""A tab with a form and a picture, as the frame and the other tabs see it."""

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from studio.ui.chosen import Target
from studio.ui.form import Form
from studio.ui.picture import View


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Its form, its picture side, and what takes pictures from elsewhere: `target`, under the name `takes`.

    `open` ties what happens when the tab comes into sight.
    """

    form: Form
    view: View
    takes: str
    target: Target
    open: Callable[[gr.Tab], None] = lambda tab: None
