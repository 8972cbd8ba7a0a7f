"""Gradients of bounds and of losses against differences of their values at the same draws."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
import torch
from laws import METHODS, list_abilities, make_rows, stage
from torch import Tensor, nn

from auxgen.engine.loop import freeze_unowned_networks
from auxgen.engine.weights import collect_parameters
from auxgen.method import Bounds, Gradient, Method, Weighs

PARTLY_HELD = {
    "sdgm_summed": "the baseline of the classes",
    "m2_summed": "the baseline of the classes",
    "stacked_discriminative_vae_decoder_alone": "codes",
    "spectral_gan_of_images": "singular vectors, which each pass moves",
}
"""Methods in whose first loss this is a constant."""
IN_FLOAT32 = ("conditional_asl", "image_conditional_asl", "image_conditional_asl_attributes")
OTHERS = ("auxiliary_fit", "residual_vae")  # weighs no rows; has a Laplace likelihood, with kinks


@pytest.fixture(autouse=True)
def in_double() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def assert_is_derivative(parameters: list[nn.Parameter], compute: Callable[[], Tensor]) -> None:
    """The gradient along a random direction is a central difference of the values."""
    generator = torch.Generator().manual_seed(0)
    ways = [torch.randn(p.shape, generator=generator, dtype=p.dtype) for p in parameters]
    found = torch.autograd.grad(seed(compute), parameters, allow_unused=True)
    slope = sum((g * w).sum() for g, w in zip(found, ways, strict=True) if g is not None)
    values, h = [], 1e-7
    for to in (h, -2 * h):
        with torch.no_grad():
            for parameter, way in zip(parameters, ways, strict=True):
                parameter += to * way
        values.append(seed(compute).detach())
    difference = (values[0] - values[1]) / (2 * h)
    torch.testing.assert_close(torch.as_tensor(slope), difference, rtol=1e-4, atol=1e-5)


def seed(compute: Callable[[], Tensor]) -> Tensor:
    torch.manual_seed(5)
    return compute()


def build(name: str) -> Method:
    method = stage(name).method.double()
    for key, parameter in method.named_parameters():
        generator = torch.Generator().manual_seed(zlib.crc32(key.encode()))
        noise = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
        parameter.data += 0.05 * noise  # nothing is exactly 0, where a relu has a kink
    return method


@pytest.mark.parametrize("name", [n for n in METHODS if Bounds in list_abilities(n)])
def test_the_gradient_of_a_bound_is_its_derivative_at_the_same_draws(name: str) -> None:
    method, x = build(name).eval(), make_rows(name, 4).double()
    assert_is_derivative([*method.parameters()], lambda: cast(Bounds, method).elbo(x).sum())


@pytest.mark.parametrize(
    "name", [n for n in METHODS if Weighs in list_abilities(n) and n not in OTHERS]
)
def test_the_gradient_of_weights_is_their_derivative_at_the_same_draws(name: str) -> None:
    method, x = build(name).eval(), make_rows(name, 4).double()
    assert_is_derivative(
        [*method.parameters()], lambda: cast(Weighs, method).log_weights(x, 3).sum()
    )


@pytest.mark.parametrize("name", [n for n in METHODS if n not in (*PARTLY_HELD, *IN_FLOAT32)])
def test_the_gradient_of_a_loss_is_its_derivative_at_the_same_draws(name: str) -> None:
    """Of the first loss of a round, by the parameters of its players."""
    method, batch = build(name), to_double(stage(name).batches(0, 0, 1, "cpu"))
    freeze_unowned_networks(method)

    def play() -> Gradient:
        move = next(method.round(batch, torch.tensor(2)))
        assert isinstance(move, Gradient)
        return move

    owners = [net for player in play().players for net in method.players()[player]]
    assert_is_derivative(collect_parameters(owners), lambda: play().loss)


def to_double(batch: Any) -> Any:
    """A batch with its numbers that are no classes in float64."""
    if isinstance(batch, Tensor):
        return batch.double() if batch.is_floating_point() else batch
    return type(batch)(*(to_double(part) for part in batch))
