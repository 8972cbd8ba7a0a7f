"""Scores of codes: what they reveal of classes and rows, and how much of them is noise."""

from __future__ import annotations

import pytest
import torch
from evaluation.pictures import SPACE, Copier, pictures
from torch import Tensor
from torch.distributions import Distribution

from auxgen.errors import InputError
from auxgen.evaluation.codes import CODE_MEASURES, CodeNoise, CodeQuality
from auxgen.networks.distributions import normal


def truth(n: int, seed: int) -> Tensor:
    return torch.randn(n, 2, generator=torch.Generator().manual_seed(seed))


class Encoder:
    """u = signal x + noise e."""

    def __init__(self, signal: float, noise: float) -> None:
        self.signal, self.noise = signal, noise

    def encode(self, x: Tensor) -> Distribution:
        return normal(self.signal * x, torch.full_like(x, self.noise), 1)


def test_codes_tell_classes_and_information():
    evaluation = CodeQuality(pictures(60, 1), pictures(40), SPACE, measures=tuple(CODE_MEASURES))
    made = evaluation(Copier())
    assert made["knn_accuracy"].value == 100
    assert made["probe_accuracy"].value == 100
    assert made["silhouette"].value > 0.5
    mean = SPACE.transform(pictures(40).raw_rows()).double()
    exact = (0.5 * (mean.square() + 0.25 - 1) - torch.tensor(0.5).log()).mean(0)
    assert made["kl"].value == pytest.approx(exact.sum().item(), rel=1e-5)
    assert made["active_units"].value == int((exact > 0.01).sum()) == 16
    assert made["active_units_by_variance"].value == int((mean.var(0) > 0.01).sum()) == 16
    assert 0 < made["information"].value < made["information"].detail["upper_bound"][0]


def test_codes_without_labels_or_training_rows_are_refused():
    with pytest.raises(InputError, match="no labelled row to take neighbours from"):
        CodeQuality(None, pictures(10), SPACE, measures=("knn_accuracy",))(Copier())


@pytest.mark.parametrize(("signal", "noise"), [(1.0, 1e-6), (0.8, 0.6), (0.0, 1.0)])
def test_the_noise_of_codes_is_its_share_of_their_spread(signal: float, noise: float) -> None:
    found = CodeNoise(truth(1000, 7), draws=50)(Encoder(signal, noise))
    assert found["code_noise"].value == pytest.approx(noise, abs=0.02)
    assert abs(found["stein_discrepancy"].value) < 0.01


def test_codes_far_from_the_standard_normal_have_a_discrepancy() -> None:
    found = CodeNoise(truth(500, 0))(Encoder(3.0, 0.1))
    assert found["stein_discrepancy"].value > 0.1
