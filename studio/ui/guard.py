"""The door: names each visitor by a cookie and turns away foreign pages, foreign hosts and oversized bodies."""

import re
import secrets
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from gradio.utils import get_upload_folder
from starlette.datastructures import Headers, MutableHeaders
from starlette.formparsers import MultiPartException
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.config import is_loopback
from studio.images import LARGEST_FILE

COOKIE = "easel_visitor"
# The form around a file counts too.
LARGEST_UPLOAD = LARGEST_FILE + 10_000
# Seconds without a byte after which an upload is given up.
UNFINISHED = 600
LARGEST_BODY = 1_000_000
# Gradio's own page needs inline scripts and eval; nothing may come from, or go to, another host.
POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; frame-ancestors 'self' https://huggingface.co"
# Gradio's code, hundreds of files whose names change with what is in them: asked for anew, they take a reload's time.
# Not public, since the answer may carry a visitor's cookie.
CODE, KEPT = "/assets/", "private, max-age=31536000, immutable"


class Guard:
    """ASGI middleware: no other site's page can use this studio, and each visitor has 128 bits of their own."""

    def __init__(self, app: ASGIApp, *, is_public: bool) -> None:
        self.app = app
        self.is_public = is_public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal:
            await PlainTextResponse(refusal[1], refusal[0])(scope, receive, send)
            return
        visitor = _visitor(headers)
        new_visitor = "" if visitor else secrets.token_hex(16)
        # Said last it holds, whatever else a client says it is in a second header.
        scope = scope | {"headers": _with_cookie(scope["headers"], f"{COOKIE}={visitor or new_visitor}")}

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer["X-Content-Type-Options"] = "nosniff"
                answer["Content-Security-Policy"] = POLICY
                if scope["path"].startswith(CODE) and message["status"] == 200:
                    answer["Cache-Control"] = KEPT
                if new_visitor:
                    answer.append("Set-Cookie", _cookie(new_visitor, is_secure=scope["scheme"] == "https"))
            await send(message)

        if scope["path"].endswith("/upload"):
            sweep_unfinished(Path(get_upload_folder()))
            receive = _whole(receive)
        await self.app(scope, receive, send_marked)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if not self.is_public and not is_loopback(urlsplit(f"//{host}").hostname or ""):
            return 400, "This studio answers only to this machine's own name."
        if scope["method"] in ("GET", "HEAD"):
            return None
        if not _is_own_page(headers):
            return 403, "Another site's page may not use this studio."
        limit = LARGEST_UPLOAD if scope["path"].endswith("/upload") else LARGEST_BODY
        size = headers.get("content-length", "")
        if not size.isdigit() and "transfer-encoding" in headers:
            return 411, "State the size of what you send."
        if size.isdigit() and int(size) > limit:
            return 413, f"Too much at once: at most {limit // 1_000_000} MB."
        return None


def sweep_unfinished(folder: Path) -> None:
    """Delete what broken uploads left: Gradio keeps each at the top of its folder until it ends, if it does."""
    for path in folder.glob("tmp*"):
        with suppress(OSError):
            if path.is_file() and time.time() - path.stat().st_mtime > UNFINISHED:
                path.unlink()


def _whole(receive: Receive) -> Receive:
    """What is received; leaving half-way breaks the form, for only then Gradio deletes what it wrote."""

    async def receive_whole() -> Message:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise MultiPartException("The upload was broken off.")
        return message

    return receive_whole


def _is_own_page(headers: Headers) -> bool:
    """True if our own page asks, or no page at all; browsers say so themselves where the address is https or local."""
    if "sec-fetch-site" in headers:
        return headers["sec-fetch-site"] in ("same-origin", "none")
    # A page elsewhere cannot set X-Forwarded-Host without asking first, and the asking is refused here.
    hosts = {headers.get("host"), headers.get("x-forwarded-host")}
    return "origin" not in headers or urlsplit(headers["origin"]).netloc in hosts


def _visitor(headers: Headers) -> str | None:
    value = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
    return value if re.fullmatch("[0-9a-f]{32}", value) else None


def _with_cookie(headers: list[tuple[bytes, bytes]], cookie: str) -> list[tuple[bytes, bytes]]:
    said = [value for name, value in headers if name == b"cookie"]
    kept = [(name, value) for name, value in headers if name != b"cookie"]
    return [*kept, (b"cookie", b"; ".join([*said, cookie.encode()]))]


def _cookie(visitor: str, *, is_secure: bool) -> str:
    # A Space is shown inside another site's frame, where only SameSite=None cookies come back.
    site = "None; Secure" if is_secure else "Lax"
    return f"{COOKIE}={visitor}; Path=/; Max-Age=31536000; HttpOnly; SameSite={site}"
