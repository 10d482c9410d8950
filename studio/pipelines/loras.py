"""The LoRAs that are here: found in their folders, told by their headers, and the one that a name means.

Nothing is opened but what the scan found, and of that no weight is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from studio import catalog, requests
from studio.catalog import Checkpoint
from studio.config import Settings
from studio.errors import InvalidField, LoadError
from studio.pipelines import headers, lora_headers, shelf
from studio.pipelines.shelf import Stamp
from studio.pipelines.sources import PROJECT
from studio.requests import Lora, TextToImage
from studio.requests.loras import LABEL, check_once

BUNDLED = PROJECT / "assets" / "storybook" / "loras"
# Signs that end a tag.
UNTAGGED = frozenset("<>\n")

Asked = TypeVar("Asked", bound=TextToImage)


@dataclass(frozen=True, kw_only=True)
class LoraFile(lora_headers.Told):
    """A LoRA in the list, and what its header says; its name is its path in its folder, without the ending."""

    name: str
    path: Path
    size_bytes: int

    @property
    def stamp(self) -> Stamp:
        """What changes when the file does."""
        return shelf.stamp(self.path)

    @property
    def is_bundled(self) -> bool:
        """Whether it comes along."""
        return self.path.is_relative_to(BUNDLED)


def available(settings: Settings) -> list[LoraFile]:
    """Every LoRA there is, by name, whatever is wrong with it; the owner's own goes before a bundled one."""
    own = [settings.models / shelf.LORAS] if settings.models else []
    found = {_name(path, folder): path for folder in (BUNDLED, *own) for path in shelf.files(folder)}
    return [_told(name, path, shelf.stamp(path)) for name, path in sorted(found.items())]


def find(name: str, rows: Sequence[LoraFile]) -> LoraFile:
    """The LoRA of that name, or of that file name if only one has it; InvalidField tells the nearest names."""
    meant = [row for row in rows if row.name == name]
    meant = meant or [row for row in rows if row.path.stem == name]
    if len(meant) == 1:
        return meant[0]
    said = name[:80]
    if meant:
        those = ", ".join(row.name for row in meant)
        raise InvalidField("loras", f"{LABEL}: there are {len(meant)} of the name '{said}'. Say which: {those}.")
    near = ", ".join(get_close_matches(said, [row.name for row in rows if not row.problem], n=3, cutoff=0))
    advice = f"The nearest are {near}" if near else "Put its .safetensors file into 'loras' in the --models folder"
    raise InvalidField("loras", f"{LABEL}: there is no '{said}' here. {advice}.")


def unfit(lora: LoraFile, row: Checkpoint) -> str:
    """Why a LoRA cannot be used with a checkpoint, as a sentence; "" if it can, as far as its header tells."""
    if lora.problem:
        return lora.problem
    if lora.family in ("", row.family):
        return ""
    theirs, ours = catalog.family(lora.family).label, catalog.family(row.family).label
    is_for = f"LoRA: {lora.name} is for {theirs}, but {row.label} is {ours}"
    return f"{is_for}. Choose a checkpoint of {theirs}, or leave it out."


def resolved(request: Asked, row: Checkpoint, settings: Settings) -> Asked:
    """The request with its LoRAs by their whole names.

    InvalidField if one of them, or of those that single lines name, is not here or does not fit the checkpoint.
    """
    if not request.loras and not request.prompt_per_line:
        return request
    rows = available(settings)
    for index in range(requests.count(request) if request.prompt_per_line else 0):
        _named(requests.single(request, index).loras, row, rows)
    return replace(request, loras=_named(request.loras, row, rows))


def files(request: TextToImage, row: Checkpoint, settings: Settings) -> list[tuple[LoraFile, float]]:
    """The files of a request for one picture that add something, each with its scale, in one order whatever theirs.

    InvalidField as of `resolved`.
    """
    if not request.loras:
        return []
    rows = available(settings)
    named = _named(request.loras, row, rows)
    return sorted(((find(lora.name, rows), lora.scale) for lora in named if lora.scale), key=lambda pair: pair[0].name)


def _named(loras: Sequence[Lora], row: Checkpoint, rows: Sequence[LoraFile]) -> tuple[Lora, ...]:
    found = [find(lora.name, rows) for lora in loras]
    for file in found:
        if why := unfit(file, row):
            raise InvalidField("loras", why)
    named = tuple(replace(lora, name=file.name) for lora, file in zip(loras, found, strict=True))
    check_once(named)
    return named


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()


@lru_cache(maxsize=4096)
def _told(name: str, path: Path, stamp: Stamp) -> LoraFile:
    """`stamp` makes it told anew when the file has changed."""
    blank = LoraFile(name=name, path=path, size_bytes=sum(size for _, _, size in stamp))
    if UNTAGGED & set(name):
        return replace(blank, problem=f"LoRA: {name} has a < or > in its name. Rename its file.")
    try:
        told = lora_headers.tell(headers.read(path))
    except LoadError as error:
        return replace(blank, problem=f"LoRA: {str(error).partition(': ')[2]}")
    problem = told.problem and f"LoRA: {path.name} {told.problem}."
    return replace(blank, **vars(told) | {"problem": problem})
