"""Typed functions as commands: tyro parses, and a mistake is one sentence with the nearest name."""

import functools
import inspect
import typing
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter
from typing import Any, TypeVar

from ..errors import InputError, unknown_name
from ..ranges import check_ranges
from ..runs.commands import format_option
from .option_types import describe_type, is_flag, is_number, matches_type, takes_several

T = TypeVar("T")
Command = Callable[..., None]


def call_from_command_line(
    function: Callable[..., T], args: Sequence[str], prog: str, *, known_ranges: bool = True
) -> T:
    """Call a function with what a person typed.

    Args:
        function: Its positional-only arguments are those without a name, all others are options;
            its docstring is their help.
        args: The words after the command's name.
        prog: How the command is called.
        known_ranges: Whether its numbers have the ranges that auxgen's options have.

    Raises:
        InputError: An unknown option, a value of another type or out of range, or something is
            missing.
        SystemExit: Help was requested, and printed.
    """
    import tyro

    @functools.wraps(function)
    def capture(*positional: Any, **options: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return positional, options

    helping = asks_for_help(args)
    words = ["--help"] if helping else _check_arguments(function, args, prog)
    config = (tyro.conf.PositionalMetavarFromFieldName, tyro.conf.DisallowNone)
    try:
        positional, options = tyro.cli(
            capture, args=words, prog=prog, config=config, console_outputs=helping
        )
    except tyro.constructors.UnsupportedTypeAnnotationError as error:
        raise InputError(f"The options of {prog} have types that cannot be typed in.") from error
    except SystemExit as leaving:
        if leaving.code in (0, None):
            raise
        raise InputError(f"{' '.join(args)!r} cannot be read; see {prog} --help.") from None
    if known_ranges:
        check_ranges(options)
    return function(*positional, **options)


def take_options(shared: Callable[..., tuple[Any, ...]]) -> Callable[[Command], Command]:
    """A decorator of commands: the command line is that of `shared` with the command's options.

    What `shared` returns are the positional arguments of the command.
    """

    def decorate(command: Command) -> Command:
        own = [p.name for p in list_named_parameters(command)]

        def call(*words: Any, **options: Any) -> None:
            given = {name: options.pop(name) for name in own if name in options}
            command(*shared(*words, **options), **given)

        return merge_options(call, command, shared)

    return decorate


def merge_options(call: Callable[..., T], *functions: Callable[..., Any]) -> Callable[..., T]:
    """A function whose arguments are the options of other functions, with their help.

    Its description is that of the first, its positional arguments are those of the last.
    """

    def carry_out(*words: Any, **options: Any) -> T:
        return call(*words, **options)

    options = [p for function in functions for p in list_named_parameters(function)]
    options.sort(key=lambda p: p.default is not p.empty)
    signature = inspect.Signature([*_list_positional(functions[-1]), *options])
    carry_out.__signature__ = signature  # pyright: ignore[reportFunctionMemberAccess]
    # of a name that several have, the last one's type
    carry_out.__annotations__ = dict(ChainMap(*map(typing.get_type_hints, reversed(functions))))
    first, *others = (inspect.getdoc(function) or "" for function in functions)
    help_lines = [doc.partition("Args:\n")[2] for doc in others]
    carry_out.__doc__ = "\n".join([first, *help_lines, ""]).replace("\n", "\n    ")
    return carry_out


def asks_for_help(args: Sequence[str]) -> bool:
    """Whether a person wants to read about a command and not to run it."""
    return bool({"-h", "--help"} & set(args))


def group_by_option(args: Sequence[str]) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """The words before the first option, and each option with the words after it."""
    before: list[str] = []
    options: list[tuple[str, list[str]]] = []
    for arg in args:
        name, equals, value = arg.partition("=")
        if arg.startswith("-") and not is_number(arg):
            options.append((name.replace("_", "-"), [value] if equals else []))
        else:
            (options[-1][1] if options else before).append(arg)
    return before, options


def _check_arguments(function: Callable[..., Any], args: Sequence[str], prog: str) -> list[str]:
    """The words for tyro, which would take the last of `--metric a --metric b` alone.

    Raises:
        InputError: An unknown option, a value of another type, or something is missing.
    """
    hints = typing.get_type_hints(function)
    kinds = {format_option(p.name): hints.get(p.name, Any) for p in list_named_parameters(function)}
    loose, options = group_by_option(args)
    words: dict[str, list[str]] = {}
    for option, values in options:
        kind = _find_option_type(option, kinds)
        if is_flag(kind) and any(a.replace("_", "-").startswith(f"{option}=") for a in args):
            raise InputError(f"{option} takes no value, and got {values[0]!r}.")
        if not is_flag(kind) and not values:
            raise InputError(f"{option} takes {describe_type(kind)}, and got none.")
        taken = 0 if is_flag(kind) else len(values) if takes_several(kind) else 1
        for value in values[:taken]:
            if not matches_type(value, kind):
                raise InputError(f"{option} takes {describe_type(kind)}, not {value!r}.")
        loose += values[taken:]
        earlier = words.get(option, [option]) if takes_several(kind) else [option]
        words[option] = [*earlier, *values[:taken]]
    _check_positional(function, loose, prog)
    for parameter in list_named_parameters(function):
        name = format_option(parameter.name)
        if parameter.default is parameter.empty and name not in words:
            raise InputError(f"{prog} needs {name}, {describe_type(kinds[name])}; see its --help.")
    return [*loose, *(word for each in words.values() for word in each)]


def _check_positional(function: Callable[..., Any], loose: Sequence[str], prog: str) -> None:
    """Refuse too few or too many words that belong to no option."""
    expected = _list_positional(function)
    is_open = any("tuple" in str(p.annotation) for p in expected)
    usage = " ".join([prog, *map(_format_positional, expected)])
    if len(loose) < sum(p.default is p.empty for p in expected):
        raise InputError(f"Expected {usage}; see {prog} --help.")
    if len(loose) > len(expected) and not is_open:
        takes = f"{usage} is all it takes" if expected else f"{prog} takes options only"
        raise InputError(f"{takes}, and got {loose[len(expected)]!r}.")


def _format_positional(parameter: Parameter) -> str:
    """FOLDER for one word, RUN... for one `runs` or more."""
    name = parameter.name.upper()
    return f"{name.removesuffix('S')}..." if "tuple" in str(parameter.annotation) else name


def list_named_parameters(function: Callable[..., Any]) -> list[Parameter]:
    """The parameters of a command that have a name on the command line."""
    kinds = (Parameter.KEYWORD_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return [p for p in inspect.signature(function).parameters.values() if p.kind in kinds]


def _list_positional(function: Callable[..., Any]) -> list[Parameter]:
    parameters = inspect.signature(function).parameters.values()
    return [p for p in parameters if p.kind is p.POSITIONAL_ONLY]


def _find_option_type(option: str, kinds: Mapping[str, Any]) -> Any:
    """The type of an option; --no-x has that of x, where that is yes or no."""
    if option in kinds:
        return kinds[option]
    if is_flag(kinds.get(option.replace("--no-", "--", 1))):
        return bool
    if not kinds:
        raise InputError(f"There is no option {option!r}; there are none.")
    raise unknown_name("option", option, kinds)
