"""A studio that is served, and clients for it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
import pytest
from gradio_client import Client

from studio.config import Settings
from studio.engine.local import LocalEngine
from studio.ui import shell
from studio.ui.bench import Bench
from studio.ui.form import Form
from studio.ui.page import Page
from studio.ui.tabs import edit, generate


@dataclass(frozen=True)
class Served:
    """A running studio: its address, and the engine behind it."""

    url: str
    engine: LocalEngine


@pytest.fixture(scope="module")
def served(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    outputs = tmp_path_factory.mktemp("outputs")
    yield from serve(Settings(models=models, outputs=outputs, device="cpu", checkpoint="one"))


@pytest.fixture(scope="module")
def client(served: Served) -> Client:
    return Client(served.url, verbose=False)


@pytest.fixture(scope="module")
def page(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The frame as a tab sees it, over an engine that need not run."""
    settings = Settings(models=models, outputs=tmp_path_factory.mktemp("outputs"), device="cpu")
    engine = LocalEngine(settings)
    with gr.Blocks() as blocks:
        checkpoint = gr.Dropdown(["storybook", "one"], value="storybook")
        page = Page(
            blocks=blocks, engine=engine, settings=settings, checkpoint=checkpoint, drawer=gr.Column(), tabs=gr.Tabs()
        )
    yield page
    engine.close()


@pytest.fixture(scope="module")
def form(page: Page) -> Form:
    """The Generate tab's form."""
    with page.blocks:
        return generate.build(page).form


@pytest.fixture(scope="module")
def bench(page: Page) -> Bench:
    """The Edit tab."""
    with page.blocks:
        return edit.build(page)


def serve(settings: Settings) -> Iterator[Served]:
    """Serve a studio with these settings until the test is over."""
    engine = LocalEngine(settings).start()
    blocks = shell.build(engine, settings)
    shell.launch(blocks, engine, settings)
    yield Served(blocks.local_url, engine)
    blocks.close()
    engine.close()


def wait_until(happened: Callable[[], object], seconds: float = 30) -> None:
    """Return once it has happened; AssertionError if it does not in that time."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)
