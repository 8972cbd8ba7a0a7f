"""How ranks hold the weights in training: each all of them."""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ..method import Gradient, Method
from .device import Ranks


class Weights:
    """Weights of which every rank holds all, with all gradients and states of optimisers.

    Attributes:
        method: The method that plays rounds.
        are_shared: Whether a round needs all ranks, for the weights that each of them holds.
    """

    are_shared = False

    def __init__(self, method: Method, ranks: Ranks) -> None:
        self.method, self.ranks = method, ranks

    def list_parts(self, networks: Iterable[nn.Module]) -> list[nn.Parameter]:
        """What this rank holds of the networks' parameters, each once."""
        return collect_parameters(networks)

    def name_parts(self, parts: Iterable[nn.Parameter]) -> dict[str, nn.Parameter]:
        """Parts by the name of their parameter in the method."""
        names = {p: name for name, p in self.method.named_parameters()}
        return {names[p]: p for p in parts}

    def measure_shares(self, move: Gradient, own: Sequence[nn.Parameter]) -> dict[str, Tensor]:
        """How large the gradient of each part of the loss is, for the log."""
        return _measure_gradient_shares(move, own)

    def add_gradient(self, loss: Tensor, own: list[nn.Parameter]) -> None:
        """Add the gradient of a loss to these parts, and to no other."""
        loss.backward(inputs=own)

    def average_gradients(self, own: Iterable[nn.Parameter]) -> list[Tensor]:
        """Replace the gradients of these parts by their means over ranks; those that there are."""
        gradients = [p.grad for p in own if p.grad is not None]
        self.ranks.average(gradients)
        return gradients

    def measure_norm(self, own: Iterable[nn.Parameter]) -> Tensor:
        """The norm of the whole gradient: ()."""
        return nn.utils.get_total_norm([p.grad for p in own if p.grad is not None])

    def take_part(self, part: Tensor, whole: Tensor) -> Tensor:
        """What belongs to a part, of something that has the shape of the whole parameter."""
        del part
        return whole

    def gather(self, part: Tensor, value: Tensor) -> Tensor:
        """What belongs to the whole parameter, of something that ranks have for their parts."""
        del part
        return value

    def gather_named(
        self, parts: Mapping[str, Tensor], values: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """What belongs to whole parameters, of values for the parts of the same names."""
        return {name: self.gather(parts[name], value) for name, value in values.items()}

    def gather_state(self) -> dict[str, Tensor]:
        """The method's parameters and buffers, whole, by name; all ranks call it together."""
        return self.method.state_dict()

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take parameters and buffers, whole, by name.

        Raises:
            RuntimeError: They are those of another method.
        """
        self.method.load_state_dict(state)

    def copy_method(self) -> Method:
        """A copy of the method with whole weights, which depend on nothing of the training."""
        return copy.deepcopy(self.method)

    def share_largest(self, found: dict[str, Tensor]) -> dict[str, Tensor]:
        """The largest of numbers by name, over the ranks that hold different parts."""
        return found

    @contextmanager
    def explain_errors(self) -> Iterator[None]:
        """Turn what fails in a round because of how weights are held into a sentence."""
        yield

    def restore_method(self, state: Mapping[str, Any]) -> None:
        """Leave the method that was given to the training with this state, whole."""
        self.method.load_state_dict(state)


def collect_parameters(networks: Iterable[nn.Module]) -> list[nn.Parameter]:
    """Parameters of all networks, each once."""
    return list(dict.fromkeys(p for network in networks for p in network.parameters()))


def _measure_gradient_shares(move: Gradient, own: Sequence[nn.Parameter]) -> dict[str, Tensor]:
    """How large each part's gradient is by these parameters, by the name of a term.

    It is |a| / (|a| + |b|), with a the gradient of the part and b that of the rest of the loss.
    """

    def norm(loss: Tensor) -> Tensor:
        found = torch.autograd.grad(loss, own, retain_graph=True, allow_unused=True)
        return nn.utils.get_total_norm([g for g in found if g is not None])

    norms = {name: (norm(part), norm(move.loss - part)) for name, part in move.parts.items()}
    least = torch.finfo(torch.float32).tiny
    return {f"share/{name}": a / (a + b).clamp(min=least) for name, (a, b) in norms.items()}
