"""From the start of the process to the page, and to the first picture, as a visitor sees it."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from gradio_client import Client

from tests.benchmarks.rows import Row

PATIENCE = 120


def measured(models: Path, outputs: Path) -> list[Row]:
    """Seconds to the page and to the first picture; RuntimeError if the studio does not come up."""
    port = _free_port()
    command = [
        sys.executable,
        "app.py",
        "--port",
        str(port),
        "--models",
        str(models),
        "--outputs",
        str(outputs),
    ]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ.copy())
    try:
        page = _page_served(process, f"http://127.0.0.1:{port}/", began)
        client = Client(f"http://127.0.0.1:{port}/", verbose=False)
        client.predict(prompt="a red house", checkpoint="one", seed=7, api_name="/generate")
        picture = time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(timeout=30)
    return [
        Row(name="process start to page", figure=page),
        Row(name="process start to first picture", figure=picture),
    ]


def _page_served(process: subprocess.Popen, address: str, began: float) -> float:
    while process.poll() is None and time.perf_counter() - began < PATIENCE:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return time.perf_counter() - began
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.02)
    raise RuntimeError("the studio did not serve its page")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
