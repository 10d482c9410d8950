"""What the index knows of a picture, and the tables it stands in."""

import json
import secrets
import sqlite3
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

APPLICATION_ID = 0x4561736C  # "Easl": tells our index from another program's file of that name
SCHEMA_VERSION = 1
SCHEMA = f"""
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
CREATE TABLE IF NOT EXISTS pictures (
    number INTEGER PRIMARY KEY AUTOINCREMENT, -- order of saving, which no clock can turn back
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,                -- relative to the output folder, also while the file is in the trash
    created REAL NOT NULL,
    deleted REAL,
    is_gone INTEGER NOT NULL DEFAULT 0,
    is_starred INTEGER NOT NULL DEFAULT 0,
    checkpoint TEXT NOT NULL,
    seed INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    job TEXT NOT NULL,
    words TEXT NOT NULL,                      -- the prompt as it is searched
    prompt TEXT NOT NULL,
    negative_prompt TEXT NOT NULL,
    request TEXT NOT NULL,
    infotext TEXT NOT NULL
);
-- Holds all that is filtered by, so that a search reads no more of a row than that.
CREATE INDEX IF NOT EXISTS by_owner
    ON pictures (owner, deleted, is_gone, number, is_starred, checkpoint, created, words);
CREATE TABLE IF NOT EXISTS hashes (
    path TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    digest TEXT NOT NULL
);
"""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One picture of an output folder. `path` is relative to it, `created` in seconds since 1970.

    `request` are its settings as `results.to_json` has them, empty if none are known; `deleted` is when it was put into
    the trash. The id is random, so knowing one tells nothing of another.
    """

    path: str
    owner: str
    created: float
    width: int
    height: int
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    prompt: str = ""
    negative_prompt: str = ""
    checkpoint: str = ""
    seed: int = -1
    request: Mapping[str, object] = field(default_factory=dict)
    infotext: str = ""
    job: str = ""
    is_starred: bool = False
    deleted: float | None = None


def folded(text: str) -> str:
    """Text as it is searched: without case, and with each letter in one spelling."""
    return unicodedata.normalize("NFKC", text).casefold()


def add(connection: sqlite3.Connection, row: Row) -> None:
    """Enter a row. A file that is known already keeps its id and star, and learns the rest."""
    values = vars(row) | {"request": json.dumps(row.request, ensure_ascii=False), "words": folded(row.prompt)}
    known = ", ".join(f"{name} = excluded.{name}" for name in values if name not in ("id", "path", "is_starred"))
    connection.execute(
        f"INSERT INTO pictures ({', '.join(values)}) VALUES ({', '.join(f':{name}' for name in values)}) "
        f"ON CONFLICT (path) DO UPDATE SET {known}, is_gone = 0",
        values,
    )


def read(said: sqlite3.Row) -> Row:
    """The row that a line of the table holds."""
    values = {name: value for name, value in dict(said).items() if name in Row.__dataclass_fields__}
    return Row(**values | {"request": json.loads(said["request"]), "is_starred": bool(said["is_starred"])})
