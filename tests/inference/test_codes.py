"""There and back on a model that can be checked by hand: z is x halved, x is z doubled plus y."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution

from auxgen.data.dataset import Preprocessor
from auxgen.errors import InputError
from auxgen.inference.codes import (
    embed_rows,
    find_class_index,
    interpolate_linearly,
    interpolate_on_sphere,
    interpolate_rows,
    make_analogies,
    make_class_grid,
    reconstruct_rows,
    sample_rows,
)
from auxgen.inference.prediction import abstain_on_unsure, estimate_row_bounds, predict_rows
from auxgen.networks.distributions import normal

SPACE = Preprocessor(
    kind="points", shape=(2,), shift=(1.0, 1.0), scale=(2.0, 2.0), classes=("low", "high")
)


class Halving:
    """x = 2 z; has no classes."""

    def encode(self, x: Tensor) -> Distribution:
        return normal(x / 2, torch.ones_like(x), 1)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        return normal(2 * z, torch.ones_like(z), 1)

    def sample(self, n: int) -> Tensor:
        return torch.ones(n, 2)


class Classy(Halving):
    """x = 2 z + y, and y says whether the first entry is above 0."""

    def p_z(self) -> Distribution:
        return normal(torch.zeros(2), torch.ones(2), 1)

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        return Categorical(logits=torch.stack([-x[:, 0], x[:, 0]], -1))

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        assert y is not None
        return normal(2 * z + y.unsqueeze(-1), torch.ones_like(z), 1)

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        y = torch.zeros(n).long() if y is None else y
        return y.unsqueeze(-1).expand(n, 2).float()


def test_codes_are_means_of_the_encoder_in_the_models_space():
    raw = torch.tensor([[1.0, 3.0], [5.0, 1.0]])
    torch.testing.assert_close(
        embed_rows(Halving(), SPACE, raw), torch.tensor([[0.0, 0.5], [1.0, 0.0]])
    )


def test_reconstructions_stand_beside_their_originals_in_raw_units():
    raw = torch.randn(300, 2)
    pairs = reconstruct_rows(Halving(), SPACE, raw)
    assert pairs.shape == (300, 2, 2)
    torch.testing.assert_close(pairs[:, 1], raw.double())


def test_a_model_of_classes_decodes_with_its_most_probable_class():
    raw = torch.tensor([[-3.0, 0.0], [3.0, 0.0]])
    back = reconstruct_rows(Classy(), SPACE, raw)[:, 1]
    torch.testing.assert_close(back, raw.double() + torch.tensor([[0.0], [2.0]]))


def test_interpolation_begins_and_ends_at_the_reconstructions_of_its_ends():
    start, end = torch.randn(3, 2), torch.randn(3, 2)
    for between in (interpolate_linearly, interpolate_on_sphere):
        path = interpolate_rows(Halving(), SPACE, start, end, steps=5, between=between)
        assert path.shape == (3, 5, 2)
        torch.testing.assert_close(path[:, 0], start.double())
        torch.testing.assert_close(path[:, -1], end.double())


def test_interpolation_takes_the_class_of_the_nearer_end():
    start, end = torch.tensor([[-3.0, 0.0]]), torch.tensor([[3.0, 0.0]])
    with_classes = interpolate_rows(
        Classy(), SPACE, start, end, steps=4, between=interpolate_linearly
    )
    without = interpolate_rows(Halving(), SPACE, start, end, steps=4, between=interpolate_linearly)
    assert (with_classes - without)[0, :, 0].tolist() == pytest.approx([0.0, 0.0, 2.0, 2.0])


def test_the_great_circle_keeps_the_norm_and_halves_the_angle():
    start, end = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    path = interpolate_on_sphere(start, end, torch.tensor([0.0, 0.5, 1.0]))[0]
    torch.testing.assert_close(path.norm(dim=-1), torch.ones(3))
    torch.testing.assert_close(path[1], torch.full((2,), 0.5**0.5))


def test_the_great_circle_between_ends_in_line_is_the_straight_way():
    start = torch.tensor([[1.0, 0.0], [1.0, 2.0]])
    end = torch.tensor([[-1.0, 0.0], [1.0, 2.0]])
    t = torch.linspace(0, 1, 5)
    torch.testing.assert_close(
        interpolate_on_sphere(start, end, t), interpolate_linearly(start, end, t)
    )


def test_samples_come_back_in_raw_units_and_of_the_given_class():
    torch.testing.assert_close(
        sample_rows(Halving(), SPACE, 300), torch.full((300, 2), 3.0).double()
    )
    of_class = sample_rows(Classy(), SPACE, 2, torch.tensor([0, 1]))
    torch.testing.assert_close(of_class, torch.tensor([[1.0, 1.0], [3.0, 3.0]]).double())


def test_a_grid_of_classes_has_one_code_a_row_and_one_class_a_column():
    rows = make_class_grid(Classy(), SPACE, 3).reshape(3, 2, 2)
    torch.testing.assert_close((rows[:, 1] - rows[:, 0]).float(), torch.full((3, 2), 2.0))
    assert len(rows[:, 0].unique(dim=0)) == 3


def test_predictions_name_classes_with_probabilities_that_sum_to_one():
    found = predict_rows(Classy(), SPACE, torch.tensor([[-3.0, 0.0], [3.0, 0.0]]))
    assert found.names == ["low", "high"]
    torch.testing.assert_close(found.probabilities.sum(-1), torch.ones(2))
    torch.testing.assert_close(found.confidence, torch.tensor([4.0, 2.0]).sigmoid())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: predict_rows(Halving(), SPACE, torch.zeros(1, 2)), "Halving cannot classify"),
        (lambda: sample_rows(Halving(), SPACE, 1, torch.tensor([0])), "cannot sample by class"),
        (lambda: make_class_grid(Halving(), SPACE, 1), "cannot sample by class"),
        (lambda: sample_rows(object(), SPACE, 1), "object cannot sample"),
        (lambda: embed_rows(object(), SPACE, torch.zeros(1, 2)), "cannot encode"),
        (lambda: reconstruct_rows(object(), SPACE, torch.zeros(1, 2)), "cannot decode"),
    ],
)
def test_a_model_says_in_a_sentence_what_it_cannot_do(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_a_class_is_found_by_name_or_number_and_a_near_miss_gets_a_hint():
    assert find_class_index(SPACE, "high") == find_class_index(SPACE, "1") == 1
    assert find_class_index(SPACE, 1) == 1
    with pytest.raises(InputError, match="did you mean 'high'"):
        find_class_index(SPACE, "hig")


def test_analogies_keep_the_code_and_change_the_class():
    raw = torch.randn(3, 2)
    found = make_analogies(Classy(), SPACE, raw)
    assert found.shape == (3, 3, 2)
    torch.testing.assert_close(found[:, 0], raw.double())
    z = embed_rows(Classy(), SPACE, raw)
    for y in (0, 1):
        torch.testing.assert_close(found[:, 1 + y], 2 * (2 * z + y).double() + 1)


def test_a_model_without_classes_has_no_analogies():
    space = Preprocessor(kind="points", shape=(2,))
    with pytest.raises(InputError, match="has no classes"):
        make_analogies(Halving(), space, torch.randn(2, 2))


def test_a_temperature_raises_probabilities_to_a_power_and_keeps_their_order():
    raw = torch.randn(50, 2)
    plain, flat = (predict_rows(Classy(), SPACE, raw, temperature=t) for t in (1.0, 4.0))
    powered = plain.probabilities ** (1 / 4)
    torch.testing.assert_close(flat.probabilities, powered / powered.sum(-1, keepdim=True))
    assert torch.equal(flat.predicted, plain.predicted)
    for temperature in (0.0, -1.0, float("nan")):
        with pytest.raises(InputError, match="expected a number above 0"):
            predict_rows(Classy(), SPACE, raw, temperature=temperature)


class Bounded(Classy):
    def elbo(self, x: Tensor) -> Tensor:
        return -x.square().sum(1)


def test_a_bound_is_that_of_the_row_as_the_model_sees_it():
    raw = torch.randn(300, 2)
    found = estimate_row_bounds(Bounded(), SPACE, raw, draws=3)
    torch.testing.assert_close(found, -SPACE.transform(raw).square().sum(1).double())
    with pytest.raises(InputError, match="bound"):
        estimate_row_bounds(Classy(), SPACE, raw)


def test_grey_values_of_a_model_of_bits_are_drawn_as_bits_for_its_bound():
    raw, binary = torch.rand(300, 2), Preprocessor(kind="points", shape=(2,), binary=True)
    found = -estimate_row_bounds(Bounded(), binary, raw)
    assert found.unique().tolist() == [0.0, 1.0, 2.0]
    assert torch.equal(found, -estimate_row_bounds(Bounded(), binary, raw))


def test_rows_with_the_lowest_confidence_get_no_class():
    raw = 1 + torch.tensor([[4.0, 0.0], [0.1, 0.0], [-6.0, 0.0], [0.5, 0.0]])
    found = abstain_on_unsure(predict_rows(Classy(), SPACE, raw), 0.5)
    assert found.names == ["high", "", "low", ""]
    assert abstain_on_unsure(found, 0.0).names == ["high", "high", "low", "high"]
    for share in (-0.1, 1.0):
        with pytest.raises(InputError, match="0 to below 1"):
            abstain_on_unsure(found, share)
