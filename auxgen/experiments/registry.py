"""Experiments by name.

Each package beside this file is a paper. It lists its experiments and tables in its __init__, which
imports nothing else; a module is imported when its experiment is asked for. An experiment is a
function of a plan and a seed, or, in a person's own file, of typed keyword arguments.
"""

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from ..errors import InputError, unknown_name
from .about import About, Renamed
from .options import WORDS


@dataclass(frozen=True)
class ExperimentEntry:
    """An experiment before it is built.

    Attributes:
        name: "adgm.half_moons", or a file's stem.
        function: Builds its stages: of a plan and a seed, or of typed keyword arguments.
        about: What it shows.
        file: A person's own file; None for one of ours.
        make_plan: The plan, from options that choose among plans such as the budget; None where
            the function has none, or its default is the only one.
        words: What options mean, by name.
        renamed: Options of earlier versions.
        before: What runs did before they had an option, by its name.
    """

    name: str
    function: Callable[..., Any]
    about: About
    file: Path | None = None
    make_plan: Callable[..., Any] | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    renamed: Renamed = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)


def _import_paper(paper: str) -> ModuleType:
    return importlib.import_module(f"{__package__}.{paper}")


def find_papers() -> list[str]:
    """Names of the papers, the first parts of their experiments' names."""
    place = importlib.import_module(__name__.rpartition(".")[0]).__path__
    return [module.name for module in pkgutil.iter_modules(place) if module.ispkg]


def list_papers() -> dict[str, str]:
    """Titles of the papers by name."""
    return {p: (_import_paper(p).__doc__ or "").partition("\n")[0] for p in find_papers()}


def list_experiments() -> dict[str, About]:
    """All experiments that can be trained, by name; nothing of them is imported."""
    papers = {paper: _import_paper(paper).EXPERIMENTS for paper in find_papers()}
    return {f"{p}.{name}": about for p, listed in papers.items() for name, about in listed.items()}


def list_reproductions() -> list[str]:
    """Names of the tables and figures that can be reproduced."""
    tables = {paper: getattr(_import_paper(paper), "TABLES", ()) for paper in find_papers()}
    return [f"{paper}.{name}" for paper, names in tables.items() for name in names]


def list_extractors() -> list[str]:
    """Names of the experiments that train feature extractors."""
    return [name for name in list_experiments() if name.startswith("features.")]


def load_reproduction_maker(name: str) -> Callable[..., Any]:
    """The function of a budget that makes a table.

    Raises:
        InputError: There is no such table.
    """
    known = list_reproductions()
    if name not in known:
        raise unknown_name("reproduction", name, known)
    paper, _, table = name.partition(".")
    return importlib.import_module(f"{__package__}.{paper}.tables").TABLES[table]


def find_experiment(name: str | Path) -> ExperimentEntry:
    """An experiment by its name, or in a person's own Python file, which is executed.

    Raises:
        InputError: There is none.
    """
    if str(name).endswith(".py"):
        return _find_in_file(Path(name))
    known = list_experiments()
    if str(name) not in known:
        if str(name) in list_reproductions():
            how = f"auxgen reproduce {name}"
            raise InputError(
                f"{name} is a table, made of several experiments; make it with: {how}."
            )
        raise unknown_name("experiment", str(name), known)
    paper, _, short = str(name).partition(".")
    package, about = _import_paper(paper), known[str(name)]
    place, _, attribute = (about.module or short).partition(":")
    module = importlib.import_module(f"{__package__}.{paper}.{place}")
    plans = f"{module.__package__}.plans"
    shared = importlib.import_module(plans) if importlib.util.find_spec(plans) else None
    renamed = getattr(package, "RENAMED_OPTIONS", {})
    return ExperimentEntry(
        name=str(name),
        function=getattr(module, attribute or "experiment"),
        about=about,
        make_plan=getattr(module, f"make_{attribute}_plan" if attribute else "make_plan", None),
        words={**WORDS, **getattr(module, "WORDS", {}), **getattr(shared, "WORDS", {})},
        renamed={**renamed.get("*", {}), **renamed.get(short, {})},
        before=getattr(package, "BEFORE_OPTIONS", {}).get(short, {}),
    )


def _find_in_file(file: Path) -> ExperimentEntry:
    source = _run_file(file)
    function = getattr(source, "experiment", None)
    if function is None:
        raise InputError(f"{file} has no function experiment(*, seed, ...), so nothing to train.")
    about = getattr(source, "ABOUT", About(file.stem))
    return ExperimentEntry(file.stem, function, about, file, getattr(source, "make_plan", None))


class _SourceLoader(SourceFileLoader):
    """Compiles a file whenever it is run, and leaves nothing beside it.

    What a stranger put into `__pycache__` would run in its place, whatever its checksum is.
    """

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def _run_file(file: Path) -> ModuleType:
    if not file.is_file():
        raise InputError(f"There is no file {file}; expected an experiment's Python file.")
    name = f"experiment_file_{file.stem}"  # a file numbers.py must not hide Python's own module
    loader = _SourceLoader(name, str(file))
    spec = importlib.util.spec_from_file_location(name, file, loader=loader)
    assert spec is not None
    assert spec.loader is not None
    source = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = source  # dataclasses look their module up
    try:
        spec.loader.exec_module(source)
    except Exception as error:
        raise InputError(f"{file} cannot be run: {type(error).__name__}: {error}.") from error
    return source
