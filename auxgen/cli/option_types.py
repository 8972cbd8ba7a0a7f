"""Types of options: what a word on the command line may be, and the words for that."""

import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

_TYPE_WORDS = {int: "an integer", float: "a number", str: "text", Path: "a path"}
_SEQUENCE_TYPES = (tuple, list, Sequence)


def list_alternatives(kind: Any) -> list[Any]:
    """The members of a union, and the type of a sequence's items."""
    if get_origin(kind) in (typing.Union, types.UnionType):
        return [one for member in get_args(kind) for one in list_alternatives(member)]
    if get_origin(kind) in _SEQUENCE_TYPES:
        return list_alternatives(get_args(kind)[0])
    return [] if kind is type(None) else [kind]


def is_flag(kind: Any) -> bool:
    """Whether an option is yes or no, and so typed without a value."""
    return list_alternatives(kind) == [bool]


def takes_several(kind: Any) -> bool:
    members = get_args(kind) if get_origin(kind) in (typing.Union, types.UnionType) else (kind,)
    return any(get_origin(member) in _SEQUENCE_TYPES for member in members)


def _list_choices(kind: Any) -> list[str]:
    """The words of a Literal, or of yes and no; none for another type."""
    if kind is bool:
        return ["True", "False"]
    return [str(choice) for choice in get_args(kind)] if get_origin(kind) is Literal else []


def matches_type(value: str, kind: Any) -> bool:
    """Whether a word is a value of one of the types; tyro judges those that are not known here."""
    return any(
        is_number(value, one) if one in (int, float) else value in (_list_choices(one) or [value])
        for one in list_alternatives(kind)
    )


def is_number(text: str, kind: type = float) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True


def describe_type(kind: Any) -> str:
    """What an option takes, in words."""
    kinds = list_alternatives(kind)
    words = [w for one in kinds for w in _list_choices(one) or [_TYPE_WORDS.get(one, "a value")]]
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
