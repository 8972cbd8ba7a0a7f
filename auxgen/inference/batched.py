"""Passes over rows in batches, and class probabilities of rows as a model sees them."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor

from ..data.dataset import Preprocessor
from ..method import Classifies, Describes
from ..rng import get_device

Output = TypeVar("Output")
"""A tensor (b, ...), or a tuple or mapping of such; None in place of a tensor stays None."""


@torch.no_grad()
def map_batches(
    function: Callable[..., Output],
    *rows: Tensor,
    device: torch.device | str,
    batch_size: int = 256,
) -> Output:
    """Apply a function to a batch of rows at a time, on a device.

    Args:
        function: Takes a batch (b, ...) of each tensor of `rows`.
        rows: Tensors of n rows each.
        device: Where the function runs.
        batch_size: Rows of a batch.

    Returns:
        The outputs joined, with n rows, on the CPU.
    """
    outputs = [
        _map_tensors(Tensor.cpu, function(*(x.to(device) for x in batch)))
        for batch in zip(*(x.split(batch_size) for x in rows), strict=True)
    ]
    return _map_tensors(lambda *parts: torch.cat(parts), *outputs)


def map_raw_rows(
    function: Callable[[Tensor], Output], method: object, space: Preprocessor, raw: Tensor
) -> Output:
    """Apply a function to batches of raw rows (n, *shape), as the method sees them."""
    return map_batches(lambda part: function(space.transform(part)), raw, device=get_device(method))


def _map_tensors(function: Callable[..., Tensor], *outputs: Any) -> Any:
    """Apply a function to the tensors that stand at the same place in several outputs."""
    first = outputs[0]
    if first is None:
        return None
    if isinstance(first, Tensor):
        return function(*outputs)
    if isinstance(first, Mapping):
        return {key: _map_tensors(function, *(each[key] for each in outputs)) for key in first}
    return tuple(_map_tensors(function, *each) for each in zip(*outputs, strict=True))


def binarise_with_seed(x: Tensor, seed: int) -> Tensor:
    """One Bernoulli draw of each entry, the same on every device: x in [0, 1] -> 0 or 1."""
    generator = torch.Generator().manual_seed(seed)
    return torch.bernoulli(x.cpu(), generator=generator).to(x)


def predict_class_probabilities(
    method: Classifies, x: Tensor, *, draws: int = 1, batch_size: int = 256
) -> Tensor:
    """q(y|x), averaged over draws: x (n, *event) -> (n, k) float64, on the CPU."""
    return _map_to_float64(lambda part: method.classify(part, draws).probs, method, x, batch_size)


def predict_class_log_probabilities(
    method: Classifies, x: Tensor, *, draws: int = 1, batch_size: int = 256
) -> Tensor:
    """log of `predict_class_probabilities`, finite where rounding makes these 0."""
    return _map_to_float64(lambda part: method.classify(part, draws).logits, method, x, batch_size)


def predict_attribute_probabilities(
    method: Describes, x: Tensor, *, batch_size: int = 256
) -> Tensor:
    """q(y_k = 1|x): x (n, *event) -> (n, k) float64, on the CPU."""
    return _map_to_float64(lambda part: method.attributes(part).probs, method, x, batch_size)


def _map_to_float64(
    function: Callable[[Tensor], Tensor], method: object, x: Tensor, batch_size: int
) -> Tensor:
    return map_batches(function, x, device=get_device(method), batch_size=batch_size).double()
