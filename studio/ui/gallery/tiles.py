"""The grid of small pictures as HTML, and what stands in its place when there are none."""

from collections.abc import Sequence
from html import escape

from studio.outputs import Filter, Row
from studio.ui.gallery.serving import THUMBNAILS

LONGEST_NAME = 160
STAR = (
    "<svg class='star' viewBox='0 0 20 20' aria-hidden='true'>"
    "<path d='M10 1.8l2.5 5.2 5.7.7-4.2 3.9 1.1 5.6L10 14.4l-5.1 2.8L6 11.6 1.8 7.7l5.7-.7z'/></svg>"
)
NOTHING = {
    "": ("Nothing here yet.", "Press Run in Generate: every picture is kept here."),
    "filtered": ("No picture matches.", "Try fewer words, or a longer time."),
    "starred": ("Nothing starred yet.", "Open a picture and press Star to find it again here."),
    "deleted": ("Nothing deleted.", "Deleted pictures wait here for a while, and can be put back."),
}


def tiles(rows: Sequence[Row]) -> str:
    """Pictures in their order: each has a button to open it and a box to choose it, for `assets/gallery.js`."""
    inside = "".join(_tile(row, is_first=number == 0) for number, row in enumerate(rows))
    return f"<ul class='tiles' role='list'>{inside}</ul>"


def nothing(wanted: Filter) -> str:
    """What is said where no picture is."""
    title, hint = NOTHING[_why(wanted)]
    return f"<div class='nothing'><p>{escape(title)}</p><p>{escape(hint)}</p></div>"


def noted(note: str) -> str:
    """What stands over the pictures, if there is something to know of all of them."""
    return f"<p class='gallery-note' role='status'>{escape(note)}</p>" if note else ""


def counted(total: int) -> str:
    """How many there are, spoken by screen readers."""
    return f"<p class='pictures-counted' role='status'>{total:,} {'picture' if total == 1 else 'pictures'}</p>"


def place(offset: int, shown: int, total: int) -> str:
    """Which of them are shown."""
    return f"<p class='place'>{offset + 1:,}–{offset + shown:,} of {total:,}</p>"


def name(row: Row) -> str:
    """What a picture is called: the beginning of its words."""
    words = " ".join(row.prompt.split())
    cut = words if len(words) <= LONGEST_NAME else f"{words[: LONGEST_NAME - 1]}…"
    return cut or "A picture without words"


def _tile(row: Row, *, is_first: bool) -> str:
    called, id, reach = escape(name(row)), escape(row.id), 0 if is_first else -1
    starred = ", starred" if row.is_starred else ""
    image = f"<img src='{THUMBNAILS}/{id}' alt='' width='{row.width}' height='{row.height}' loading='lazy'>"
    return (
        f"<li class='tile' data-id='{id}' style='--ratio: {row.width / row.height:.4f}'>"
        f"<button type='button' class='tile-open' tabindex='{reach}' aria-label='{called}{starred}'>{image}</button>"
        f"<label class='tile-pick'><input type='checkbox' tabindex='{reach}' aria-label='Choose {called}'></label>"
        f"{STAR if row.is_starred else ''}</li>"
    )


def _why(wanted: Filter) -> str:
    if wanted.search or wanted.checkpoint or wanted.since is not None or wanted.until is not None:
        return "filtered"
    return "deleted" if wanted.deleted else "starred" if wanted.starred else ""
