"""The benchmarks' modules, imported as when one of them is run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "benchmarks"


@contextmanager
def benchmarks_on_path() -> Iterator[None]:
    """Their folder on the path; what was imported from it is forgotten at the end."""
    sys.path.insert(0, str(FOLDER))
    try:
        yield
    finally:
        sys.path.remove(str(FOLDER))
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if file is not None and Path(file).parent == FOLDER:
                del sys.modules[name]


@contextmanager
def import_benchmark(name: str) -> Iterator[Any]:
    """A module of theirs, by name."""
    with benchmarks_on_path():
        yield import_module(name)
