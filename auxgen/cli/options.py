"""Typed functions become commands; a mistake is told in one sentence with the nearest name."""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

from ..errors import InputError, unknown

Result = TypeVar("Result")

WORDS = {int: "an integer", float: "a number", str: "text", Path: "a path"}
SEVERAL = (tuple, list, Sequence)


def called(function: Callable[..., Result], args: Sequence[str], prog: str) -> Result:
    """Call a function as a command line says.

    Raises:
        InputError: An option it does not have, or a value that is not of its type.
        SystemExit: Help was asked for, and printed.
    """
    positional, given = parsed(function, args, prog)
    return function(*positional, **given)


def options(
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
    return parsed(function, args, prog, also)[1]


def parsed(
    function: Callable[..., Any], args: Sequence[str], prog: str, also: Iterable[str] = ()
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and keyword arguments for a function, from what was typed."""
    import tyro

    @functools.wraps(function)
    def capture(*positional: Any, **given: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return positional, given

    helping = any(arg in ("-h", "--help") for arg in args)
    if not helping:
        check(function, args, prog, also)
    looks = (tyro.conf.PositionalMetavarFromFieldName, tyro.conf.DisallowNone)
    typed = ["--help"] if helping else gathered(args, named(function, prog))
    try:
        return tyro.cli(capture, args=typed, prog=prog, config=looks, console_outputs=helping)
    except tyro.constructors.UnsupportedTypeAnnotationError as error:
        raise InputError(f"The options of {prog} have types that cannot be typed in.") from error
    except SystemExit as leaving:
        if leaving.code in (0, None):
            raise
        raise InputError(f"{' '.join(args)!r} does not fit; see {prog} --help.") from None


def check(
    function: Callable[..., Any], args: Sequence[str], prog: str, also: Iterable[str] = ()
) -> None:
    """Refuse what the function does not have, what its types do not take, and what is missing.

    Raises:
        InputError: One of these, in a sentence.
    """
    kinds = named(function, prog)
    loose, groups = grouped(args)
    for option, values in groups:
        kind = kind_of(option, kinds, also)
        if kind is bool:
            loose += values
            continue
        if not values:
            raise InputError(f"{option} takes {words(kind)}, and got none.")
        taken = len(values) if takes_several(kind) else 1
        for value in values[:taken]:
            if not fits(value, kind):
                raise InputError(f"{option} takes {words(kind)}, not {value!r}.")
        loose += values[taken:]
    check_positional(function, loose, prog)
    parameters = inspect.signature(function).parameters.values()
    needed = [dashed(p.name) for p in parameters if by_name(p) and p.default is p.empty]
    for option in needed:
        if option not in dict(groups):
            raise InputError(f"{option} is wanted, {words(kinds[option])}; see {prog} --help.")


def check_positional(function: Callable[..., Any], loose: Sequence[str], prog: str) -> None:
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


def by_name(parameter: inspect.Parameter) -> bool:
    """Whether a command line gives it by name."""
    return parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)


def named(function: Callable[..., Any], prog: str) -> dict[str, Any]:
    """Types of the options, as they are typed in."""
    try:
        hints = typing.get_type_hints(function)
    except NameError as error:
        raise InputError(f"The options of {prog} have a type that is not known: {error}.") from None
    parameters = inspect.signature(function).parameters.values()
    return {dashed(p.name): hints.get(p.name, Any) for p in parameters if by_name(p)}


def dashed(name: str) -> str:
    return "--" + name.replace("_", "-")


def grouped(args: Sequence[str]) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """What stands before the first option, and each option with what stands after it."""
    loose: list[str] = []
    groups: list[tuple[str, list[str]]] = []
    for arg in args:
        name, equals, value = arg.partition("=")
        if arg.startswith("-") and not is_number(arg, float):
            groups.append((name.replace("_", "-"), [value] if equals else []))
        else:
            (groups[-1][1] if groups else loose).append(arg)
    return loose, groups


def gathered(args: Sequence[str], kinds: dict[str, Any]) -> list[str]:
    """The same with `--metric a --metric b` as `--metric a b`, of which tyro would take b alone."""
    loose, groups = grouped(args)
    several: dict[str, list[str]] = {}
    parts: list[list[str]] = []
    for option, values in groups:
        if option in several:
            several[option] += values
            continue
        parts.append([option, *values])
        if option in kinds and takes_several(kinds[option]):
            parts[-1] = several[option] = [option, *values]
    return [*loose, *(word for part in parts for word in part)]


def kind_of(option: str, kinds: dict[str, Any], also: Iterable[str]) -> Any:
    """The type of an option; --no-x is of x, where that is yes or no."""
    positive = option.replace("--no-", "--", 1)
    if option in kinds:
        return kinds[option]
    if kinds.get(positive) is bool:
        return bool
    known = [*kinds, *also]
    if not known:
        raise InputError(f"There is no option {option!r}; there are none.")
    raise unknown("option", option, known)


def alternatives(kind: Any) -> list[Any]:
    """The members of a union, and of a sequence what it is of."""
    if get_origin(kind) in (typing.Union, types.UnionType):
        return [one for member in get_args(kind) for one in alternatives(member)]
    if get_origin(kind) in SEVERAL:
        return alternatives(get_args(kind)[0])
    return [] if kind is type(None) else [kind]


def takes_several(kind: Any) -> bool:
    members = get_args(kind) if get_origin(kind) in (typing.Union, types.UnionType) else (kind,)
    return any(get_origin(member) in SEVERAL for member in members)


def fits(value: str, kind: Any) -> bool:
    """Whether the text of a value can be of the type; a type not known here is left to tyro."""
    for one in alternatives(kind):
        if get_origin(one) is Literal:
            fit = value in map(str, get_args(one))
        elif one in (int, float):
            fit = is_number(value, one)
        elif one is bool:
            fit = value in ("True", "False")
        else:
            fit = True
        if fit:
            return True
    return False


def is_number(value: str, kind: type) -> bool:
    try:
        kind(value)
    except ValueError:
        return False
    return True


def words(kind: Any) -> str:
    """What an option takes, in words."""
    said: list[str] = []
    for one in alternatives(kind):
        if get_origin(one) is Literal:
            said += map(str, get_args(one))
        else:
            said.append("True or False" if one is bool else WORDS.get(one, "a value"))
    return " or ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)
