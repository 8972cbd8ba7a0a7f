"""Experiments by name, and their options.

A paper's package lists its experiments and tables in its __init__, which imports nothing else; a
module is imported when its experiment is asked for. An experiment is a function of a plan and a
seed, or, in a person's own file, of typed keyword arguments.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args, get_origin

from ..errors import InputError, unknown_name
from .about import About, Renamed

PAPERS = ("adgm", "asl", "dfm", "discreg", "introvac", "features", "vae")


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
    """

    name: str
    function: Callable[..., Any]
    about: About
    file: Path | None = None
    make_plan: Callable[..., Any] | None = None
    words: Mapping[str, str] | None = None
    renamed: Renamed | None = None


@dataclass(frozen=True)
class Option:
    """An option of an experiment.

    Attributes:
        name: As in Python; with dashes on the command line.
        type: Its type.
        default: Its value when it is not given; MISSING where it must be.
        help: What it means.
    """

    name: str
    type: Any
    default: Any
    help: str


def _import_paper(paper: str) -> ModuleType:
    return importlib.import_module(f"{__package__}.{paper}")


def list_experiments() -> dict[str, About]:
    """All experiments that can be trained, by name; nothing of them is imported."""
    return {
        f"{paper}.{name}": about
        for paper in PAPERS
        for name, about in _import_paper(paper).EXPERIMENTS.items()
    }


def list_reproductions() -> list[str]:
    """Names of the tables and figures that can be reproduced."""
    return [f"{paper}.{name}" for paper in PAPERS for name in _import_paper(paper).TABLES]


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
            raise InputError(
                f"{name} is a table, made of several experiments; make it with: "
                f"auxgen reproduce {name}."
            )
        raise unknown_name("experiment", str(name), known)
    paper, _, short = str(name).partition(".")
    package, about = _import_paper(paper), known[str(name)]
    place, _, attribute = (about.module or short).partition(":")
    module = importlib.import_module(f"{__package__}.{paper}.{place}")
    words = importlib.import_module(f"{__package__}.options").WORDS
    own = getattr(module, "WORDS", {}) | getattr(_import_plans(paper), "WORDS", {})
    renamed = getattr(package, "RENAMED_OPTIONS", {})
    return ExperimentEntry(
        name=str(name),
        function=getattr(module, attribute or "experiment"),
        about=about,
        make_plan=None if attribute else getattr(module, "make_plan", None),
        words={**words, **own},
        renamed={**renamed.get("*", {}), **renamed.get(short, {})},
    )


def _import_plans(paper: str) -> ModuleType | None:
    name = f"{__package__}.{paper}.plans"
    return importlib.import_module(name) if importlib.util.find_spec(name) else None


def _find_in_file(file: Path) -> ExperimentEntry:
    source = _run_file(file)
    function = getattr(source, "experiment", None)
    if function is None:
        raise InputError(f"{file} has no function experiment(*, seed, ...), so nothing to train.")
    about = getattr(source, "ABOUT", About(file.stem))
    return ExperimentEntry(file.stem, function, about, file, getattr(source, "make_plan", None))


def _run_file(file: Path) -> ModuleType:
    if not file.is_file():
        raise InputError(f"There is no file {file}; expected an experiment's Python file.")
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


def list_options(entry: ExperimentEntry, given: Mapping[str, Any] | None = None) -> list[Option]:
    """The options of an experiment; defaults are those of the plan that `given` chooses.

    Args:
        entry: The experiment.
        given: Options that a person gave; those that choose among plans are looked at.
    """
    hints = typing.get_type_hints(entry.function)
    plan = _make_plan(entry, given or {})
    words = {**_read_argument_docs(entry.function), **(entry.words or {})}
    found: dict[str, Option] = {}

    def add(name: str, kind: Any, default: Any) -> None:
        found.setdefault(name, Option(name, kind, default, words.get(name, "")))

    for parameter in inspect.signature(entry.function).parameters.values():
        if plan is not None and parameter.name == "plan":
            continue
        default = MISSING if parameter.default is parameter.empty else parameter.default
        add(parameter.name, hints.get(parameter.name, Any), default)
    if entry.make_plan is not None:
        choices = typing.get_type_hints(entry.make_plan)
        for parameter in inspect.signature(entry.make_plan).parameters.values():
            default = (given or {}).get(parameter.name, parameter.default)
            add(parameter.name, choices[parameter.name], default)
    if plan is not None:
        kinds = typing.get_type_hints(type(plan))
        for each in fields(plan):
            add(each.name, kinds[each.name], getattr(plan, each.name))
    return list(found.values())


def _make_plan(entry: ExperimentEntry, given: Mapping[str, Any]) -> Any:
    """The plan that options such as the budget choose; None where the experiment has none."""
    if entry.make_plan is not None:
        known = inspect.signature(entry.make_plan).parameters
        hints = typing.get_type_hints(entry.make_plan)
        chosen = {name: value for name, value in given.items() if name in known}
        for name, value in chosen.items():
            _check_choice(name, value, hints[name])
        return entry.make_plan(**chosen)
    parameter = inspect.signature(entry.function).parameters.get("plan")
    return parameter.default if parameter and is_dataclass(parameter.default) else None


def _check_choice(name: str, value: Any, kind: Any) -> None:
    """Refuse a value that is none of those a Literal type lists."""
    if get_origin(kind) is Literal and value not in get_args(kind):
        raise unknown_name(name, str(value), map(str, get_args(kind)))


def list_required_options(entry: ExperimentEntry) -> list[str]:
    """Names of the options that must be given."""
    return [option.name for option in list_options(entry) if option.default is MISSING]


def make_option_function(
    entry: ExperimentEntry, given: Mapping[str, Any]
) -> Callable[..., dict[str, Any]]:
    """A function whose typed keyword arguments are the options, for the command line.

    Args:
        entry: The experiment.
        given: What a person gave of the options that choose among plans, such as the budget.
    """

    def collect(**options: Any) -> dict[str, Any]:
        return options

    options = list_options(entry, given)
    collect.__signature__ = inspect.Signature(  # pyright: ignore[reportFunctionMemberAccess]
        [
            inspect.Parameter(
                o.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if o.default is MISSING else o.default,
                annotation=o.type,
            )
            for o in options
        ]
    )
    collect.__annotations__ = {o.name: o.type for o in options}
    lines = "\n".join(f"    {o.name}: {o.help}" for o in options)
    title = (inspect.getdoc(entry.function) or entry.name).partition("\n\n")[0]
    collect.__doc__ = f"{title}\n\nArgs:\n{lines}\n"
    return collect


def choose_plan_options(entry: ExperimentEntry) -> dict[str, Any]:
    """The options that choose among plans, such as the budget, with their types."""
    return {} if entry.make_plan is None else typing.get_type_hints(entry.make_plan)


def resolve_options(entry: ExperimentEntry, given: Mapping[str, Any]) -> dict[str, Any]:
    """All options of an experiment with their values: given ones over the plan's.

    Raises:
        InputError: There is no such option, a choice is none of those that there are, or an option
            that must be given is missing.
    """
    known = {option.name: option for option in list_options(entry, given)}
    for name, value in given.items():
        if name in known:
            _check_choice(name, value, known[name].type)
        elif name in (entry.renamed or {}):
            raise InputError(_describe_renamed(entry, name))
        else:
            raise unknown_name(f"option of {entry.name}", name, known)
    values = {name: given.get(name, option.default) for name, option in known.items()}
    missing = [name for name, value in values.items() if value is MISSING]
    if missing:
        raise InputError(f"{entry.name} needs the option {missing[0]!r}: {known[missing[0]].help}")
    return values


def _describe_renamed(entry: ExperimentEntry, name: str) -> str:
    new = (entry.renamed or {})[name]
    if isinstance(new, str):
        return f"The option {name!r} of {entry.name} is called {new!r} now."
    return f"The option {name!r} of {entry.name} is gone; {new.__doc__}"


def build_experiment(entry: ExperimentEntry, options: Mapping[str, Any]) -> Any:
    """The experiment's stages, initialised from its seed.

    Args:
        entry: The experiment.
        options: As a person gives them, or all of them, as run.json keeps them.

    Raises:
        InputError: As `resolve_options`.
    """
    import torch

    from .common import override

    values = resolve_options(entry, options)
    torch.manual_seed(int(values.get("seed", 0)))
    parameters = inspect.signature(entry.function).parameters
    plan = _make_plan(entry, values)
    if plan is None:
        return entry.function(**values)
    plan = override(plan, **{f.name: values[f.name] for f in fields(plan)})
    own = {name: values[name] for name in parameters if name != "plan"}
    return entry.function(plan, **own)


def update_old_options(entry: ExperimentEntry, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a run.json of format 1, which had None for the budget's own value."""
    found: dict[str, Any] = {}
    for name, value in options.items():
        if value is None:
            continue
        new = (entry.renamed or {}).get(name, name)
        found |= {new: value} if isinstance(new, str) else new(value)
    return found


def _read_argument_docs(function: Callable[..., Any]) -> dict[str, str]:
    """What the Args of a docstring say, by name."""
    found: dict[str, str] = {}
    lines = inspect.getdoc(function) or ""
    name = ""
    for line in lines.partition("Args:\n")[2].splitlines():
        if line.strip() and not line.startswith(" "):
            break
        if line.startswith("    ") and not line.startswith("     ") and ":" in line:
            name, _, text = line.strip().partition(":")
            found[name] = text.strip()
        elif name and line.strip():
            found[name] += f" {line.strip()}"
    return found


def import_experiment(name: str) -> ModuleType:
    return importlib.import_module(f"{__package__}.{name}")
