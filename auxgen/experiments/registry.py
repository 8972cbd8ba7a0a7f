"""Experiments by name, and their options.

Each package beside this file is a paper. It lists its experiments and tables in its __init__, which
imports nothing else; a module is imported when its experiment is asked for. An experiment is a
function of a plan and a seed, or, in a person's own file, of typed keyword arguments.
"""

import importlib
import importlib.util
import inspect
import pkgutil
import re
import sys
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from inspect import Parameter
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args, get_origin

from ..errors import InputError, unknown_name
from ..ranges import check_ranges
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


@dataclass(frozen=True)
class Option:
    """An option of an experiment; its default is MISSING where it must be given."""

    name: str
    type: Any
    default: Any
    help: str


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


def _run_file(file: Path) -> ModuleType:
    if not file.is_file():
        raise InputError(f"There is no file {file}; expected an experiment's Python file.")
    # not the stem alone: a file numbers.py must not hide Python's own module
    spec = importlib.util.spec_from_file_location(f"experiment_file_{file.stem}", file)
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
    """The options of an experiment; defaults are those of the plan that `given` chooses."""
    plan = _make_plan(entry, given or {})
    settings = _read_settings(plan)
    found = _list_parameters(entry.function)
    if plan is not None:
        found.pop("plan", None)
    choices = _list_parameters(entry.make_plan) if entry.make_plan else {}
    for name, (kind, default) in choices.items():
        if name not in settings:  # where it is one, the plan has its value
            found.setdefault(name, (kind, (given or {}).get(name, default)))
    kinds = typing.get_type_hints(type(plan)) if settings else {}
    for name, value in settings.items():
        found.setdefault(name, (kinds[name], value))
    # what the function itself says of an option is closer than the word all experiments share
    words = {**entry.words, **_read_argument_docs(entry.function)}
    return [Option(name, *each, words.get(name, "")) for name, each in found.items()]


def _list_parameters(function: Callable[..., Any]) -> dict[str, tuple[Any, Any]]:
    """Type and default of each parameter by its name; MISSING where it has none."""
    hints = typing.get_type_hints(function)
    parameters = inspect.signature(function).parameters.values()
    defaults = {p.name: MISSING if p.default is p.empty else p.default for p in parameters}
    return {name: (hints.get(name, Any), default) for name, default in defaults.items()}


def _make_plan(entry: ExperimentEntry, given: Mapping[str, Any]) -> Any:
    """The plan that options such as the budget choose; None where the experiment has none."""
    if entry.make_plan is not None:
        known = _list_parameters(entry.make_plan)
        chosen = {name: value for name, value in given.items() if name in known}
        for name, value in chosen.items():
            _check_choice(name, value, known[name][0])
        return entry.make_plan(**chosen)
    parameter = inspect.signature(entry.function).parameters.get("plan")
    return parameter.default if parameter and is_dataclass(parameter.default) else None


def _read_settings(plan: Any) -> dict[str, Any]:
    """The fields of a plan that are options, with their values."""
    listed = () if plan is None else fields(plan)
    return {f.name: getattr(plan, f.name) for f in listed if f.metadata.get("option", True)}


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

    Defaults are those of the plan that `given` chooses.
    """

    def collect(**options: Any) -> dict[str, Any]:
        return options

    options = list_options(entry, given)
    defaults = [Parameter.empty if o.default is MISSING else o.default for o in options]
    parameters = [
        Parameter(o.name, Parameter.KEYWORD_ONLY, default=default, annotation=o.type)
        for o, default in zip(options, defaults, strict=True)
    ]
    signature = inspect.Signature(parameters)
    collect.__signature__ = signature  # pyright: ignore[reportFunctionMemberAccess]
    collect.__annotations__ = {o.name: o.type for o in options}
    lines = "\n".join(f"    {o.name}: {o.help}" for o in options)
    title = (inspect.getdoc(entry.function) or entry.name).partition("\n\n")[0]
    collect.__doc__ = f"{title}\n\nArgs:\n{lines}\n"
    return collect


def resolve_options(entry: ExperimentEntry, given: Mapping[str, Any]) -> dict[str, Any]:
    """All options of an experiment with their values: given ones over the plan's.

    Raises:
        InputError: There is no such option, a choice is none of those that there are, or an option
            that must be given is missing.
    """
    known = {option.name: option for option in list_options(entry, given)}
    for name, value in given.items():
        new = entry.renamed.get(name)
        if name in known:
            _check_choice(name, value, known[name].type)
        elif callable(new) or new in known:  # what a paper renames, not all of it must have
            raise InputError(_describe_renamed(entry, name))
        else:
            raise unknown_name(f"option of {entry.name}", name, known)
    if entry.file is None:  # in a person's own file an option means what that says
        check_ranges(given)
    check_ranges({"seed": given.get("seed")})
    _check_kinds(given, known)
    values = {name: given.get(name, option.default) for name, option in known.items()}
    missing = [name for name, value in values.items() if value is MISSING]
    if missing:
        raise InputError(f"{entry.name} needs the option {missing[0]!r}: {known[missing[0]].help}")
    return values


def _check_kinds(given: Mapping[str, Any], known: Mapping[str, Option]) -> None:
    """Refuse a number in place of a text, or a text of a number, as an edited run.json may have."""
    for name, value in given.items():
        kinds = {known[name].type, *get_args(known[name].type)}
        if kinds & {str, Path} and not isinstance(value, str | Path | tuple | list | None):
            raise InputError(f"{name} is {value!r}; a text is expected.")
        if kinds <= {int, float, type(None)} and not isinstance(value, int | float | None):
            raise InputError(f"{name} is {value!r}; a number is expected.")


def _describe_renamed(entry: ExperimentEntry, name: str) -> str:
    new = entry.renamed[name]
    if isinstance(new, str):
        return f"The option {name!r} of {entry.name} is called {new!r} now."
    return f"The option {name!r} of {entry.name} is gone; {new.__doc__}"


def build_experiment(entry: ExperimentEntry, options: Mapping[str, Any]) -> Any:
    """The experiment's stages, initialised from its seed.

    Options are as a person gives them, or all of them, as run.json keeps them.

    Raises:
        InputError: As `resolve_options`.
    """
    import torch

    values = resolve_options(entry, options)
    torch.manual_seed(int(values.get("seed", 0)))
    parameters = inspect.signature(entry.function).parameters
    plan = _make_plan(entry, values)
    if plan is None:
        return entry.function(**values)
    settings = {name: values[name] for name in _read_settings(plan)}
    # JSON has lists where plans have tuples
    plan = replace(plan, **{k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()})
    own = {name: values[name] for name in parameters if name != "plan"}
    return entry.function(plan, **own)


def update_old_options(entry: ExperimentEntry, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a run.json of format 1, which had None for the budget's own value."""
    found: dict[str, Any] = {}
    given = {name: value for name, value in options.items() if value is not None}
    for name, value in given.items():
        new = entry.renamed.get(name, name)
        if isinstance(new, str):
            found[new] = value
        else:  # some need other old options beside their own, such as the number of passes
            takes_all = len(inspect.signature(new).parameters) == 2
            found |= new(value, options) if takes_all else new(value)
    return found


def _read_argument_docs(function: Callable[..., Any]) -> dict[str, str]:
    """What the Args of a docstring say, by name."""
    section = (inspect.getdoc(function) or "").partition("Args:\n")[2]
    lines = re.split(r"\n(?=\S)", section)[0]  # up to the next section
    found = re.findall(r"^    (\w+):(.*(?:\n {5,}.*)*)", lines, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}
