"""What a file shows is used elsewhere, and nothing is there for tests alone.

A name counts as used where it stands as a word: that misses some, and accuses nobody wrongly.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import auxgen

PACKAGE = Path(auxgen.__file__).parent
ROOT = PACKAGE.parent
READ = {".py", ".md", ".ipynb", ".j2"}
FOUND_BY_NAME = re.compile(r"\w+_command|make_\w+_plan|build_\w+_experiment")
"""Commands, and plans and experiments, whose names `cli.main` and a paper's package make up."""
ASKED_BY_OTHERS = {
    "get_n_splits",  # scikit-learn asks a splitter
    "get_code",  # Python asks a loader
    "arg_constraints",  # torch asks a distribution
}


@cache
def list_words(folder: str) -> list[list[str]]:
    """The words of each file in a folder of the repository."""
    files = [path for path in (ROOT / folder).rglob("*") if path.suffix in READ]
    return [re.findall(r"\w+", file.read_text(encoding="utf-8")) for file in files]


@cache
def list_modules() -> list[tuple[Path, ast.Module]]:
    return [(file, ast.parse(file.read_text())) for file in sorted(PACKAGE.rglob("*.py"))]


def list_definitions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Functions and classes of a module, and methods of its classes."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node
        if isinstance(node, ast.ClassDef):
            yield from (each for each in node.body if isinstance(each, ast.FunctionDef))


def is_found_by_name(file: Path, node: ast.FunctionDef | ast.ClassDef) -> bool:
    """Whether something outside of Python's reach finds it: a person, config.json, a protocol."""
    returns = getattr(node, "returns", None)
    is_builder = file.parent.name == "builders" and ast.unparse(returns or node) == "Method"
    is_protocol = node.name.startswith("__") or node.name in ASKED_BY_OTHERS
    return is_builder or is_protocol or FOUND_BY_NAME.fullmatch(node.name) is not None


def test_nothing_is_there_for_tests_alone() -> None:
    files = (words for folder in ("auxgen", "benchmarks", "docs") for words in list_words(folder))
    used = Counter(word for words in files for word in words)
    alone = [
        f"{file.relative_to(ROOT)}: {node.name}"
        for file, tree in list_modules()
        for node in list_definitions(tree)
        if used[node.name] < 2 and not is_found_by_name(file, node)
        if not any("register" in ast.unparse(each) for each in node.decorator_list)
    ]
    assert not alone, f"Used by tests at most: {alone}"


def test_a_function_that_no_other_file_uses_begins_with_an_underscore() -> None:
    files = (list_words(folder) for folder in ("auxgen", "benchmarks", "docs", "tests"))
    users = Counter(word for each in files for words in each for word in set(words))
    public = [
        f"{file.relative_to(ROOT)}: {node.name}"
        for file, tree in list_modules()
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        if users[node.name] < 2 and not is_found_by_name(file, node)
        if not (file.name.endswith("tables.py") and node.name.startswith("make_"))  # of a paper
    ]
    assert not public, f"Used in their own file alone: {public}"


def test_a_public_name_stands_in_one_file() -> None:
    """Outside of experiments, where papers have the same sets and the same numbers of tables."""
    homes: dict[str, list[str]] = {}
    for file, tree in list_modules():
        if "experiments" not in file.parts:
            for node in tree.body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    homes.setdefault(node.name, []).append(str(file.relative_to(ROOT)))
    several = {n: f for n, f in homes.items() if len(f) > 1 and not n.startswith("_")}
    assert not several
