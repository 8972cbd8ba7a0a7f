"""Probes of a trained network's features find attributes of new pictures."""

from __future__ import annotations

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from auxgen.data.dataset import Dataset
from auxgen.errors import InputError
from auxgen.evaluation import attribute_scorers
from auxgen.evaluation.probe_scorers import ProbeScorer
from auxgen.features.extractors import ExtractedFeatures, Extractor, make_extractor


class MeanColours(torch.nn.Module):
    """uint8 (b, 3, h, w) -> the mean of each channel, in [0, 1]."""

    def forward(self, pictures: Tensor) -> ExtractedFeatures:
        return ExtractedFeatures(pictures.float().mean((2, 3)) / 255, None)


def make_pictures(n: int, seed: int) -> Dataset:
    """Noise; red ones have more red. Some answers are blank."""
    random = torch.Generator().manual_seed(seed)
    x = torch.randint(0, 120, (n, 3, 8, 8), generator=random)
    red = torch.randint(0, 2, (n,), generator=random).float()
    dark = 1 - red
    x[:, 0] += (60 * red[:, None, None]).long()
    answers = torch.stack([red, dark], 1)
    answers[::5, 0] = float("nan")
    named = {"attributes": answers, "attribute_names": ("Red", "Dark")}
    return Dataset(x.to(torch.uint8), torch.zeros(n).long(), (), "dots/train", "", **named)


@pytest.fixture
def extractor(monkeypatch: pytest.MonkeyPatch) -> Extractor:
    made = make_extractor("colours", MeanColours(), channels=3, protocol="mean colours", weights="")
    monkeypatch.setattr(attribute_scorers, "load_extractor", {"colours": made}.__getitem__)
    return made


@pytest.mark.usefixtures("extractor")
def test_logits_are_those_of_logistic_regression_of_the_features() -> None:
    train, test = make_pictures(80, 0), make_pictures(30, 1)
    scorer = ProbeScorer("colours", train)
    found = scorer(test.x, "cpu")
    assert found.logits.shape == (30, 2)
    assert found.others.shape == (30, 0)
    assert scorer.attributes == ("Red", "Dark")
    for column in (0, 1):
        y = train.require_attributes()[:, column]
        known = ~y.isnan()
        z = (train.x.float().mean((2, 3)) / 255)[known].double()
        mean, std = z.mean(0), z.std(0)
        fitted = LogisticRegression(max_iter=1000).fit((z - mean) / std, y[known])
        new = ((test.x.float().mean((2, 3)) / 255).double() - mean) / std
        expected = torch.from_numpy(fitted.decision_function(new.numpy())).float()
        torch.testing.assert_close(found.logits[:, column], expected, rtol=1e-4, atol=1e-4)
    truth = test.require_attributes()[:, 1] == 1
    assert ((found.logits[:, 1] > 0) == truth).float().mean() > 0.95


@pytest.mark.usefixtures("extractor")
def test_it_says_what_it_is_and_gives_features() -> None:
    scorer = ProbeScorer("colours", make_pictures(40, 0))
    assert scorer.protocol.startswith("linear probes, on 40 training rows, of colours: mean col")
    pictures = make_pictures(3, 2).x
    torch.testing.assert_close(
        scorer.features(pictures, "cpu").float(), pictures.float().mean((2, 3)) / 255
    )


@pytest.mark.usefixtures("extractor")
def test_an_attribute_with_one_answer_is_refused() -> None:
    rows = make_pictures(10, 0)
    assert rows.attributes is not None
    rows.attributes[:, 1] = 1.0
    with pytest.raises(InputError, match="Dark"):
        ProbeScorer("colours", rows)(rows.x, "cpu")
