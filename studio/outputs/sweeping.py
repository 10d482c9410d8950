"""Index and files brought to agree: at the start, and when the index had to be made anew."""

import logging
import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from PIL import Image

from studio.errors import StudioError
from studio.outputs import files, thumbnails, trash
from studio.outputs.embedding import TEXT
from studio.outputs.index import Index
from studio.outputs.inputs import FOLDER as INPUTS
from studio.outputs.metadata import understood
from studio.outputs.owners import key_of, owner_folders
from studio.outputs.rows import Row, add
from studio.outputs.texts import texts

log = logging.getLogger(__name__)

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
PNG_END = b"IEND\xaeB`\x82"
AT_ONCE = 100
STATES = "SELECT id, path, deleted, is_gone FROM pictures"


def sweep(index: Index) -> None:
    """Make rows for pictures that have none, mark those whose file is gone, delete half-written files. Never raises."""
    try:
        index.check()
        _clean(index.folder)
        known = index.run(_known)
        _enter(index, known)
        _settle(index, known)
    except (OSError, sqlite3.Error) as error:
        log.warning("The output folder was not swept: %s", error)


def _clean(folder: Path) -> None:
    days = [day for owned in owner_folders(folder).values() for day in _days(owned)]
    inputs = [owned / INPUTS for owned in owner_folders(folder).values()]
    files.sweep([*days, *inputs, folder / thumbnails.FOLDER])


def _known(connection: sqlite3.Connection) -> dict[str, sqlite3.Row]:
    rows = connection.execute(STATES).fetchall()
    return {row["path"]: row for row in rows}


def _enter(index: Index, known: dict[str, sqlite3.Row]) -> None:
    """Rows for the files without one, oldest first, so that the newest stand first in the gallery."""
    bin = index.folder / trash.FOLDER
    new = [(path, path.relative_to(index.folder), None) for path in _pictures(index.folder)]
    new += [(path, path.relative_to(bin), time.time()) for path in _pictures(bin)]
    new = [(path, name.as_posix(), deleted) for path, name, deleted in new if name.as_posix() not in known]
    new.sort(key=lambda found: (_changed(found[0]), found[1]))
    for start in range(0, len(new), AT_ONCE):
        rows = [_row(path, name, deleted) for path, name, deleted in new[start : start + AT_ONCE]]
        index.run(lambda connection, rows=rows: _added(connection, [row for row in rows if row]))


def _added(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Enter those that nobody entered meanwhile: who saves a picture knows more of it than its file."""
    for row in rows:
        if not connection.execute("SELECT 1 FROM pictures WHERE path = ?", (row.path,)).fetchone():
            add(connection, row)


def _settle(index: Index, known: dict[str, sqlite3.Row]) -> None:
    """Rows that say what is so: gone or not, and in the trash if their owner put them there.

    The page is in use meanwhile: a row that has changed since is let alone.
    """
    for name, row in known.items():
        if index.run(lambda connection, id=row["id"]: _state(connection, id)) != tuple(row):
            continue
        place, bin = index.folder / name, trash.trashed(index.folder, name)
        is_there = place.is_file()
        if row["deleted"] is None:
            if is_there == bool(row["is_gone"]):
                _change(index, "UPDATE pictures SET is_gone = ? WHERE id = ?", (not is_there, row["id"]))
        elif not bin.is_file():
            if is_there:
                files.move(place, bin)
            else:
                _change(index, "DELETE FROM pictures WHERE id = ?", (row["id"],))
                thumbnails.forget(index.folder, row["id"])


def _state(connection: sqlite3.Connection, id: str) -> tuple[object, ...]:
    return tuple(connection.execute(f"{STATES} WHERE id = ?", (id,)).fetchone() or ())


def _change(index: Index, statement: str, values: Sequence[object]) -> None:
    index.run(lambda connection: connection.execute(statement, values))


def _days(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if DAY.fullmatch(path.name)] if folder.is_dir() else []


def _pictures(folder: Path) -> Iterator[Path]:
    """The pictures of every owner below a folder."""
    for owned in owner_folders(folder).values():
        for day in _days(owned):
            yield from (path for path in day.glob("*.png") if _is_text(path.name))


def _is_text(name: str) -> bool:
    """False for a name whose bytes are no letters; there is no keeping it in a table."""
    return name.encode("utf-8", "ignore").decode() == name


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # deleted meanwhile
        return 0.0


def _row(path: Path, name: str, deleted: float | None) -> Row | None:
    """A row from what the file itself says; None if it is no whole picture."""
    try:
        with Image.open(path, formats=["PNG"]) as image, path.open("rb") as file:
            width, height = image.size
            file.seek(-len(PNG_END), 2)
            if file.read() != PNG_END:
                return None
        said = texts(path)
    except (OSError, StudioError, Image.DecompressionBombError):
        return None
    values, request = {}, {}
    with suppress(StudioError):  # saved without its settings
        settings = understood(said)
        values, request = settings.values, settings.request
    known = {field: values[field] for field in ("prompt", "negative_prompt", "checkpoint", "seed") if field in values}
    row = Row(path=name, owner=key_of(PurePosixPath(name)), created=_changed(path), width=width, height=height)
    return Row(**vars(row) | known | {"request": request, "infotext": said.get(TEXT, ""), "deleted": deleted})
