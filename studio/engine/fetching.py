"""Bringing a checkpoint onto this machine: downloaded from a hub, or converted from a pickled file."""

import time
from dataclasses import replace
from pathlib import Path

from studio import catalog, convert
from studio.catalog import Checkpoint
from studio.config import Settings
from studio.errors import LoadError, NotFound
from studio.pipelines import hub, sources
from studio.requests import Fetch
from studio.results import Fetched, Progress, Report


def found(id: str, settings: Settings) -> Checkpoint:
    """The row of a checkpoint, one that only the hub knows too; NotFound or LoadError if it is none."""
    try:
        return sources.find(id, settings)
    except NotFound:
        if settings.is_public or not hub.REPOSITORY.fullmatch(id.strip()):
            raise
        return hub.row_of(id, settings)


def check(request: Fetch, settings: Settings) -> None:
    """LoadError if the one who asks is not the studio's owner: what lies on its disk is no visitor's business."""
    if settings.is_public:
        raise LoadError("Checkpoint: only the owner of this studio can fetch one. Choose another of the list.")


def fetch(request: Fetch, settings: Settings, report: Report) -> Fetched:
    """Do it, reporting bytes; what `report` raises stops it, and what has come is taken up by the next fetch."""
    started = time.monotonic()
    row = found(request.checkpoint, settings)
    before: list[int] = []  # what lay here when this fetch began tells nothing of its speed

    def tell(phase: str, done: int, total: int) -> None:
        if total and not before:
            before.append(done)
        elapsed, came = time.monotonic() - started, done - before[0] if before else 0
        remaining = elapsed / came * (total - done) if came else None
        report(Progress(phase=phase, step=done, steps=total, elapsed=elapsed, remaining=remaining))

    if row.needs:
        hub.fetch_configs(row.needs, settings, lambda done, total: tell("downloading", done, total))
    elif row.is_pickle:
        convert.converted(Path(row.source), on_progress=lambda done, total: tell("converting", done, total))
        row = replace(row, id=str(Path(row.id).with_suffix(".safetensors")))
    elif sources.own_path(row):
        raise LoadError(row.problem or f"Checkpoint: {row.label} is on this machine already. Choose it in the picker.")
    else:
        left_out = catalog.family(row.family).left_out
        hub.fetch(row, settings, lambda done, total: tell("downloading", done, total), left_out=left_out)
    return Fetched(checkpoint=row.id, seconds=time.monotonic() - started)
