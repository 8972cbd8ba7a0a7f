"""An experiment's options: which there are, their values, and the stages that they build."""

import inspect
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from inspect import Parameter
from numbers import Integral, Real
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

import torch

from ..errors import InputError, unknown_name
from ..ranges import check_ranges
from .registry import ExperimentEntry


@dataclass(frozen=True)
class Option:
    """An option of an experiment; its default is MISSING where it must be given."""

    name: str
    type: Any
    default: Any
    help: str


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
    entry: ExperimentEntry,
    given: Mapping[str, Any],
    defaults: Mapping[str, Any] = MappingProxyType({}),
) -> Callable[..., dict[str, Any]]:
    """A function whose typed keyword arguments are the options, for the command line.

    Defaults are those of the plan that `given` chooses, and before them `defaults`, such as the
    options of a run.
    """

    def collect(**options: Any) -> dict[str, Any]:
        return options

    options = list_options(entry, given)
    parameters = [
        Parameter(
            o.name,
            Parameter.KEYWORD_ONLY,
            default=_choose_default(o, defaults),
            annotation=o.type,
        )
        for o in options
    ]
    signature = inspect.Signature(parameters)
    collect.__signature__ = signature  # pyright: ignore[reportFunctionMemberAccess]
    collect.__annotations__ = {o.name: o.type for o in options}
    lines = "\n".join(f"    {o.name}: {o.help}" for o in options)
    title = (inspect.getdoc(entry.function) or entry.name).partition("\n\n")[0]
    collect.__doc__ = f"{title}\n\nArgs:\n{lines}\n"
    return collect


def _choose_default(option: Option, defaults: Mapping[str, Any]) -> Any:
    """The default of an option as Python has it, where `defaults` are as JSON has them."""
    if option.name not in defaults:
        return Parameter.empty if option.default is MISSING else option.default
    value = defaults[option.name]
    if isinstance(value, list):
        return tuple(value)
    takes_paths = Path in {option.type, *get_args(option.type)}
    return Path(value) if takes_paths and isinstance(value, str) else value


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
        kinds = _list_kinds(known[name].type)
        may_be_none = NoneType in kinds or known[name].default is None
        kinds -= {NoneType}
        plain = kinds <= {str, Path, int, float, bool}
        if value is None:
            if plain and not may_be_none:
                raise InputError(f"{name} is None; a value is expected.")
        elif isinstance(value, tuple | list):
            if plain:
                raise InputError(f"{name} is {value!r}; one value is expected.")
            _check_entries(name, value, kinds)
        elif kinds <= {str, Path} and not isinstance(value, str | Path):
            raise InputError(f"{name} is {value!r}; a text is expected.")
        elif kinds <= {int, float} and not isinstance(value, int | float):
            raise InputError(f"{name} is {value!r}; a number is expected.")
        elif kinds <= {int} and isinstance(value, float):
            raise InputError(f"{name} is {value!r}; a whole number is expected.")
        elif any(get_origin(kind) is tuple for kind in kinds) and not isinstance(value, str):
            raise InputError(f"{name} is {value!r}; several values are expected.")


def _list_kinds(kind: Any) -> set[Any]:
    """The types that a type is a union of, or itself."""
    union = get_origin(kind) in (typing.Union, UnionType)
    return set(get_args(kind) if union else [kind])


def _check_entries(name: str, values: Sequence[Any], kinds: set[Any]) -> None:
    """Refuse entries of another kind than those of several values."""
    inner = {each for kind in kinds for each in get_args(kind)}
    words = {str: (str, "texts"), int: (Integral, "whole numbers"), float: (Real, "numbers")}
    for allowed, word in (words[kind] for kind in words.keys() & inner):
        if not all(isinstance(v, allowed) and not isinstance(v, bool) for v in values):
            raise InputError(f"{name} is {values!r}; {word} are expected.")


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


def _read_argument_docs(function: Callable[..., Any]) -> dict[str, str]:
    """What the Args of a docstring say, by name."""
    section = (inspect.getdoc(function) or "").partition("Args:\n")[2]
    lines = re.split(r"\n(?=\S)", section)[0]  # up to the next section
    found = re.findall(r"^    (\w+):(.*(?:\n {5,}.*)*)", lines, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in found}


def find_defaults(entry: ExperimentEntry, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that options have where a person types only those that differ, by name.

    An option that must be given has none.
    """
    choices = _list_parameters(entry.make_plan) if entry.make_plan else {}
    defaults = {option.name: option.default for option in list_options(entry, values)}
    defaults |= {name: default for name, (_, default) in choices.items() if name in defaults}
    return {name: value for name, value in defaults.items() if value is not MISSING}


def names_own_data(options: Mapping[str, Any]) -> bool:
    """Whether an experiment learns from a file or a folder, which its options name."""
    data = options.get("data")
    return data is not None and Path(str(data)).expanduser().exists()
