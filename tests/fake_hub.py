"""A hub on loopback that speaks as much of Hugging Face's API as a download needs, and fails where it is told to."""

import hashlib
import json
import re
import threading
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

GOOD_TOKEN = "hf_goodtokenofthefakehub"
INFO = re.compile(r"/api/models/(?P<repo>[^/]+/[^/]+)(?:/revision/(?P<revision>[^/]+))?")
FILE = re.compile(r"/(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<name>.+)")
STORED = re.compile(r"/store/(?P<sha256>[0-9a-f]{64})")
# Hugging Face keeps these in LFS, and sends whoever asks for one to another host.
LARGE = (".safetensors", ".bin", ".ckpt", ".pth", ".pt")


@dataclass(frozen=True)
class Answer:
    """How to fail: a status with its code, a silence before or in the body, a body that ends early or is another one.

    `claimed_bytes` is the size that a listing gives for every file.
    """

    status: int = 200
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    silent_seconds: float = 0
    cut_at: float | None = None
    stall_at: float | None = None
    body: bytes | None = None
    ignores_range: bool = False
    claimed_bytes: int | None = None


@dataclass(frozen=True)
class Asked:
    """A request as it came; its headers are in title case."""

    method: str
    path: str
    headers: Mapping[str, str]


@dataclass
class Repository:
    """Files by name at one commit, which `main` stands for."""

    files: dict[str, bytes]
    is_gated: bool = False
    licence: str | None = "openrail"

    @property
    def commit(self) -> str:
        """Names the content, as git would."""
        content = repr(sorted((name, blob_id(data)) for name, data in self.files.items()))
        return hashlib.sha1(content.encode()).hexdigest()


class FakeHub(ThreadingHTTPServer):
    """Serves repositories; `fail` says what goes wrong next, and `asked` is what was asked for."""

    daemon_threads = True

    def __init__(self, repositories: Mapping[str, Repository]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repositories = dict(repositories)
        self.asked: list[Asked] = []
        self.is_over = threading.Event()
        self._failures: dict[tuple[str, str], deque[Answer]] = defaultdict(deque)

    @property
    def url(self) -> str:
        """What HF_ENDPOINT has to be."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def store_url(self) -> str:
        """Where large files lie: another host, to go by its name."""
        return f"http://localhost:{self.server_port}/store"

    def fail(self, ending: str, *answers: Answer, method: str = "GET") -> None:
        """Give these answers, one after the other, to requests for what ends so; then answer truly again.

        A large file is asked for twice, and only where it is stored does it come; so that is where it fails.
        """
        self._failures[method, ending].extend(answers)

    def relent(self) -> None:
        """Fail no more."""
        self._failures.clear()

    def requests(self, ending: str) -> list[Asked]:
        """Those for the bytes of what ends so."""
        return [asked for asked in self.asked if self._is_for(ending, asked)]

    def answer_to(self, asked: Asked) -> Answer:
        """What is said to a request: as told, or truly."""
        self.asked.append(asked)
        for (method, ending), answers in self._failures.items():
            if answers and method == asked.method and self._is_for(ending, asked):
                return answers.popleft()
        return Answer()

    def stored(self, sha256: str) -> bytes:
        """A large file by its hash."""
        return next(data for _, data in self._files() if sha256_of(data) == sha256)

    def _is_for(self, ending: str, asked: Asked) -> bool:
        if ending.endswith(LARGE) and (found := STORED.fullmatch(asked.path)):
            data = self.stored(found["sha256"])
            return any(other == data and name.endswith(ending) for name, other in self._files())
        return not ending.endswith(LARGE) and asked.path.endswith(ending)

    def _files(self) -> Iterator[tuple[str, bytes]]:
        for repository in self.repositories.values():
            yield from repository.files.items()


@contextmanager
def running(repositories: Mapping[str, Repository]) -> Iterator[FakeHub]:
    """A hub with these repositories, for as long as it is needed."""
    with FakeHub(repositories) as hub:
        threading.Thread(target=hub.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield hub
        finally:
            hub.is_over.set()
            hub.shutdown()


@lru_cache(maxsize=256)
def blob_id(data: bytes) -> str:
    """Git's name for a file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@lru_cache(maxsize=256)
def sha256_of(data: bytes) -> str:
    """The name of a large file."""
    return hashlib.sha256(data).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeHub

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        answer = self.server.answer_to(
            Asked(self.command, path, {name.title(): value for name, value in self.headers.items()})
        )
        self.server.is_over.wait(answer.silent_seconds)
        if answer.status >= 400:
            self._refuse(answer.status, answer.code, answer.headers)
        elif found := STORED.fullmatch(path):
            self._send(self.server.stored(found["sha256"]), answer, {"ETag": f'"{found["sha256"]}"'})
        elif found := INFO.fullmatch(path) or FILE.fullmatch(path):
            self._look_up(answer, **found.groupdict())
        else:
            self._refuse(404)

    do_HEAD = do_GET

    def log_message(self, *words: object) -> None:
        """Nothing: `hub.asked` tells."""

    def _look_up(self, answer: Answer, repo: str, revision: str | None, name: str | None = None) -> None:
        repository, token = self.server.repositories.get(repo), self.headers.get("Authorization")
        if token not in (None, f"Bearer {GOOD_TOKEN}"):
            self._refuse(401, None, {"X-Error-Message": "Invalid credentials in Authorization header"})
        elif repository is None:
            self._refuse(404 if token else 401, "RepoNotFound")
        elif revision not in (None, "main", repository.commit):
            self._refuse(404, "RevisionNotFound")
        elif name is None:
            self._send(json.dumps(_described(repo, repository, answer)).encode(), answer, {})
        elif repository.is_gated:
            self._refuse(403 if token else 401, "GatedRepo")
        elif name not in repository.files:
            self._refuse(404, "EntryNotFound")
        else:
            self._give(name, repository, answer)

    def _give(self, name: str, repository: Repository, answer: Answer) -> None:
        data, headers = repository.files[name], {"X-Repo-Commit": repository.commit}
        if not name.endswith(LARGE):
            return self._send(data, answer, headers | {"ETag": f'"{blob_id(data)}"'})
        sha256 = sha256_of(data)
        headers |= {"X-Linked-Etag": f'"{sha256}"', "X-Linked-Size": str(len(data))}
        return self._begin(302, 0, headers | {"Location": f"{self.server.store_url}/{sha256}"})

    def _send(self, data: bytes, answer: Answer, headers: Mapping[str, str]) -> None:
        data = data if answer.body is None else answer.body
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        start = 0 if answer.ignores_range else start
        span = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
        self._begin(206 if start else answer.status, len(data) - start, headers | span | answer.headers)
        if self.command == "GET":
            self._write(data[start:], answer)

    def _write(self, data: bytes, answer: Answer) -> None:
        end = len(data) if answer.cut_at is None else int(len(data) * answer.cut_at)
        stop = end if answer.stall_at is None else int(len(data) * answer.stall_at)
        self.close_connection |= stop < len(data)
        try:
            self.wfile.write(data[:stop])
            if stop < end:
                self.server.is_over.wait(60)
        except OSError:  # whoever asked has left
            self.close_connection = True

    def _refuse(self, status: int, code: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        self._begin(status, 0, ({"X-Error-Code": code} if code else {}) | dict(headers or {}))

    def _begin(self, status: int, length: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(length), **headers}.items():
            self.send_header(key, value)
        self.end_headers()


def _described(repo: str, repository: Repository, answer: Answer) -> dict[str, object]:
    files = [_sibling(name, data, answer.claimed_bytes or len(data)) for name, data in repository.files.items()]
    info = {"id": repo, "sha": repository.commit, "siblings": files, "tags": [], "downloads": 0, "private": False}
    card = {"license": repository.licence} if repository.licence else None
    return info | {"gated": "auto" if repository.is_gated else False, "cardData": card}


def _sibling(name: str, data: bytes, size: int) -> dict[str, object]:
    row = {"rfilename": name, "size": size, "blobId": blob_id(data)}
    sha256 = sha256_of(data)
    return row | ({"lfs": {"sha256": sha256, "size": size, "pointerSize": 134}} if name.endswith(LARGE) else {})
