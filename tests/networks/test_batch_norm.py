"""Batch norm whose rows count by weights, against its formula, torch and finite differences."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from auxgen.networks.batch_norm import BatchNorm, weigh_rows
from auxgen.networks.freezing import freeze_running_statistics, recalibrate_batch_norm

N, D = 7, 3


@pytest.fixture
def layer() -> BatchNorm:
    torch.manual_seed(0)
    layer = BatchNorm(D).double()
    nn.init.normal_(layer.weight)
    nn.init.normal_(layer.bias)
    return layer


@pytest.fixture
def h() -> Tensor:
    return torch.randn(N, D, generator=torch.Generator().manual_seed(1)).double() * 3 + 5


@pytest.fixture
def weights() -> Tensor:
    return torch.rand(N, generator=torch.Generator().manual_seed(2)).double()


def test_statistics_are_weighted(layer: BatchNorm, h: Tensor, weights: Tensor) -> None:
    w = (weights / weights.sum()).unsqueeze(1)
    mean = (w * h).sum(0)
    variance = (w * (h - mean).square()).sum(0)
    expected = (h - mean) / (variance + layer.eps).sqrt() * layer.weight + layer.bias
    with weigh_rows(layer, weights):
        torch.testing.assert_close(layer(h), expected)
    assert layer.row_weights is None


def test_whole_weights_are_rows_that_stand_so_often(layer: BatchNorm, h: Tensor) -> None:
    often = torch.tensor([1, 2, 0, 3, 1, 1, 5])
    with weigh_rows(layer, often.double()):
        found = layer(h)
    repeated = layer(h.repeat_interleave(often, 0))
    torch.testing.assert_close(found.repeat_interleave(often, 0), repeated)


def test_equal_weights_are_torch_s_batch_norm(layer: BatchNorm, h: Tensor) -> None:
    usual = nn.BatchNorm1d(D).double()
    usual.load_state_dict(layer.state_dict())
    expected = usual(h)
    with weigh_rows(layer, torch.full((N,), 0.2).double()):
        torch.testing.assert_close(layer(h), expected)
    torch.testing.assert_close(dict(layer.named_buffers()), dict(usual.named_buffers()))


def test_weights_broadcast_over_draws(layer: BatchNorm, h: Tensor, weights: Tensor) -> None:
    draws = torch.stack((h, h + 1))
    with weigh_rows(layer, weights):
        found = layer(draws)
    with weigh_rows(layer, weights.repeat(2)):
        torch.testing.assert_close(found.flatten(0, 1), layer(draws.flatten(0, 1)))


def test_gradients_are_those_of_finite_differences(
    layer: BatchNorm, h: Tensor, weights: Tensor
) -> None:
    def normalise(h: Tensor, w: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
        with weigh_rows(layer, w):
            return functional_call(layer, {"weight": gamma, "bias": beta}, (h,))

    inputs = (h.requires_grad_(), weights.requires_grad_(), layer.weight, layer.bias)
    assert torch.autograd.gradcheck(normalise, inputs)


def test_running_statistics_are_frozen_and_recalibrated_as_without_weights(
    layer: BatchNorm, h: Tensor, weights: Tensor
) -> None:
    before = {name: b.clone() for name, b in layer.named_buffers()}
    with freeze_running_statistics(layer), weigh_rows(layer, weights):
        layer(h)
    torch.testing.assert_close(dict(layer.named_buffers()), before, rtol=0, atol=0)
    batches = [(h, weights), (2 * h, weights.flip(0))]

    def run(i: int) -> None:
        with weigh_rows(layer, batches[i][1]):
            layer(batches[i][0])

    recalibrate_batch_norm(layer, run, 2)
    means = [(w.unsqueeze(1) * x).sum(0) / w.sum() for x, w in batches]
    torch.testing.assert_close(layer.running_mean, torch.stack(means).mean(0))


def test_evaluation_takes_running_statistics(layer: BatchNorm, h: Tensor, weights: Tensor) -> None:
    layer.eval()
    expected = layer(h)
    with weigh_rows(layer, weights):
        assert torch.equal(layer(h), expected)


def test_one_row_is_refused_as_torch_refuses_it(layer: BatchNorm, h: Tensor) -> None:
    with weigh_rows(layer, torch.ones(1)), pytest.raises(ValueError, match="more than 1 value per"):
        layer(h[:1])


def test_bf16_has_statistics_in_float32() -> None:
    layer, rows = BatchNorm(D), (100 + torch.randn(50, D)).bfloat16()
    with torch.autocast("cpu", torch.bfloat16), weigh_rows(layer, torch.rand(50)):
        found = layer(rows)
    assert found.dtype == torch.bfloat16
    assert layer.running_var is not None
    assert layer.running_var.dtype == torch.float32
    torch.testing.assert_close(found.float().std(0), torch.ones(D), atol=0.3, rtol=0)
