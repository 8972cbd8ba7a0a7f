"""Multilayer perceptrons and their batch norm."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from auxgen.builders import Recipe
from auxgen.data.batches import SemiSupervisedBatch
from auxgen.engine.loop import Training
from auxgen.engine.settings import Engine, adam
from auxgen.methods.adgm import SDGM
from auxgen.networks.freezing import (
    find_batch_norms,
    freeze_running_statistics,
    recalibrate_batch_norm,
)
from auxgen.networks.mlp import MLP, BatchNorm
from auxgen.rng import derive_seed

ARGUMENTS = {
    "x": 4, "classes": 3, "hidden": [5], "a": 2, "z": 2, "alpha": 1.0, "prior_rows": 9,
    "batch_norm": True,
}  # fmt: skip


def test_a_sum_of_maps_is_one_map_of_the_concatenation() -> None:
    torch.manual_seed(0)
    net = MLP([3, 2], [6], 4)
    a, b = torch.randn(5, 3), torch.randn(5, 2)
    weight = torch.cat([m.weight for m in net.maps], 1)  # pyright: ignore
    hidden = torch.cat((a, b), 1) @ weight.T + net.maps[0].bias  # pyright: ignore
    torch.testing.assert_close(net(a, b), net.head(hidden.relu()))


def test_an_enumerated_label_gives_what_repeating_x_gives() -> None:
    net = MLP([4, 3], [6, 6], 2, batch_norm=True).eval()
    x = torch.randn(5, 1, 4)
    each = torch.stack([net(x[:, 0], torch.eye(3)[c].expand(5, -1)) for c in range(3)], 1)
    torch.testing.assert_close(net(x, torch.eye(3)), each)


def test_the_map_of_x_runs_once_for_all_classes() -> None:
    net, rows = MLP([4, 3], [6], 2), []
    net.maps[0].register_forward_hook(lambda m, i, out: rows.append(out.numel() // 6))
    net(torch.randn(5, 1, 4), torch.eye(3))
    assert rows == [5]


def test_an_input_without_a_width_is_ignored() -> None:
    net = MLP([None, 3], [6], 2)
    y = torch.randn(5, 3)
    torch.testing.assert_close(net(torch.randn(5, 9), y), net(None, y))


def test_batch_norm_folds_the_class_axis_into_the_batch() -> None:
    layer, h = BatchNorm(4), torch.randn(6, 3, 4) * 5 + 2
    expected = (h - h.mean((0, 1))) / (h.var((0, 1), correction=0) + layer.eps).sqrt()
    torch.testing.assert_close(layer(h), expected)
    torch.testing.assert_close(layer.running_mean, 0.1 * h.mean((0, 1)))


def sdgm() -> SDGM:
    torch.manual_seed(0)
    method = Recipe("sdgm", ARGUMENTS).build()
    assert isinstance(method, SDGM)
    return method.train()


def statistics(method: nn.Module) -> list[Tensor]:
    return [layer.running_mean.clone() for layer in find_batch_norms(method)]  # pyright: ignore


def test_running_statistics_come_from_the_unlabelled_stream_alone() -> None:
    found = []
    for scale in (1.0, 100.0):
        method = sdgm()
        x, x_u = scale * torch.rand(6, 4), torch.rand(8, 4).round()
        batch = SemiSupervisedBatch(
            x.round().clamp(max=1) * 0 + (scale > 1), torch.arange(6) % 3, x_u
        )
        torch.manual_seed(7)
        next(method.round(batch, torch.tensor(0)))
        found.append([layer.num_batches_tracked.item() for layer in find_batch_norms(method)])  # pyright: ignore
    assert found[0] == found[1] == [1] * len(found[0])


def test_a_labelled_pass_uses_its_own_statistics_and_leaves_the_running_ones() -> None:
    method = sdgm()
    before = statistics(method)
    with freeze_running_statistics(method):
        method.labelled_elbo(torch.rand(6, 4).round(), torch.arange(6) % 3)
    assert all(torch.equal(a, b) for a, b in zip(before, statistics(method), strict=True))
    layer = BatchNorm(4)
    h = torch.randn(9, 4) + 3
    with freeze_running_statistics(layer):
        torch.testing.assert_close(layer(h).mean(0), torch.zeros(4), atol=1e-6, rtol=0)


def test_recalibrated_statistics_are_means_over_the_batches() -> None:
    layer, batches = BatchNorm(3).train(), torch.randn(4, 10, 3)
    layer(torch.full((5, 3), 40.0) + torch.randn(5, 3))
    recalibrate_batch_norm(layer, lambda i: layer(batches[i]), 4)
    torch.testing.assert_close(layer.running_mean, batches.mean((0, 1)))
    torch.testing.assert_close(layer.running_var, batches.var(1).mean(0))
    assert layer.momentum == 0.1


def test_the_average_is_evaluated_with_statistics_of_its_own() -> None:
    method = sdgm()
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(32, 4, generator=generator).round()
    batch = SemiSupervisedBatch(x[:6], torch.arange(6) % 3, x)
    training = Training(method, Engine(5, adam(0.05), recalibration=2), seed=derive_seed(1))
    for _ in range(5):
        training.run_round(batch)
    averaged = training.build_averaged_method([batch, batch])
    assert not averaged.training
    first = averaged.q_a.network.layers[0]  # pyright: ignore
    inputs = averaged.q_a.network.maps[0](x)  # pyright: ignore
    torch.testing.assert_close(first.running_mean, inputs.mean(0))  # pyright: ignore
    live = dict(method.named_parameters())
    assert not torch.equal(averaged.q_a.network.head.weight, live["q_a.network.head.weight"])  # pyright: ignore
