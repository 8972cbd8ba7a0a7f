"""The sentences of errors are one line that a terminal can show, whatever names they repeat."""

from __future__ import annotations

import pytest

from auxgen.errors import (
    LONGEST_SENTENCE,
    InputError,
    NotSaved,
    UserError,
    require_at_least,
    unknown_name,
)


@pytest.mark.parametrize("kind", [UserError, InputError, NotSaved])
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("two\nlines", r"two\nlines"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\u202egnp.1", r"\u202egnp.1"),
        ("\ud800", r"\ud800"),
        ("a\0b", r"a\x00b"),
        ("été 日本 🙂", "été 日本 🙂"),
    ],
)
def test_a_name_of_any_letters_leaves_one_line(
    kind: type[UserError], name: str, shown: str
) -> None:
    assert str(kind(f"There is no {name}; look.")) == f"There is no {shown}; look."


@pytest.mark.parametrize("name", ["x" * 5000, "a, " * 3000])
def test_of_what_is_too_long_both_ends_are_left(name: str) -> None:
    sentence = str(InputError(f"The table has {name}; a column file_name is expected."))
    assert len(sentence) <= LONGEST_SENTENCE
    assert sentence.startswith("The table has ")
    assert sentence.endswith("; a column file_name is expected.")
    assert " ... " in sentence


@pytest.mark.parametrize("number", [float("nan"), -float("inf"), 0.999])
def test_numbers_below_a_minimum_are_refused_and_such_as_are_no_numbers(number: float) -> None:
    with pytest.raises(InputError, match=f"power is {number}; 1 or more is expected"):
        require_at_least(1, neighbours=2, power=number)
    require_at_least(1, neighbours=1, power=float("inf"))


def test_a_name_that_is_known_twice_is_offered_once() -> None:
    assert str(unknown_name("metric", "zzz", ["fid", "elbo", "fid"])) == (
        "There is no metric 'zzz'; known are elbo, fid."
    )
