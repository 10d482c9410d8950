"""Quicker imports: nothing written beside Gradio's modules, and everything as before afterwards."""

import gc
import json
import subprocess
import sys
from pathlib import Path

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


GATHERING = """
import json, sys
sys.path.insert(0, sys.argv[1])
from studio import imports
with imports.directly():
    from pymatting.util.sums import add
seen = [add(1, 2), "pymatting.cutout" in sys.modules]
from pymatting import *
print(json.dumps([*seen, cut(), "pymatting.cutout" in sys.modules]))
"""


def test_a_package_gathers_its_names_once_asked(tmp_path: Path) -> None:
    package = tmp_path / "pymatting"
    (package / "util").mkdir(parents=True)
    (package / "__init__.py").write_text("from pymatting.util import *\nfrom pymatting.cutout import *\n")
    (package / "cutout.py").write_text("from pymatting.util import add\n\n\ndef cut():\n    return add(2, 3)\n")
    (package / "util" / "__init__.py").write_text("from pymatting.util.sums import *\n")
    (package / "util" / "sums.py").write_text("def add(one, other):\n    return one + other\n")
    code = [sys.executable, "-c", GATHERING, tmp_path]
    said = subprocess.run(code, capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == [3, False, 5, True]


def test_what_cuts_out_imports_no_more_of_its_tools_than_it_uses() -> None:
    code = "import sys; from studio import imports\nwith imports.directly():\n    import rembg"
    code = f"{code}\nsys.exit('pymatting.cutout' in sys.modules or not rembg.bg.estimate_foreground_ml)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
