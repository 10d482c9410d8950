"""Quicker imports: nothing written beside Gradio's modules, and everything as before afterwards."""

import gc
import json
import subprocess
import sys

import pytest

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


STARTED = """
import contextlib, json, sys
from studio import imports
with {context}:
    import gradio, transformers
    from diffusers import DPMSolverMultistepScheduler
found = {{"imported": [name for name in imports.LATER.values() if name in sys.modules]}}
found["names"] = sorted(dir(transformers)), transformers.BloomPreTrainedModel.__name__
scheduler = DPMSolverMultistepScheduler(use_beta_sigmas=True)
scheduler.set_timesteps(4)
found["sigmas"] = scheduler.sigmas.tolist()
import pandas, gradio.caching
found["tables"] = gradio.caching.pd.DataFrame is pandas.DataFrame, type(pandas).__name__
print(json.dumps(found))
"""


def started(context: str) -> dict[str, object]:
    code = STARTED.format(context=context)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def quick() -> dict[str, object]:
    return started("imports.quickly()")


@pytest.fixture(scope="module")
def plain() -> dict[str, object]:
    return started("contextlib.nullcontext()")


def test_what_a_start_does_not_need_is_not_imported(quick: dict, plain: dict) -> None:
    assert quick["imported"] == [] and plain["imported"] == list(imports.LATER.values())


@pytest.mark.parametrize("use", ["names", "sigmas", "tables"])
def test_it_serves_as_ever_when_it_is_used(use: str, quick: dict, plain: dict) -> None:
    assert quick[use] == plain[use]
