"""Single networks that help beside checkpoints: where one lies, and bringing it here when it is first used."""

import time
from pathlib import Path

from studio.config import Settings
from studio.errors import LoadError
from studio.pipelines import hub, sources
from studio.requests import RULES
from studio.results import Progress, Report

CHECKPOINT = RULES["checkpoint"].label


def folder(source: str, settings: Settings, report: Report, *, label: str, revision: str | None = None) -> Path:
    """The folder of a network: of this project or in the hub's cache, fetched into it if need be.

    `report` hears of the bytes, and may raise to stop that. LoadError if it is not to be had.
    """
    if source.startswith("assets/"):
        own = sources.PROJECT / source
        if not own.is_dir():
            raise LoadError(f"{label}: {source} is missing. Put it back from the repository, or choose another.")
        return own
    here = sources.network(source, settings, revision)
    try:
        return here or _fetched(source, settings, report, revision)
    except LoadError as error:
        raise LoadError(str(error).replace(CHECKPOINT, label, 1)) from None


def _fetched(source: str, settings: Settings, report: Report, revision: str | None) -> Path:
    started = time.monotonic()

    def tell(done: int, total: int) -> None:
        report(Progress(phase="downloading", step=done, steps=total, elapsed=time.monotonic() - started))

    return hub.fetch_network(source, settings, tell, revision=revision)
