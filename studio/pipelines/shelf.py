"""The owner's own checkpoints, folders and single files, as they lie in a `--models` folder or at a path.

Everything is told from names and headers, and told again only when a file has changed.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path

from studio import catalog
from studio.catalog import Checkpoint, Family
from studio.errors import LoadError
from studio.pipelines import folders, headers, layouts

SUFFIXES = frozenset({".safetensors"})
PICKLES = frozenset({".ckpt", ".pt", ".pth", ".bin"})
LICENCE = "see its model card"
# The folders of the owner's LoRAs and embeddings: what lies in them is no checkpoint, whatever is wrong with it.
LORAS, EMBEDDINGS = "loras", "embeddings"

# Names, times and sizes of the files a checkpoint is made of.
Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a folder or file tells of itself: a row but for its id, and what single files and their texts need.

    `holds` are the parts of a pipeline whose weights are there. Of a folder, `needs` are the parts that must have
    some, and `is_readable` says that its texts are whole. Of a file, `configs` is the hub id of the texts to read it
    with, and `is_other` says that it is something else than a checkpoint, such as a LoRA.
    """

    row: Checkpoint
    holds: frozenset[str] = field(default_factory=frozenset)
    needs: frozenset[str] = field(default_factory=frozenset)
    is_readable: bool = False
    configs: str = ""
    is_other: bool = False


def rows(models: Path | None) -> list[Checkpoint]:
    """A row for each checkpoint in the owner's folder and in its subfolders, whatever is wrong with it.

    What is no checkpoint is named where it lies in the folder itself, and passed over in its subfolders.
    """
    found = []
    for id, path in _entries(models) if models and models.is_dir() else ():
        told = tell(path)
        if not (told.is_other and "/" in id):
            found.append(replace(told.row, id=id))
    return found


def row(models: Path | None, id: str) -> Checkpoint | None:
    """The row of that id in the owner's folder, None if there is none."""
    names = id.split("/")
    if models is None or len(names) > 2 or not all(map(_is_plain, names)):
        return None
    path = models.joinpath(*names)
    return replace(tell(path).row, id=id) if is_candidate(path) else None


def is_candidate(path: Path) -> bool:
    """Whether that is a diffusers folder with weights, or a file of a name that weights have."""
    try:
        if _is_converted(path):
            return False
        if path.suffix.lower() in SUFFIXES | PICKLES and path.is_file():
            return True
        return folders.is_checkpoint(path) and any(folders.has_weights(path / part) for part in layouts.PARTS)
    except OSError:  # a name too long for any file system
        return False


def files(folder: Path) -> Iterator[Path]:
    """The files of a name that weights have, in a folder and its subfolders; pickles that were converted are none."""
    for place, inner, names in os.walk(folder):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for path in (Path(place, name) for name in sorted(names) if not name.startswith(".")):
            if path.suffix.lower() in SUFFIXES | PICKLES and not _is_converted(path):
                yield path


def tell(path: Path) -> Told:
    """What that folder or file tells of itself."""
    return _told(path, stamp(path))


def stamp(path: Path) -> Stamp:
    """What changes when the checkpoint at that path does."""
    files = _files(path) if path.is_dir() else [str(path)]
    return tuple(sorted(map(_mark, files)))


def configs_beside(file: Path, family: Family) -> Path | None:
    """The folder of texts that the owner put beside a single file: `name/`, `name.config/` or `config/`."""
    for folder in (file.with_suffix(""), file.with_suffix(".config"), file.parent / "config"):
        if folders.is_checkpoint(folder) and tell(folder).row.family == family.name:
            return folder
    return None


def _is_converted(path: Path) -> bool:
    return path.suffix.lower() in PICKLES and path.with_suffix(".safetensors").exists()


def _is_plain(name: str) -> bool:
    """Whether a name stays in its folder, on Windows too, and is not hidden."""
    return bool(name) and not name.startswith(".") and name == Path(name).name


def _entries(models: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(models.iterdir()):
        if path.name.startswith(".") or (path.name in (LORAS, EMBEDDINGS) and path.is_dir()):
            continue
        if is_candidate(path):
            yield path.name, path
        elif path.is_dir() and not folders.is_checkpoint(path):
            inner = (inner for inner in sorted(path.iterdir()) if not inner.name.startswith("."))
            yield from ((f"{path.name}/{inner.name}", inner) for inner in inner if is_candidate(inner))


def _files(folder: Path) -> Iterator[str]:
    """The texts of a diffusers folder and all files of its parts; several times as fast as globbing for them."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                with os.scandir(entry) as inner:
                    yield from (file.path for file in inner)
            elif entry.name.endswith(".json"):
                yield entry.path


def _mark(file: str) -> tuple[str, int, int]:
    try:
        state = os.stat(file)
    except OSError:  # gone since it was listed, or a link to nothing
        return file, 0, -1
    return file, state.st_mtime_ns, state.st_size


@lru_cache(maxsize=1024)
def _told(path: Path, stamp: Stamp) -> Told:
    """`stamp` makes it told anew when a file has changed."""
    source = str(path.resolve())
    blank = Checkpoint(id="", label=path.stem, source=source, family="", licence=LICENCE, size_bytes=0)
    if path.is_dir():
        return _told_of_folder(path, replace(blank, label=path.name))
    return _told_of_file(path, replace(blank, size_bytes=sum(size for _, _, size in stamp)))


def _told_of_folder(path: Path, blank: Checkpoint) -> Told:
    size = sum(file.stat().st_size for file in path.glob("*/*.safetensors") if file.is_file())
    told = Told(row=replace(blank, size_bytes=size))
    try:
        family = folders.family_of(partial(folders.text, path), path.name)
        if family is None:
            folders.check_texts(path)
            known = ", ".join(family.label for family in catalog.FAMILIES)
            raise LoadError(f"Checkpoint: {path.name} is of no family known here ({known}).")
        is_inpainting = folders.channels(partial(folders.text, path)) == family.inpainting_channels
        row = replace(told.row, family=family.name, defaults=_own_size(path, family), is_inpainting=is_inpainting)
        told = replace(told, row=row)
        folders.check_texts(path, family.left_out)
        needs = frozenset(layouts.PARTS).intersection(folders.parts(path, family.left_out))
        holds = frozenset(part for part in layouts.PARTS if folders.has_weights(path / part))
        told = replace(told, is_readable=True, needs=needs, holds=holds)
        folders.check(path, family.left_out)
    except LoadError as error:
        return replace(told, row=replace(told.row, problem=str(error)))
    return told


def _told_of_file(path: Path, blank: Checkpoint) -> Told:
    try:
        header = headers.read(path)
    except LoadError as error:
        return Told(row=replace(blank, problem=str(error), is_pickle=headers.is_pickle(path)))
    try:
        family = layouts.family_of(header, path.name)
    except LoadError as error:
        return Told(row=replace(blank, problem=str(error)), is_other=True)
    holds = frozenset(part for part in layouts.PARTS if layouts.has(header, part))
    is_inpainting = layouts.channels(header.shapes) == family.inpainting_channels
    row = replace(blank, family=family.name, is_inpainting=is_inpainting)
    return Told(row=row, holds=holds, configs=layouts.configs(header, family))


def _own_size(folder: Path, family: Family) -> dict[str, object]:
    """The size the checkpoint was made for, if the family paints it and does not by default."""
    denoiser = folders.text(folder, "unet/config.json") or folders.text(folder, "transformer/config.json")
    side = denoiser.get("sample_size")
    size = (side * family.latent_scale,) * 2 if isinstance(side, int) else None
    return {"width": size[0], "height": size[1]} if size in family.sizes[1:] else {}
