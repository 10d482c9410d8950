"""The components of the Gallery tab: what is looked for, the grid, and one picture seen large."""

from collections.abc import Mapping
from dataclasses import dataclass

import gradio as gr
from gradio.components import Component

from studio.ui import markup
from studio.ui.controls import html
from studio.ui.gallery.asking import CHECKPOINT, SEARCH, SHOW

ANY = "All"
MADE = {
    "any": "Any time",
    "today": "Today",
    "week": "Last 7 days",
    "month": "Last 30 days",
    "between": "Between two days",
}
DAYS = "<label>From <input type='date'></label><label>to <input type='date'></label>"


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What is looked for; `offset` says from which picture on."""

    search: gr.Textbox
    checkpoint: gr.Dropdown
    shown: gr.Dropdown
    made: gr.Dropdown
    days: gr.HTML
    offset: gr.Number
    clear: gr.Button

    @property
    def inputs(self) -> list[Component]:
        """In the order of `easel.gallery.asked` and `asking.asked`."""
        return [self.search, self.checkpoint, self.shown, self.made, self.days, self.offset]


@dataclass(frozen=True, kw_only=True)
class Browser:
    """The grid, how many pictures there are, and the way to the others."""

    count: gr.HTML
    grid: gr.HTML
    pager: gr.Row
    newer: gr.Button
    place: gr.HTML
    older: gr.Button


@dataclass(frozen=True, kw_only=True)
class Picked:
    """What can be done with the pictures that are chosen in the grid."""

    star: gr.Button
    compare: gr.Button
    zip: gr.Button
    delete: gr.Button
    restore: gr.Button
    none: gr.Button


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """One picture large, or two to compare, and what can be done with the one."""

    back: gr.Button
    about: gr.HTML
    large: gr.HTML
    star: gr.Button
    download: gr.Button
    reuse: gr.Button
    send: dict[str, gr.Button]
    delete: gr.Button
    restore: gr.Button


@dataclass(frozen=True, kw_only=True)
class View:
    """The whole tab. `ids` takes what the page's script says is meant, `parcel` the ZIP that is ready."""

    filters: Filters
    browser: Browser
    picked: Picked
    viewer: Viewer
    notice: gr.HTML
    ids: gr.JSON
    parcel: gr.JSON


def build(*, send: tuple[str, ...]) -> View:
    """The tab's components; `send` are the places a picture can be sent to."""
    with gr.Column(elem_classes="gallery-tab"):
        with gr.Column(elem_classes="browse"):
            filters, count = _filters()
            browser = _browser(count)
            picked = _picked()
        with gr.Column(elem_classes="viewer"):
            viewer = _viewer(send)
        # A place that is there before its text, else screen readers do not hear of it.
        notice = _alive("notice", "undo-box", html_template="<div role='status'>${value}</div>")
    return View(
        filters=filters,
        browser=browser,
        picked=picked,
        viewer=viewer,
        notice=notice,
        ids=gr.JSON(visible=False),
        parcel=gr.JSON(visible=False),
    )


def _filters() -> tuple[Filters, gr.HTML]:
    with gr.Row(elem_classes="filters"):
        search = gr.Textbox(
            label=SEARCH.label, placeholder="Words of the prompt", max_length=SEARCH.maximum, min_width=0
        )
        checkpoint = _choice(CHECKPOINT.label, {"": ANY})
        made = _choice("Made", MADE)
        shown = _choice(SHOW.label, SHOW.choices)
    days = gr.HTML(
        [None, None],
        html_template=DAYS,
        js_on_load="easel.gallery.days(element, props, trigger)",
        elem_classes="days",
        apply_default_css=False,
        visible=False,
    )
    with gr.Row(elem_classes="count-line"):
        count = html("", "count-box")
        clear = gr.Button("Show all", size="sm", visible=False)
    filters = Filters(
        search=search,
        checkpoint=checkpoint,
        shown=shown,
        made=made,
        days=days,
        offset=gr.Number(0, visible=False, precision=0),
        clear=clear,
    )
    return filters, count


def _choice(label: str, choices: Mapping[str, str]) -> gr.Dropdown:
    said = [(text, name) for name, text in choices.items()]
    return gr.Dropdown(said, value=said[0][1], label=label, filterable=False, min_width=0)


def _browser(count: gr.HTML) -> Browser:
    grid = _alive("grid", "grid-box")
    with gr.Row(visible=False, elem_classes="pager") as pager:
        newer = gr.Button("Newer", size="sm")
        place = html("", "place-box")
        older = gr.Button("Older", size="sm")
    return Browser(count=count, grid=grid, pager=pager, newer=newer, place=place, older=older)


def _picked() -> Picked:
    with gr.Row(elem_classes="picked-bar"):
        html("<p class='picked' role='status'></p>", "picked-box")
        star = gr.Button("Star", size="sm")
        compare = gr.Button("Compare", size="sm", elem_classes="compare")
        zip = gr.Button("Download ZIP", size="sm")
        restore = gr.Button("Put back", size="sm", elem_classes="restore")
        delete = gr.Button("Delete", size="sm", elem_classes="delete")
        none = gr.Button("Clear", size="sm", elem_classes="let-go")
    return Picked(star=star, compare=compare, zip=zip, delete=delete, restore=restore, none=none)


def _viewer(send: tuple[str, ...]) -> Viewer:
    back = gr.Button("All pictures", size="sm", elem_classes="back")
    with gr.Row(elem_classes="viewer-body"):
        with gr.Column(elem_classes="viewer-words"):
            about = html("", "about-box")
            with gr.Row(elem_classes="viewer-tools"):
                star = gr.Button("Star", size="sm")
                download = gr.Button("Download", size="sm")
                reuse = gr.Button("Reuse settings", size="sm")
                with gr.Row(elem_classes="tool-group"):
                    html(markup.tool_group("Send to"), "tool-label")
                    sent = {name: gr.Button(name, size="sm") for name in send}
                restore = gr.Button("Put back", size="sm", visible=False, elem_classes="restore")
                delete = gr.Button("Delete", size="sm", elem_classes="delete")
        large = _alive("viewer", "large-box")
    return Viewer(
        back=back,
        about=about,
        large=large,
        star=star,
        download=download,
        reuse=reuse,
        send=sent,
        delete=delete,
        restore=restore,
    )


def _alive(script: str, name: str, **options: object) -> gr.HTML:
    """A piece of HTML that `assets/gallery.js` or `viewer.js` brings to life."""
    return html("", name, js_on_load=f"easel.gallery.{script}(element, props, trigger, watch)", **options)
