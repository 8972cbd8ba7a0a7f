"""Scores of confidence on models whose answers are known."""

from __future__ import annotations

import pytest
import torch
from evaluation.linear_gaussian import LinearGaussian
from torch import Tensor
from torch.distributions import Categorical

from auxgen.evaluation.calibration import (
    Calibration,
    LabelNll,
    OutOfDistribution,
    SelectiveAccuracy,
    TemperatureScaling,
)
from auxgen.metrics.classification import expected_calibration_error


class Linear:
    """q(y|x) = softmax(scale x): its logits are the row."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        return Categorical(logits=self.scale * x)


def rows(n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Rows, and labels drawn from softmax(x)."""
    generator = torch.Generator().manual_seed(seed)
    x = 2 * torch.randn(n, 3, generator=generator)
    return x, torch.multinomial(x.softmax(-1), 1, generator=generator).squeeze(1)


def test_calibration_has_its_curve_in_plain_lists() -> None:
    x, y = rows(4, 0)
    score = Calibration(x, y, bins=4)(Linear())
    assert score.unit == "%"
    assert sum(score.detail["reliability"]["rows"]) == 4


def tempered(scale: float) -> TemperatureScaling:
    x, y = rows(4000, 1)
    x_held, y_held = rows(4000, 2)
    return TemperatureScaling(x, y, x_held_out=x_held, y_held_out=y_held, held_out_name="held rows")


def test_an_overconfident_classifier_is_calibrated_by_the_labels_of_other_rows() -> None:
    made = tempered(4.0)(Linear(4.0))
    assert made["temperature"].value == pytest.approx(4, rel=0.1)
    assert made["label_nll_tempered"].value < made["label_nll"].value
    before = 100 * expected_calibration_error((4 * made_x()).softmax(-1), rows(4000, 1)[1])
    assert before > 10
    assert made["calibration_error_tempered"].value < 3
    held = made["temperature"].detail
    assert held["nll_tempered"] <= held["nll"]
    assert "fitted on 4000 held rows" in made["label_nll_tempered"].protocol
    assert "test split, 4000 rows, 1 draw a row" in made["label_nll_tempered"].protocol


def made_x() -> Tensor:
    return rows(4000, 1)[0].double()


def test_the_likelihood_of_labels_is_that_of_cross_entropy() -> None:
    x, y = rows(50, 3)
    made = TemperatureScaling(x, y, x_held_out=x, y_held_out=y, held_out_name="rows")(Linear())
    exact = torch.nn.functional.cross_entropy(x, y).item()
    assert made["label_nll"].value == pytest.approx(exact, rel=1e-5)
    assert LabelNll(x, y)(Linear()).value == pytest.approx(exact, rel=1e-5)


def test_the_surest_rows_are_more_often_right() -> None:
    x, y = rows(2000, 4)
    every, some = (SelectiveAccuracy(x, y, coverage=s)(Linear()) for s in (1.0, 0.5))
    right = 100 * (x.argmax(-1) == y).double().mean().item()
    assert every.value == pytest.approx(right)
    assert some.n == 1000
    assert some.value > every.value + 5
    assert "among the 50 % of rows that are surest" in some.protocol


def test_rows_far_out_are_separated_from_the_model_s_own() -> None:
    x = LinearGaussian().p_x().sample((60,))
    found = OutOfDistribution(x, x + 1000, other_name="far rows")(LinearGaussian())
    assert found.value == 1
    assert found.caution == ""
    assert "against 60 rows of far rows" in found.protocol


def test_rows_of_the_model_s_own_are_separated_by_chance_alone() -> None:
    """The same rows twice, under the same draws: every pair has its mirror image."""
    x = LinearGaussian().p_x().sample((60,))
    found = OutOfDistribution(x, x.clone(), other_name="itself")(LinearGaussian())
    assert found.value == pytest.approx(0.5, abs=1e-12)
    assert found.caution == ""


def test_rows_that_are_likelier_than_the_model_s_own_are_cautioned_against() -> None:
    """The mode of a Gaussian has the highest density, and looks like no draw: a known failure."""
    x = LinearGaussian().p_x().sample((60,))
    found = OutOfDistribution(x, torch.zeros_like(x), other_name="zeros")(LinearGaussian())
    assert found.value < 0.05
    assert "higher bounds" in found.caution
