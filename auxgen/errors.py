"""The errors that a person sees: one sentence each, and no traceback on the command line."""

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST_WORD, LONGEST_SENTENCE = 400, 1500
"""Characters of what a file of somebody else may put into a sentence."""


class UserError(Exception):
    """An error that a person can act on. Its text is one sentence, whatever names it repeats.

    Attributes:
        status: Exit status of the command.
    """

    status = 1

    def __init__(self, sentence: str = "") -> None:
        super().__init__(make_printable(sentence))


class InputError(UserError, ValueError):
    """An input that cannot be used; says what was given, and what is expected instead."""

    status = 2


class NotRebuilt(InputError):
    """A run's experiment that cannot be built again as it was: its data changed or is gone."""


class Diverged(UserError, ArithmeticError):
    """A term or a gradient that is not finite; names it and its step, and says how to continue."""


class OutOfMemory(UserError):
    """A round that does not fit in memory; names a batch that does, and how to train with it."""

    status = 2


class Interrupted(UserError):
    """A signal that stopped training after everything was saved; says how to continue."""

    status = 130


class RankLost(UserError):
    """Another process of the same training has ended; says how to continue."""

    status = 1


class NotSaved(UserError, OSError):
    """A file that could not be written; says what is still valid."""


def find_full_memory(error: BaseException) -> str:
    """Whose memory an error says is full, "this machine" or "the device"; "" for other errors."""
    text = str(error)  # torch has no type of its own for the memory of the CPU
    if isinstance(error, MemoryError):
        return "this machine"
    if not isinstance(error, RuntimeError):
        return ""
    if "DefaultCPUAllocator" in text or "can't allocate memory" in text:
        return "this machine"
    return "the device" if "out of memory" in text or "ALLOC_FAILED" in text else ""


def make_printable(sentence: str) -> str:
    """One line that a terminal can show: line breaks and control characters as Python writes them.

    Of what is too long to be read the middle is left out.
    """
    shown = (c if c.isprintable() else ascii(c)[1:-1] for c in sentence)
    words = (_leave_out_middle(word, LONGEST_WORD) for word in "".join(shown).split(" "))
    return _leave_out_middle(" ".join(words), LONGEST_SENTENCE)


def _leave_out_middle(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most // 2]} ... {text[-most // 3 :]}"


def require_at_least(minimum: int, **numbers: float) -> None:
    """Check that numbers, given by their names, are not below a minimum.

    Raises:
        InputError: One is.
    """
    for name, number in numbers.items():
        if not number >= minimum:  # NaN as well
            raise InputError(f"{name} is {number}; {minimum} or more is expected.")


def take_first_line(error: BaseException) -> str:
    """The first line of what an exception says, without its full stop; its type if it is silent."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].strip().rstrip(".")


def list_first(words: Iterable[str], most: int = 12) -> str:
    """The words with commas between them, the first ones of many: "a, b and 7 more"."""
    each = list(words)
    more = len(each) - most
    return ", ".join(each[:most]) + (f" and {more:,} more" if more > 0 else "")


def unknown_name(kind: str, name: str, known: Iterable[str]) -> InputError:
    """The error for a name that is none of the known ones; offers the nearest, or lists all."""
    names = sorted(set(known))
    near = get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {list_first(names, 40)}."
    return InputError(f"There is no {kind} {name!r}; {hint}")
