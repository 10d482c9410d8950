"""Start images, kept with their owner so that settings which name one can be used again."""

import re
from pathlib import Path

from studio.errors import NotFound, StudioError
from studio.images import Picture
from studio.outputs import files
from studio.outputs.owners import owner_folder, owner_key

FOLDER = "inputs"
REFERENCE = re.compile(r"sha256:([0-9a-f]{64})")


def keep_input(picture: Picture, folder: Path, *, owner: str) -> str:
    """Keep a start image for its owner, once; its reference. OSError if it cannot be written."""
    path = _place(picture.sha256, folder, owner)
    if not path.is_file():
        files.made(path.parent)
        files.write(path, picture.data)
    return picture.reference


def find_picture(reference: str, folder: Path, *, owner: str, label: str = "Start image") -> Picture:
    """The owner's picture of that reference, byte for byte; NotFound for one that is gone, or somebody else's.

    What is said then begins with `label`.
    """
    match = REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
    if not match:
        raise StudioError(f"{label}: the settings do not tell which picture it was. Choose one.")
    try:
        picture = Picture(_place(match[1], folder, owner).read_bytes())
    except OSError:
        picture = None
    if picture is None or picture.sha256 != match[1]:
        raise NotFound(f"{label}: it is not kept here any more. Choose it again.")
    return picture


def _place(digest: str, folder: Path, owner: str) -> Path:
    return owner_folder(folder, owner_key(owner)) / FOLDER / f"{digest}.png"
