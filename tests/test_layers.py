"""Who may import whom: rooms only look downwards, and no files import each other in a circle.

Imports inside functions count as well. The floors are those that docs/architecture.md
draws.
"""

from __future__ import annotations

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import auxgen

ROOT = Path(auxgen.__file__).parent
PAGE = ROOT.parent / "docs" / "architecture.md"
WIDTH = 44
"""Columns of the drawing that name rooms; the rest of a line says what they are for."""
DRAWING = next(part for part in PAGE.read_text().split("```\n") if part.startswith("cli "))
FLOORS = [
    *(line[:WIDTH].split() for line in reversed(DRAWING.splitlines())),
    ["__init__", "__main__"],
]
"""From the ground up. A room is a folder or a file of the package."""
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
NARROW = {"report": {"errors", "files", "score"}}
"""Rooms that may import less than their floor allows."""


def name_module(file: Path) -> str:
    """auxgen/data/cache.py -> data.cache; a package is data.__init__."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts)


MODULES = {name_module(file): file for file in sorted(ROOT.rglob("*.py"))}


def list_imports(module: str) -> set[str]:
    """The modules of the package that a module imports, anywhere in it."""
    found: set[str] = set()
    package = ["auxgen", *module.split(".")[:-1]]
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.Import):
            found |= {find_module(alias.name.split(".")) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) + 1 - node.level] if node.level else []
            base = [*start, *(node.module or "").split(".")] if node.module else start
            found |= {find_module([*base, alias.name]) for alias in node.names}
    return found - {"", module}


def find_module(path: list[str]) -> str:
    """The module that a dotted path leads to, which may end in a name of it; "" where it is not
    one of ours."""
    if path[0] != "auxgen":
        return ""
    for parts in (path[1:], path[1:-1]):
        for name in (".".join(parts), ".".join([*parts, "__init__"])):
            if name in MODULES:
                return name
    raise AssertionError(f"{'.'.join(path)} is imported and not found.")


@cache
def get_graph() -> dict[str, set[str]]:
    """The modules that each module imports."""
    return {module: list_imports(module) for module in MODULES}


def get_room(module: str) -> str:
    return module.partition(".")[0]


def test_every_room_has_a_floor() -> None:
    assert {get_room(module) for module in MODULES} == set(FLOOR)


@pytest.mark.parametrize("room", FLOOR)
def test_a_room_imports_only_rooms_below_it(room: str) -> None:
    for module in (m for m in MODULES if get_room(m) == room):
        for imported in get_graph()[module]:
            below = get_room(imported)
            if below != room:
                assert FLOOR[below] < FLOOR[room], f"{module} imports {imported}"
                assert below in NARROW.get(room, {below}), f"{module} imports {imported}"


def test_only_its_command_imports_the_explorer() -> None:
    """So that nothing else needs what the extra `app` brings."""
    importing = {
        m for m, imported in get_graph().items() if any(get_room(i) == "explorer" for i in imported)
    }
    assert {m for m in importing if get_room(m) != "explorer"} == {"cli.explore"}


def test_no_files_import_each_other_in_a_circle() -> None:
    try:
        TopologicalSorter(get_graph()).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_the_test_sees_lazy_imports_and_circles() -> None:
    """What it would say of code that breaks the rule: it finds an import inside a function."""
    assert any(
        isinstance(node, ast.ImportFrom) and node.col_offset > 0
        for node in ast.walk(ast.parse(MODULES["__init__"].read_text()))
    )
    assert "launch" in get_graph()["__init__"]
    with pytest.raises(CycleError):
        TopologicalSorter({"a": {"b"}, "b": {"a"}}).prepare()


def test_every_folder_is_a_package_that_says_what_it_holds() -> None:
    for folder in {file.parent for file in MODULES.values()}:
        init = folder / "__init__.py"
        assert init.exists(), f"{folder} has no __init__.py"
        assert ast.get_docstring(ast.parse(init.read_text())), f"{init} has no docstring"
