"""Typed functions become commands; a mistake is told in one sentence with the nearest name."""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

from ..errors import InputError, unknown_name

Result = TypeVar("Result")

_TYPE_WORDS = {int: "an integer", float: "a number", str: "text", Path: "a path"}
_SEQUENCE_TYPES = (tuple, list, Sequence)


def call_from_command_line(
    function: Callable[..., Result], args: Sequence[str], prog: str
) -> Result:
    """Call a function as a command line says.

    Raises:
        InputError: An option it does not have, or a value that is not of its type.
        SystemExit: Help was asked for, and printed.
    """
    positional, given = _parse_arguments(function, args, prog)
    return function(*positional, **given)


def parse_options(
    function: Callable[..., Any], args: Sequence[str], prog: str, also: Iterable[str] = ()
) -> dict[str, Any]:
    """The keyword arguments that a command line gives a function, defaults included.

    Args:
        function: Its typed keyword arguments are the options; its docstring is their help.
        args: What was typed.
        prog: What the command is called.
        also: Options that the command has besides, for the nearest name.

    Raises:
        InputError: An option it does not have, or a value that is not of its type.
        SystemExit: Help was asked for, and printed.
    """
    return _parse_arguments(function, args, prog, also)[1]


def _parse_arguments(
    function: Callable[..., Any], args: Sequence[str], prog: str, also: Iterable[str] = ()
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and keyword arguments for a function, from what was typed."""
    import tyro

    @functools.wraps(function)
    def capture(*positional: Any, **given: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return positional, given

    helping = any(arg in ("-h", "--help") for arg in args)
    if not helping:
        _check_arguments(function, args, prog, also)
    looks = (tyro.conf.PositionalMetavarFromFieldName, tyro.conf.DisallowNone)
    typed = (
        ["--help"] if helping else _merge_repeated_options(args, _get_option_types(function, prog))
    )
    try:
        return tyro.cli(capture, args=typed, prog=prog, config=looks, console_outputs=helping)
    except tyro.constructors.UnsupportedTypeAnnotationError as error:
        raise InputError(f"The options of {prog} have types that cannot be typed in.") from error
    except SystemExit as leaving:
        if leaving.code in (0, None):
            raise
        raise InputError(f"{' '.join(args)!r} does not fit; see {prog} --help.") from None


def _check_arguments(
    function: Callable[..., Any], args: Sequence[str], prog: str, also: Iterable[str] = ()
) -> None:
    """Refuse what the function does not have, what its types do not take, and what is missing.

    Raises:
        InputError: One of these, in a sentence.
    """
    kinds = _get_option_types(function, prog)
    loose, groups = _group_by_option(args)
    for option, values in groups:
        kind = _find_option_type(option, kinds, also)
        if kind is bool:
            loose += values
            continue
        if not values:
            raise InputError(f"{option} takes {_describe_type(kind)}, and got none.")
        taken = len(values) if _takes_several(kind) else 1
        for value in values[:taken]:
            if not _matches_type(value, kind):
                raise InputError(f"{option} takes {_describe_type(kind)}, not {value!r}.")
        loose += values[taken:]
    _check_positional(function, loose, prog)
    parameters = inspect.signature(function).parameters.values()
    needed = [_format_option(p.name) for p in parameters if _is_option(p) and p.default is p.empty]
    for option in needed:
        if option not in dict(groups):
            raise InputError(
                f"{option} is wanted, {_describe_type(kinds[option])}; see {prog} --help."
            )


def _check_positional(function: Callable[..., Any], loose: Sequence[str], prog: str) -> None:
    """Refuse too few or too many arguments that have no name."""
    parameters = inspect.signature(function).parameters.values()
    wanted = [p for p in parameters if p.kind is p.POSITIONAL_ONLY]
    open_ended = [p for p in wanted if "tuple" in str(p.annotation)]
    usage = " ".join([prog, *(p.name.upper() for p in wanted)])
    if len(loose) < len(wanted) - len(open_ended):
        raise InputError(f"{usage} is wanted; see {prog} --help.")
    if len(loose) > len(wanted) and not open_ended:
        takes = f"{usage} is all it takes" if wanted else f"{prog} takes options only"
        raise InputError(f"{takes}, and got {loose[len(wanted)]!r}.")


def _is_option(parameter: inspect.Parameter) -> bool:
    """Whether a command line gives it by name."""
    return parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)


def _get_option_types(function: Callable[..., Any], prog: str) -> dict[str, Any]:
    """Types of the options, as they are typed in."""
    try:
        hints = typing.get_type_hints(function)
    except NameError as error:
        raise InputError(f"The options of {prog} have a type that is not known: {error}.") from None
    parameters = inspect.signature(function).parameters.values()
    return {_format_option(p.name): hints.get(p.name, Any) for p in parameters if _is_option(p)}


def _format_option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _group_by_option(args: Sequence[str]) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """What stands before the first option, and each option with what stands after it."""
    loose: list[str] = []
    groups: list[tuple[str, list[str]]] = []
    for arg in args:
        name, equals, value = arg.partition("=")
        if arg.startswith("-") and not _parses_as_number(arg, float):
            groups.append((name.replace("_", "-"), [value] if equals else []))
        else:
            (groups[-1][1] if groups else loose).append(arg)
    return loose, groups


def _merge_repeated_options(args: Sequence[str], kinds: dict[str, Any]) -> list[str]:
    """The same with `--metric a --metric b` as `--metric a b`, of which tyro would take b alone."""
    loose, groups = _group_by_option(args)
    several: dict[str, list[str]] = {}
    parts: list[list[str]] = []
    for option, values in groups:
        if option in several:
            several[option] += values
            continue
        parts.append([option, *values])
        if option in kinds and _takes_several(kinds[option]):
            parts[-1] = several[option] = [option, *values]
    return [*loose, *(word for part in parts for word in part)]


def _find_option_type(option: str, kinds: dict[str, Any], also: Iterable[str]) -> Any:
    """The type of an option; --no-x is of x, where that is yes or no."""
    positive = option.replace("--no-", "--", 1)
    if option in kinds:
        return kinds[option]
    if kinds.get(positive) is bool:
        return bool
    known = [*kinds, *also]
    if not known:
        raise InputError(f"There is no option {option!r}; there are none.")
    raise unknown_name("option", option, known)


def _list_alternatives(kind: Any) -> list[Any]:
    """The members of a union, and of a sequence what it is of."""
    if get_origin(kind) in (typing.Union, types.UnionType):
        return [one for member in get_args(kind) for one in _list_alternatives(member)]
    if get_origin(kind) in _SEQUENCE_TYPES:
        return _list_alternatives(get_args(kind)[0])
    return [] if kind is type(None) else [kind]


def _takes_several(kind: Any) -> bool:
    members = get_args(kind) if get_origin(kind) in (typing.Union, types.UnionType) else (kind,)
    return any(get_origin(member) in _SEQUENCE_TYPES for member in members)


def _matches_type(value: str, kind: Any) -> bool:
    """Whether the text of a value can be of the type; a type not known here is left to tyro."""
    for one in _list_alternatives(kind):
        if get_origin(one) is Literal:
            fit = value in map(str, get_args(one))
        elif one in (int, float):
            fit = _parses_as_number(value, one)
        elif one is bool:
            fit = value in ("True", "False")
        else:
            fit = True
        if fit:
            return True
    return False


def _parses_as_number(value: str, kind: type) -> bool:
    try:
        kind(value)
    except ValueError:
        return False
    return True


def _describe_type(kind: Any) -> str:
    """What an option takes, in words."""
    said: list[str] = []
    for one in _list_alternatives(kind):
        if get_origin(one) is Literal:
            said += map(str, get_args(one))
        else:
            said.append("True or False" if one is bool else _TYPE_WORDS.get(one, "a value"))
    return " or ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)
