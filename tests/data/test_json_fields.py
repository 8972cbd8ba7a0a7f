"""Fields that were read from JSON are compared with their types."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from auxgen.data.json_fields import check_fields


@dataclass
class Inner:
    size: int | None = None
    kind: Literal["a", "b"] = "a"


@dataclass
class Outer:
    shape: tuple[int, ...] = (1, 2)
    pair: tuple[str, float] = ("x", 1.0)
    scale: float = 1
    flat: bool = True
    inner: Inner | None = field(default_factory=Inner)


@pytest.mark.parametrize(
    "fields",
    [{}, {"inner": None}, {"inner": Inner(3, "b")}, {"shape": ()}, {"scale": 0.5}],
)
def test_what_fits_passes(fields: dict[str, Any]) -> None:
    check_fields(Outer(**fields))


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"shape": (1, "2")}, "shape is (1, '2')"),
        ({"shape": [1]}, "shape is [1]"),
        ({"shape": (True,)}, "shape is (True,)"),
        ({"pair": ("x",)}, "pair"),
        ({"scale": "1"}, "scale is '1'"),
        ({"scale": True}, "scale"),
        ({"flat": 1}, "flat is 1"),
        ({"inner": {"size": 1}}, "inner"),
        ({"inner": Inner(1.5)}, "size is 1.5"),  # pyright: ignore[reportArgumentType]
        ({"inner": Inner(1, "c")}, "kind is 'c'"),  # pyright: ignore[reportArgumentType]
    ],
)
def test_what_does_not_fit_is_named(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=re.escape(named)):
        check_fields(Outer(**fields))
