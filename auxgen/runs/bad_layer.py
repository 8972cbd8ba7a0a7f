"""Which layer's output, gradient or weight was the first that was not finite in a round."""

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from math import isfinite
from typing import Any

from torch import Tensor, nn
from torch.distributions import Distribution

from ..engine.loop import Training


def describe_bad_layer(found: Training, get_batch: Callable[[int], Any]) -> str:
    """The part of a sentence that names the layer; "" where none is found.

    Args:
        found: A training before its first round that is not finite, which stays as it is.
        get_batch: The batch of a step.
    """
    what = find_bad_layer(copy.deepcopy(found), get_batch(found.step))
    return f"; the first to fail was {what}" if what else ""


def find_bad_layer(training: Training, batch: Any) -> str:
    """What the first layer that was not finite did, such as "the output of p_x.net.2 (Linear)".

    Args:
        training: A training before a round that is not finite, which is used up.
        batch: The batch of that round.

    Returns:
        "" where no layer is found.
    """
    for name, value in training.method.state_dict().items():
        if not _is_finite(value):
            layer, _, weight = name.rpartition(".")
            module = training.method.get_submodule(layer)
            made = f", which round {training.step:,} made so" if training.step else ""
            return f"{weight} of {_name_layer(layer, module)}{made}"
    return next(iter(_watch_round(training, batch)), "")


def _watch_round(training: Training, batch: Any) -> list[str]:
    """What was not finite in a round, in the order in which it came up."""
    seen: dict[str, None] = {}

    def look(tensor: Tensor, what: str) -> None:
        # what is transformed by torch.func has no numbers that could be looked at
        with suppress(RuntimeError):
            if not _is_finite(tensor):
                seen[what] = None

    def watch(name: str, module: nn.Module, inputs: Any, output: Any) -> None:
        layer = _name_layer(name, module)
        for given in _list_tensors(inputs):
            if _passes_on(given, output):
                look(given, f"what goes into {layer}")
        for tensor in _list_tensors(output):
            look(tensor, f"the output of {layer}")
            if tensor.requires_grad:
                tensor.register_hook(partial(look, what=f"the gradient at the output of {layer}"))

    method = training.method
    hooks: list[Any] = [
        module.register_forward_hook(partial(watch, name))
        for name, module in method.named_modules()
        if name
    ]
    for name, weight in method.named_parameters():
        layer, _, own = name.rpartition(".")
        what = f"the gradient of {own} of {_name_layer(layer, method.get_submodule(layer))}"
        if weight.requires_grad:
            hooks.append(weight.register_hook(partial(look, what=what)))
    try:
        with suppress(RuntimeError, ValueError):  # some methods refuse numbers that are not finite
            training.run_round(batch)
    finally:
        for hook in hooks:
            hook.remove()
    return list(seen)


def _passes_on(given: Tensor, output: Any) -> bool:
    """Whether what was not finite goes through a layer; blank cells do not."""
    with suppress(RuntimeError):
        return not _is_finite(given) and not all(map(_is_finite, _list_tensors(output)))
    return False


def _is_finite(tensor: Tensor) -> bool:
    """Whether all entries and, for the clipping of gradients, their norm are finite."""
    if not tensor.is_floating_point() or not tensor.numel():
        return True
    return isfinite(tensor.detach().norm().item())


def _name_layer(name: str, module: nn.Module) -> str:
    """A layer's path in the method and its type, such as "p_x.layers.2 (Linear)"."""
    return f"{name} ({type(module).__name__})" if name else f"the method ({type(module).__name__})"


def _list_tensors(value: Any) -> Iterator[Tensor]:
    """The tensors in what a layer takes or gives: tensors, several of them, distributions."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _list_tensors(each)
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _list_tensors(each)
    elif isinstance(value, Distribution):
        yield from _list_tensors(vars(value))
