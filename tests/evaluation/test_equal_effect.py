"""What edits change at equal effect, of models and a judge for which it is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import cos, radians, tan

import pytest
import torch
from torch import Tensor
from torch.distributions import Distribution

from auxgen.data.dataset import Dataset, Preprocessor
from auxgen.evaluation.attribute_scorers import (
    AttributePrediction,
    ScorerEnsemble,
    compute_any_logit,
)
from auxgen.evaluation.edit_paths import EditPath, bisect_brackets, bracket_threshold
from auxgen.evaluation.equal_effect import EqualEffectComparison
from auxgen.functional.directions import Direction
from auxgen.networks.distributions import normal
from auxgen.score import Score

SPACE = Preprocessor(kind="images", shape=(1, 2, 2), flat=True)
DELTAS = tuple(float(i) for i in range(13))
STEP = 40 / 255
"""Of a code, by a step of its pixel."""


class Model:
    """Codes of the four pixels, z = 40 x - 20, or of what is seen `lower` in the first of them."""

    def __init__(self, lower: float = 0.0) -> None:
        self.lower = torch.tensor([lower, 0, 0, 0])

    def encode(self, x: Tensor) -> Distribution:
        return normal(40 * x - 20 - self.lower, torch.ones_like(x), 1)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        return normal((z + 20) / 40, torch.ones_like(z), 1)


@dataclass(frozen=True, eq=False)
class Eye:
    """The logit of "Bright" is the first code; the others' are a tenth of the third and fourth."""

    attributes: tuple[str, ...] = ("Bright",)
    protocol: str = "by hand"

    def __call__(self, pictures: Tensor, device: str) -> AttributePrediction:
        z = pictures.flatten(1) / 255 * 40 - 20
        return AttributePrediction(z[:, :1], (z[:, 2:] / 10).sigmoid())

    def features(self, pictures: Tensor, device: str) -> Tensor:
        return pictures.flatten(1)[:, 2:] / 255 * 40 - 20


def rows(n: int = 60) -> Dataset:
    """First codes from -5 to -1, all others from 1 to 3."""
    torch.manual_seed(0)
    z = torch.rand(n, 4) * torch.tensor([4.0, 2, 2, 2]) + torch.tensor([-5.0, 1, 1, 1])
    x = ((z + 20) / 40 * 255).round().to(torch.uint8).reshape(n, 1, 2, 2)
    return Dataset(x, torch.full((n,), -1), (), "dots", "", torch.zeros(n, 1), ("Bright",))


def along(angle: float):
    """The way of the first code, turned towards the third."""
    turned = torch.tensor([cos(radians(angle)), 0, 0, 0])
    turned[2] = (1 - turned[0] ** 2).clamp(min=0).sqrt()

    def directions(method: object) -> Mapping[str, Direction]:
        return {"Bright": Direction("Bright", turned, 1.0)}

    return directions


def compared(test: Dataset, **beside: tuple[object, float]) -> dict[str, Score]:
    others = {name: (model, along(angle)) for name, (model, angle) in beside.items()}
    score = EqualEffectComparison(
        test,
        SPACE,
        scorer=Eye(),
        own=("own", along(0)),
        other_models=others,
        deltas=DELTAS,
        rise=3.0,
    )
    return score(Model())


def codes(test: Dataset) -> Tensor:
    return test.x.flatten(1).double() / 255 * 40 - 20


def test_what_a_turned_direction_changes_more_is_what_the_angle_says() -> None:
    test = rows()
    z, turned = codes(test), 60.0
    found = compared(test, turned=(Model(), turned))
    for effect, rise in (("told", -z[:, 0]), ("+3", torch.full((len(z),), 3.0).double())):
        name = f"Bright {effect}, turned"
        assert found[f"{name}: reached"].value == 100
        assert found[f"{name}: distance"].value == pytest.approx(
            (rise / cos(radians(turned))).mean().item(), abs=2 * STEP
        )
        assert found[f"Bright {effect}, own: others changed"].value == pytest.approx(0, abs=1e-9)
        third = z[:, 2] + rise * tan(radians(turned))
        more = 100 * ((third / 10).sigmoid() - (z[:, 2] / 10).sigmoid()) / 2
        score = found[f"{name}: others changed more"]
        assert score.value == pytest.approx(more.mean().item(), rel=0.05)
        assert score.spread is not None
        assert score.spread <= 1.2 * more.std().item() / len(more) ** 0.5 + 0.01
        edited = torch.stack((third, z[:, 3]), 1)
        lost = 1 - torch.cosine_similarity(edited, z[:, 2:], dim=1)
        assert found[f"{name}: likeness lost"].value == pytest.approx(lost.mean().item(), rel=0.1)
        since = found[f"{name}: others changed since the original"].value
        assert since == pytest.approx(found[f"{name}: others changed"].value, rel=0.05)


def test_a_rise_is_as_far_for_reconstructions_that_begin_lower_and_a_logit_of_0_is_not() -> None:
    test = rows()
    found = compared(test, lower=(Model(lower=2.0), 0.0))
    risen = [found[f"Bright +3, {name}: distance"].value for name in ("own", "lower")]
    found_at = [found[f"Bright told, {name}: distance"].value for name in ("own", "lower")]
    assert risen == pytest.approx([3, 3], abs=STEP)
    assert found_at[1] - found_at[0] == pytest.approx(2, abs=STEP)


def test_what_a_model_cannot_reconstruct_counts_since_the_original_only() -> None:
    """A blurred model has a third code lower by 4 in all that it decodes."""

    class Blurred(Model):
        def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
            return super().decode(z - torch.tensor([0.0, 0, 4, 0]), y)

    test = rows()
    found = compared(test, blurred=(Blurred(), 0.0))
    third = codes(test)[:, 2]
    lost = 50 * ((third / 10).sigmoid() - ((third - 4) / 10).sigmoid())
    more = found["Bright told, blurred: others changed since the original more"]
    assert more.value == pytest.approx(lost.mean().item(), rel=0.05)
    assert found["Bright told, blurred: others changed more"].value == pytest.approx(0, abs=1e-6)


def test_rows_lack_the_attribute_by_all_models_and_all_models_get_there() -> None:
    """At 85 degrees a way of 12 raises the logit by 1.05, at 75 degrees by 3.1."""
    test = rows()
    z = codes(test)
    found = compared(test, lower=(Model(lower=-2.0), 0.0), across=(Model(), 85.0))
    without = z[:, 0] < -2 - 0.6 * STEP
    assert found["Bright told, own: reached"].n == int(without.sum())
    assert found["Bright +3, across: reached"].value == 0
    none = found["Bright +3, own: others changed"]
    assert (none.n, none.value, none.caution) == (0, 0.0, "no row is left")
    some = compared(test, across=(Model(), 75.0))
    near = int((12 * cos(radians(75)) + z[:, 0] > 0).sum())
    assert abs(some["Bright told, own: others changed"].n - near) <= 3
    assert 0 < near < len(z)
    assert some["Bright told, own: reached"].n == len(z)


def test_nothing_farther_is_decoded_than_both_effects_need() -> None:
    """Codes from -5 to -1, risen by 3 and above 0: after 3 to 5 steps of 1."""
    test = rows()
    z = codes(test).float()
    way = EditPath(Model(), SPACE, along(0)(None)["Bright"], z, Eye(), 0)
    found = way.trace_logits(DELTAS, 3.0)
    whole = z[:, :1] + torch.tensor(DELTAS)
    seen = ~found.isnan()
    needed = torch.maximum(torch.tensor(3.0), -z[:, 0])
    assert (seen.sum(1) - 1 - needed.ceil()).abs().max() <= 1
    assert torch.allclose(found[seen], whole[seen], atol=STEP)
    for threshold in (torch.zeros(len(z)), found[:, 0] + 3):
        for got, expected in zip(
            bracket_threshold(found, threshold, DELTAS),
            bracket_threshold(whole, threshold, DELTAS),
            strict=True,
        ):
            assert (got - expected).abs().max() <= 1
            assert not got.isnan().any()


def test_places_are_found_between_distances() -> None:
    slopes = torch.tensor([1.0, 0.3, 0.01, 2.0], dtype=torch.float64)
    deltas = (0.0, 1.0, 4.0, 10.0)
    curve = slopes[:, None] * torch.tensor(deltas, dtype=torch.float64)
    threshold = torch.tensor([2.2, 0.5, 1.0, 20.0], dtype=torch.float64)
    low, high = bracket_threshold(curve, threshold, deltas)
    assert low[[0, 1, 3]].tolist() == [1, 1, 4]
    assert high[[0, 1, 3]].tolist() == [4, 4, 10]
    assert low[2].isnan()
    assert high[2].isnan()
    found = bisect_brackets(
        low, high, lambda rows, far: slopes[rows] * far < threshold[rows], halvings=12
    )
    expected = threshold / slopes
    within = (high - low) / 2**12
    chosen = torch.tensor([0, 1, 3])
    assert (found[chosen] >= expected[chosen]).all()
    assert (found[chosen] <= expected[chosen] + within[chosen]).all()
    assert found[2].isnan()


def test_rows_without_answers_are_refused() -> None:
    from dataclasses import replace

    from auxgen.errors import InputError

    with pytest.raises(InputError, match="dots has no attributes"):
        compared(replace(rows(), attributes=None, attribute_names=()))


@dataclass(frozen=True, eq=False)
class Late(Eye):
    """Sees the first code where it is above 2, and others three times as clearly."""

    protocol: str = "by another hand"

    def __call__(self, pictures: Tensor, device: str) -> AttributePrediction:
        prediction = super().__call__(pictures, device)
        return AttributePrediction(prediction.logits - 2, (3 * prediction.others.logit()).sigmoid())


def test_a_second_scorer_measures_what_changed_and_not_how_far_to_go() -> None:
    test = rows()
    z, turned = codes(test), 60.0
    ways = {"turned": (Model(), along(turned))}
    alone = EqualEffectComparison(
        test, SPACE, scorer=Eye(), own=("own", along(0)), other_models=ways, deltas=DELTAS, rise=3.0
    )
    one, two = alone(Model()), replace(alone, second_scorer=Late())(Model())
    for name in ("reached", "distance"):
        assert (
            two[f"Bright told, turned: {name}"].value == one[f"Bright told, turned: {name}"].value
        )
    third = z[:, 2] - z[:, 0] * tan(radians(turned))
    changed = 100 * ((0.3 * third).sigmoid() - (0.3 * z[:, 2]).sigmoid()) / 2
    found = two["Bright told, turned: others changed"]
    assert found.value == pytest.approx(changed.mean().item(), rel=0.05)
    assert found.value != pytest.approx(one["Bright told, turned: others changed"].value, rel=0.1)
    assert one["Bright told, own: told"].value == 100
    assert two["Bright told, own: told"].value == 0
    assert two["Bright +3, own: told"].value == pytest.approx(
        100 * (z[:, 0] + 3 > 2).double().mean().item(), abs=5
    )
    assert "what changed is told by by another hand" in found.protocol


def test_an_ensemble_predicts_the_mean() -> None:
    both = ScorerEnsemble([Eye(), Late()])
    pictures = rows(5).x
    first, second = Eye()(pictures, "cpu"), Late()(pictures, "cpu")
    prediction = both(pictures, "cpu")
    assert torch.equal(prediction.logits, first.logits - 1)
    torch.testing.assert_close(prediction.others, (first.others + second.others) / 2)
    assert both.features(pictures, "cpu").shape == (5, 4)
    assert both.attributes == ("Bright",)
    assert both.protocol == "mean logit of 2: by hand; and by another hand"
    assert ScorerEnsemble([Eye()]).protocol == "by hand"


def test_any_of_several_has_the_greatest_logit() -> None:
    logits = torch.tensor([[2.0, -3.0], [2.0, 1.0]])
    found = compute_any_logit(logits, ("No_Beard", "Goatee"), ("not No_Beard", "Goatee"))
    assert found.tolist() == [-2, 1]
