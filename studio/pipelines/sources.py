"""Where a checkpoint's files are, and whether they are whole; reads headers only and imports no torch."""

import json
import struct
from math import prod
from pathlib import Path

from huggingface_hub import try_to_load_from_cache

from studio import catalog
from studio.catalog import Checkpoint
from studio.config import Settings
from studio.errors import LoadError, NotFound

PROJECT = Path(__file__).resolve().parents[2]
INDEX = "model_index.json"


def available(settings: Settings) -> list[tuple[Checkpoint, Path | None]]:
    """Every checkpoint that can be chosen, with its folder or None if it is not on this disk."""
    rows = [*catalog.CHECKPOINTS, *_own(settings)]
    return [(row, folder_of(row, settings)) for row in rows]


def find(id: str, settings: Settings) -> Checkpoint:
    """The catalogue's row of that id, one of the owner's folders by name or, on a private studio, by path.

    NotFound if there is none.
    """
    own = {row.id: row for row in _own(settings)}
    if id in own:
        return own[id]
    if not settings.is_public and _is_checkpoint(Path(id)):
        return _row_of(Path(id))
    return catalog.checkpoint(id)


def folder_of(row: Checkpoint, settings: Settings) -> Path | None:
    """The folder that holds the checkpoint's `model_index.json`, without asking any hub; None if it is not here."""
    for folder in (PROJECT / row.source, Path(row.source)):
        if _is_checkpoint(folder):
            return folder
    if row.source.count("/") != 1:
        return None
    cached = try_to_load_from_cache(row.source, INDEX, cache_dir=settings.cache_dir)
    return Path(cached).parent if isinstance(cached, str) else None


def located(row: Checkpoint, settings: Settings) -> Path:
    """The checkpoint's folder; LoadError if it is not on this machine."""
    folder = folder_of(row, settings)
    if folder is None:
        raise LoadError(
            f"Checkpoint: {row.label} is not on this machine. Put its diffusers folder into the --models folder, "
            "or choose another checkpoint."
        )
    return folder


def check(folder: Path) -> None:
    """LoadError naming the file if a part of the diffusers folder is missing, cut off or not what it says."""
    index = _json(folder / INDEX)
    for part, named in index.items():
        if part.startswith("_") or not isinstance(named, list) or named[0] is None:
            continue
        if not (folder / part).is_dir():
            raise LoadError(f"Checkpoint: the part '{part}' is missing from {folder.name}. Fetch the checkpoint again.")
        _check_part(folder / part)


def weight_count(folder: Path) -> int:
    """How many numbers the safetensors below the folder hold; they must have been checked."""
    headers = [_header(path) for path in folder.rglob("*.safetensors")]
    return sum(prod(row["shape"]) for header in headers for name, row in header.items() if name != "__metadata__")


def weight_bytes(folder: Path) -> int:
    """Bytes of all safetensors below the folder."""
    return sum(path.stat().st_size for path in folder.rglob("*.safetensors"))


def _is_checkpoint(folder: Path) -> bool:
    try:
        return (folder / INDEX).is_file()
    except OSError:  # a name too long for any file system
        return False


def _own(settings: Settings) -> list[Checkpoint]:
    """A row for each diffusers folder in the owner's `--models` folder."""
    if settings.models is None or not settings.models.is_dir():
        return []
    folders = sorted(path.parent for path in settings.models.glob(f"*/{INDEX}"))
    return [row for folder in folders if (row := _row_of(folder, strict=False))]


def _row_of(folder: Path, *, strict: bool = True) -> Checkpoint | None:
    """A row made from the folder's own files; with `strict`, NotFound if its family is unknown, else None."""
    try:
        pipeline = _json(folder / INDEX).get("_class_name")
        scale = 2 ** (len(_json(folder / "vae" / "config.json")["block_out_channels"]) - 1)
        family = next(f.name for f in catalog.FAMILIES if (f.pipeline, f.latent_scale) == (pipeline, scale))
    except (LoadError, KeyError, StopIteration) as error:
        if not strict:
            return None
        known = ", ".join(family.label for family in catalog.FAMILIES)
        raise NotFound(f"Checkpoint: {folder.name} is of no family known here ({known}).") from error
    name = folder.name if not strict else str(folder)
    return Checkpoint(
        id=name,
        label=folder.name,
        source=str(folder.resolve()),
        family=family,
        licence="see its model card",
        size_bytes=weight_bytes(folder),
    )


def _check_part(folder: Path) -> None:
    for config in folder.glob("*config.json"):
        _json(config)
    for index in folder.glob("*.safetensors.index.json"):
        for name in set(_json(index).get("weight_map", {}).values()):
            if not (folder / name).is_file():
                raise LoadError(f"Checkpoint: {folder.name}/{name} is missing. Fetch the checkpoint again.")
    for weights in folder.glob("*.safetensors"):
        _check_weights(weights)


def _check_weights(path: Path) -> None:
    """The header's last offset must be the file's end."""
    named = f"{path.parent.name}/{path.name}"
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else size
        if length > size - 8:
            raise LoadError(f"Checkpoint: {named} is damaged or no safetensors file. Fetch it again.")
        try:
            header = json.loads(file.read(length))
            ends = [row["data_offsets"][1] for name, row in header.items() if name != "__metadata__"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise LoadError(f"Checkpoint: {named} is damaged: its header cannot be read. Fetch it again.") from error
    expected = 8 + length + max(ends, default=0)
    if size != expected:
        raise LoadError(
            f"Checkpoint: {named} is damaged or incomplete: {size:,} bytes of {expected:,}. Fetch it again."
        )


def _header(path: Path) -> dict:
    with path.open("rb") as file:
        return json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))


def _json(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        named = f"{path.parent.name}/{path.name}"
        raise LoadError(f"Checkpoint: {named} is missing or cannot be read. Fetch the checkpoint again.") from error
