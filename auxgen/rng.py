"""Random numbers: every seed that auxgen uses is made here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import torch
from torch import nn


def derive_seed(*parts: int) -> int:
    """One seed of several numbers; splitmix64, so that near numbers give unrelated streams."""
    mixed = 0
    for part in parts:
        mixed = (mixed ^ part) + 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
        mixed ^= mixed >> 31
    return mixed >> 1


def make_corruption_generator(device: str, seed: int, step: int, rank: int) -> torch.Generator:
    """The generator of one batch's corruption."""
    return torch.Generator(device).manual_seed(derive_seed(seed, 2, step, rank))


@contextmanager
def use_seed(seed: int, device: torch.device) -> Iterator[None]:
    """Draws inside depend on the seed alone; the stream outside goes on as if nothing was drawn."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def get_device(method: object) -> torch.device:
    """Where a method's parameters (else its buffers) lie; the CPU where it has none."""
    if not isinstance(method, nn.Module):
        return torch.device("cpu")
    held = next(chain(method.parameters(), method.buffers()), None)
    return torch.device("cpu") if held is None else held.device
