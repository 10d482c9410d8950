"""The hashes by which A1111 and Civitai know files: ten digits of a checkpoint's SHA-256, twelve of all else."""

import hashlib
import logging
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from studio.outputs.index import Index

log = logging.getLogger(__name__)

DIGITS, LONGER = 10, 12
# A fifth of a second; what is larger is read beside the work, and the first pictures go without their hash.
LARGEST_AT_ONCE = 256_000_000


class _Way(NamedTuple):
    """How many digits, and whether a header is left out that programs write into."""

    digits: int
    has_header: bool = False


class ModelHashes:
    """Hashes of files, each worked out once and kept in the index until its file changes."""

    def __init__(self, index: Index) -> None:
        self._index, self._lock = index, threading.Lock()
        self._working: dict[Path, threading.Thread] = {}

    def of(self, path: Path) -> str | None:
        """The hash of a checkpoint's one file; None for a folder, and while that of a large file is not ready."""
        return self._found(path, _Way(DIGITS))

    def of_lora(self, path: Path) -> str | None:
        """The hash of a LoRA's weights, without the header that programs write into; None as `of`."""
        return self._found(path, _Way(LONGER, has_header=True))

    def of_embedding(self, path: Path) -> str | None:
        """The hash of an embedding's file, all of it; None as `of`."""
        return self._found(path, _Way(LONGER))

    def wait(self) -> None:
        """Wait until no hash is being worked out."""
        with self._lock:
            working = list(self._working.values())
        for thread in working:
            thread.join()

    def _found(self, path: Path, way: _Way) -> str | None:
        try:
            if not path.is_file():
                return None
            path = path.resolve()
            known = self._known(path)
            if known or path.stat().st_size > LARGEST_AT_ONCE:
                return known or self._begin(path, way)
            return self._worked_out(path, way)
        except (OSError, sqlite3.Error) as error:
            log.warning("no hash of %s: %s", path.name, error)
            return None

    def _begin(self, path: Path, way: _Way) -> None:
        with self._lock:
            if path not in self._working:
                thread = threading.Thread(target=self._work, args=(path, way), name="hash", daemon=True)
                self._working[path] = thread
                thread.start()

    def _work(self, path: Path, way: _Way) -> None:
        try:
            self._worked_out(path, way)
        except (OSError, sqlite3.Error) as error:
            log.warning("no hash of %s: %s", path.name, error)
        finally:
            with self._lock:
                del self._working[path]

    def _known(self, path: Path) -> str | None:
        query = "SELECT digest FROM hashes WHERE path = ? AND size = ? AND changed = ?"
        row = self._index.run(lambda connection: connection.execute(query, _stamp(path)).fetchone())
        return row["digest"] if row else None

    def _worked_out(self, path: Path, way: _Way) -> str:
        stamp = _stamp(path)
        with path.open("rb") as file:
            if way.has_header:
                file.seek(int.from_bytes(file.read(8), "little"), 1)
            digest = hashlib.file_digest(file, "sha256").hexdigest()[: way.digits]
        statement = "INSERT OR REPLACE INTO hashes (path, size, changed, digest) VALUES (?, ?, ?, ?)"
        with suppress(sqlite3.Error):  # a busy index: it is worked out again
            self._index.run(lambda connection: connection.execute(statement, (*stamp, digest)))
        return digest


def _stamp(path: Path) -> tuple[str, int, int]:
    said = path.stat()
    return str(path), said.st_size, said.st_mtime_ns
