"""Settings found in a picture file, whoever made it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from studio import infotext
from studio.errors import StudioError
from studio.infotext import Read, fitted
from studio.outputs import foreign
from studio.outputs.embedding import CHUNK, TEXT
from studio.outputs.texts import texts

# What an infotext says of the program that wrote it; A1111 itself is what is left.
SIGNS = {
    "easel": r"Version: Easel ",
    "sd.next": r"App: SD\.Next",
    "forge": r"Version: (f\d|neo)",
    "comfyui": r"Version: ComfyUI",
    "civitai": r"Civitai resources: ",
}
AXES = ("x", "y", "z")


@dataclass(frozen=True, kw_only=True)
class Found(Read):
    """Settings read from a file, and the program they are from: easel, a1111, forge, comfyui, invokeai, …

    `grid` are the axes of a sheet of ours, unchecked, as `results.from_json` takes them beside a base. `embeddings` are
    those that its words named then.
    """

    source: str
    embeddings: tuple[str, ...] = ()
    grid: Mapping[str, object] = field(default_factory=dict)

    @property
    def request(self) -> dict[str, object]:
        """All of it as `results.to_json` has it."""
        return {"base": dict(self.values), **self.grid} if self.grid else dict(self.values)


def found(source: Path | bytes, checkpoints: Mapping[str, str] | None = None) -> Found:
    """The settings in a picture file: our own, else A1111's text, else what sd-parsers reads.

    `checkpoints` as for `infotext.read`. StudioError if the file holds none, or is no picture to be read.
    """
    return understood(texts(source), checkpoints)


def understood(said: Mapping[str, str], checkpoints: Mapping[str, str] | None = None) -> Found:
    """The settings in the texts of a file, as `texts` reads them; StudioError if there are none."""
    text = said.get(TEXT, "")
    ours = _ours(said.get(CHUNK, ""))
    if ours is not None:
        return replace(ours, embeddings=infotext.embeddings(text))
    other = foreign.parsed(said, checkpoints)
    if other is not None:
        return _named(other[0], other[1])
    if text.strip() and not text.lstrip().startswith("{"):
        program = next((name for name, sign in SIGNS.items() if re.search(sign, text)), "a1111")
        return replace(_named(program, infotext.read(text, checkpoints)), embeddings=infotext.embeddings(text))
    raise StudioError("Picture: it holds no settings that can be read. Choose the file as its program saved it.")


def _ours(text: str) -> Found | None:
    """The request in our own JSON, by any release; None if it is not ours after all."""
    grid = {}
    try:
        said = json.loads(text)
        values = dict(said["request"])
        if "base" in values:
            grid = {name: values[name] for name in AXES if name in values}
            values = dict(values["base"])
        if "index" in said:  # the first release wrote the request of all pictures, and which of them it was
            values |= {"seed": values["seed"] + said["index"], "num_images_per_prompt": 1}
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if values.get("image") is None:
        values.pop("image", None)
    return _named("easel", fitted(values, {}), grid)


def _named(source: str, read: Read, grid: Mapping[str, object] | None = None) -> Found:
    return Found(source=source, values=read.values, unknown=read.unknown, notes=read.notes, grid=grid or {})
