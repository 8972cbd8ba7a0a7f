"""The class score against torchmetrics, a loop and its known ends."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
import torch
from torch import Tensor
from torchmetrics.image.inception import InceptionScore

from auxgen.errors import InputError
from auxgen.metrics.inception_score import classifier_scores


def logits(n: int, k: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return 2 * torch.randn(n, k, generator=generator, dtype=torch.float64)


class Logits(torch.nn.Module):
    """The pictures are logits already."""

    def forward(self, x: Tensor) -> Tensor:
        return x


# torchmetrics warns of memory, and of the spread of a single group
@pytest.mark.filterwarnings("ignore:Metric `InceptionScore` will save", "ignore:std")
def test_one_group_is_torchmetrics_inception_score():
    x = logits(200, 7)
    peer = InceptionScore(Logits(), splits=1).set_dtype(torch.float64)
    peer.update(x)
    theirs = peer.compute()[0].item()
    assert classifier_scores(x.softmax(-1), 1).item() == pytest.approx(theirs, rel=1e-12)


def test_groups_are_consecutive_and_have_their_own_marginals():
    probs = logits(60, 4).softmax(-1).numpy()
    by_loop = []
    for group in range(3):
        part = probs[20 * group : 20 * (group + 1)]
        marginal = part.mean(0)
        kl = [sum(p * log(p / q) for p, q in zip(row, marginal, strict=True)) for row in part]
        by_loop.append(exp(sum(kl) / 20))
    np.testing.assert_allclose(classifier_scores(torch.from_numpy(probs), 3), by_loop, rtol=1e-13)


def test_rows_that_cannot_be_shared_equally_are_all_used():
    probs = logits(23, 4).softmax(-1)
    parts = [probs[0:7], probs[7:15], probs[15:23]]
    alone = torch.cat([classifier_scores(part, 1) for part in parts])
    np.testing.assert_allclose(classifier_scores(probs, 3), alone, rtol=1e-15)


@pytest.mark.parametrize("k", [2, 10])
def test_certain_and_varied_answers_score_the_number_of_classes(k):
    assert classifier_scores(torch.eye(k).repeat(4, 1), 2).tolist() == pytest.approx(
        [k, k], rel=1e-14
    )


def test_there_are_ten_groups_unless_said_otherwise_of_two_rows_or_more():
    assert classifier_scores(torch.eye(2).repeat(10, 1)).tolist() == pytest.approx([2] * 10)


def test_answers_that_say_nothing_score_one():
    assert classifier_scores(torch.full((20, 5), 0.2), 2).tolist() == pytest.approx(
        [1, 1], abs=1e-14
    )
    assert classifier_scores(torch.eye(5)[[3]].repeat(20, 1), 2).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("probs", "groups", "message"),
    [
        (torch.eye(3), 10, "3 rows for 10 groups"),
        (torch.eye(5), 3, "5 rows for 3 groups"),
        (torch.eye(3), 0, "groups is 0"),
        (torch.eye(3)[:1], 1, "have 1 rows; 2 or more"),
        (torch.zeros(0, 3), 1, "have 0 rows"),
        (2 * torch.eye(3), 1, "3 of 3 rows are negative or do not sum to 1"),
        (torch.tensor([[1.5, -0.5], [1, 0]]), 1, "1 of 2 rows are negative"),
        (torch.tensor([[torch.nan, 1], [1, 0]]), 1, "NaN or infinity in 1 of 2 rows"),
    ],
)
def test_bad_probabilities_are_refused_in_a_sentence(probs, groups, message):
    with pytest.raises(InputError, match=message):
        classifier_scores(probs, groups)
