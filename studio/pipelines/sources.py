"""Where a checkpoint's files are, and whether they can be used; reads names and headers only and imports no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from huggingface_hub import try_to_load_from_cache
from huggingface_hub.errors import HFValidationError

from studio import catalog
from studio.catalog import Checkpoint
from studio.config import Settings
from studio.errors import LoadError
from studio.pipelines import folders, headers, layouts, shelf
from studio.pipelines.folders import INDEX
from studio.pipelines.shelf import Stamp
from studio.pipelines.snapshots import NETWORK

PROJECT = Path(__file__).resolve().parents[2]

# What loading found wrong that no header tells: by path, the state it was found in, and the message.
Faults = Mapping[Path, tuple[Stamp, str]]
NO_FAULTS: Faults = MappingProxyType({})


class Place(NamedTuple):
    """The files to load: a diffusers folder, or the texts of one and the single `file` that has the weights.

    `vae` is a folder whose VAE stands in for the checkpoint's own in half precision.
    """

    configs: Path
    file: Path | None = None
    vae: Path | None = None

    @property
    def path(self) -> Path:
        """Where the weights are."""
        return self.file or self.configs

    @property
    def stamp(self) -> Stamp:
        """What changes when any of these files does."""
        return tuple(mark for path in self if path for mark in shelf.stamp(path))


def available(settings: Settings, faults: Faults = NO_FAULTS) -> list[tuple[Checkpoint, Path | None]]:
    """Every checkpoint there is, with its folder or file, or None if it is not on this disk.

    One that is there and cannot be used says why in `problem`. The owner's own goes before the catalogue's of its id.
    """
    own = {row.id: row for row in shelf.rows(settings.models)}
    rows = {row.id: row for row in catalog.CHECKPOINTS} | own
    return [examined(row, settings, faults) for row in rows.values()]


def examined(row: Checkpoint, settings: Settings, faults: Faults = NO_FAULTS) -> tuple[Checkpoint, Path | None]:
    """The row with what is wrong with it as it lies here now, and where that is.

    What came from a hub and cannot be used counts as not here: it can be fetched again.
    """
    path = path_of(row, settings)
    if path is None:
        return row, None
    told = shelf.tell(path)
    row = replace(row, problem=told.row.problem, is_pickle=told.row.is_pickle, needs="")
    if path.is_file() and not row.problem:
        row = _with_configs(row, path, settings)
    state, problem = faults.get(path, ((), ""))
    if problem and state == shelf.stamp(path):
        row = replace(row, problem=problem)
    return row, path if not row.problem or own_path(row) else None


def find(id: str, settings: Settings) -> Checkpoint:
    """The row of that id: the owner's own by name or, on a private studio, by path; the catalogue's; or, on a private
    studio, that of a hub id in the cache. NotFound if there is none."""
    own = shelf.row(settings.models, id)
    if own is None and not settings.is_public and shelf.is_candidate(Path(id)):
        own = replace(shelf.tell(Path(id)).row, id=id)
    if own is None and not settings.is_public and (cached := _cached(id, settings)):
        known = next((row for row in catalog.CHECKPOINTS if row.source == id), None)
        own = known or replace(shelf.tell(cached).row, id=id, label=id, source=id)
    return examined(own or catalog.checkpoint(id), settings)[0]


def path_of(row: Checkpoint, settings: Settings) -> Path | None:
    """The folder or file with the checkpoint's weights, without asking any hub; None if it is not here."""
    return own_path(row) or _cached(row.source, settings, row.revision)


def folder_of(row: Checkpoint, settings: Settings) -> Path | None:
    """The folder with the checkpoint's `model_index.json`, configs and tokenizers; None if it is not here."""
    path = path_of(row, settings)
    return _configs(path, settings) if path and path.is_file() else path


def located(row: Checkpoint, settings: Settings, faults: Faults = NO_FAULTS) -> Path:
    """The checkpoint's folder or file; LoadError if it is not on this machine, or cannot be used as it is."""
    row, path = examined(row, settings, faults)
    if row.problem:
        raise LoadError(row.problem)
    if path is None:
        raise LoadError(
            f"Checkpoint: {row.label} is not on this machine. Download it, put its folder or file into the --models "
            "folder, or choose another checkpoint."
        )
    return path


def place(row: Checkpoint, settings: Settings, faults: Faults = NO_FAULTS) -> Place:
    """The files to load a checkpoint from; LoadError as `located`."""
    path = located(row, settings, faults)
    vae = _cached(row.vae, settings, row.vae_revision, name=NETWORK) if row.vae else None
    if path.is_file():
        return Place(_configs(path, settings), path, vae)
    return Place(path, None, vae)


def weight_count(place: Place, row: Checkpoint, *, is_half: bool) -> int:
    """How many numbers are loaded from that place."""
    family = catalog.family(row.family)
    if place.file:
        return layouts.weight_count(headers.read(place.file), family)
    return folders.weight_count(place.configs, family.left_out, is_half=is_half)


def network(
    repo: str, settings: Settings, revision: str | None = None, *, names: Sequence[str] = (NETWORK,)
) -> Path | None:
    """The folder of a single network's repository in the hub's cache; None if these files of it are not here."""
    found = [_in_cache(repo, name, settings, revision or "main") for name in names]
    return found[0] if all(found) else None


def own_path(row: Checkpoint) -> Path | None:
    """The folder of this project, or the owner's folder or file, that the row names; None if it names a repository."""
    for path in (PROJECT / row.source, Path(row.source)):
        if folders.is_checkpoint(path) or path.is_file():
            return path
    return None


def _with_configs(row: Checkpoint, file: Path, settings: Settings) -> Checkpoint:
    """The row of a single file, with what is missing beside it."""
    told, configs = shelf.tell(file), _configs(file, settings)
    if configs is None:
        label = catalog.family(told.row.family).label
        remedy = f"Fetch those of {told.configs}, or put them into" if told.configs else "Put them into"
        problem = (
            f"Checkpoint: {file.name} needs configs and tokenizers to be read with, as {label} has them. {remedy} "
            f"a folder '{file.stem}' beside it."
        )
        return replace(row, problem=problem, needs=told.configs)
    beside = shelf.tell(configs)
    for part in sorted(beside.needs - beside.holds - told.holds):
        problem = f"Checkpoint: {file.name} has no {part}. Put a diffusers folder '{file.stem}' that has one beside it."
        return replace(row, problem=problem)
    return row


def _configs(file: Path, settings: Settings) -> Path | None:
    """The texts to read a single file with: those beside it, else the family's own in the hub's cache."""
    told = shelf.tell(file)
    if not told.row.family:
        return None
    beside = shelf.configs_beside(file, catalog.family(told.row.family))
    folder = beside or _cached(told.configs, settings)
    return folder if folder and shelf.tell(folder).is_readable else None


def _cached(repo: str, settings: Settings, revision: str | None = None, *, name: str = INDEX) -> Path | None:
    """The folder of a hub's repository in the cache: of the commit that the catalogue names, else the newest here."""
    pinned = {row.revision for row in catalog.CHECKPOINTS if row.source == repo}
    for wanted in dict.fromkeys((revision, *pinned, "main")):
        if wanted and (found := _in_cache(repo, name, settings, wanted)):
            return found
    return None


def _in_cache(repo: str, name: str, settings: Settings, revision: str) -> Path | None:
    """The folder that has the file of that name, which may lie deeper in it."""
    if repo.count("/") != 1:
        return None
    try:
        found = try_to_load_from_cache(repo, name, cache_dir=settings.cache_dir, revision=revision)
    except HFValidationError:  # no id that any hub has
        return None
    return Path(found).parents[name.count("/")] if isinstance(found, str) else None
