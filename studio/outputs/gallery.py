"""The pictures of one owner: found, starred, deleted and brought back. Nobody else's are to be had from it."""

import re
import sqlite3
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from studio.errors import InvalidField, NotFound, StudioError
from studio.outputs import files, thumbnails, trash
from studio.outputs.index import Index
from studio.outputs.owners import owner_key
from studio.outputs.rows import Row, folded, read

MOST_ROWS = 500
MOST_WORDS = 20
ID = re.compile(r"[0-9a-f]{32}")

Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which pictures are wanted: every word of `search` in the prompt, made from `since` until before `until`.

    Times are seconds since 1970. Words may be parts of words, case is the same, and no sign has a meaning of its own.
    With `deleted` those in the trash, and no others.
    """

    search: str = ""
    checkpoint: str | None = None
    since: float | None = None
    until: float | None = None
    starred: bool = False
    deleted: bool = False


class Gallery:
    """One owner's view of an index. NotFound for an id that is not theirs; StudioError if the index is busy."""

    def __init__(self, index: Index, owner: str) -> None:
        self._index, self._key = index, owner_key(owner)

    @property
    def note(self) -> str:
        """What its owner should know of the index: that it was damaged, or cannot be written; else nothing."""
        return self._index.note

    def page(self, wanted: Filter | None = None, *, offset: int = 0, limit: int = 60) -> tuple[list[Row], int]:
        """Some of the pictures wanted, newest first, and how many there are; trash and lost files are left out."""
        if not (0 <= offset < 2**31 and 1 <= limit <= MOST_ROWS):
            raise InvalidField("limit", f"Gallery: a page begins at 0 or later and has 1 to {MOST_ROWS} pictures.")
        wanted = wanted or Filter()
        where, values = _conditions(wanted)
        state = "NOT NULL" if wanted.deleted else "NULL"
        where, values = f"owner = ? AND deleted IS {state} AND is_gone = 0{where}", [self._key, *values]

        def work(connection: sqlite3.Connection) -> tuple[list[Row], int]:
            total = connection.execute(f"SELECT count(*) FROM pictures WHERE {where}", values).fetchone()[0]
            rows = connection.execute(
                f"SELECT * FROM pictures WHERE {where} ORDER BY number DESC LIMIT ? OFFSET ?", [*values, limit, offset]
            )
            return [read(row) for row in rows], total

        return self._run(work)

    def get(self, id: str) -> Row:
        """The picture of that id, also from the trash."""
        return self._rows([id])[0]

    def path(self, id: str) -> Path:
        """Where the file of that id lies; NotFound also if it is no more."""
        row = self.get(id)
        is_trashed = row.deleted is not None
        path = trash.trashed(self._index.folder, row.path) if is_trashed else self._index.folder / row.path
        if not path.is_file():
            self._lost(row)
        return path

    def thumbnail(self, id: str) -> Path:
        """A small WebP of it, at most 320 pixels a side."""
        return thumbnails.thumbnail(self._index.folder, self.get(id).id, self.path(id))

    def star(self, id: str, is_starred: bool) -> None:
        """Mark it as one to find again, or no longer."""
        id = self.get(id).id
        self._run(
            lambda connection: connection.execute("UPDATE pictures SET is_starred = ? WHERE id = ?", (is_starred, id))
        )

    def delete(self, ids: Sequence[str]) -> None:
        """Put pictures into the trash, from where `restore` brings them back; none if one of them is not theirs."""
        rows = [row for row in self._rows(ids) if row.deleted is None]
        _patiently(lambda: trash.delete(self._index, rows))

    def restore(self, ids: Sequence[str]) -> None:
        """Bring pictures back from the trash."""
        rows = [row for row in self._rows(ids) if row.deleted is not None]
        _patiently(lambda: trash.restore(self._index, rows))

    def checkpoints(self) -> list[str]:
        """What the pictures were made with, by name."""
        query = (
            "SELECT DISTINCT checkpoint FROM pictures WHERE owner = ? AND deleted IS NULL AND is_gone = 0 "
            "AND checkpoint <> '' ORDER BY checkpoint"
        )
        return self._run(lambda connection: [row[0] for row in connection.execute(query, (self._key,))])

    def zip(self, ids: Sequence[str], target: Path) -> None:
        """Write pictures into a ZIP file, each under a name of its own; StudioError if there is no room for it."""
        paths = [self.path(id) for id in dict.fromkeys(ids)]

        def pack(file: BinaryIO) -> None:
            # PNGs are packed already.
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                for path, name in zip(paths, _names(paths), strict=True):
                    archive.write(path, name)

        try:
            files.write(target, pack)
        except OSError as error:
            why = error.strerror or error
            raise StudioError(f"ZIP: it cannot be written ({why}). Free space, or choose fewer pictures.") from None

    def _rows(self, ids: Sequence[str]) -> list[Row]:
        """The rows of these ids, in their order; NotFound unless all are the owner's."""

        def work(connection: sqlite3.Connection) -> dict[str, Row]:
            query = "SELECT * FROM pictures WHERE id = ? AND owner = ?"
            found = [connection.execute(query, (id, self._key)).fetchone() for id in ids if _is_id(id)]
            return {row["id"]: read(row) for row in found if row is not None}

        rows = self._run(work)
        if not all(_is_id(id) and id in rows for id in ids):
            raise NotFound("Picture: it is not in your gallery. Reload the page.")
        return [rows[id] for id in dict.fromkeys(ids)]

    def _lost(self, row: Row) -> None:
        self._run(lambda connection: connection.execute("UPDATE pictures SET is_gone = 1 WHERE id = ?", (row.id,)))
        raise NotFound(f"Picture: the file {Path(row.path).name} is not there any more. Reload the page.")

    def _run(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        return _patiently(lambda: self._index.run(work))


def _is_id(id: object) -> bool:
    return isinstance(id, str) and ID.fullmatch(id) is not None


def _patiently(work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    except UnicodeEncodeError:
        raise InvalidField("search", "Search: holds a broken character; delete it or type it again.") from None
    except sqlite3.Error as error:
        raise StudioError(f"Gallery: its index cannot be used now ({error}). Try again in a moment.") from error


def _conditions(wanted: Filter) -> tuple[str, list[object]]:
    """The filter as SQL; every word a user gave is a value, never a part of the statement."""
    words = folded(wanted.search).split()[:MOST_WORDS]
    where, values = " AND instr(words, ?) > 0" * len(words), list[object](words)
    for condition, value in (
        ("checkpoint = ?", wanted.checkpoint),
        ("created >= ?", wanted.since),
        ("created < ?", wanted.until),
        ("is_starred = ?", wanted.starred or None),
    ):
        if value is not None:
            where, values = f"{where} AND {condition}", [*values, value]
    return where, values


def _names(paths: Sequence[Path]) -> list[str]:
    """A name for each file in a ZIP: its day and its own, numbered where two would have one."""
    names: dict[str, None] = {}
    for path in paths:
        name, number = f"{path.parent.name}-{path.name}", 1
        while name.casefold() in names:
            number += 1
            name = f"{path.parent.name}-{path.stem}-{number}{path.suffix}"
        names[name.casefold()] = None
    return list(names)
