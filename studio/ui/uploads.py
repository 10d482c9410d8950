"""Files a visitor sent: of all paths that come from a page, only those in Gradio's own folder are ever opened."""

import functools
import os
from collections.abc import Mapping
from pathlib import Path

from gradio.processing_utils import save_bytes_to_cache
from gradio.utils import get_upload_folder

from studio import images
from studio.errors import StudioError
from studio.images import Picture

# Pictures last read. The largest take 130 MB.
REMEMBERED = 4


def picture(value: object, *, label: str) -> Picture | None:
    """The picture a component holds, by its raw value; None if it is empty, StudioError if it is no picture."""
    path = uploaded(value, label=label)
    return None if path is None else read(path, label=label)


def read(path: Path, *, label: str) -> Picture:
    """The picture of a file of ours, or of one that was weighed when it came in; StudioError if it is none."""
    try:
        return _read(path, path.stat().st_mtime_ns, label)
    except FileNotFoundError:
        raise StudioError(f"{label}: the file is not here, or not any more. Choose it again.") from None


@functools.lru_cache(maxsize=REMEMBERED)
def _read(path: Path, changed: int, label: str) -> Picture:
    """The picture of a file, which a slider asks for again and again."""
    return images.read(path, label=label, largest=images.LARGEST_PNG)


def uploaded(value: object, *, label: str) -> Path | None:
    """The file behind the raw value of a component; None if it is empty, StudioError for whatever was not sent here."""
    if not value:
        return None
    named = value.get("path") if isinstance(value, Mapping) else value
    if isinstance(named, str) and ("://" in named or named.startswith("data:")):
        raise StudioError(f"{label}: send the file itself, not its address.")
    path = _inside(named) if isinstance(named, str) else None
    if path is None:
        raise StudioError(f"{label}: the file is not here, or not any more. Choose it again.")
    return path


def kept(value: object) -> str | None:
    """The path of a file that a page remembers, if it is still here; what is gone is forgotten quietly."""
    try:
        path = uploaded(value, label="")
    except StudioError:
        return None
    return None if path is None else str(path)


def served(picture: Picture, name: str = "picture.png") -> str:
    """A file of the picture where the page can show it and send it back; `name` is what a download is called."""
    return save_bytes_to_cache(picture.data, name, get_upload_folder())


def _inside(named: str) -> Path | None:
    """The file of that path, if it lies in the upload folder once links are followed."""
    try:
        path = Path(os.path.realpath(named))
    except (OSError, ValueError):  # a NUL byte, half a character
        return None
    is_ours = path.is_relative_to(os.path.realpath(get_upload_folder()))
    return path if is_ours and os.path.isfile(path) else None
