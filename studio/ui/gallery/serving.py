"""Pictures, thumbnails and ZIPs over HTTP, each to nobody but the visitor it belongs to."""

from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from studio.config import Settings
from studio.engine import Engine
from studio.errors import StudioError
from studio.ui.gallery import zips
from studio.ui.page import owner_of

PICTURES, THUMBNAILS, ZIPS = "easel/pictures", "easel/thumbnails", "easel/zips"
# No other site may show them, and no cache between keeps them.
HEADERS = {"Cache-Control": "private, max-age=86400", "Cross-Origin-Resource-Policy": "same-origin"}
REFUSED = {"Cache-Control": "no-store"}
SIGN_IN = "Sign in first."

Find = Callable[[str, str], Path]


def routes(engine: Engine, settings: Settings) -> list[Route]:
    """What Gradio's server is to serve beside its own."""

    def served(place: str, find: Find, media_type: str, disposition: str = "inline") -> Route:
        def answer(request: Request) -> Response:
            if not _is_signed_in(request):
                return PlainTextResponse(SIGN_IN, 401, headers=REFUSED)
            try:
                path = find(owner_of(request, settings), request.path_params["id"])
            except StudioError as error:
                return PlainTextResponse(str(error), 404, headers=REFUSED)
            return FileResponse(
                path,
                media_type=media_type,
                filename=path.name,
                content_disposition_type=disposition,
                headers=HEADERS,
            )

        return Route(f"/{place}/{{id}}", answer)

    return [
        served(PICTURES, lambda owner, id: engine.gallery(owner).path(id), "image/png"),
        served(THUMBNAILS, lambda owner, id: engine.gallery(owner).thumbnail(id), "image/webp"),
        served(ZIPS, zips.path, "application/zip", "attachment"),
    ]


def _is_signed_in(request: Request) -> bool:
    """As Gradio's own routes ask it of a studio with a password."""
    app = request.app
    tokens = (request.cookies.get(f"{name}-{app.cookie_id}") for name in ("access-token", "access-token-unsecure"))
    return app.auth is None or any(token in app.tokens for token in tokens)
