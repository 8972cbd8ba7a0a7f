"""Measures make their own tensors where those that they are given are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from one_device import imagine_gpu
from torch import Tensor

from auxgen.metrics import checks, classification, precision_recall, reconstruction


def count_into_bins(index: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """As `torch.bincount`, whose shape depends on numbers that are not there."""
    kind = index.dtype if weights is None else weights.dtype
    return torch.zeros(minlength, dtype=kind, device=index.device)


def pictures() -> Tensor:
    return torch.zeros(3, 2, 8, 12)


@pytest.mark.parametrize(
    ("measure", "sets"),
    [
        (reconstruction.ssim, lambda: (pictures(), pictures())),
        (reconstruction.high_frequency_error, lambda: (pictures(), pictures())),
        (reconstruction._measure_windowed_power, lambda: (pictures(),)),
        (precision_recall.precision_recall, lambda: (torch.zeros(9, 2), torch.zeros(7, 2))),
        (precision_recall.density_coverage, lambda: (torch.zeros(9, 2), torch.zeros(7, 2))),
        (
            classification.reliability_curve,
            lambda: (torch.zeros(9, 3), torch.zeros(9, dtype=torch.long)),
        ),
    ],
)
def test_a_measure_of_tensors_of_a_gpu_mixes_none_of_the_processor_with_them(
    measure: Callable[..., Any],
    sets: Callable[[], tuple[Tensor, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for check in ("check_features", "_check_pictures"):  # they look at numbers
        monkeypatch.setattr(checks, check, lambda x, *_: x)
    monkeypatch.setattr(torch, "bincount", count_into_bins)
    with imagine_gpu() as gpu:
        measure(*(each.to(gpu) for each in sets()))
