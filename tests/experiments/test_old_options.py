"""Options that version 0.1 recorded in run.json build what they built then."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from auxgen.experiments.option_values import (
    build_experiment,
    list_required_options,
    resolve_options,
)
from auxgen.experiments.registry import find_experiment, list_experiments
from auxgen.experiments.runs import update_old_options

RECORDED: Mapping[str, Mapping[str, Any]] = json.loads(
    (Path(__file__).parent / "options_3ba1356.json").read_text()
)
"""Options of every experiment, as it was run without any of a person's, by commit 3ba1356."""
NEEDS_NO_DATA = (
    "adgm.digits",
    "adgm.half_moons",
    "adgm.potential",
    "asl.circle",
    "asl.grid",
    "asl.moons",
    "asl.pinwheel",
    "asl.ring",
    "asl.swiss_roll",
    "dfm.digits",
    "dfm.ring",
    "features.digits",
    "introvac.digits",
    "introvac.plane",
)


CHANGED_DEFAULTS: dict[str, dict[str, Any]] = {
    "adgm.own": {"steps": None},
    "dfm.cifar10": {"average": 0.999},
}
"""Defaults of now, by option, where they are not those of then: 5,000 rounds, no average."""


def options_of_a_person(name: str) -> dict[str, Any]:
    """The options that have to be given, with texts in place of data."""
    return dict.fromkeys(list_required_options(find_experiment(name)), "given")


def plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options as JSON has them: tuples are lists."""
    return json.loads(json.dumps(options))


def tensors(value: Any) -> Iterator[Tensor]:
    """The tensors of a batch, in order."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for key in sorted(value):
            yield from tensors(value[key])
    elif isinstance(value, tuple | list):
        for one in value:
            yield from tensors(one)


def test_every_experiment_of_then_is_one_of_now() -> None:
    assert RECORDED.keys() <= list_experiments().keys()


@pytest.mark.parametrize("name", RECORDED)
def test_options_of_then_are_the_defaults_of_now(name: str) -> None:
    entry = find_experiment(name)
    given = options_of_a_person(name)
    old = update_old_options(entry, {**RECORDED[name], **given})
    old |= CHANGED_DEFAULTS.get(name, {})
    assert plain(resolve_options(entry, old)) == plain(resolve_options(entry, given))


@pytest.mark.parametrize("name", NEEDS_NO_DATA)
def test_options_of_then_build_the_stages_of_now(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AUXGEN_DATA", raising=False)
    entry = find_experiment(name)
    old = build_experiment(entry, update_old_options(entry, RECORDED[name]))
    new = build_experiment(entry, {})
    assert list(old) == list(new)
    for stage, built in old.items():
        other = new[stage]
        assert built.recipe == other.recipe
        assert (built.engine.steps, built.engine.average) == (
            other.engine.steps,
            other.engine.average,
        )
        assert list(built.evaluations) == list(other.evaluations)
        weights, others = built.method.state_dict(), other.method.state_dict()
        assert all(torch.equal(weights[key], others[key]) for key in others)
        batches = [list(tensors(s.batches(0, 0, 1, "cpu"))) for s in (built, other)]
        torch.testing.assert_close(*batches, rtol=0, atol=0, equal_nan=True)
