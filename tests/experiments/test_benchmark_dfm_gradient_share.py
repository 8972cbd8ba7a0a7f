"""The size of the denoising term: by hand, and by its weight."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from benchmark_modules import import_benchmark

from auxgen.experiments.dfm.sets import digits
from auxgen.methods.dfm import DenoisingGAN

ROOT = Path(__file__).parents[2]


@pytest.fixture
def benchmark() -> Iterator[Any]:
    with import_benchmark("dfm_gradient_share") as module:
        yield module


def test_the_share_is_the_term_s_own_gradient_and_grows_with_its_weight(benchmark: Any) -> None:
    torch.manual_seed(0)
    stage = digits()["dfm"]
    method, x = stage.method, stage.batches(0, 0, 1, "cpu")
    assert isinstance(method, DenoisingGAN)
    assert isinstance(x, torch.Tensor)
    shares = []
    for weight in (0.03, 3.0):
        method.denoising = weight
        torch.manual_seed(1)
        shares.append(benchmark.measure_batch(method, x)[0])
    assert shares[1] == pytest.approx(100 * shares[0], rel=1e-3)

    torch.manual_seed(1)
    phi_g = method.extract_generated_features(method.sample(len(x)))
    with torch.no_grad():
        target = method.r(phi_g)
    term = 3.0 * (phi_g - target).square().sum(1).mean() / phi_g.shape[1]
    adversarial = method.compute_generator_loss(phi_g, phi_g)[1]["adversarial"]
    ours, other = (
        benchmark.flatten_gradient(loss, method.g.parameters()) for loss in (term, adversarial)
    )
    assert shares[1] == pytest.approx((ours.norm() / other.norm()).item(), rel=1e-3)
