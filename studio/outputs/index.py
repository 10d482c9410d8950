"""The index of an output folder: one SQLite file, which can always be made anew from the pictures."""

import logging
import sqlite3
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from studio.outputs import files
from studio.outputs.rows import APPLICATION_ID, SCHEMA, SCHEMA_VERSION

log = logging.getLogger(__name__)

NAME = "index.sqlite3"
# How long to wait for another program that writes to it.
PATIENCE = 2.0
BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}

Answer = TypeVar("Answer")
Refill = Callable[["Index"], None]


class Index:
    """The rows of an output folder; every method may be called from any thread.

    Opening always succeeds. A file that is broken, of another program or of a later release is set aside and kept;
    where none can be written the rows are in memory only. `note` says so. `refill` makes rows from the files again.
    """

    def __init__(self, folder: Path, refill: Refill) -> None:
        self.folder, self.note = folder, ""
        self._refill, self._lock = refill, threading.RLock()
        self._connection = self._opened()

    def run(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """What `work` makes of the tables, in one transaction; sqlite3.Error if it cannot be done now."""
        with self._lock:
            try:
                return self._tried(work)
            except sqlite3.DatabaseError as error:
                if not _is_broken(error):
                    raise
                self._mend(str(error))
                return self._tried(work)

    def check(self) -> None:
        """Look through the whole file for damage that no question has met yet, and mend it."""
        said = self.run(lambda connection: connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        if said != "ok":
            with self._lock:
                self._mend(said)

    def close(self) -> None:
        """Write everything into the one file, and let it go."""
        with self._lock:
            self._connection.close()

    def _tried(self, work: Callable[[sqlite3.Connection], Answer]) -> Answer:
        with self._connection as connection:
            return work(connection)

    def _mend(self, why: str) -> None:
        """Go on with a new index made from the files."""
        self._connection.close()
        self._connection = self._anew(why)
        self._refill(self)

    def _opened(self) -> sqlite3.Connection:
        try:
            files.made(self.folder)
            return _connected(self.folder / NAME)
        except _Unfit as error:
            return self._anew(str(error))
        except (OSError, sqlite3.Error) as error:
            if isinstance(error, sqlite3.DatabaseError) and _is_broken(error):
                return self._anew(str(error))
            return self._in_memory(str(error))

    def _anew(self, why: str) -> sqlite3.Connection:
        try:
            aside = _set_aside(self.folder / NAME)
            connection = _connected(self.folder / NAME)
        except (OSError, sqlite3.Error, _Unfit) as error:
            return self._in_memory(str(error))
        self._say(
            f"Gallery: its index could not be used ({why}). It lies in {aside}; a new one is made from the files."
        )
        return connection

    def _in_memory(self, why: str) -> sqlite3.Connection:
        self._say(f"Gallery: its index cannot be written ({why}). Stars and the trash last until the studio is closed.")
        connection = _set_up(sqlite3.connect(":memory:", check_same_thread=False))
        connection.executescript(SCHEMA)
        return connection

    def _say(self, note: str) -> None:
        self.note = note
        log.warning(note)


class _Unfit(Exception):
    """The file is an SQLite database, but not one to write into."""


def _connected(path: Path) -> sqlite3.Connection:
    connection = _set_up(sqlite3.connect(path, timeout=PATIENCE, check_same_thread=False))
    try:
        is_new = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not is_new:
            _check(connection)  # before anything is written: it may be another program's
        connection.execute("PRAGMA journal_mode = WAL")
        # A power cut may cost the last rows, never the file; they are found again by their pictures.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(f"BEGIN IMMEDIATE; {SCHEMA if is_new else ''} COMMIT;")
    except BaseException:
        connection.close()
        raise
    return connection


def _set_up(connection: sqlite3.Connection) -> sqlite3.Connection:
    connection.row_factory = sqlite3.Row
    return connection


def _check(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise _Unfit("it is another program's")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != SCHEMA_VERSION:
        raise _Unfit(f"it is of {'a later' if version > SCHEMA_VERSION else 'an earlier'} release")
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not {"pictures", "hashes"} <= tables:
        raise _Unfit("its tables are gone")


def _is_broken(error: sqlite3.DatabaseError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in BROKEN


def _set_aside(path: Path) -> str:
    """Give the index, and what SQLite keeps beside it, another name; nothing of it is lost."""
    stamp = f"{datetime.now():%Y-%m-%d-%H%M%S}"
    aside = files.free(path.with_name(f"index.damaged-{stamp}.sqlite3"))
    for suffix in ("-wal", "-shm", ""):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + suffix))
    return aside.name
