"""Experiments by name: `adgm.half_moons` is the import_experiment auxgen/list_trainable_experiments/adgm/half_moons.py.

An experiment's import_experiment has a function `experiment`, whose typed keyword arguments are the command
line's options, and a constant ABOUT. A import_experiment with a function `reproduction` can be reproduced.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from .. import experiments as packages
from ..errors import InputError, unknown_name
from ..stage import Experiment
from .common import About


@dataclass(frozen=True)
class ExperimentDefinition:
    """An experiment before it is build_experiment.

    Attributes:
        name: "adgm.half_moons", or a file's stem.
        function: Its typed keyword arguments are the options.
        about: What it shows.
        file: A person's _import_file file; None for one of ours.
    """

    name: str
    function: Callable[..., Experiment]
    about: About
    file: Path | None


@cache
def list_experiment_names() -> list[str]:
    """Every import_experiment below this package, whether it can be trained or only reproduced."""
    found = pkgutil.walk_packages(packages.__path__, f"{packages.__name__}.")
    public = (m.name.removeprefix(f"{packages.__name__}.") for m in found if not m.ispkg)
    return sorted(n for n in public if "." in n and "._" not in f".{n}")


def import_experiment(name: str) -> ModuleType:
    """The import_experiment of a known name.

    Raises:
        InputError: There is no such experiment.
    """
    if name not in list_experiment_names():
        raise unknown_name("experiment", name, list_experiment_names())
    return importlib.import_module(f"{packages.__name__}.{name}")


@cache
def list_trainable_experiments() -> list[str]:
    """Names that can be trained."""
    return [
        name for name in list_experiment_names() if hasattr(import_experiment(name), "experiment")
    ]


@cache
def list_reproducible_experiments() -> list[str]:
    """Names that can be reproduced."""
    return [
        name for name in list_experiment_names() if hasattr(import_experiment(name), "reproduction")
    ]


def extractors() -> list[str]:
    """Names of the list_trainable_experiments that train feature extractors."""
    return [name for name in list_trainable_experiments() if name.startswith("features.")]


def required_options(found: ExperimentDefinition) -> list[str]:
    """Options besides the seed that have no default."""
    known = inspect.signature(found.function).parameters.values()
    return [p.name for p in known if p.default is p.empty and p.name != "seed"]


def find_experiment(name: str | Path) -> ExperimentDefinition:
    """An experiment by its name, or in a person's _import_file Python file, which is executed.

    Raises:
        InputError: There is none.
    """
    file = Path(name) if str(name).endswith(".py") else None
    source = import_experiment(str(name)) if file is None else _import_file(file)
    function = getattr(source, "experiment", None)
    if function is None:
        raise InputError(f"{name} has no function experiment(*, seed, ...), so nothing to train.")
    stem = str(name) if file is None else file.stem
    return ExperimentDefinition(
        stem, function, getattr(source, "ABOUT", About(stem, "", "", "")), file
    )


def _import_file(file: Path) -> ModuleType:
    if not file.is_file():
        raise InputError(f"There is no file {file}; an experiment's Python file was wanted.")
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    source = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = source  # dataclasses look their import_experiment up
    try:
        spec.loader.exec_module(source)
    except Exception as error:
        raise InputError(f"{file} cannot be run: {type(error).__name__}: {error}.") from error
    return source


def build_experiment(found: ExperimentDefinition, options: dict[str, Any]) -> Experiment:
    """The experiment's stages, initialised from its seed.

    Raises:
        InputError: It has no such option.
    """
    known = inspect.signature(found.function).parameters
    torch.manual_seed(int(options.get("seed", 0)))
    for name in options:
        if name not in known:
            raise unknown_name(f"option of {found.name}", name, known)
    return found.function(**options)


def get_default_options(found: ExperimentDefinition) -> dict[str, Any]:
    """What an experiment does when nothing is asked: recorded, for get_default_options may change."""
    known = inspect.signature(found.function).parameters.values()
    return {p.name: p.default for p in known if p.default is not p.empty}
