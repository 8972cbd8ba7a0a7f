"""Experiments by name: `adgm.half_moons` is the module auxgen/experiments/adgm/half_moons.py.

An experiment's module has a function `experiment`, whose typed keyword arguments are the command
line's options, and a constant ABOUT. A module with a function `reproduction` can be reproduced.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from ..errors import InputError, unknown
from ..experiment import About, Experiment


@dataclass(frozen=True)
class Found:
    """An experiment before it is made.

    Attributes:
        name: "adgm.half_moons", or a file's stem.
        function: Its typed keyword arguments are the options.
        about: What it shows.
        file: A person's own file; None for one of ours.
    """

    name: str
    function: Callable[..., Experiment]
    about: About
    file: Path | None


def names() -> list[str]:
    """Every module below this package, whether it can be trained or only reproduced."""
    found = pkgutil.walk_packages(__path__, f"{__name__}.")
    public = (m.name.removeprefix(f"{__name__}.") for m in found if not m.ispkg)
    return sorted(name for name in public if "._" not in f".{name}")


def module(name: str) -> ModuleType:
    """The module of a known name.

    Raises:
        InputError: There is no such experiment.
    """
    if name not in names():
        raise unknown("experiment", name, names())
    return importlib.import_module(f"{__name__}.{name}")


def experiments() -> list[str]:
    """Names that can be trained."""
    return [name for name in names() if hasattr(module(name), "experiment")]


def reproductions() -> list[str]:
    """Names that can be reproduced."""
    return [name for name in names() if hasattr(module(name), "reproduction")]


def find(name: str | Path) -> Found:
    """An experiment by its name, or in a person's own Python file, which is executed.

    Raises:
        InputError: There is none.
    """
    file = Path(name) if str(name).endswith(".py") else None
    source = module(str(name)) if file is None else own(file)
    function = getattr(source, "experiment", None)
    if function is None:
        raise InputError(f"{name} has no function experiment(*, seed, ...), so nothing to train.")
    stem = str(name) if file is None else file.stem
    return Found(stem, function, getattr(source, "ABOUT", About(stem, "", "", "")), file)


def own(file: Path) -> ModuleType:
    if not file.is_file():
        raise InputError(f"There is no file {file}; an experiment's Python file was wanted.")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    source = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = source  # dataclasses look their module up
    try:
        spec.loader.exec_module(source)
    except Exception as error:
        raise InputError(f"{file} cannot be run: {type(error).__name__}: {error}.") from error
    return source
