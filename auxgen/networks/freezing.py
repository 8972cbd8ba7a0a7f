"""Passing through a network without teaching it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def freeze_parameters(*networks: nn.Module) -> Iterator[None]:
    """Within, what passes through these networks leads no gradient into their parameters."""
    taught = [p for network in networks for p in network.parameters() if p.requires_grad]
    for parameter in taught:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in taught:
            parameter.requires_grad_(True)
