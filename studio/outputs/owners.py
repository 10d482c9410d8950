"""Whose a picture is: the folder of each visitor, whose name tells nobody their cookie."""

import hashlib
import re
from pathlib import Path, PurePosixPath

VISITORS = "visitors"
LOCAL = "local"
KEY = re.compile(r"[0-9a-f]{32}")


def owner_key(owner: str) -> str:
    """What stands for an owner in folders and in the index: nothing for the one of a local studio, else a digest."""
    return "" if owner == LOCAL else hashlib.sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def owner_folder(folder: Path, key: str) -> Path:
    """Where the pictures of the owner with this key lie."""
    return folder / VISITORS / key if key else folder


def owner_folders(folder: Path) -> dict[str, Path]:
    """The folder of every owner there is, by key."""
    visitors = folder / VISITORS
    known = sorted(path for path in visitors.iterdir() if KEY.fullmatch(path.name)) if visitors.is_dir() else []
    return {"": folder, **{path.name: path for path in known if path.is_dir()}}


def key_of(path: PurePosixPath) -> str:
    """The key of the owner in whose folder a path relative to the output folder lies."""
    return path.parts[1] if path.parts[0] == VISITORS else ""
