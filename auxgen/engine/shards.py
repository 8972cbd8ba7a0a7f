"""Weights that ranks share: each keeps some rows of a matrix or kernel, and borrows the others.

torch's fully_shard gathers a layer's weights for its forward pass and again for its backward pass,
and adds up its gradient over ranks, of which each keeps its own rows.
"""

import copy
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils.parametrize import is_parametrized

from ..errors import InputError
from ..method import Gradient, Method
from ..rng import get_device
from .device import Ranks, notice_lost_rank
from .weights import Weights, collect_parameters


@final
class ShardedWeights(Weights):
    """Weights, gradients, moving average and states of optimisers of which a rank holds its rows.

    What is shared are the weights of linear and convolutional layers that players own. All else,
    such as biases and batch norm, is small, and every rank holds it. Optimisers and the moving
    average see plain tensors, the rows of this rank: what they do must be the same for each entry
    alone, as it is in SGD and Adam.
    """

    are_shared = True

    def __init__(self, method: Method, ranks: Ranks) -> None:
        """The given method has no weights in these layers until `restore_method`."""
        super().__init__(copy.deepcopy(method), ranks)
        self.given, self.device = method, get_device(method)
        self.rows: dict[str, int] = {}
        self.shards: dict[nn.Parameter, nn.Parameter] = {}
        mesh = init_device_mesh(self.device.type, (ranks.size,))
        for name, layer in list(_find_layers(self.method).items()):
            others = {p for p in layer.parameters() if p is not layer.weight}
            self.rows[name] = len(layer.weight)
            layer.weight = nn.Parameter(layer.weight.contiguous())
            fully_shard(layer, mesh=mesh, reshard_after_forward=True, ignored_params=others)
            assert isinstance(layer, FSDPModule)
            layer.unshard()  # here, where all learns: a first pass may come while it is frozen
            layer.reshard()
            _replace_weight(self.given, name, torch.device("meta"))
        self.parts = {
            p: nn.Parameter(_get_rows(p)) if name.removesuffix(".weight") in self.rows else p
            for name, p in self.method.named_parameters()
        }
        self.shards = {part: p for p, part in self.parts.items() if part is not p}
        self.row_counts: dict[Tensor, int] = {
            part: self.rows[name.removesuffix(".weight")]
            for name, part in self.name_parts(self.shards).items()
        }

    def list_parts(self, networks: Iterable[nn.Module]) -> list[nn.Parameter]:
        """What this rank holds of the networks' parameters, each once."""
        return [self.parts[p] for p in collect_parameters(networks)]

    def name_parts(self, parts: Iterable[nn.Parameter]) -> dict[str, nn.Parameter]:
        """Parts by the name of their parameter in the method."""
        names = {self.parts[p]: name for name, p in self.method.named_parameters()}
        return {names[part]: part for part in parts}

    def measure_shares(self, move: Gradient, own: object) -> dict[str, Tensor]:
        """Nothing: gradients of parts of a loss are not added up over ranks."""
        del move, own
        return {}

    def add_gradient(self, loss: Tensor, own: list[nn.Parameter]) -> None:
        """Add the gradient of a loss to these parts, and to no other.

        fully_shard gathers weights in tensors of its own, which no list of inputs could name: all
        gradients are computed, and those of other players dropped.
        """
        kept = set(own)
        others = {p: p.grad for p, part in self.parts.items() if part not in kept}
        for p in others:
            p.grad = None
        loss.backward()
        for p, gradient in others.items():
            p.grad = gradient

    def average_gradients(self, own: Iterable[nn.Parameter]) -> list[Tensor]:
        """Give parts the gradients of their rows, which are means over ranks already."""
        own = list(own)
        self.ranks.average([p.grad for p in own if p not in self.shards and p.grad is not None])
        for part in own:
            if part in self.shards and (gradient := self.shards[part].grad) is not None:
                part.grad = _get_rows(gradient)
                self.shards[part].grad = None
        return [p.grad for p in own if p.grad is not None]

    def measure_norm(self, own: Iterable[nn.Parameter]) -> Tensor:
        """The norm of the whole gradient: ()."""
        squares = torch.zeros(2, device=self.device)
        for p in own:
            if p.grad is not None:
                squares[int(p in self.shards)] += p.grad.float().square().sum()
        return (squares[0] + torch.stack(self.ranks.gather(squares))[:, 1].sum()).sqrt()

    def take_part(self, part: Tensor, whole: Tensor) -> Tensor:
        """The rows of this rank, of something that has the shape of the whole parameter."""
        if part not in self.row_counts or whole.shape[:1] != (self.row_counts[part],):
            return whole
        most = -(-len(whole) // self.ranks.size)
        return whole[most * self.ranks.rank : most * (self.ranks.rank + 1)]

    @torch.no_grad()
    def gather(self, part: Tensor, value: Tensor) -> Tensor:
        """The rows of all ranks, of something that each has for its part."""
        if part not in self.row_counts or value.shape != part.shape:
            return value
        rows = self.row_counts[part]
        padded = value.new_zeros(-(-rows // self.ranks.size), *value.shape[1:])
        padded[: len(value)] = value
        return torch.cat(self.ranks.gather(padded))[:rows]

    def gather_state(self) -> dict[str, Tensor]:
        """The method's parameters and buffers, whole, by name; all ranks call it together."""
        named = self.name_parts(self.shards)
        state = self.method.state_dict()
        return state | {name: self.gather(part, part) for name, part in named.items()}

    @torch.no_grad()
    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take parameters and buffers, whole, by name.

        Raises:
            RuntimeError: They are those of another method.
        """
        named = self.name_parts(self.shards)
        if state.keys() != self.method.state_dict().keys():
            raise RuntimeError("The names are those of another method.")
        others = {name: value for name, value in state.items() if name not in named}
        self.method.load_state_dict(others, strict=False)
        for name, part in named.items():
            part.copy_(self.take_part(part, state[name]))

    def copy_method(self) -> Method:
        """A copy of the method with whole weights, which depend on nothing of the training."""
        method = copy.deepcopy(self.given)
        for name in self.rows:
            _replace_weight(method, name, self.device)
        method.load_state_dict(self.gather_state())
        return method

    def share_largest(self, found: dict[str, Tensor]) -> dict[str, Tensor]:
        """The largest of numbers by name, over the ranks that hold different parts."""
        if not found:
            return found
        largest = torch.stack(self.ranks.gather(torch.stack(list(found.values())))).amax(0)
        return dict(zip(found, largest, strict=True))

    def restore_method(self, state: Mapping[str, Any]) -> None:
        """Leave the method that was given to the training with this state, whole."""
        for name in self.rows:
            _replace_weight(self.given, name, self.device)
        self.given.load_state_dict(state)

    @contextmanager
    def explain_errors(self) -> Iterator[None]:
        """Turn what fails in a round because of how weights are held into a sentence.

        Raises:
            InputError: The method uses a layer's weights elsewhere than in the layer.
            RankLost: Another rank has ended.
        """
        try:
            with warnings.catch_warnings():  # no network changes what a layer gave in place
                warnings.filterwarnings("ignore", message="FSDP2-wrapped module.*returned a view")
                yield
        except RuntimeError as error:
            if "DTensor" in str(error) or "shard" in str(error):
                raise InputError(
                    f"{type(self.given).__name__} uses weights outside their layers, where a rank "
                    "has its own rows alone; train it without --shard-weights."
                ) from error
            if any(word in str(error) for word in ("gloo", "NCCL", "Connection")):
                with notice_lost_rank():
                    raise
            raise


def _find_layers(method: Method) -> dict[str, Any]:
    """Linear and convolutional layers that players own, whose weights are plain, by name."""
    owned = {p for nets in method.players().values() for p in collect_parameters(nets)}
    return {
        name: module
        for name, module in method.named_modules()
        if isinstance(module, nn.Linear | _ConvNd)
        and not is_parametrized(module)
        and module.weight in owned
    }


def _replace_weight(method: Method, name: str, device: torch.device) -> None:
    """Give a layer a weight of the same shape and layout, without values, on a device."""
    layer = method.get_submodule(name)
    weight: Any = layer.weight
    layer.weight = nn.Parameter(torch.empty_like(weight, device=device), weight.requires_grad)


@torch.no_grad()
def _get_rows(tensor: Any) -> Tensor:
    """This rank's rows of a tensor that ranks share, in the same memory."""
    return tensor.to_local().detach()
