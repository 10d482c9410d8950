"""Single networks that help beside checkpoints: where one lies, and bringing it here when it is first used."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from studio import convert
from studio.config import Settings
from studio.errors import LoadError
from studio.pipelines import hub, sources
from studio.results import Progress, Report

# How files of weights are called that would run code if they were opened as they are.
PICKLES = (".pth", ".pt", ".bin", ".ckpt")


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


def folder(
    source: str,
    settings: Settings,
    report: Report,
    *,
    label: str,
    revision: str | None = None,
    variant: str | None = None,
) -> Path:
    """The folder of a network as `find`, fetched if need be: of several weights those of the variant.

    `report` hears of the bytes, and may raise to stop that. A HubError if it cannot be fetched.
    """
    here = find(source, settings, label=label, revision=revision)
    if here:
        return here
    how = {"revision": revision, "variant": variant, "label": label}
    return hub.fetch_network(source, settings, _told(report, "downloading"), **how)


def folder_of_files(
    source: str, names: Sequence[str], settings: Settings, report: Report, *, label: str, revision: str | None = None
) -> Path:
    """The folder that has these files of a hub's repository, and no others for our sake; fetched as by `folder`.

    Beside a pickle, which nobody is to open here, lies what it was converted to; LoadError if it cannot be.
    """
    here = sources.network(source, settings, revision, names=names)
    how = {"revision": revision, "label": label}
    found = here or hub.fetch_files(source, names, settings, _told(report, "downloading"), **how)
    for file in (found / name for name in names):
        if file.suffix in PICKLES and not file.with_suffix(".safetensors").exists():
            _convert(file, report, label)
    return found


def broken(error: Exception, label: str, named: str, source: str) -> LoadError:
    """What is said of a network whose files cannot be read: the first line of why, and where to have them anew."""
    first_line = (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".:")
    is_ours = source.startswith("assets/")
    remedy = f"Put {source} back from" if is_ours else f"Delete {source} from the cache of"
    where = "the repository" if is_ours else "the hub's files"
    return LoadError(f"{label}: {named} could not be loaded: {first_line}. {remedy} {where}, or choose another.")


def _convert(file: Path, report: Report, label: str) -> None:
    try:
        convert.converted(file, on_progress=_told(report, "converting"))
    except LoadError as error:
        said = str(error).partition(": ")[2]
        raise LoadError(f"{label}: {said} It lies in the cache of the hub's files.") from error


def _told(report: Report, phase: str) -> hub.OnProgress:
    return partial(_tell, report, phase, time.monotonic())


def _tell(report: Report, phase: str, started: float, done: int, total: int) -> None:
    report(Progress(phase=phase, step=done, steps=total, elapsed=time.monotonic() - started))
