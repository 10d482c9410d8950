"""A page of the gallery, from the index to its HTML, with few pictures and with very many."""

import secrets
from pathlib import Path

from studio import outputs
from studio.outputs import Filter, Gallery, Row
from studio.outputs.rows import add
from studio.ui.gallery.asking import Asked
from studio.ui.gallery.looking import shown_page
from tests.benchmarks.rows import Row as Figure
from tests.benchmarks.rows import fastest

FEW, MANY = 100, 10_000
ROUNDS = 15
PROMPT = (
    "a red house in the snow, mountains, sunset, number {}, painted with care, many small windows, smoke, warm light"
)


def measured(folder: Path) -> list[Figure]:
    """Seconds for a page, the last page and a search among many; and how much longer that takes than among few."""
    few, many = (filled(folder / str(count), count) for count in (FEW, MANY))
    search = Filter(search="windows 77")
    pages = [
        Asked(wanted=Filter(), offset=0),
        Asked(wanted=Filter(), offset=MANY - 60),
        Asked(wanted=search, offset=0),
    ]
    small, *seconds = fastest(
        lambda: shown_page(few, pages[0]), *(lambda page=page: shown_page(many, page) for page in pages), rounds=ROUNDS
    )
    names = ("first page", "last page", "search")
    rows = [
        Figure(name=f"gallery of {MANY:,}: {name}", figure=figure) for name, figure in zip(names, seconds, strict=True)
    ]
    ratio = Figure(name=f"gallery of {MANY:,} / of {FEW}: first page", figure=seconds[0] / small, unit="×", limit=5)
    return [*rows, ratio]


def filled(folder: Path, count: int) -> Gallery:
    """A gallery with so many pictures in its index; the files are not needed to show a page."""
    index = outputs.opened(folder)
    index.run(lambda connection: [add(connection, _row(number)) for number in range(count)])
    return Gallery(index, "local")


def _row(number: int) -> Row:
    prompt = PROMPT.format(number)
    request = {
        "prompt": prompt,
        "num_inference_steps": 20,
        "guidance_scale": 4.5,
        "scheduler": "DPM++ 2M",
        "seed": number,
    }
    return Row(
        path=f"2026-11-25/{secrets.token_hex(8)}.png",
        owner="",
        created=float(number),
        width=128,
        height=128,
        prompt=prompt,
        checkpoint=("storybook", "sd15")[number % 2],
        seed=number,
        request=request,
    )
