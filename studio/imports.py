"""Imports in half the time: no garbage sought among them, and nothing imported or written that nobody asked for."""

import functools
import gc
import importlib
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

# Parses the source of every component and renders a type stub of it, at every start.
STUB_WRITER = "gradio.component_meta"
# Reads the source of every model to learn what it exports, and twice, for it remembers fewer than there are.
SOURCE_READER = "transformers.utils.import_utils"
# Modules (or how their names begin), and what they import at their top for something a start never does: hashing a
# table, drawing noise levels from a distribution.
LATER = {"gradio.caching": "pandas", "diffusers.schedulers.scheduling_": "scipy.stats"}

# Packages that import all their modules, each of which is compiled for seconds on a new machine; those used are named
# one by one.
GATHERERS = frozenset(
    {
        "pymatting",
        "pymatting.alpha",
        "pymatting.foreground",
        "pymatting.laplacian",
        "pymatting.preconditioner",
        "pymatting.solver",
        "pymatting.util",
    }
)

# One network is read at a time: while it builds one, a library changes how all threads make parameters.
READING = threading.RLock()


@contextmanager
def directly() -> Iterator[None]:
    """Import what is imported inside without the detours; afterwards all is as before."""
    finder, distributions = _Shortcuts(), metadata.packages_distributions
    sys.meta_path.insert(0, finder)
    # It reads the file lists of all that is installed, for each library that asks.
    metadata.packages_distributions = functools.cache(distributions)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        metadata.packages_distributions = distributions


@contextmanager
def quickly() -> Iterator[None]:
    """As `directly`, and seek no garbage meanwhile, nor among what is there now ever again: only for a start."""
    was_collecting = gc.isenabled()
    # What importing makes stays: looking for garbage among it takes a third of the time and finds none, then or later.
    gc.disable()
    try:
        with directly():
            yield
    finally:
        gc.freeze()
        if was_collecting:
            gc.enable()


class _Shortcuts(MetaPathFinder):
    """Finds modules where they are, and runs them without their detour."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        run = _run_for(name)
        spec = PathFinder.find_spec(name, path, target) if run else None
        if spec is None or spec.loader is None:
            return None
        spec.loader.exec_module = run(spec.loader.exec_module)
        return spec


Run = Callable[[ModuleType], None]


def _run_for(name: str) -> Callable[[Run], Run] | None:
    """What makes of a module's way to run a quicker one."""
    if name == STUB_WRITER:
        return _silenced
    if name == SOURCE_READER:
        return _remembering
    if name in GATHERERS:
        return _when_asked
    return next((_without(later) for start, later in LATER.items() if name.startswith(start)), None)


def _silenced(run: Run) -> Run:
    def run_and_silence(module: ModuleType) -> None:
        run(module)
        module.create_or_modify_pyi = lambda *_: None

    return run_and_silence


def _remembering(run: Run) -> Run:
    def run_and_remember(module: ModuleType) -> None:
        run(module)
        read = getattr(module, "create_import_structure_from_path", None)
        if hasattr(read, "__wrapped__"):
            module.create_import_structure_from_path = functools.cache(read.__wrapped__)

    return run_and_remember


def _when_asked(run: Run) -> Run:
    """A package that gathers its names once one of them is asked for."""

    def run_when_asked(module: ModuleType) -> None:
        def gather(name: str) -> object:
            # Of names with underscores, only what `import *` asks for first.
            if name.startswith("__") and name != "__all__":
                raise AttributeError(name)
            del module.__getattr__
            run(module)
            return getattr(module, name)

        module.__getattr__ = gather

    return run_when_asked


def _without(later: str) -> Callable[[Run], Run]:
    def sparing(run: Run) -> Run:
        def run_without(module: ModuleType) -> None:
            if later in sys.modules:
                return run(module)
            sys.modules[later] = stand_in = _Later(later)
            try:
                run(module)
            finally:
                if sys.modules.get(later) is stand_in:
                    del sys.modules[later]

        return run_without

    return sparing


class _Later(ModuleType):
    """Stands for a module in those that imported it, and imports it when they use it."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)
