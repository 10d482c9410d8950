"""Finished pictures into files, and into the index once they are there."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path

from PIL import Image

from studio.grids import Grid
from studio.images import Picture
from studio.infotext import UNKNOWN, Hashes
from studio.outputs import files
from studio.outputs.embedding import encoded, infotext_of, shared
from studio.outputs.index import Index
from studio.outputs.inputs import keep_input
from studio.outputs.owners import owner_folder, owner_key
from studio.outputs.rows import Row, add
from studio.requests import TextToImage
from studio.results import Obeyed, Result, to_json

# From a request to the hashes, as far as they are known, of what it is painted with.
HashesOf = Callable[[TextToImage], Hashes]


def saved(
    result: Result,
    index: Index,
    *,
    owner: str,
    job: str,
    hashes_of: HashesOf = lambda request: UNKNOWN,
) -> Result:
    """The result with each picture saved as `<day>/<time>-<job>-<index>.png` in its owner's folder, then in the index.

    A picture that cannot be saved is not lost: the result still carries it, and says so in its note.
    """
    now, key = datetime.now(), owner_key(owner)
    paths, missed = [], ""
    try:
        day = files.made(owner_folder(index.folder, key) / f"{now:%Y-%m-%d}")
        for number, (image, request) in enumerate(zip(result.images, result.requests, strict=True)):
            one = request.base if isinstance(request, Grid) else request
            _keep_inputs(one, index.folder, owner)
            hashes = hashes_of(one)
            path = files.free(day / f"{now:%H%M%S}-{job[:8]}-{number}.png")
            obeyed = result.obeyed[number] if number < len(result.obeyed) else ()
            write(path, image, request, hashes=hashes, obeyed=obeyed)
            paths.append(path)
            row = _row(path.relative_to(index.folder), image.size, request)
            row = replace(row, owner=key, job=job, infotext=infotext_of(shared(request), hashes))
            missed = _entered(index, row) or missed
    except OSError as error:
        count = len(result.images)
        which = f"{len(paths)} of {count} pictures are saved, the others not" if paths else "Not saved"
        missed = f"{which}: {error.strerror or error}. Download the pictures, then free space or name another folder."
    return _noted(replace(result, paths=tuple(paths)), missed)


def write(
    path: Path,
    image: Image.Image,
    request: TextToImage | Grid,
    *,
    hashes: Hashes = UNKNOWN,
    obeyed: Sequence[Obeyed] = (),
) -> None:
    """Write one PNG with its settings, whole or not at all; OSError if it cannot be."""
    files.write(path, encoded(image, request, hashes=hashes, obeyed=obeyed))


def _keep_inputs(request: TextToImage, folder: Path, owner: str) -> None:
    """The pictures it was made of, without which the settings in the file could not be used again."""
    for part in (request, *request.controls, *request.references):
        for field in fields(part):
            picture = getattr(part, field.name)
            if isinstance(picture, Picture):
                keep_input(picture, folder, owner=owner)


def _row(path: Path, size: tuple[int, int], request: TextToImage | Grid) -> Row:
    width, height = size
    return Row(
        path=path.as_posix(),
        owner="",
        created=time.time(),
        width=width,
        height=height,
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        checkpoint=request.checkpoint,
        seed=request.seed,
        request=to_json(request),
    )


def _entered(index: Index, row: Row) -> str:
    """Nothing, or what to say if the row cannot be written: its picture is safe, and is found at the next start."""
    try:
        index.run(lambda connection: add(connection, row))
    except sqlite3.Error as error:
        return f"Not in the gallery yet: {error}. The picture is saved, and is listed when the studio starts again."
    return ""


def _noted(result: Result, note: str) -> Result:
    return replace(result, note=f"{result.note} {note}".strip())
