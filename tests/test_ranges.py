"""Every numeric option has a range, and what is out of it is refused before data are read."""

from __future__ import annotations

import typing
from math import inf, nan

import pytest

from auxgen.cli.main import COMMANDS, load_command
from auxgen.cli.option_types import list_alternatives
from auxgen.cli.options import list_named_parameters
from auxgen.errors import InputError
from auxgen.experiments import registry
from auxgen.experiments.option_values import list_options, resolve_options
from auxgen.ranges import RANGES, Range, check_ranges

ENTRIES = {name: registry.find_experiment(name) for name in registry.list_experiments()}


def is_numeric(kind: object) -> bool:
    return bool({int, float} & set(list_alternatives(kind)))


OPTIONS = [
    (name, option.name)
    for name, entry in ENTRIES.items()
    for option in list_options(entry)
    if is_numeric(option.type)
]


def list_command_numbers(command: str) -> list[str]:
    function = load_command(command)
    hints = typing.get_type_hints(function)
    return [p.name for p in list_named_parameters(function) if is_numeric(hints.get(p.name))]


def test_every_number_of_experiments_and_commands_has_a_range() -> None:
    of_commands = {n for c in COMMANDS if c != "train" for n in list_command_numbers(c)}
    assert {name for _, name in OPTIONS} | of_commands <= RANGES.keys()


def list_outside(ends: Range) -> list[float]:
    outside = [nan, inf, -inf]
    outside += [ends.low if ends.open_low else ends.low - 1] if ends.low > -inf else []
    outside += [ends.high if ends.open_high else ends.high + 1] if ends.high < 2**60 else []
    return outside


@pytest.mark.parametrize(("experiment", "name"), OPTIONS)
def test_what_is_out_of_range_is_refused_before_an_experiment_is_built(
    experiment: str, name: str
) -> None:
    entry = ENTRIES[experiment]
    for value in list_outside(RANGES[name]):
        for given in (value, [value]):
            with pytest.raises(InputError, match=rf"^{name} is .*expected\.$"):
                resolve_options(entry, {name: given})


@pytest.mark.parametrize("experiment", ENTRIES)
def test_defaults_are_in_range(experiment: str) -> None:
    options = list_options(ENTRIES[experiment])
    check_ranges({o.name: o.default for o in options if is_numeric(o.type) and o.name in RANGES})


@pytest.mark.parametrize("value", ["abc", True, {"a": 1}, 10**400, "1"])
def test_what_is_no_number_is_refused(value: object) -> None:
    for name in ("steps", "lr", "widths"):
        with pytest.raises(InputError, match=f"^{name} is "):
            check_ranges({name: value})


def test_ends_are_said_in_words() -> None:
    assert str(RANGES["steps"]) == "1 or more"
    assert str(RANGES["average"]) == "0 to below 1"
    assert str(RANGES["lr"]) == "a number above 0"
    assert str(RANGES["test_fraction"]) == "above 0 to below 1"
    assert str(RANGES["log_std_z"]) == "a finite number"
