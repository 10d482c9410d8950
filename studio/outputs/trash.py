"""The trash of an output folder: a picture keeps its way there, so that it can come back, and its owner."""

import logging
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

from studio.errors import StudioError
from studio.outputs import files, thumbnails
from studio.outputs.index import Index
from studio.outputs.rows import Row

log = logging.getLogger(__name__)

FOLDER = ".trash"


def delete(index: Index, rows: Sequence[Row]) -> None:
    """Put pictures into the trash; StudioError if a file cannot be moved, and then its row stays too.

    The row goes first: whoever is killed in between finds the file moved at the next start.
    """
    for row in rows:
        _mark(index, row.id, time.time())
        try:
            if (index.folder / row.path).exists():
                files.move(index.folder / row.path, trashed(index.folder, row.path))
        except OSError as error:
            _mark(index, row.id, None)
            raise _stuck(error) from None


def restore(index: Index, rows: Sequence[Row]) -> None:
    """Put pictures back where they were, or beside what lies there now; StudioError if a file cannot be moved."""
    for row in rows:
        place = files.free(index.folder / row.path)
        try:
            files.move(trashed(index.folder, row.path), place)
        except OSError as error:
            raise _stuck(error) from None
        path = place.relative_to(index.folder).as_posix()
        index.run(
            lambda connection, row=row, path=path: connection.execute(
                "UPDATE pictures SET deleted = NULL, is_gone = 0, path = ? WHERE id = ?", (path, row.id)
            )
        )


def purge(index: Index, *, older_than: float) -> int:
    """Delete for good what has been in the trash of any owner for so many seconds; how many it were. Never raises."""
    query = "SELECT id, path FROM pictures WHERE deleted IS NOT NULL AND deleted <= ?"
    before, purged = time.time() - older_than, 0
    try:
        for id, path in index.run(lambda connection: connection.execute(query, (before,)).fetchall()):
            trashed(index.folder, path).unlink(missing_ok=True)
            thumbnails.forget(index.folder, id)
            index.run(lambda connection, id=id: connection.execute("DELETE FROM pictures WHERE id = ?", (id,)))
            purged += 1
    except (OSError, sqlite3.Error) as error:
        log.warning("The trash was not emptied: %s", error)
    return purged


def trashed(folder: Path, path: str) -> Path:
    """Where the file of that relative path lies while it is in the trash."""
    return folder / FOLDER / path


def _mark(index: Index, id: str, when: float | None) -> None:
    def work(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE pictures SET deleted = ? WHERE id = ?", (when, id))

    index.run(work)


def _stuck(error: OSError) -> StudioError:
    return StudioError(
        f"Picture: it cannot be moved ({error.strerror or error}). Close what has it open, and try again."
    )
