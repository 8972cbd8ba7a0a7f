"""Values that hold within a `with` statement, and in what is called there."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Value = TypeVar("Value")


@contextmanager
def set_within(variable: ContextVar[Value], value: Value) -> Iterator[None]:
    """Inside, the variable has this value; afterwards the one that it had, an error or not."""
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)
