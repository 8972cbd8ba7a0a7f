"""Typed functions become commands; a mistake is told in one sentence with the nearest name."""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

from ..errors import InputError, unknown

Result = TypeVar("Result")

WORDS = {int: "an integer", float: "a number", str: "text", Path: "a path"}


def options(function: Callable[..., Any], args: Sequence[str], prog: str) -> dict[str, Any]:
    """The keyword arguments that a command line gives a function, defaults included.

    Raises:
        InputError: An option it does not have, or a value that is not of its type.
        SystemExit: Help was asked for, and printed.
    """

    @functools.wraps(function)
    def capture(**given: Any) -> dict[str, Any]:
        return given

    return called(capture, args, prog)


def called(function: Callable[..., Result], args: Sequence[str], prog: str) -> Result:
    """Call a function as a command line says.

    Raises:
        InputError: An option it does not have, or a value that is not of its type.
        SystemExit: Help was asked for, and printed.
    """
    import tyro

    check(function, args)
    asked_for_help = any(arg in ("-h", "--help") for arg in args)
    try:
        return tyro.cli(function, args=args, prog=prog, console_outputs=asked_for_help)
    except SystemExit as leaving:
        if leaving.code in (0, None):
            raise
        raise InputError(f"{usage(function, prog)}; see {prog} --help.") from None


def check(function: Callable[..., Any], args: Sequence[str]) -> None:
    """Refuse an option that the function does not have, and a value that its type does not take."""
    hints = typing.get_type_hints(inspect.unwrap(function))
    known = {"--" + name.replace("_", "-"): name for name in named(function)}
    for place, arg in enumerate(args):
        if not arg.startswith("--") or arg in ("--", "--help"):
            continue
        option, equals, value = arg.replace("_", "-").partition("=")
        positive = option.replace("--no-", "--", 1)
        kind = hints.get(known.get(option, known.get(positive, "")))
        if kind is None or (option not in known and kind is not bool):
            raise unknown("option", option, known)
        if kind is bool:
            continue
        given = arg.partition("=")[2] if equals else next(iter(args[place + 1 : place + 2]), None)
        if given is None or (given.startswith("--") and not equals):
            raise InputError(f"{option} takes {words(kind)}, and got none.")
        if not fits(given, kind):
            raise InputError(f"{option} takes {words(kind)}, not {given!r}.")


def named(function: Callable[..., Any]) -> list[str]:
    """Parameters that a command line gives by name."""
    parameters = inspect.signature(function).parameters.values()
    return [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]


def alternatives(kind: Any) -> list[Any]:
    """The members of a union."""
    if get_origin(kind) in (typing.Union, types.UnionType):
        return [one for member in get_args(kind) for one in alternatives(member)]
    if get_origin(kind) in (tuple, list) or getattr(kind, "__origin__", None) is Sequence:
        return alternatives(get_args(kind)[0])
    return [kind]


def fits(value: str, kind: Any) -> bool:
    """Whether the text of a value can be of the type."""
    for one in alternatives(kind):
        if one is type(None) and value == "None":
            return True
        if get_origin(one) is Literal and value in get_args(one):
            return True
        if one in (int, float) and is_number(value, one):
            return True
        if one in (str, Path):
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
    said = []
    for one in alternatives(kind):
        if get_origin(one) is Literal:
            said += [str(choice) for choice in get_args(one)]
        elif one in WORDS:
            said.append(WORDS[one])
    return " or ".join(said)


def usage(function: Callable[..., Any], prog: str) -> str:
    """What a command takes without a name."""
    parameters = inspect.signature(function).parameters.values()
    wanted = [p.name.upper() for p in parameters if p.kind is not p.KEYWORD_ONLY]
    return f"{' '.join([prog, *wanted])} is wanted" if wanted else f"{prog} takes options only"
