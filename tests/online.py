"""A process of its own that may ask a hub: the tests' own process is in offline mode, which is settled at import."""

import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from studio.errors import Cancelled, StudioError


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a call: its value or its error, what it reported, and how long it took."""

    value: object = None
    error: StudioError | None = None
    progress: tuple[tuple[int, int], ...] = ()
    seconds: float = 0.0


@dataclass
class Watcher:
    """Takes progress, and leaves once that many bytes are here or it was told so many times."""

    leave_at: int | None = None
    leave_after: int | None = None

    def __post_init__(self) -> None:
        self.seen: list[tuple[int, int]] = []

    def __call__(self, done: int, total: int) -> None:
        self.seen.append((done, total))
        if (self.leave_at is not None and done >= self.leave_at) or len(self.seen) == self.leave_after:
            raise Cancelled("left")


class Online:
    """Runs calls where the hub at an address can be asked."""

    def __init__(self, pool: ProcessPoolExecutor, url: str, token: str | None = None) -> None:
        self._pool, self._url, self._token = pool, url, token

    def call(self, function: Callable, *values: object, **how: object) -> Outcome:
        """The outcome of a function that takes no progress."""
        return self._pool.submit(_run, (self._url, self._token), None, function, values, how).result(timeout=90)

    def watch(self, watcher: Watcher, function: Callable, *values: object, **how: object) -> Outcome:
        """The outcome of a function whose last positional value is told of progress."""
        return self._pool.submit(_run, (self._url, self._token), watcher, function, values, how).result(timeout=90)


@contextmanager
def process() -> Iterator[ProcessPoolExecutor]:
    """One process, started afresh and with an empty home."""
    with (
        tempfile.TemporaryDirectory() as home,
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _go_online, (home,)) as pool,
    ):
        yield pool


def _go_online(home: str) -> None:
    for name in ("HF_HUB_OFFLINE", "HF_TOKEN", "HF_HUB_CACHE"):
        os.environ.pop(name, None)
    # Else the library asks the hub once a day which programs it may be called by.
    os.environ |= {"HF_HOME": home, "HF_HUB_DISABLE_TELEMETRY": "1", "NO_PROXY": "*"}


def _run(hub: tuple[str, str | None], watcher: Watcher | None, function: Callable, values: tuple, how: dict) -> Outcome:
    os.environ["HF_ENDPOINT"], token = hub
    os.environ.pop("HF_TOKEN", None)
    if token:
        os.environ["HF_TOKEN"] = token
    start, value, error = time.monotonic(), None, None
    try:
        value = function(*values, *([watcher] if watcher else []), **how)
    except StudioError as raised:
        error = raised
    seconds = time.monotonic() - start
    return Outcome(value=value, error=error, progress=tuple(watcher.seen if watcher else ()), seconds=seconds)
