"""What is done with pictures: stars, the trash and the way back from it, and a ZIP to take away."""

from collections.abc import Callable, Sequence
from html import escape

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from studio.outputs import Gallery
from studio.ui.events import WATCHING, told
from studio.ui.gallery import asking, zips
from studio.ui.gallery.looking import Show, star_label
from studio.ui.gallery.serving import ZIPS
from studio.ui.gallery.view import View
from studio.ui.page import Page
from studio.ui.picture import Updates

# Where the page's script finds the pictures that are meant: the one seen large, those chosen, those just deleted.
ONE, PICKED, UNDONE = "easel.gallery.one", "easel.gallery.picked", "easel.gallery.undone"

Deed = Callable[[Gallery, Sequence[str]], object]
Way = tuple[Callable[..., Dependency], str]


def connect(page: Page, view: View, show: Show) -> None:
    """All that changes pictures; the grid is shown anew after each."""
    viewer, picked = view.viewer, view.picked
    starring = ((viewer.star.click, ONE), (picked.star.click, PICKED))
    deleting = ((viewer.delete.click, ONE), (picked.delete.click, PICKED))
    restoring = ((view.notice.input, UNDONE), (viewer.restore.click, ONE), (picked.restore.click, PICKED))
    tie = _tied(page, view, show)
    tie(starring, star, view.viewer.star)
    tie(deleting, delete, view.notice)
    tie(restoring, restore, view.notice)
    pack(page, view)


def star(gallery: Gallery, ids: Sequence[str]) -> object:
    """Star them; if all of them are starred already, take the stars away."""
    rows = [gallery.get(id) for id in ids]
    is_starred = not all(row.is_starred for row in rows)
    for row in rows:
        gallery.star(row.id, is_starred)
    return gr.update(value=star_label(is_starred))


def delete(gallery: Gallery, ids: Sequence[str]) -> str:
    """Put them into the trash, and offer to undo it."""
    gallery.delete(ids)
    return notice(ids, "deleted", can_undo=True)


def restore(gallery: Gallery, ids: Sequence[str]) -> str:
    """Bring them back from the trash."""
    gallery.restore(ids)
    return notice(ids, "put back")


def pack(page: Page, view: View) -> None:
    """Pack what is chosen, then let the browser fetch it."""

    def packed(value: object, request: gr.Request) -> Updates:
        with told("Not packed"):
            owner = page.owner(request)
            token = zips.packed(page.gallery(owner), owner, asking.ids(value))
            return {view.parcel: {"address": f"{ZIPS}/{token}"}}
        return {view.parcel: None}

    ready = view.picked.zip.click(packed, view.ids, [view.parcel], js=PICKED, preprocess=False, **WATCHING)
    ready.then(None, view.parcel, None, js="easel.gallery.fetch")


def notice(ids: Sequence[str], done: str, *, can_undo: bool = False) -> str:
    """What has been done with how many pictures; the page's script lets go of them."""
    said = f"{len(ids)} {'picture' if len(ids) == 1 else 'pictures'} {done}"
    undo = "<button type='button' class='undo'>Undo</button>" if can_undo else ""
    return f"<p class='undo-line' data-ids='{escape(' '.join(ids))}'>{said}{undo}</p>"


def _tied(page: Page, view: View, show: Show) -> Callable[[Sequence[Way], Deed, Component], None]:
    """What makes each of some events do a deed with the pictures that are meant, and show the grid anew."""

    def tie(ways: Sequence[Way], deed: Deed, output: Component) -> None:
        def done(value: object, request: gr.Request) -> object:
            with told("Not done"):
                return deed(page.gallery(page.owner(request)), asking.ids(value))
            return gr.skip()

        for event, meant in ways:
            show(event(done, view.ids, output, js=meant, preprocess=False, **WATCHING).then, "same")

    return tie
