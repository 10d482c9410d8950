"""Reads a tree of modules without running them: rooms, imports, and what an import sets off."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path


@dataclass(frozen=True)
class Module:
    """One Python file of a tree, read and not run."""

    path: str
    syntax: ast.Module

    @cached_property
    def name(self) -> str:
        """The dotted name it is imported by."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def room(self) -> str:
        """The first name below `studio`: a package or a module beside them; outside the studio the top name."""
        top, _, rest = self.name.partition(".")
        return rest.partition(".")[0] if top == "studio" else top

    def nodes(self, *, at_import: bool = False) -> Iterator[ast.AST]:
        """All nodes, or only those that run when the module is imported."""
        waiting: list[ast.AST] = [self.syntax]
        while waiting:
            node = waiting.pop()
            yield node
            is_lazy = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            is_lazy |= isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            if not (at_import and is_lazy):
                waiting.extend(ast.iter_child_nodes(node))

    def imports(self, *, at_import: bool = False) -> set[str]:
        """Dotted names of everything imported; `from a import b` gives both a.b and a."""
        names = set()
        for node in self.nodes(at_import=at_import):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                source = self._source(node)
                names |= {source, *(f"{source}.{alias.name}" for alias in node.names)}
        return names

    def libraries(self, *, at_import: bool = False) -> set[str]:
        """The first part of everything imported."""
        return {name.partition(".")[0] for name in self.imports(at_import=at_import)}

    def _source(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.name.split(".") if self.path.endswith("__init__.py") else self.name.split(".")[:-1]
        return ".".join([*package[: len(package) - node.level + 1], *filter(None, [node.module])])


Modules = dict[str, Module]


def read(root: Path) -> Modules:
    """Every module of the studio and its tests, by dotted name."""
    paths = chain(root.glob("app.py"), root.glob("studio/**/*.py"), root.glob("tests/**/*.py"))
    modules = [Module(str(path.relative_to(root)), ast.parse(path.read_text("utf-8"))) for path in sorted(paths)]
    return {module.name: module for module in modules}


def house(modules: Modules) -> list[Module]:
    """The modules that are no tests."""
    return [module for module in modules.values() if not module.path.startswith("tests/")]


def neighbours(module: Module, modules: Modules) -> set[str]:
    """The studio's modules a module imports, packages only where nothing inside them is meant."""
    named = {name for name in module.imports() if name in modules} - {module.name}
    return {name for name in named if not any(other.startswith(f"{name}.") for other in named)}


def import_chains(start: Module, modules: Modules) -> Iterator[list[str]]:
    """The ways from a module to each one that importing it runs, as Python would go."""
    seen, waiting = {start.name}, [[start.name]]
    while waiting:
        path = waiting.pop()
        yield path
        names = modules[path[-1]].imports(at_import=True)
        # Importing a.b.c runs a and a.b too.
        parts = {".".join(name.split(".")[:end]) for name in names for end in range(1, name.count(".") + 2)}
        for name in (parts & set(modules)) - seen:
            seen.add(name)
            waiting.append([*path, name])
