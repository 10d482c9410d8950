"""Single networks that help beside checkpoints: where one lies, and bringing it here when it is first used."""

import time
from pathlib import Path

from studio.config import Settings
from studio.errors import LoadError
from studio.pipelines import hub, sources
from studio.results import Progress, Report


def folder(source: str, settings: Settings, report: Report, *, label: str, revision: str | None = None) -> Path:
    """The folder of a network: of this project or in the hub's cache, fetched into it if need be.

    `report` hears of the bytes, and may raise to stop that. LoadError, which begins with `label`, if it is not to be
    had; a HubError if that is since it cannot be fetched.
    """
    if source.startswith("assets/"):
        own = sources.PROJECT / source
        if not own.is_dir():
            raise LoadError(f"{label}: {source} is missing. Put it back from the repository, or choose another.")
        return own
    here = sources.network(source, settings, revision)
    if here:
        return here
    started = time.monotonic()

    def tell(done: int, total: int) -> None:
        report(Progress(phase="downloading", step=done, steps=total, elapsed=time.monotonic() - started))

    return hub.fetch_network(source, settings, tell, revision=revision, label=label)
