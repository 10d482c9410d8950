"""All pictures painted so far, the newest first: to find, compare, keep, throw away and go on from."""

from collections.abc import Sequence

import gradio as gr

from studio.ui.bench import Bench
from studio.ui.gallery import deeds, looking, sending, view
from studio.ui.gallery.view import View
from studio.ui.page import PLACES, Page

TITLE = "Gallery"


def build(page: Page) -> View:
    """The tab; `connect` brings it to life once the others are there."""
    return view.build(send=PLACES)


def connect(page: Page, tab: gr.Tab, parts: View, benches: Sequence[Bench]) -> None:
    """Tie the tab to the pictures, and to the other tabs."""
    show = looking.shower(page, parts)
    looking.connect(page, parts, show, tab)
    deeds.connect(page, parts, show)
    sending.connect(page, parts, benches)
