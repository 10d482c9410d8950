"""Quicker imports: nothing written beside Gradio's modules, and everything as before afterwards."""

import gc
import subprocess
import sys

from studio import imports

# Gradio's stub writer reads the source of every component through `inspect`.
COUNT_SOURCES_READ = """
import contextlib, inspect
from studio import imports
read = []
getfile = inspect.getfile
inspect.getfile = lambda thing: read.append(thing) or getfile(thing)
with {context}:
    import gradio
print(sum(issubclass(one, gradio.blocks.Block) for one in read if isinstance(one, type)), gradio.Slider(1, 2).value)
"""


def sources_read(context: str) -> list[str]:
    code = COUNT_SOURCES_READ.format(context=context)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_gradio_writes_no_stubs_and_works() -> None:
    assert sources_read("imports.quickly()") == ["0", "1"]


def test_gradio_would_write_them_otherwise() -> None:
    assert int(sources_read("contextlib.nullcontext()")[0]) > 20


def test_garbage_is_collected_again_afterwards() -> None:
    finders = list(sys.meta_path)
    with imports.quickly():
        assert not gc.isenabled()
    assert gc.isenabled() and sys.meta_path == finders
