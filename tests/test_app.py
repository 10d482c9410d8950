"""`python app.py`: what it says, and what it has imported by then."""

import os
import socket
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "diffusers", "transformers", "accelerate", "peft")
# Serves the page as app.py does, asks for it, and tells what is imported before the engine starts.
SERVE_AND_TELL = f"""
import sys, urllib.request
from studio.config import parse
from studio.engine.local import LocalEngine
from studio.ui import shell
settings = parse([], {{}})
engine = LocalEngine(settings)
blocks = shell.build(engine, settings)
shell.launch(blocks, engine, settings)
page = urllib.request.urlopen(blocks.local_url).read().decode()
print(["Easel" in page, [name for name in {HEAVY!r} if name in sys.modules]])
blocks.close()
"""


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    environ = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", **variables}
    return subprocess.run(command, cwd=PROJECT, env=environ, capture_output=True, text=True, timeout=120, check=False)


def test_page_is_served_before_torch_is_imported() -> None:
    done = run("-c", SERVE_AND_TELL)
    assert done.returncode == 0, done.stderr
    assert "[True, []]" in done.stdout


def test_page_is_served_though_other_machines_are_reached_by_a_proxy() -> None:
    done = run("-c", SERVE_AND_TELL, http_proxy="http://127.0.0.1:9", no_proxy="example.com")
    assert done.returncode == 0 and "[True, []]" in done.stdout, done.stderr


def test_help_needs_nothing_but_the_flags() -> None:
    done = run("-c", "import app, sys; sys.argv = ['app.py', '--help']; app.main()")
    assert done.returncode == 0 and "--checkpoint" in done.stdout


def test_a_checkpoint_that_is_not_there_is_named() -> None:
    done = run("app.py", "--checkpoint", "nowhere")
    assert done.returncode == 1 and "there is no 'nowhere'" in done.stderr


def test_an_address_of_another_machine_is_named() -> None:
    done = run("app.py", "--listen", "192.0.2.1")
    assert done.returncode == 1 and "192.0.2.1 is no address of this machine" in done.stderr


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = run("app.py", "--port", port)
    assert done.returncode == 1 and f"Port {port} is taken" in done.stderr


def test_a_flag_that_cannot_be_used_is_named() -> None:
    done = run("app.py", "--port", "0")
    assert done.returncode == 2 and "--port" in done.stderr
