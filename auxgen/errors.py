"""The errors that a person sees: one sentence each, no traceback on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class UserError(Exception):
    """Something that a person is told in a sentence; `status` is the command's exit status."""

    status = 1


class InputError(UserError, ValueError):
    """What was given cannot be used. One sentence: what was got, what is wanted."""

    status = 2


class Diverged(UserError, ArithmeticError):
    """A term or a gradient is not finite; names it, the step, and the way back."""


class Interrupted(UserError):
    """Training was asked to stop, and has saved; says how to go on."""

    status = 130


class NotSaved(UserError, OSError):
    """A file could not be written; says what is still good."""


def require_at_least(minimum: int, **numbers: int) -> None:
    """Refuse numbers below the least, by their names.

    Raises:
        InputError: One is.
    """
    for name, got in numbers.items():
        if got < minimum:
            raise InputError(f"{name} is {got}; {minimum} or more is wanted.")


def unknown_name(kind: str, got: str, known: Iterable[str]) -> InputError:
    """`got` is none of the `known` names: an error that offers the nearest, or all of them."""
    names = sorted(known)
    near = get_close_matches(got, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}."
    return InputError(f"There is no {kind} {got!r}; {hint}")
