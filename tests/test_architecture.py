"""The walls of the house: each is a function that reads a tree's source and returns what breaks it."""

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.house import Module, Modules, house, import_chains, neighbours, read

PROJECT = Path(__file__).resolve().parents[1]

# From top to bottom; rooms of one row may use each other.
ROOMS = (
    {"app"},
    {"ui"},
    {"engine"},
    {"tasks"},
    {"pipelines", "convert"},
    {"vision"},
    {"outputs"},
    {"obedience", "sheets"},
    {"results", "infotext"},
    {"grids", "axes"},
    {"requests"},
    {"catalog"},
    {"rules"},
    {"fills", "masks", "skeletons"},
    {"algebra", "config", "errors", "images", "imports", "prompts", "styles", "units"},
)
LEVELS = {room: level for level, row in enumerate(ROOMS) for room in row}
PURE = {
    "algebra",
    "fills",
    "masks",
    "obedience",
    "sheets",
    "skeletons",
    "results",
    "infotext",
    "grids",
    "axes",
    "requests",
    "catalog",
    "rules",
    "config",
    "errors",
    "images",
    "imports",
    "prompts",
    "styles",
    "units",
}
# Storybook makes the bundled family, so it uses what others only load with.
LIBRARIES = {
    "gradio": {"ui"},
    "starlette": {"ui"},
    "fastapi": {"ui"},
    "diffusers": {"pipelines", "storybook"},
    "transformers": {"pipelines", "vision", "storybook"},
    "peft": {"pipelines", "storybook"},
    "torch": {"engine", "tasks", "pipelines", "convert", "vision", "storybook"},
    "controlnet_aux": {"vision"},
    "rembg": {"vision"},
    "onnxruntime": {"vision"},
    "sd_parsers": {"outputs"},
}
HEAVY = {
    "torch",
    "torchvision",
    "diffusers",
    "transformers",
    "accelerate",
    "peft",
    "controlnet_aux",
    "rembg",
    "scipy",
    "sd_parsers",
}
# What the model card says of masks must be what users get, so that is measured through the room they go through.
BESIDE_STORYBOOK = {
    "studio/storybook/evaluate.py": {"vision", "images", "config", "results", "obedience"},
    "studio/storybook/obeying.py": {"vision", "obedience"},
    "studio/storybook/pose.py": {"skeletons"},
    "studio/storybook/steering.py": {"vision"},
    "studio/storybook/taking_over.py": {"vision"},
}
NAMES_OF_NOTHING = {"utils", "common", "shared", "helpers", "core", "base"}
MOCKS = {"mock", "unittest", "pytest_mock", "monkeypatch", "mocker", "MonkeyPatch"}
DISTRIBUTIONS = {"PIL": "pillow", "cv2": "opencv-python-headless"}
# Tests of what is no module of the studio, and what they hold instead.
OTHER_TESTS = {
    "test_app.py": "app.py",
    "test_architecture.py": "studio",
    "test_readme.py": "README.md",
    "browser/test_brush.py": "assets/paint.js",
    "browser/test_control.py": "studio/ui/tabs/control.py",
    "browser/test_edit.py": "studio/ui/tabs/edit.py",
    "browser/test_embeddings.py": "assets/embeddings.js",
    "browser/test_gallery.py": "studio/ui/tabs/gallery.py",
    "browser/test_generate.py": "studio/ui/tabs/generate.py",
    "browser/test_loras.py": "assets/loras.js",
    "browser/test_skeleton.py": "assets/skeleton.js",
    "browser/test_sketch.py": "assets/sketch.js",
    "browser/test_style.py": "studio/ui/tabs/style.py",
    "pipelines/test_together.py": "studio/pipelines/manager.py",
    "ui/tabs/test_edit_families.py": "studio/ui/tabs/edit.py",
}


Wall = Callable[[Path, Modules], Iterator[str]]


def room_is_known(root: Path, modules: Modules) -> Iterator[str]:
    for module in house(modules):
        if module.name != "studio" and module.room not in {*LEVELS, "storybook"}:
            yield f"{module.path} is in no room; add its room to architecture and to ROOMS"
        if NAMES_OF_NOTHING & set(module.name.split(".")):
            yield f"{module.path} says nothing of what is in it"


def imports_point_down(root: Path, modules: Modules) -> Iterator[str]:
    for module in house(modules):
        for name in neighbours(module, modules):
            above, below = LEVELS.get(module.room), LEVELS.get(modules[name].room)
            if above is not None and below is not None and below < above:
                yield f"{module.path} imports {name} from above"


def storybook_is_imported_by_nobody(root: Path, modules: Modules) -> Iterator[str]:
    for module in house(modules):
        for name in neighbours(module, modules):
            room = modules[name].room
            is_across = (module.room == "storybook") != (room == "storybook")
            if is_across and room not in BESIDE_STORYBOOK.get(module.path, ()):
                yield f"{module.path} imports {name}: Storybook stands alone"


def libraries_keep_to_their_rooms(root: Path, modules: Modules) -> Iterator[str]:
    for module in house(modules):
        for name in module.libraries() & set(LIBRARIES):
            if module.room not in LIBRARIES[name]:
                yield f"{module.path} imports {name}, which belongs to {' and '.join(sorted(LIBRARIES[name]))}"


def page_comes_before_torch(root: Path, modules: Modules) -> Iterator[str]:
    """Follows imports as Python would: whatever importing a light module runs must be light too."""
    for module in house(modules):
        if module.room in PURE | {"app", "ui", "engine"}:
            for path in import_chains(module, modules):
                for library in modules[path[-1]].libraries(at_import=True) & HEAVY:
                    yield f"{' → '.join(path)} imports {library} before the page is served"


def no_import_cycle(root: Path, modules: Modules) -> Iterator[str]:
    graph = {module.name: neighbours(module, modules) for module in modules.values()}
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> Iterator[str]:
        if name in path:
            yield f"{' → '.join([*path[path.index(name) :], name])} is a cycle"
        elif name not in done:
            for other in sorted(graph[name]):
                yield from walk(other, [*path, name])
            done.add(name)

    for name in sorted(graph):
        yield from walk(name, [])


def every_module_says_what_it_is_for(root: Path, modules: Modules) -> Iterator[str]:
    for module in modules.values():
        is_empty_package = module.path.startswith("tests/") and not module.syntax.body
        if not ast.get_docstring(module.syntax) and not is_empty_package:
            yield f"{module.path} has no docstring line"


def nothing_runs_at_import(root: Path, modules: Modules) -> Iterator[str]:
    for module in house(modules):
        for node in module.syntax.body:
            if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
                yield f"{module.path}:{node.lineno} runs when it is imported"


def no_globals_no_print_no_silence(root: Path, modules: Modules) -> Iterator[str]:
    for module in modules.values():
        for node in module.nodes():
            if isinstance(node, ast.Global):
                yield f"{module.path}:{node.lineno} has a global"
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "print" and not _is_command_line(module):
                yield f"{module.path}:{node.lineno} prints"
            elif isinstance(node, ast.ExceptHandler) and _is_silent(node):
                yield f"{module.path}:{node.lineno} swallows any error"


def _is_command_line(module: Module) -> bool:
    return module.path == "app.py" or module.path.endswith("__main__.py")


def _is_silent(node: ast.ExceptHandler) -> bool:
    catches_all = node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"}
    return catches_all and all(isinstance(line, ast.Pass | ast.Continue) for line in node.body)


def app_is_short(root: Path, modules: Modules) -> Iterator[str]:
    lines = (root / "app.py").read_text("utf-8").count("\n")
    if lines > 60:
        yield f"app.py has {lines} lines; 60 are enough to start a studio"


def nothing_is_mocked(root: Path, modules: Modules) -> Iterator[str]:
    for module in modules.values():
        for node in module.nodes():
            names = {node.arg} if isinstance(node, ast.arg) else set()
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = {part for alias in node.names for part in alias.name.split(".")}
                names |= set((getattr(node, "module", None) or "").split("."))
            elif isinstance(node, ast.Attribute):
                names = {node.attr}
            if names & MOCKS:
                yield f"{module.path}:{node.lineno} mocks"


def every_test_mirrors_a_module(root: Path, modules: Modules) -> Iterator[str]:
    for path in sorted(root.glob("tests/**/test_*.py")):
        inside = path.relative_to(root / "tests")
        module = root / "studio" / inside.parent / inside.name.removeprefix("test_")
        holds = [root / OTHER_TESTS[str(inside)]] if str(inside) in OTHER_TESTS else [module, module.with_suffix("")]
        if not any(held.exists() for held in holds):
            yield f"tests/{inside} mirrors nothing: there is no {module.relative_to(root)}"


def libraries_are_named_in_requirements(root: Path, modules: Modules) -> Iterator[str]:
    own = {name.partition(".")[0] for name in modules}
    for module in modules.values():
        is_test = module.path.startswith("tests/")
        named = _named(root / "requirements.txt") | (_named(root / "tests/requirements.txt") if is_test else set())
        for name in module.libraries() - own - sys.stdlib_module_names:
            if DISTRIBUTIONS.get(name, name).replace("_", "-") not in named:
                yield f"{module.path} imports {name}, which no requirements file names"


def _named(path: Path) -> set[str]:
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return {line.split(">")[0].split("[")[0].strip() for line in lines if line and not line.startswith("#")}


# For every wall a tree that breaks it: file → source. The files of a sound house are added where a tree lacks them.
BAD_TREES: dict[Wall, list[dict[str, str]]] = {
    room_is_known: [{"studio/garage.py": ""}, {"studio/ui/utils.py": ""}],
    imports_point_down: [
        {"studio/engine/jobs.py": "from studio.ui import shell"},
        {"studio/requests.py": "from studio import tasks"},
        {"studio/tasks/generate.py": "def run():\n    from ..engine import jobs"},
    ],
    storybook_is_imported_by_nobody: [
        {"studio/catalog.py": "from studio.storybook import words"},
        {"studio/storybook/words.py": "from studio import catalog"},
        {"studio/storybook/words.py": "from studio.vision import registry"},
        {"studio/storybook/evaluate.py": "from studio.pipelines import manager"},
    ],
    libraries_keep_to_their_rooms: [
        {"app.py": "import gradio as gr"},
        {"studio/tasks/generate.py": "from diffusers.schedulers import DDIMScheduler"},
        {"studio/pipelines/manager.py": "def load():\n    import rembg"},
    ],
    page_comes_before_torch: [
        {"studio/results.py": "import torch.nn"},
        {"studio/engine/local.py": "from studio.pipelines import manager"},
        {
            "studio/engine/local.py": "from studio.pipelines.sources import x",
            "studio/pipelines/__init__.py": "import torch",
        },
    ],
    no_import_cycle: [
        {"studio/results.py": "from studio import requests", "studio/requests.py": "import studio.results"},
        {
            "studio/ui/shell.py": "from .events import x",
            "studio/ui/events.py": "def f():\n    from studio.ui import shell",
        },
    ],
    every_module_says_what_it_is_for: [{"studio/prompts.py": "WORDS = ()"}, {"tests/test_prompts.py": "import os"}],
    nothing_runs_at_import: [{"studio/outputs.py": "from pathlib import Path\nPath('outputs').mkdir()"}],
    no_globals_no_print_no_silence: [
        {"studio/outputs.py": "def save():\n    global last"},
        {"studio/outputs.py": "def save():\n    print('saved')"},
        {"studio/outputs.py": "try:\n    import studio\nexcept Exception:\n    pass"},
        {"studio/outputs.py": "try:\n    import studio\nexcept:\n    pass"},
    ],
    app_is_short: [{"app.py": "\n" * 61}],
    nothing_is_mocked: [
        {"tests/test_outputs.py": "from unittest import mock"},
        {"tests/test_outputs.py": "import unittest.mock as m"},
        {"tests/test_outputs.py": "def test_x(monkeypatch): ..."},
        {"tests/test_outputs.py": "import pytest\npatch = pytest.MonkeyPatch()"},
    ],
    every_test_mirrors_a_module: [{"tests/ui/test_nothing.py": ""}, {"tests/test_manager.py": ""}],
    libraries_are_named_in_requirements: [
        {"studio/outputs.py": "import yaml"},
        {"studio/outputs.py": "def save():\n    import pytest"},
    ],
}
SOUND_HOUSE = {
    "app.py": '"""Start."""\nfrom studio.ui import shell',
    "requirements.txt": "gradio>=6.31,<7\ntorch>=2.10,<3\ndiffusers>=0.42,<0.43\nrembg[cpu]>=2,<3\n",
    "tests/requirements.txt": "# What tests need.\npytest>=9,<10\n",
    "tests/test_outputs.py": '"""Saving."""\nimport pytest\nfrom studio import outputs',
    "studio/__init__.py": '"""The studio."""',
    "studio/catalog.py": '"""Tables."""',
    "studio/requests.py": '"""Requests."""\nfrom studio import catalog',
    "studio/results.py": '"""Results."""\nfrom studio.requests import x',
    "studio/outputs.py": '"""Saving."""\nfrom studio import results',
    "studio/pipelines/__init__.py": '"""Pipelines."""',
    "studio/pipelines/sources.py": '"""Files."""\nfrom studio import catalog',
    "studio/pipelines/manager.py": '"""The manager."""\nimport torch\nfrom studio.pipelines import sources',
    "studio/tasks/__init__.py": '"""Tasks."""',
    "studio/tasks/generate.py": '"""Painting."""\nfrom studio.pipelines.manager import x',
    "studio/engine/__init__.py": '"""Engines."""\nfrom studio.engine import jobs',
    "studio/engine/jobs.py": '"""Jobs."""\nfrom studio import results',
    "studio/engine/local.py": '"""Here."""\nimport studio.pipelines.sources\ndef f():\n    from studio import tasks',
    "studio/ui/__init__.py": '"""The page."""',
    "studio/ui/events.py": '"""Events."""\nimport gradio as gr\nfrom studio.engine import jobs',
    "studio/ui/shell.py": '"""The frame."""\nfrom studio.ui import events',
    "studio/storybook/__init__.py": '"""Storybook."""',
    "studio/storybook/words.py": '"""Words."""\nimport torch',
    "studio/storybook/evaluate.py": '"""Measures."""\nfrom studio.vision import registry',
    "studio/vision/__init__.py": '"""Masks."""',
    "studio/vision/registry.py": '"""Nets."""',
}


def built(folder: Path, files: dict[str, str]) -> Path:
    for name, source in (SOUND_HOUSE | files).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(source, "utf-8")
    return folder


@pytest.fixture(scope="module")
def modules() -> Modules:
    return read(PROJECT)


@pytest.mark.parametrize("wall", BAD_TREES, ids=lambda wall: wall.__name__)
def test_wall_stands(wall: Wall, modules: Modules) -> None:
    assert list(wall(PROJECT, modules)) == []


@pytest.mark.parametrize("wall", BAD_TREES, ids=lambda wall: wall.__name__)
def test_wall_lets_a_sound_house_stand(wall: Wall, tmp_path: Path) -> None:
    root = built(tmp_path, {})
    assert list(wall(root, read(root))) == []


@pytest.mark.parametrize(
    ("wall", "files"),
    [(wall, files) for wall, trees in BAD_TREES.items() for files in trees],
    ids=lambda value: getattr(value, "__name__", None) or next(iter(value)),
)
def test_wall_falls_where_it_is_broken(wall: Wall, files: dict[str, str], tmp_path: Path) -> None:
    root = built(tmp_path, files)
    assert list(wall(root, read(root)))
