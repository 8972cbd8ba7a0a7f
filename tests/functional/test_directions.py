"""Directions against what they mean: gradients, logits, orthogonality."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from math import sqrt

import pytest
import torch
from ill_conditioned import draw_ill_conditioned_codes
from one_device import imagine_gpu
from sklearn.linear_model import LogisticRegression

from auxgen.errors import InputError
from auxgen.functional.directions import (
    Direction,
    combine_directions,
    fit_linear_probe,
    fit_mean_difference,
    get_direction,
    sum_displacements,
)


def two() -> tuple[Direction, Direction]:
    torch.manual_seed(0)
    w = torch.randn(2, 6, dtype=torch.float64)
    return Direction.from_weight("Glasses", w[0]), Direction.from_weight(
        "Male", w[1] + w[0], bias=0.5
    )


def test_a_direction_is_the_gradient_of_its_logit() -> None:
    torch.manual_seed(0)
    w, z = torch.randn(6, dtype=torch.float64), torch.randn(3, 6, dtype=torch.float64)
    direction = Direction.from_weight("Glasses", w, bias=0.3)
    z.requires_grad_(True)
    (gradient,) = torch.autograd.grad((z @ w + 0.3).sum(), z)
    torch.testing.assert_close(direction.scale * direction.vector.expand(3, 6), gradient)
    torch.testing.assert_close(direction.logit(z), z @ w + 0.3)
    assert direction.vector.norm().item() == pytest.approx(1)


def test_a_unit_of_distance_raises_the_logit_by_the_scale() -> None:
    direction, z = two()[0], torch.randn(4, 6, dtype=torch.float64)
    delta = torch.tensor([0.0, 1.0, -2.0, 3.0])
    risen = direction.logit(direction.move(z, delta)) - direction.logit(z)
    torch.testing.assert_close(risen, direction.scale * delta.double())
    torch.testing.assert_close(direction.move(z, 2.0) - z, 2 * direction.vector.expand(4, 6))


@pytest.mark.parametrize("probability", [0.95, 0.5, 0.1])
def test_going_the_distance_makes_the_classifier_that_sure(probability: float) -> None:
    direction, z = two()[1], torch.randn(4, 6, dtype=torch.float64)
    there = direction.move(z, direction.distance_to_probability(z, probability))
    expected = torch.full((4,), probability, dtype=torch.float64)
    torch.testing.assert_close(direction.logit(there).sigmoid(), expected)


def test_without_another_the_other_s_logit_stays_and_the_own_still_rises() -> None:
    glasses, male = two()
    left, z = glasses.project_out(male), torch.randn(4, 6, dtype=torch.float64)
    there = left.move(z, 3.0)
    torch.testing.assert_close(male.logit(there), male.logit(z))
    risen = glasses.logit(there) - glasses.logit(z)
    torch.testing.assert_close(risen, torch.full((4,), 3 * left.scale, dtype=torch.float64))
    assert left.scale == pytest.approx(
        glasses.scale * sqrt(1 - glasses.cosine_similarity(male) ** 2)
    )
    assert left.vector.norm().item() == pytest.approx(1)
    assert left.name == "Glasses without Male"


def test_what_several_share_is_taken_out_together_in_any_order() -> None:
    torch.manual_seed(1)
    a, b, c = (Direction.from_weight(n, torch.randn(6, dtype=torch.float64)) for n in "abc")
    one, other = a.project_out(b, c), a.project_out(c, b, b)
    torch.testing.assert_close(one.vector, other.vector)
    assert max(abs(one.cosine_similarity(b)), abs(one.cosine_similarity(c))) < 1e-9
    assert a.project_out() is a


def test_nothing_is_left_without_oneself() -> None:
    glasses, _ = two()
    with pytest.raises(InputError, match="Nothing is left of 'Glasses' without Glasses"):
        glasses.project_out(glasses)


def test_combined_is_the_normalised_sum_and_raises_both() -> None:
    glasses, male = two()
    both = combine_directions([(glasses, 1.0), (male, -1.0)])
    total = glasses.vector - male.vector
    torch.testing.assert_close(both.vector, total / total.norm())
    z = torch.randn(4, 6, dtype=torch.float64)
    there = both.move(z, 2.0)
    risen = (glasses.logit(there) - glasses.logit(z)) - (male.logit(there) - male.logit(z))
    torch.testing.assert_close(risen, torch.full((4,), 2 * both.scale, dtype=torch.float64))
    assert both.name == "+Glasses -Male"


def test_distances_along_several_add_up() -> None:
    glasses, male = two()
    way = sum_displacements([(glasses, 3.0), (male, -1.0)])
    torch.testing.assert_close(way, 3 * glasses.vector - male.vector)


def test_a_probe_finds_the_direction_that_made_the_answers() -> None:
    torch.manual_seed(0)
    w = torch.randn(5)
    z = torch.randn(4000, 5) * torch.tensor([1.0, 2.0, 0.5, 1.0, 3.0]) + 1
    y = torch.bernoulli((z @ w - 0.7).sigmoid())
    y[::7] = torch.nan
    found = fit_linear_probe("Glasses", z, y)
    assert found.cosine_similarity(Direction.from_weight("true", w)) > 0.99
    right = (found.logit(z) > 0) == (z @ w - 0.7 > 0)
    assert right.float().mean() > 0.95
    with pytest.raises(InputError, match="A direction needs rows with and without 'Glasses'"):
        fit_linear_probe("Glasses", z, torch.ones(4000))


@pytest.mark.parametrize("noise", [0.0, 1e-7])
@pytest.mark.parametrize("level", [1e-3, 0.7, 12345.678])
def test_a_code_that_does_not_vary_has_no_part_in_a_probe(level: float, noise: float) -> None:
    """Its deviation is round-off, by which a weight was divided: all of the direction was it."""
    torch.manual_seed(0)
    z = torch.randn(700, 2, dtype=torch.float64)
    y = (z[:, 0] > 0).float()
    still = level * (1 + noise * torch.randn(700, 1, dtype=torch.float64))
    found = fit_linear_probe("Hat", torch.cat((z, still), 1), y)
    alone = fit_linear_probe("Hat", z, y)
    assert found.vector[2] == 0
    torch.testing.assert_close(found.vector[:2], alone.vector)
    assert found.bias == pytest.approx(alone.bias)


def test_names_that_are_not_there_are_refused() -> None:
    glasses, male = two()
    known = {"Glasses": glasses, "Male": male}
    assert get_direction(known, "Male") is male
    with pytest.raises(InputError, match="no attribute 'Glases'; did you mean 'Glasses'"):
        get_direction(known, "Glases")


@pytest.mark.parametrize("w", [torch.zeros(3), *torch.tensor([[1.0, torch.nan], [2.0, torch.inf]])])
def test_weights_that_point_nowhere_are_refused(w: torch.Tensor) -> None:
    with pytest.raises(InputError, match="a direction needs a positive length"):
        Direction.from_weight("Glasses", w)


def test_probabilities_and_sums_that_will_not_do_are_refused() -> None:
    glasses, male = two()
    for p in (0.0, 1.0):
        with pytest.raises(InputError, match=f"The probability is {p:g};"):
            glasses.distance_to_probability(torch.zeros(1, 6), p)
    with pytest.raises(InputError, match="cancel out"):
        combine_directions([(glasses, 1.0), (glasses, -1.0)])
    with pytest.raises(InputError, match="There is no direction to combine"):
        combine_directions([])
    with pytest.raises(InputError, match="There is no direction to combine"):
        combine_directions([(glasses, 0.0)])
    assert combine_directions([(glasses, 2.0), (male, 0.0)]).name == "+Glasses"


def test_the_difference_of_means_is_the_log_odds_of_two_gaussians() -> None:
    """Of covariance I, about the means of the rows with and without."""
    torch.manual_seed(0)
    z = torch.randn(50, 3, dtype=torch.float64)
    y = (torch.arange(50) % 3 == 0).double()
    y[::7] = torch.nan
    found = fit_mean_difference("Glasses", z, y)
    there, absent = (
        torch.distributions.MultivariateNormal(
            z[y == answer].mean(0), torch.eye(3, dtype=torch.float64)
        )
        for answer in (1, 0)
    )
    new = torch.randn(5, 3, dtype=torch.float64)
    expected = there.log_prob(new) - absent.log_prob(new)
    torch.testing.assert_close(found.logit(new), expected, rtol=1e-5, atol=1e-5)
    with pytest.raises(InputError, match="there is only one kind"):
        fit_mean_difference("Glasses", z, torch.ones(50))


@pytest.mark.parametrize("factors", [(1.0, -1.0), (2.5, 0.5), (-0.3, 4.0)])
def test_a_combined_logit_is_the_sum_of_the_logits_along_it(factors: tuple[float, float]) -> None:
    parts = list(zip(two(), factors, strict=True))
    both = combine_directions(parts)
    z = torch.linspace(-3, 3, 5, dtype=torch.float64)[:, None] * both.vector
    expected = torch.stack([s * d.logit(z) for d, s in parts]).sum(0)
    torch.testing.assert_close(both.logit(z), expected)


def test_a_direction_is_one_for_good() -> None:
    """It is kept by its name, and compared by what it is, as tensors have no one answer."""
    (glasses, _), (again, _) = two(), two()
    with pytest.raises(FrozenInstanceError):
        glasses.scale = 2.0  # pyright: ignore[reportAttributeAccessIssue]
    assert glasses == glasses != again


def test_a_probe_of_ill_conditioned_codes_is_that_by_newton() -> None:
    """To the end, without a warning; its logit is that of the regression, of both answers."""
    codes, y = draw_ill_conditioned_codes()
    standard = (codes - codes.mean(0)) / codes.std(0)
    newton = LogisticRegression(solver="newton-cholesky").fit(standard.numpy(), y.numpy())
    found = fit_linear_probe("Hat", codes, y.double())
    expected = torch.from_numpy(newton.decision_function(standard.numpy()))
    torch.testing.assert_close(found.logit(codes), expected, rtol=0.02, atol=0.02)


def test_a_direction_has_no_bias_unless_said_otherwise_and_no_graph() -> None:
    w = torch.tensor([3.0, 4.0], requires_grad=True)
    found = Direction.from_weight("Hat", w)
    assert (found.bias, found.scale, found.vector.requires_grad) == (0, 5, False)
    assert Direction("Hat", found.vector, 5.0).bias == 0


@pytest.mark.parametrize(("angle", "left"), [(1e-4, True), (1e-8, False)])
def test_a_small_angle_is_a_direction_and_round_off_is_none(angle: float, left: bool) -> None:
    """From another, between two others, and in a sum of two that point against each other."""
    axes = torch.eye(3, dtype=torch.float64)
    one = Direction("one", axes[0], 1.0)
    near = Direction.from_weight("near", axes[0] + angle * axes[1])
    if left:
        torch.testing.assert_close(near.project_out(one).vector, axes[1])
        both = combine_directions([(near, 1), (one, -1)]).vector
        torch.testing.assert_close(both, axes[1], rtol=0, atol=angle)
    else:
        for make in (
            lambda: near.project_out(one),
            lambda: combine_directions([(near, 1), (one, -1)]),
        ):
            with pytest.raises(InputError, match=r"Nothing is left|cancel out"):
                make()
    third = Direction.from_weight("third", axes.sum(0)).project_out(one, near)
    torch.testing.assert_close(third.vector, ((1 - left) * axes[1] + axes[2]) / sqrt(2 - left))


def test_a_code_that_varies_by_a_ten_thousandth_has_its_part_in_a_probe() -> None:
    torch.manual_seed(0)
    z = torch.randn(500, 1, dtype=torch.float64)
    found = fit_linear_probe("Hat", 1 + 1e-4 * z, (z[:, 0] > 0).double())
    right = (found.logit(1 + 1e-4 * z) > 0) == (z[:, 0] > 0)
    assert right.double().mean() > 0.97


def test_a_move_is_made_where_the_codes_are() -> None:
    with imagine_gpu() as gpu:
        direction, z = Direction("Hat", torch.ones(3), 1.0), torch.zeros(2, 3, device=gpu)
        assert direction.move(z, torch.ones(2)).device == gpu
        assert direction.distance_to_probability(z, 0.9).device == gpu
