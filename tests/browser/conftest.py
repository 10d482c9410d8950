"""The real `python app.py` on a free port, and a real Chromium to open it with."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests import embedding_files, lora_files

PROJECT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]
# Two cores may be shared with anything; what does not happen in this time does not happen.
PATIENCE = 60_000

OpenPage = Callable[..., Page]
Launch = Callable[..., Browser]


@pytest.fixture(scope="session")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the studio keeps its pictures."""
    return tmp_path_factory.mktemp("outputs")


@pytest.fixture(scope="session")
def address(models: Path, outputs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the studio is, with a checkpoint of random weights in Storybook's place; LoRAs and embeddings for it and
    others."""
    folder = tmp_path_factory.mktemp("browser")
    for name, family in (("ink", "storybook"), ("wet", "storybook"), ("grand", "sdxl")):
        lora_files.kohya(models / "one", folder / "loras" / f"{name}.safetensors", family)
    embedding_files.a1111(folder / "embeddings" / "inkish.safetensors")
    embedding_files.a1111(folder / "embeddings" / "odd (name).safetensors", count=1)
    embedding_files.a1111(folder / "embeddings" / "grandish.safetensors", width=768)
    (folder / "storybook").symlink_to(models / "one")
    flags = ["--models", str(folder), "--outputs", str(outputs), "--device", "cpu"]
    process = subprocess.Popen([sys.executable, "app.py", *flags], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    said = process.stdout.readline()
    yield re.search(r"http://\S+", said)[0]
    process.terminate()
    process.wait(timeout=60)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Launch]:
    """Starts a Chromium with flags of its own. All are started by one Playwright: a process can have no second."""
    if not Path(CHROMIUM).exists():
        pytest.skip("there is no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        yield lambda *flags: playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *flags])


@pytest.fixture(scope="session")
def browser(chromium: Launch) -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[OpenPage]:
    """Opens the studio as a visitor with nothing remembered; anything fetched from outside fails the test."""
    contexts, strays = [], []

    def opened(*, width: int = 1280, height: int = 860, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: None if _is_own(request.url, address) else strays.append(request.url))
        page.goto(address)
        # The page is drawn with the status of when the server started; this one came by an event.
        page.locator(".dot.ready").wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert strays == []


def _is_own(url: str, address: str) -> bool:
    return url.startswith((address, "data:", "blob:"))
