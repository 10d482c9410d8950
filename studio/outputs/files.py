"""Files that are there whole or not at all, whatever happens while they are written."""

import os
import secrets
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

START, END = ".easel-", ".part"
# A file still being written is younger.
ORPHAN_AGE = 60.0


def write(path: Path, content: bytes | Callable[[BinaryIO], object]) -> None:
    """Write a file under another name, flush it to the disk, then give it its own; OSError if that cannot be done."""
    temporary = path.with_name(f"{START}{secrets.token_hex(8)}{END}")
    try:
        with open(temporary, "xb") as file:
            if isinstance(content, bytes):
                file.write(content)
            else:
                content(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    settle(path.parent)


def settle(folder: Path) -> None:
    """Make the names in a folder outlast a power cut, where the system can; the files in it do already."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def made(folder: Path) -> Path:
    """The folder, made with those above it if need be; OSError if it cannot be."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        settle(folder.parent)
    return folder


def free(path: Path) -> Path:
    """The path, or the next one like it that no file has."""
    number, wanted = 1, path
    while path.exists():
        number += 1
        path = wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
    return path


def move(source: Path, target: Path) -> None:
    """Move a file within one disk, its folders made, nothing overwritten; OSError if that cannot be done."""
    made(target.parent)
    if target.exists():
        raise FileExistsError(f"{target.name} exists")
    os.rename(source, target)
    settle(target.parent)
    settle(source.parent)


def sweep(folders: Iterable[Path], age: float = ORPHAN_AGE) -> int:
    """Delete what was being written when a process was killed; how many there were."""
    swept, now = 0, time.time()
    for folder in folders:
        for path in folder.glob(f"{START}*{END}"):
            with suppress(OSError):
                if now - path.stat().st_mtime >= age:
                    path.unlink()
                    swept += 1
    return swept
