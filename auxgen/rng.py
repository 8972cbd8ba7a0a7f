"""Random numbers: every seed that auxgen uses is made here."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

import torch
from torch import nn


def derive_seed(*parts: int) -> int:
    """One seed from several numbers; splitmix64, so that near numbers give unrelated streams."""
    mixed = 0
    for part in parts:
        mixed = (mixed ^ part) + 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
        mixed ^= mixed >> 31
    return mixed >> 1


def make_corruption_generator(device: str, seed: int, step: int, rank: int) -> torch.Generator:
    """The generator for the corruption of one batch."""
    return torch.Generator(device).manual_seed(derive_seed(seed, 2, step, rank))


@contextmanager
def use_seed(seed: int | None, device: torch.device) -> Iterator[None]:
    """Make draws inside depend on the seed alone, and restore the random state afterwards.

    Args:
        seed: The seed; None draws from the random state outside, and advances it.
        device: Where numbers are drawn. The state of the CPU is restored as well.
    """
    if seed is None:
        yield
        return
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        reseed(seed, device)
        yield


def get_random_state(device: torch.device) -> tuple[torch.Tensor, ...]:
    """The state of torch's random numbers, of the CPU and of a GPU where the device is one."""
    if device.type == "cuda":
        return torch.get_rng_state(), torch.cuda.get_rng_state(device)
    return (torch.get_rng_state(),)


def set_random_state(state: tuple[torch.Tensor, ...], device: torch.device) -> None:
    """Return to a state of `get_random_state`."""
    torch.set_rng_state(state[0])
    if device.type == "cuda":
        torch.cuda.set_rng_state(state[1], device)


def reseed(seed: int, device: torch.device) -> None:
    """Make the draws that follow depend on the seed, on the CPU and on the device.

    torch.manual_seed would reseed all devices, and where there is none it keeps the stack of every
    call for the day on which CUDA starts, which takes a millisecond.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)


def get_device(method: object) -> torch.device:
    """The device of a method's parameters, else of its buffers; the CPU if it has neither."""
    if not isinstance(method, nn.Module):
        return torch.device("cpu")
    tensor = next(chain(method.parameters(), method.buffers()), None)
    return torch.device("cpu") if tensor is None else tensor.device
