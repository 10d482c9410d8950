"""Single networks that help beside checkpoints: where one lies, and bringing it here when it is first used."""

import time
from pathlib import Path

from studio.config import Settings
from studio.errors import LoadError
from studio.pipelines import hub, sources
from studio.results import Progress, Report


def find(source: str, settings: Settings, *, label: str, revision: str | None = None) -> Path | None:
    """The folder of a network, of this project or in the hub's cache; None if it has yet to be fetched into that.

    LoadError, which begins with `label`, if one of this project is missing.
    """
    if source.startswith("assets/"):
        own = sources.PROJECT / source
        if not own.is_dir():
            raise LoadError(f"{label}: {source} is missing. Put it back from the repository, or choose another.")
        return own
    return sources.network(source, settings, revision)


def folder(source: str, settings: Settings, report: Report, *, label: str, revision: str | None = None) -> Path:
    """The folder of a network as `find`, fetched if need be.

    `report` hears of the bytes, and may raise to stop that. A HubError if it cannot be fetched.
    """
    here = find(source, settings, label=label, revision=revision)
    if here:
        return here
    started = time.monotonic()

    def tell(done: int, total: int) -> None:
        report(Progress(phase="downloading", step=done, steps=total, elapsed=time.monotonic() - started))

    return hub.fetch_network(source, settings, tell, revision=revision, label=label)
