"""The frame of the page: top line, tabs in display order, look, and how it is served."""

import errno
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import gradio as gr
from gradio.exceptions import InvalidPathError
from gradio.routes import App
from starlette.middleware import Middleware

from studio.config import Settings
from studio.engine import Engine
from studio.errors import StudioError
from studio.ui import api, checkpoints, chosen, markup, theme
from studio.ui.bench import Bench
from studio.ui.controls import html
from studio.ui.events import QUICK
from studio.ui.gallery import serving
from studio.ui.guard import Guard
from studio.ui.page import ASSETS, Page
from studio.ui.tabs import control, edit, gallery, generate, style

TABS = (generate, edit, style, control, gallery)

# The first ones are what the others stand on.
LAYOUT = (
    "easel.css",
    "checkpoints.css",
    "form.css",
    "picture.css",
    "edit.css",
    "loras.css",
    "control.css",
    "skeleton.css",
    "sketch.css",
    "gallery.css",
)
SCRIPTS = (
    "easel.js",
    "words.js",
    "weights.js",
    "styles.js",
    "loras.js",
    "embeddings.js",
    "settings.js",
    "pictures.js",
    "gallery.js",
    "viewer.js",
    "paint.js",
    "skeleton.js",
    "sketch.js",
)

STATUS_EVERY = 3
MOST_EVENTS_WAITING = 64
# Watching a job holds a thread; so many may watch at once.
MOST_THREADS = 200
# Seconds: how often Gradio sweeps its copies of pictures, and how old they grow. The output folder keeps its own.
SWEEP = (3600, 86400)


class Frame(gr.Blocks):
    """Gradio's page, which says what is wrong with a file that is not here, or not any more."""

    async def preprocess_data(self, *args: object, **kwargs: object) -> list[object]:
        """As Gradio does it; it tells a path that was never sent here, or is swept, by nothing but a failure."""
        try:
            return await super().preprocess_data(*args, **kwargs)
        except InvalidPathError:
            raise api.spoken("Picture: the file is not here, or not any more. Choose it again.") from None


def build(engine: Engine, settings: Settings) -> gr.Blocks:
    """The whole page over an engine that need not be ready yet."""
    with _without_apps():
        with Frame(title="Easel", analytics_enabled=False, delete_cache=SWEEP) as blocks:
            page = _top_line(blocks, engine, settings)
            places, built = [], []
            with page.tabs:
                for tab in TABS:
                    with gr.Tab(tab.TITLE, id=tab.TITLE) as place:
                        places.append(place)
                        built.append(tab.build(page))
            _joined(page, places, built)
            api.publish_common(page)
        return blocks.queue(api_open=False, max_size=MOST_EVENTS_WAITING)


def _joined(page: Page, places: Sequence[gr.Tab], built: Sequence[object]) -> None:
    """Let pictures go from each tab to the others."""
    benches = [bench for bench in built if isinstance(bench, Bench)]
    for place, bench in zip(places, built, strict=True):
        if isinstance(bench, Bench):
            bench.open(place)
    targets = {bench.takes: bench.target for bench in benches}
    for bench in benches:
        chosen.connect(page, bench.form, bench.view, targets)
    gallery.connect(page, places[TABS.index(gallery)], built[TABS.index(gallery)], benches)


def launch(blocks: gr.Blocks, engine: Engine, settings: Settings) -> None:
    """Serve the page and return; only its own files are served, and only to those who may see them.

    StudioError if the address or the port is not to be had.
    """
    _check_address(settings)
    _pass_proxies_by(settings.listen)
    script = "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS)
    try:
        blocks.launch(
            prevent_thread_lock=True,
            server_name=settings.listen,
            server_port=settings.port,
            share=settings.share,
            auth=settings.auth,
            theme=theme.make(),
            css_paths=[ASSETS / name for name in LAYOUT],
            head=f"<script>{script}</script>",
            app_kwargs={
                "middleware": [Middleware(Guard, is_public=settings.is_public)],
                "routes": serving.routes(engine, settings),
            },
            max_threads=MOST_THREADS,
            max_file_size="20mb",
            state_session_capacity=200,
            allowed_paths=[],
            blocked_paths=[str(path) for path in (settings.models, settings.cache_dir) if path],
            footer_links=[],
            run_history=False,
            enable_monitoring=False,
            ssr_mode=False,
            mcp_server=False,
            show_error=False,
            quiet=True,
            # Gradio gives up on a machine too busy to answer it within three seconds.
            _frontend=False,
        )
    except OSError as error:
        raise StudioError("Ports from 7860 on are taken. Name a free one with --port.") from error


@contextmanager
def _without_apps() -> Iterator[None]:
    """Spare the web application that Gradio makes at each step of building: launching makes the one that serves."""
    create = vars(App)["create_app"]
    App.create_app = lambda *_, **__: None
    try:
        yield
    finally:
        App.create_app = create


def _check_address(settings: Settings) -> None:
    """StudioError if nothing can be served there; Gradio has one name for every cause, and tries a hundred ports."""
    try:
        family = socket.AF_INET6 if ":" in settings.listen else socket.AF_INET
        socket.create_server((settings.listen, settings.port or 0), family=family).close()
    except OSError as error:
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            message = f"{settings.listen} is no address of this machine. Name another with --listen."
        elif error.errno == errno.EACCES:
            message = f"Port {settings.port} is for the machine's administrator. Name one from 1024 on with --port."
        else:
            message = f"Port {settings.port} is taken. Name a free one with --port."
        raise StudioError(message) from error


def _pass_proxies_by(listen: str) -> None:
    """Have this machine be asked directly, whatever proxy leads to others: Gradio asks itself whether it serves."""
    named = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    passed_by = ",".join(filter(None, dict.fromkeys((*named.split(","), "localhost", "127.0.0.1", listen))))
    os.environ |= {"no_proxy": passed_by, "NO_PROXY": passed_by}


def _top_line(blocks: gr.Blocks, engine: Engine, settings: Settings) -> Page:
    with gr.Row(elem_classes="top-line"):
        html(markup.BRAND, "brand-box")
        picker = checkpoints.build(engine, settings)
        status = html(markup.status_line(engine.status()), "status-box")
    tabs, drawer = gr.Tabs(), gr.Column(visible="hidden")
    page = Page(blocks=blocks, engine=engine, settings=settings, checkpoint=picker.checkpoint, tabs=tabs, drawer=drawer)
    timer = gr.Timer(STATUS_EVERY)
    gr.on([blocks.load, timer.tick], lambda: markup.status_line(engine.status()), None, status, **QUICK)
    checkpoints.connect(page, picker, timer)
    return page
