"""One file from the hub into the cache: resumed where it stopped, checked by its hash, and left at any moment."""

import hashlib
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from studio.pipelines import refusals
from studio.pipelines.refusals import HubError
from studio.pipelines.snapshots import HubFile, Snapshot

# How often a caller is asked whether to go on, whatever the network does.
BEAT_SECONDS = 0.25
CHUNK_BYTES = 2**20
# What another try may mend.
PASSING = ("stalled", "cut", "trouble", "no_network")

OnBytes = Callable[[int], None]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Patience:
    """How long a silence may last, and how often a broken download is taken up again.

    A try that brought `worthwhile_bytes` starts the count anew.
    """

    connect_seconds: float = 10
    stall_seconds: float = 30
    resumes: int = 2
    pause_seconds: float = 1
    worthwhile_bytes: int = 16 * 2**20

    @property
    def timeouts(self) -> tuple[float, float, float, float]:
        """For connecting, reading, writing, and waiting for a free connection."""
        return self.connect_seconds, self.stall_seconds, self.stall_seconds, self.stall_seconds


PATIENCE = Patience()


def fetch(file: HubFile, snapshot: Snapshot, on_bytes: OnBytes, patience: Patience = PATIENCE) -> None:
    """Make the file lie in the snapshot, whole; HubError says why that failed.

    `on_bytes(bytes here)` is called several times a second, and may raise to leave; what has come is kept.
    """
    with _on_disk(snapshot, file), _alone(snapshot, file, lambda: on_bytes(0)):
        if not snapshot.has_blob(file):
            with closing(Partial(snapshot, file, on_bytes)) as partial:
                partial.resume()
                _fill(partial, patience)
                partial.publish()
        snapshot.link(file)


def read(file: HubFile, snapshot: Snapshot, patience: Patience = PATIENCE) -> bytes:
    """The bytes of a small file, kept nowhere."""
    content, checked = bytearray(), _hash_of(file)
    for item in _answer(snapshot, file, 0, patience):
        if isinstance(item, bytes) and len(content) <= file.size_bytes:
            content += item
    checked.update(content)
    if checked.hexdigest() != file.etag:
        raise refusals.because("damaged", **_facts(snapshot, file))
    return bytes(content)


class Partial:
    """What has come of a file, and its hash so far."""

    def __init__(self, snapshot: Snapshot, file: HubFile, on_bytes: OnBytes) -> None:
        self.snapshot, self.file, self.received = snapshot, file, 0
        self._on_bytes, self._told = on_bytes, 0.0
        self._hash = _hash_of(file)
        path = snapshot.partial(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._output = path.open("r+b" if path.exists() else "w+b")

    def resume(self) -> None:
        """Take up what an earlier download left."""
        while self.received <= self.file.size_bytes and (chunk := self._output.read(CHUNK_BYTES)):
            self._count(chunk)
        if self.received > self.file.size_bytes:
            self.restart()

    @property
    def is_whole(self) -> bool:
        """Whether as many bytes are here as the file has."""
        return self.received == self.file.size_bytes

    def restart(self) -> None:
        """Forget what has come."""
        self.received, self._hash = 0, _hash_of(self.file)
        self._output.seek(0)
        self._output.truncate()

    def add(self, chunk: bytes) -> None:
        """Take what comes next; HubError, and nothing kept, if the file grows longer than it is."""
        self._output.write(chunk)
        self._count(chunk)
        if self.received > self.file.size_bytes:
            self._refuse()

    def beat(self, *, is_due: bool = False) -> None:
        """Tell the caller where things stand, a few times a second at most unless it `is_due`."""
        if is_due or time.monotonic() - self._told >= BEAT_SECONDS:
            self._told = time.monotonic()
            self._on_bytes(self.received)

    def publish(self) -> None:
        """Make it the blob, once its bytes are on the disk; HubError, and nothing kept, if they are not the file's."""
        if self._hash.hexdigest() != self.file.etag:
            self._refuse()
        self._output.flush()
        os.fsync(self._output.fileno())
        self._output.close()
        self.snapshot.partial(self.file).replace(self.snapshot.blob(self.file))
        self.beat(is_due=True)

    def close(self) -> None:
        """Leave what has come where it is; on a full disk that is what could be written."""
        with suppress(OSError):
            self._output.close()

    def _count(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self.received += len(chunk)
        self.beat()

    def _refuse(self) -> None:
        self.close()
        self.snapshot.partial(self.file).unlink(missing_ok=True)
        raise refusals.because("damaged", **_facts(self.snapshot, self.file))


def watched(items: Iterator[Item]) -> Iterator[Item | None]:
    """What `items` gives, made in a thread of its own, and None whenever nothing came for a beat.

    So the caller can leave while the network sleeps; the thread ends with its next item, or when that times out.
    """
    made: queue.Queue = queue.Queue(maxsize=4)
    is_left, done = threading.Event(), object()

    def hand_over(item: object) -> bool:
        while not is_left.is_set():
            with suppress(queue.Full):
                made.put(item, timeout=BEAT_SECONDS)
                return True
        return False

    def make() -> None:
        try:
            with closing(items):
                for item in items:
                    if not hand_over((item, None)):
                        return
        except Exception as error:
            hand_over((None, error))
        hand_over((done, None))

    threading.Thread(target=make, daemon=True, name="hub").start()
    try:
        while True:
            try:
                item, error = made.get(timeout=BEAT_SECONDS)
            except queue.Empty:
                yield None
                continue
            if error is not None:
                raise error
            if item is done:
                return
            yield item
    finally:
        is_left.set()


def _fill(partial: Partial, patience: Patience) -> None:
    """Ask until the file is whole, or the patience is at its end."""
    tries = 0
    while not partial.is_whole:
        before = partial.received
        try:
            _append(partial, patience)
        except HubError as why:
            is_worthwhile = partial.received - before >= patience.worthwhile_bytes
            tries = 1 if is_worthwhile else tries + 1
            if why.reason not in PASSING or tries > patience.resumes:
                raise
            _pause(tries * patience.pause_seconds, partial.beat)


def _append(partial: Partial, patience: Patience) -> None:
    """One request for the rest of the file."""
    with closing(watched(_answer(partial.snapshot, partial.file, partial.received, patience))) as answer:
        for item in answer:
            if item is None:
                partial.beat()
            elif isinstance(item, bytes):
                partial.add(item)
            elif item != partial.received:
                partial.restart()
    if not partial.is_whole:
        raise refusals.because("cut", **_facts(partial.snapshot, partial.file))


def _answer(snapshot: Snapshot, file: HubFile, start: int, patience: Patience) -> Iterator[int | bytes]:
    """Where the bytes begin, which is `start` or 0, and then the bytes."""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import build_hf_headers, get_session

    facts = _facts(snapshot, file)
    try:
        url = hf_hub_url(snapshot.repo, file.name, revision=snapshot.commit, endpoint=refusals.endpoint())
        headers = build_hf_headers() | {"Accept-Encoding": "identity"}
        for begin in dict.fromkeys((start, 0)):
            span = {"Range": f"bytes={begin}-"} if begin else {}
            how = {"headers": headers | span, "timeout": patience.timeouts, "follow_redirects": True}
            with get_session().stream("GET", url, **how) as response:
                if begin and response.status_code == 416:  # this server has another file: take that from its start
                    continue
                if response.status_code >= 400:
                    raise refusals.answered(response.status_code, response.headers, **facts)
                first = begin if response.status_code == 206 else 0
                if not _fits(response.headers, file.size_bytes - first):
                    raise refusals.because("damaged", **facts)
                yield first
                yield from response.iter_bytes()
                return
    except Exception as error:
        raise refusals.explained(error, **facts, seconds=patience.stall_seconds) from None


def _fits(headers: Mapping[str, str], awaited_bytes: int) -> bool:
    """Whether as many bytes are announced as are awaited: a login page says 200 too."""
    length = headers.get("Content-Length")
    return length is None or "Content-Encoding" in headers or int(length) == awaited_bytes


@contextmanager
def _alone(snapshot: Snapshot, file: HubFile, beat: Callable[[], None]) -> Iterator[None]:
    """Hold the file's lock, so that two studios do not write into one file."""
    from huggingface_hub.utils import WeakFileLock

    lock = snapshot.lock(file)
    lock.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(WeakFileLock(lock, timeout=BEAT_SECONDS))
                break
            except TimeoutError:
                beat()
        yield


@contextmanager
def _on_disk(snapshot: Snapshot, file: HubFile) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        room = {"size": snapshot.missing_bytes(file), "folder": snapshot.cache}
        raise refusals.explained(error, **_facts(snapshot, file), **room) from None


def _facts(snapshot: Snapshot, file: HubFile) -> dict[str, str]:
    """What every error about a file says."""
    return {"repo": snapshot.repo, "label": snapshot.label, "name": file.name}


def _pause(seconds: float, beat: Callable[[], None]) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        beat()
        time.sleep(min(left, BEAT_SECONDS))


def _hash_of(file: HubFile) -> "hashlib._Hash":
    """SHA-256 for files in LFS; git's own for the others, which takes the length first."""
    if len(file.etag) == 64:
        return hashlib.sha256()
    return hashlib.sha1(b"blob %d\0" % file.size_bytes, usedforsecurity=False)
