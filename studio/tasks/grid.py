"""A grid of pictures: each cell painted once, kept for the next time, and shown on one sheet."""

import functools
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from PIL import Image

from studio import grids, sheets
from studio.config import Settings
from studio.errors import Cancelled, RunError, StudioError
from studio.grids import Cell, FindCheckpoint, Grid
from studio.pipelines import embeddings, loras
from studio.pipelines.manager import PipelineManager, pace_key
from studio.pipelines.shelf import Stamp
from studio.requests import TextToImage
from studio.results import Cost, Preview, Progress, Report, Result, to_json
from studio.tasks.generate import generate, passes
from studio.tasks.preprocess import Preprocessing

# Phases of a picture; any other, such as loading, counts something else than steps.
PAINTING = ("painting", "refining", "decoding")

Painted = dict[TextToImage, Image.Image]
# What was found out of cells that follow something: they are painted anew each time, to be measured.
Followed = dict[TextToImage, Result]


def compare(grid: Grid, manager: PipelineManager, report: Report, preprocessing: Preprocessing | None = None) -> Result:
    """Paint the cells of a grid that are not held finished; the result is the sheet, then the cells in reading order.

    Cancelled half-way, or if a cell cannot be painted, the others are kept and the sheet shows where they are missing.
    """
    started = time.monotonic()
    find = functools.cache(manager.row)
    grid = grids.resolved(grid, find)
    cells = [_named(cell, find, manager.settings) for cell in grids.cells(grid, find)]
    stamps = {checkpoint: manager.stamp(checkpoint) for checkpoint in grids.checkpoints(grid)}
    keys = {
        cell.request: _key(cell.request, stamps[cell.request.checkpoint], _beside(cell, find, manager.settings))
        for cell in cells
    }
    painted, followed, troubles = _painted(keys, manager, report, preprocessing)
    kept = sorted((cell for cell in cells if cell.request in painted), key=lambda cell: cell.place)
    if not kept:
        raise troubles[-1]
    requests = [cell.request for cell in kept]
    sheet, scale = sheets.drawn(grid, {cell.place: painted[cell.request] for cell in kept})
    result = Result(
        images=(sheet, *(painted[request] for request in requests)),
        request=grid,
        requests=(grid, *requests),
        seconds=time.monotonic() - started,
        note=_note(troubles, f"{len(kept)} of {len(cells)}", scale),
    )
    return _measured(result, requests, followed, manager) if followed else result


def _measured(result: Result, requests: Sequence[TextToImage], followed: Followed, manager: PipelineManager) -> Result:
    """The result with how far each cell obeys and what it took; of the sheet itself nothing is told."""
    done = [followed[request] for request in requests]
    costs = [Cost(seconds=one.seconds, weights_bytes=manager.weights_bytes(one.request)) for one in done]
    overlays = (result.images[0], *(one.overlays[0] for one in done)) if all(one.overlays for one in done) else ()
    obeyed = ((), *(one.obeyed[0] if one.obeyed else () for one in done))
    return replace(result, obeyed=obeyed, overlays=overlays, costs=(None, *costs))


def _painted(
    keys: Mapping[TextToImage, str], manager: PipelineManager, report: Report, preprocessing: Preprocessing | None
) -> tuple[Painted, Followed, list[StudioError]]:
    """The pictures that are to be had, what is known of those that follow something, and what stood in the way."""
    followed: Followed = {}
    held = {request: manager.finished.find(key) for request, key in keys.items() if not request.controls}
    painted = {request: picture for request, picture in held.items() if picture is not None}
    waiting = [request for request in keys if request not in painted]
    tally = _Tally(waiting, len(painted), manager, report)
    troubles: list[StudioError] = []
    useless: set[str] = set()
    for index, request in enumerate(waiting):
        if request.checkpoint in useless:
            continue
        try:
            result = generate(request, manager, tally.of(index), preprocessing)
        except StudioError as error:
            error.__cause__ = error.__context__ = None
            troubles.append(error.with_traceback(None))  # the frames hold tensors
            if isinstance(error, Cancelled):
                break
            if not isinstance(error, RunError):  # the checkpoint's fault, which its other cells share
                useless.add(request.checkpoint)
            continue
        painted[request] = result.images[0]
        if request.controls:
            followed[request] = result
        else:
            manager.finished.keep(keys[request], painted[request])
    return painted, followed, troubles


def _named(cell: Cell, find: FindCheckpoint, settings: Settings) -> Cell:
    """The cell with its LoRAs by their whole names."""
    return replace(cell, request=loras.resolved(cell.request, find(cell.request.checkpoint), settings))


def _beside(cell: Cell, find: FindCheckpoint, settings: Settings) -> list[Stamp]:
    """Of the LoRAs and embeddings of a cell."""
    row = find(cell.request.checkpoint)
    files = [file for file, _ in loras.files(cell.request, row, settings)]
    return [file.stamp for file in (*files, *embeddings.used(cell.request, row, settings))]


def _key(request: TextToImage, stamp: Stamp, beside: Sequence[Stamp]) -> str:
    """All that decides the pixels: the request, and the weights that its checkpoint and what it names mean today."""
    return json.dumps([stamp, beside, to_json(replace(request, embed_metadata=True))], default=str)


def _note(troubles: Sequence[StudioError], counts: str, scale: float) -> str:
    said = []
    if troubles and isinstance(troubles[-1], Cancelled):
        said.append(f"Stopped after {counts} cells.")
    elif troubles:
        said.append(f"Only {counts} cells could be painted. {troubles[0]}")
    if scale < 1:
        said.append(f"The sheet shows its cells at {scale:.0%} of their size; beside it they are whole.")
    return " ".join(said)


class _Tally:
    """Makes the progress of one cell that of the whole grid."""

    def __init__(self, waiting: Sequence[TextToImage], held: int, manager: PipelineManager, report: Report) -> None:
        self._waiting, self._held, self._manager, self._report = waiting, held, manager, report
        self._steps = [sum(passes(request)) for request in waiting]
        self._started = time.monotonic()

    def of(self, index: int) -> Report:
        """What the cell reports to."""

        def tell(event: Progress | Preview) -> None:
            self._report(self._whole(event, index) if isinstance(event, Progress) else event)

        return tell

    def _whole(self, event: Progress, index: int) -> Progress:
        elapsed = time.monotonic() - self._started
        if event.phase not in PAINTING:
            return replace(event, elapsed=elapsed)
        before = sum(self._steps[:index])
        return Progress(
            phase=f"{event.phase} cell {self._held + index + 1} of {self._held + len(self._waiting)}",
            # A sampler may take more steps than were asked; each cell counts as asked.
            step=before + round(event.step / event.steps * self._steps[index]),
            steps=sum(self._steps),
            elapsed=elapsed,
            remaining=self._remaining(event, index),
        )

    def _remaining(self, event: Progress, index: int) -> float | None:
        """Seconds this cell and those after it may take; one of a kind not seen yet is taken to be like this one."""
        if event.remaining is None:
            return None
        paces = self._manager.paces
        this = paces.get(pace_key(self._waiting[index]))
        each = this.step if this else (event.elapsed + event.remaining) / self._steps[index]
        seconds = event.remaining
        for request, steps in zip(self._waiting[index + 1 :], self._steps[index + 1 :], strict=True):
            pace = paces.get(pace_key(request))
            seconds += steps * pace.step + pace.rest if pace else steps * each
        return seconds
