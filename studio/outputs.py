"""Pictures on disk: each file whole or not there at all, its settings inside."""

import os
import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from PIL import Image

from studio.requests import TextToImage
from studio.results import Result, to_metadata


def saved(result: Result, folder: Path, name: str) -> Result:
    """The result with its pictures saved as `<day>/<time>-<name>-<index>.png`.

    A picture that cannot be saved is not lost: the result then carries it without a path, and says so in its note.
    """
    now = datetime.now()
    day = folder / f"{now:%Y-%m-%d}"
    paths = []
    try:
        day.mkdir(parents=True, exist_ok=True)
        for index, image in enumerate(result.images):
            path = day / f"{now:%H%M%S}-{name[:8]}-{index}.png"
            write(path, image, result.request, index)
            paths.append(path)
    except OSError as error:
        note = f"Not saved: {error.strerror or error}. Download the pictures, then free space or name another folder."
        return replace(result, paths=(), note=f"{result.note} {note}".strip())
    return replace(result, paths=tuple(paths))


def write(path: Path, image: Image.Image, request: TextToImage, index: int) -> None:
    """Write one PNG with its settings: to a temporary file first, flushed, then renamed; OSError if it cannot be."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            image.save(file, "PNG", pnginfo=to_metadata(request, index))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
