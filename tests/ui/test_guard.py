"""Who is let in: this machine's own pages, visitors with a password, and nobody through another site."""

import asyncio
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gradio.utils import get_upload_folder
from gradio_client import Client
from gradio_client.exceptions import AppError
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from studio.config import Settings
from studio.ui.guard import COOKIE, LARGEST_BODY, Guard, sweep_unfinished
from studio.ui.page import owner_of
from tests.ui.conftest import Served, serve, wait_until

AUTH = ("easel", "a password")
JOIN = "gradio_api/queue/join"


@pytest.fixture(scope="module")
def public(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    outputs = tmp_path_factory.mktemp("outputs")
    yield from serve(Settings(models=models, outputs=outputs, checkpoint="one", listen="0.0.0.0", auth=AUTH))


@pytest.mark.parametrize("path", [JOIN, "gradio_api/upload", "gradio_api/cancel", "login", "gradio_api/call/generate"])
def test_another_sites_page_is_turned_away(served: Served, path: str) -> None:
    answer = httpx.post(served.url + path, json={}, headers={"origin": "https://elsewhere.example"})
    assert answer.status_code == 403


def test_the_page_itself_is_let_in(served: Served) -> None:
    origin = served.url.rstrip("/")
    assert httpx.post(
        f"{served.url}gradio_api/call/checkpoints", json={"data": []}, headers={"origin": origin}
    ).is_success


@pytest.mark.parametrize("host", ["elsewhere.example", "elsewhere.example:7860", "10.0.0.7", ""])
def test_a_local_studio_answers_to_no_other_name(served: Served, host: str) -> None:
    assert httpx.get(served.url, headers={"host": host, "x-forwarded-host": "localhost"}).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]:7860"])
def test_a_local_studio_answers_to_its_own_names(served: Served, host: str) -> None:
    assert httpx.get(f"{served.url}config", headers={"host": host}).is_success


def test_the_browser_keeps_the_pages_code_and_nothing_else(served: Served) -> None:
    page = httpx.get(served.url)
    script = re.search(r"assets/[\w-]+\.js", page.text)[0]
    assert "immutable" in httpx.get(f"{served.url}{script}").headers["cache-control"]
    assert "immutable" not in page.headers.get("cache-control", "")
    missing = httpx.get(f"{served.url}assets/nothing.js")
    assert missing.status_code == 404 and "cache-control" not in missing.headers


def test_a_body_too_large_is_refused_unread(served: Served) -> None:
    assert httpx.post(served.url + JOIN, content=b"x" * (LARGEST_BODY + 1)).status_code == 413


def test_an_upload_broken_off_leaves_nothing(served: Served) -> None:
    folder = Path(get_upload_folder())
    before = set(folder.glob("tmp*"))
    head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    host = httpx.URL(served.url)
    with socket.create_connection((host.host, host.port)) as line:
        wanted = f"POST /gradio_api/upload HTTP/1.1\r\nHost: {host.host}:{host.port}\r\nContent-Length: 600000\r\n"
        line.sendall(f"{wanted}Content-Type: multipart/form-data; boundary=b\r\n\r\n".encode() + head + b"x" * 300_000)
        wait_until(lambda: set(folder.glob("tmp*")) - before)
    wait_until(lambda: not set(folder.glob("tmp*")) - before)


def test_what_broken_uploads_left_is_swept_after_a_while(tmp_path: Path) -> None:
    old, young, other = (tmp_path / name for name in ("tmpold", "tmpyoung", "picture.png"))
    for path in (old, young, other):
        path.write_bytes(b"x")
    for path in (old, other):
        os.utime(path, (0, 0))
    sweep_unfinished(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["picture.png", "tmpyoung"]


def test_a_body_of_unknown_size_is_refused(served: Served) -> None:
    assert httpx.post(served.url + JOIN, content=iter([b"x"])).status_code == 411


def test_nothing_from_outside_may_be_loaded(served: Served) -> None:
    assert "default-src 'self'" in httpx.get(served.url).headers["content-security-policy"]


def test_each_visitor_gets_a_secret_that_scripts_cannot_read(served: Served) -> None:
    cookies = [httpx.get(served.url).headers["set-cookie"] for _ in range(2)]
    assert all("HttpOnly" in cookie and cookie.startswith(f"{COOKIE}=") for cookie in cookies)
    assert cookies[0] != cookies[1]


def test_a_visitor_who_is_known_keeps_the_secret(served: Served) -> None:
    assert "set-cookie" not in httpx.get(served.url, cookies={COOKIE: "0" * 32}).headers


@pytest.mark.parametrize("cookies", [["0" * 32, "local"], ["local"], ["local", "0" * 32]])
def test_nobody_is_somebody_else_by_saying_so(cookies: list[str]) -> None:
    heard = asyncio.run(_owner_heard([f"{COOKIE}={cookie}" for cookie in cookies]))
    assert re.fullmatch("[0-9a-f]{32}", heard)


async def _owner_heard(cookies: list[str]) -> str:
    """Whom the studio behind the door takes the client for that sends these cookie headers."""
    heard = []

    async def studio(scope: Scope, receive: Receive, send: Send) -> None:
        heard.append(owner_of(Request(scope), Settings(listen="0.0.0.0")))

    headers = [(b"host", b"localhost"), *((b"cookie", cookie.encode()) for cookie in cookies)]
    scope = {"type": "http", "method": "GET", "path": "/", "scheme": "http", "headers": headers}
    await Guard(studio, is_public=True)(scope, lambda: None, lambda message: None)
    return heard[0]


def test_a_public_studio_asks_for_its_password(public: Served) -> None:
    assert httpx.get(f"{public.url}config").status_code == 401
    assert httpx.post(f"{public.url}gradio_api/call/checkpoints", json={"data": []}).status_code == 401


def test_visitors_of_a_public_studio_have_jobs_of_their_own(public: Served) -> None:
    one, other = (Client(public.url, auth=AUTH, verbose=False) for _ in range(2))
    _, details = one.predict(checkpoint="one", num_inference_steps=1, width=96, height=96, api_name="/generate")
    assert one.predict(details["job"], api_name="/cancel") == {"job": details["job"]}
    with pytest.raises(AppError, match="Job: there is none"):
        other.predict(details["job"], api_name="/cancel")
