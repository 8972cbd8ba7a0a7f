"""What a method does where nothing is said."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any, cast

import pytest
import torch
from laws import stage
from torch import Tensor, nn

from auxgen.builders import Recipe, discreg, introvac
from auxgen.functional.bounds import marginal_bound
from auxgen.methods.committee import Committee
from auxgen.methods.conditional_asl import ConditionalASL
from auxgen.methods.discreg import DiscriminativeVAE
from auxgen.methods.introvac import IntroVAC
from auxgen.methods.mi_encoder import InformativeEncoder
from auxgen.methods.semi_supervised import sum_live_classes, sum_sampled_classes
from auxgen.methods.vac import Betas
from auxgen.networks.priors import ClassPrior


@pytest.mark.parametrize(
    ("method", "builder", "names"),
    [
        (DiscriminativeVAE, discreg.build_discriminative_vae, ("encoder_grad", "shift")),
        (IntroVAC, introvac.introvac, ("summed", "game")),
    ],
)
def test_a_method_and_its_builder_leave_out_the_same(
    method: type, builder: Callable[..., Any], names: tuple[str, ...]
) -> None:
    ours, theirs = signature(method).parameters, signature(builder).parameters
    for name in names:
        assert ours[name].default == theirs[name].default


def test_the_weights_of_introvac_s_losses_are_the_paper_s() -> None:
    assert Betas() == Betas(ae=100, cl=10, reg=3, ec=0.01, g=5)


@pytest.mark.parametrize("name", ["sdgm", "adgm_deterministic"])
def test_a_class_is_predicted_with_one_draw(name: str) -> None:
    method: Any = stage(name).method.eval()
    x, sizes = torch.rand(4, 6), []
    method.q_y.register_forward_hook(lambda _, given, __: sizes.append(len(given[0])))
    method.classify(x)
    assert sizes == [1]


def sum_of_some(way: Callable[..., Tensor], *temperature: float, **how: Any) -> Tensor:
    """The sum over classes whose f is their number, at fixed draws."""
    log_q = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.3, 0.6]]).log()
    torch.manual_seed(0)

    def f(y: Tensor, rows: Any = None) -> Tensor:
        del rows
        return y @ torch.tensor([1.0, 2.0, 3.0])

    return way(f, log_q, ClassPrior(3), *temperature, **how)


@pytest.mark.parametrize(
    ("way", "how"), [(sum_sampled_classes, {"probable": 2}), (sum_live_classes, {"skip_below": 0})]
)
def test_the_entropy_of_a_sum_over_some_classes_counts_once(
    way: Callable[..., Tensor], how: dict[str, Any]
) -> None:
    torch.testing.assert_close(sum_of_some(way, **how), sum_of_some(way, 1.0, **how))
    every = torch.tensor([[0.5, 0.3, 0.2], [0.1, 0.3, 0.6]]).log()
    expected = marginal_bound(every, torch.tensor([1.0, 2.0, 3.0]).expand(2, 3))
    torch.testing.assert_close(sum_of_some(way, **how), expected)


def test_the_memory_of_contexts_is_as_artefacts_have_it() -> None:
    method = stage("conditional_asl").method
    assert isinstance(method, ConditionalASL)
    assert method.recent.rows.shape == (4096, 3)
    assert method.recent.rows.dtype == torch.uint8


def test_residuals_start_with_a_variance_of_1_above_the_floor() -> None:
    method = stage("informative_encoder").method
    assert isinstance(method, InformativeEncoder)
    torch.testing.assert_close(method.a(), torch.full((6,), 1 + method.floor))


class Sure(nn.Module):
    """The first of three classes, whatever the row is."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64).expand(len(x), 3)


def test_a_committee_rules_no_class_out_and_says_so_in_double_precision() -> None:
    sizes = {"members": 1, "x": 4, "classes": 3, "hidden": [5], "z": 2, "alpha": 1.0}
    rest = {"prior_rows": 9, "trees": 1, "nodes": 1, "components": 1, "directions": 4}
    made = cast(Committee, Recipe("committee", {**sizes, **rest}).build())
    method = Committee(m2s=made.m2s, others=[Sure()], classes=3)
    method.weights.copy_(torch.tensor([0.0, 1.0]))
    found = method.classify(torch.zeros(2, 4)).probs
    whole = 1 + 2e-6
    expected = torch.tensor([1 / whole, 1e-6 / whole, 1e-6 / whole], dtype=torch.float64)
    torch.testing.assert_close(found, expected.expand(2, 3), rtol=1e-9, atol=0)
    own = (method.temperature, method.temperatures, method.weights, method.log_odds)
    assert {buffer.dtype for buffer in own} == {torch.float64}
