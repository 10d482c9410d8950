"""Finding pictures and looking at them: the grid that the filters ask for, one picture large, two compared."""

from collections.abc import Callable

import gradio as gr
from gradio.events import Dependency

from studio.outputs import Filter, Gallery
from studio.ui.events import WATCHING, told
from studio.ui.gallery import about, asking, tiles
from studio.ui.gallery.asking import PAGE, Asked
from studio.ui.gallery.view import ANY, View
from studio.ui.page import Page
from studio.ui.picture import Updates

# Binds an event so that the grid is shown anew after it; the word says which part: first, newer, older or same.
Show = Callable[..., Dependency]

# The page's script asks anew when it has its answer; Gradio would drop what is asked a moment too early.
IN_TURN = {"trigger_mode": "multiple"}
EMPTY_FILTERS = "() => ['', '', 'all', 'any', [null, null], 0]"


def connect(page: Page, view: View, show: Show, tab: gr.Tab) -> None:
    """All that changes only what is seen."""
    browse(view, show, tab)
    open_one(page, view)
    compare(page, view)
    view.viewer.back.click(None, None, [view.viewer.about, view.viewer.large], js="() => ['', '']")
    view.picked.none.click(None, js="easel.gallery.clear")
    view.viewer.download.click(None, js="easel.gallery.save")


def browse(view: View, show: Show, tab: gr.Tab) -> None:
    """The grid follows the filters at once, and finds what is new whenever the tab is entered."""
    filters, browser = view.filters, view.browser
    # A text's own input event knows keys only: neither what is pasted, nor what a phone types.
    chosen = [control.input for control in (filters.checkpoint, filters.made, filters.days, filters.shown)]
    gr.on([filters.search.change, *chosen], None, js="easel.gallery.changed")
    show(browser.grid.input, "first", **IN_TURN).then(None, js="easel.gallery.answered")
    show(tab.select, "same")
    show(browser.newer.click, "newer")
    show(browser.older.click, "older")
    filters.made.change(None, filters.made, filters.days, js="easel.gallery.between")
    show(filters.clear.click(None, None, filters.inputs, js=EMPTY_FILTERS).then, "first")


def shower(page: Page, view: View) -> Show:
    """What shows the grid anew after an event."""
    browser, filters = view.browser, view.filters
    outputs = [browser.grid, browser.count, browser.pager, browser.newer, browser.place, browser.older]

    def shown(request: gr.Request, *given: object) -> Updates:
        with told("Not shown"):
            search, checkpoint, what, span, _, offset = given
            asked = asking.asked(search, checkpoint, what, span, offset)
            gallery = page.gallery(page.owner(request))
            # It names files of this machine, which are no visitor's business.
            note = "" if page.settings.is_public else gallery.note
            return _grid(view, gallery, asked, note) | {filters.checkpoint: _checkpoints(page, gallery)}
        return {browser.grid: gr.skip()}

    def show(event: Callable[..., Dependency], which: str, **how: object) -> Dependency:
        js = f"(...given) => easel.gallery.asked(given, '{which}', {PAGE})"
        changed = [*outputs, filters.checkpoint, filters.offset, filters.clear]
        return event(shown, filters.inputs, changed, js=js, preprocess=False, **WATCHING, **how)

    return show


def open_one(page: Page, view: View) -> None:
    """A picture clicked is shown large, with its words, its settings, and what can be done with it."""
    viewer = view.viewer
    outputs = [viewer.about, viewer.large, viewer.star, viewer.delete, viewer.restore]

    def opened(value: object, request: gr.Request) -> Updates:
        with told("Not opened"):
            row = page.gallery(page.owner(request)).get(asking.one(value))
            return {
                viewer.about: about.about(row, labels(page)),
                viewer.large: about.large(row),
                viewer.star: gr.update(value=star_label(row.is_starred)),
                viewer.delete: gr.update(visible=row.deleted is None),
                viewer.restore: gr.update(visible=row.deleted is not None),
            }
        return {viewer.about: gr.skip()}

    js = "easel.gallery.wanted"
    shown = view.browser.grid.select(opened, view.ids, outputs, js=js, preprocess=False, **WATCHING, **IN_TURN)
    shown.then(None, js="easel.gallery.opened")


def compare(page: Page, view: View) -> None:
    """Two chosen pictures are laid over each other, and what differs in them is listed."""
    viewer = view.viewer

    def compared(value: object, request: gr.Request) -> Updates:
        with told("Not compared"):
            gallery = page.gallery(page.owner(request))
            first, second = (gallery.get(id) for id in asking.two(value))
            return {
                viewer.about: about.differences(first, second, labels(page)),
                viewer.large: about.comparison(first, second),
            }
        return {viewer.about: gr.skip()}

    outputs = [viewer.about, viewer.large]
    view.picked.compare.click(compared, view.ids, outputs, js="easel.gallery.compared", preprocess=False, **WATCHING)


def star_label(is_starred: bool) -> str:
    """What the button says that stars a picture, or takes the star away."""
    return "Remove star" if is_starred else "Star"


def labels(page: Page) -> dict[str, str]:
    """What each checkpoint is called, by id."""
    return {row["id"]: row["label"] for row in page.engine.checkpoints()}


def shown_page(gallery: Gallery, asked: Asked) -> tuple[str, int, int, int]:
    """The grid as HTML, from which picture on, how many are in it, and of how many.

    Where so many are not there any more it is the last page.
    """
    rows, total = gallery.page(asked.wanted, offset=asked.offset, limit=PAGE)
    offset = asked.offset
    if not rows and total:
        offset = (total - 1) // PAGE * PAGE
        rows, total = gallery.page(asked.wanted, offset=offset, limit=PAGE)
    return tiles.tiles(rows) if rows else tiles.nothing(asked.wanted), offset, len(rows), total


def _grid(view: View, gallery: Gallery, asked: Asked, note: str) -> Updates:
    browser, filters = view.browser, view.filters
    grid, offset, shown, total = shown_page(gallery, asked)
    return {
        browser.grid: tiles.noted(note) + grid,
        browser.count: tiles.counted(total),
        browser.pager: gr.update(visible=total > PAGE),
        browser.newer: gr.update(interactive=offset > 0),
        browser.place: tiles.place(offset, shown, total),
        browser.older: gr.update(interactive=offset + shown < total),
        filters.offset: offset,
        filters.clear: gr.update(visible=asked.wanted != Filter()),
    }


def _checkpoints(page: Page, gallery: Gallery) -> dict[str, object]:
    known = labels(page)
    return gr.update(choices=[(ANY, ""), *((known.get(id, id), id) for id in gallery.checkpoints())])
