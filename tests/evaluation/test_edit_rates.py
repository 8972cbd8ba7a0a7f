"""Rates of edits at one strength, of a model and a judge that can be checked by hand."""

from __future__ import annotations

import pytest
import torch
from evaluation.dots import SPACE, Eye, Model, rows

from auxgen.data.dataset import Dataset
from auxgen.evaluation.edit_rates import DISTANCES, MULTIPLES, EditRates, choose_strength


def read_codes(data: Dataset) -> torch.Tensor:
    return data.x.flatten(1) / 255 * 20 - 10


def test_each_way_takes_its_strength_from_validation_rows() -> None:
    train, valid, test = rows(90), rows(60), rows(40)
    found = EditRates(train, valid, test, SPACE, scorer=Eye())(Model())
    lacking = [read_codes(d)[d.require_attributes()[:, 0] == 0][:, 0] for d in (valid, test)]
    needed = 1 - lacking[0]
    far = next(d for d in DISTANCES if (needed < d).double().mean() >= 0.9)
    expected = 100 * ((lacking[1] + far) > 1).double().mean().item()
    for what in ("edits of reconstructions", "edits of photographs"):
        score = found[f"Bright seen in {what}"]
        assert score.value == pytest.approx(expected, abs=100 / len(lacking[1]))
        assert f"strength {far:g}, chosen on {len(needed)} validation rows" in score.protocol
    assert found["Bright seen in photographs"].value == 0
    assert found["Bright seen in reconstructions"].value == 0
    assert found["Bright seen in photographs"].n == len(lacking[1])
    assert found["Bright seen in random edits"].value < expected


def test_the_mean_difference_is_that_of_the_training_rows() -> None:
    train, valid, test = rows(90), rows(60), rows(40)
    found = EditRates(train, valid, test, SPACE, scorer=Eye())(Model())
    y = train.require_attributes()[:, 0]
    z = read_codes(train)[:, 0]
    step = (z[y == 1].mean() - z[y == 0].mean()).item()
    lacking = [read_codes(d)[d.require_attributes()[:, 0] == 0][:, 0] for d in (valid, test)]
    times = next(m for m in MULTIPLES if (lacking[0] + m * step > 1).double().mean() >= 0.9)
    expected = 100 * (lacking[1] + times * step > 1).double().mean().item()
    score = found["Bright seen in mean differences"]
    assert score.value == pytest.approx(expected, abs=100 / len(lacking[1]))
    assert f"strength {times:g}" in score.protocol


def test_an_attribute_that_all_rows_have_or_lack_is_left_out() -> None:
    train, valid, test = rows(90), rows(60), rows(40)
    train.require_attributes()[:, 1] = 1.0
    found = EditRates(train, valid, test, SPACE, scorer=Eye())(Model())
    assert found.keys() == {name for name in found if name.startswith("Bright")}


def test_the_first_strength_that_suffices_else_the_best() -> None:
    assert choose_strength((1.0, 2.0, 3.0), (0.5, 0.95, 1.0), 0.9) == 2
    assert choose_strength((1.0, 2.0, 3.0), (0.5, 0.8, 0.7), 0.9) == 2
