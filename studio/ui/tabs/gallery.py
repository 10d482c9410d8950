"""All pictures painted so far, the newest first: to find, compare, keep, throw away and go on from."""

from collections.abc import Mapping

import gradio as gr

from studio.ui.form import Form
from studio.ui.gallery import deeds, looking, sending, view
from studio.ui.gallery.view import View
from studio.ui.page import Page

TITLE = "Gallery"


def build(page: Page) -> View:
    """The tab; `connect` brings it to life once the others are there."""
    return view.build(send=tuple(sending.PLACES))


def connect(page: Page, built: Mapping[str, tuple[gr.Tab, object]], tabs: gr.Tabs) -> None:
    """Tie the tab to the pictures, and to the other tabs: each by its title, with what its `build` gave."""
    tab, parts = built[TITLE]
    forms = {title: form for title, (_, form) in built.items() if isinstance(form, Form)}
    show = looking.shower(page, parts)
    looking.connect(page, parts, show, tab)
    deeds.connect(page, parts, show)
    sending.connect(page, parts, tabs, forms)
