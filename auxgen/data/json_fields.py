"""Dataclasses that were read from JSON: does each field hold what its type says?"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints


def check_fields(read: Any) -> None:
    """Compare the fields of a dataclass, and of those within it, with their types.

    Raises:
        ValueError: A field holds something else; an integer may stand for a float.
    """
    kinds = get_type_hints(type(read))
    for field in fields(read):
        value = getattr(read, field.name)
        if not _fits(value, kinds[field.name]):
            raise ValueError(f"{field.name} is {value!r}")


def _fits(value: Any, kind: Any) -> bool:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return any(_fits(value, each) for each in inner)
    if origin is Literal:
        return value in inner and type(value) in {type(each) for each in inner}
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        if len(inner) == 2 and inner[1] is Ellipsis:
            return all(_fits(each, inner[0]) for each in value)
        return len(value) == len(inner) and all(map(_fits, value, inner))
    if kind is float:
        return type(value) in (int, float)
    if kind in (int, str, bool, NoneType):
        return type(value) is kind
    if is_dataclass(kind):
        if isinstance(value, kind):  # type: ignore[arg-type]
            check_fields(value)
            return True
        return False
    return True
