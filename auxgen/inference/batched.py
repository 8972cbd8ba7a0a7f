"""Passes over rows, in batches or each alone, and class probabilities of rows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, final

import torch
from torch import Tensor
from torch.func import vmap

from ..data.dataset import Preprocessor
from ..engine.shared_rows import map_parts
from ..method import Classifies, Describes
from ..networks.distributions import skip_argument_checks
from ..rng import get_device, get_random_state, set_random_state

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

    Ranks that measure a model together share the batches (engine/shared_rows.py).

    Args:
        function: Takes a batch (b, ...) of each tensor of `rows`.
        rows: Tensors of n rows each.
        device: Where the function runs.
        batch_size: Rows of a batch.

    Returns:
        The outputs joined, with n rows, on the CPU.
    """

    def apply(batch: Sequence[Tensor]) -> Output:
        return _map_tensors(Tensor.cpu, function(*(x.to(device) for x in batch)))

    batches = list(zip(*(x.split(batch_size) for x in rows), strict=True))
    is_seeded = isinstance(function, _ApplyToRowsAlone)
    outputs = map_parts(apply, batches, torch.device(device), is_seeded=is_seeded)
    return _map_tensors(lambda *parts: torch.cat(parts), *outputs)


def map_rows(
    function: Callable[..., Output],
    *rows: Tensor,
    device: torch.device | str,
    batch_size: int = 256,
) -> Output:
    """Apply a function to each row as if it came alone, always from the same random state.

    What comes of a row depends on that row only: not on the other rows, on their order or number,
    or on the size of a batch. The draws within a row are independent, as the function makes them.
    All rows share them, so a mean over rows has the error of a single row's draws, and does not
    improve with more rows: measures of the mean use `map_batches`.

    Args:
        function, rows, device, batch_size: As for `map_batches`.
    """
    alone = _ApplyToRowsAlone(function, torch.device(device))
    return map_batches(alone, *rows, device=device, batch_size=batch_size)


_MIN_VECTORS = 8
"""Matrix products of one to three rows round otherwise than those of more rows (MKL, float32)."""


@final
class _ApplyToRowsAlone:
    """A function of a batch (b, ...) whose draws are the same for each of its rows."""

    def __init__(
        self,
        function: Callable[..., Any],
        device: torch.device,
        prepare: Callable[[Tensor], Tensor] = lambda x: x,
    ) -> None:
        """`prepare` is done to a batch first, as a whole, without a draw."""
        self.function, self.device, self.prepare = function, device, prepare
        self.start = get_random_state(device)
        self.is_random: bool | None = None
        self.can_vectorise = True

    def __call__(self, *rows: Tensor) -> Any:
        batch = [self.prepare(x) for x in rows]
        n, is_vectors = len(batch[0]), batch[0].ndim == 2
        if self.is_random is None:  # one row tells, and costs little
            before = get_random_state(self.device)
            output = self.function(*(x[:1] for x in batch))
            self.is_random = not all(map(torch.equal, get_random_state(self.device), before))
            if n == 1 and not is_vectors and not self.is_random:
                return output
        if is_vectors and 0 < n < _MIN_VECTORS:
            again = torch.arange(_MIN_VECTORS) % n
            return _map_tensors(lambda x: x[:n], self.apply(*(x[again] for x in batch)))
        return self.apply(*batch)

    def apply(self, *batch: Tensor) -> Any:
        """The function's output for a batch (b, ...)."""
        if not self.is_random or len(batch[0]) == 0:
            return self.function(*batch)
        if self.can_vectorise:
            try:
                set_random_state(self.start, self.device)
                with skip_argument_checks():
                    return vmap(self.apply_to_row, randomness="same")(*batch)
            except (RuntimeError, ValueError, TypeError):  # torch cannot vectorise every function
                self.can_vectorise = False
        each = [self.apply_to_row(*row) for row in zip(*batch, strict=True)]
        return _map_tensors(lambda *parts: torch.stack(parts), *each)

    def apply_to_row(self, *row: Tensor) -> Any:
        """The function's output for one row, from the random state at the start."""
        if not self.can_vectorise:
            set_random_state(self.start, self.device)
        return _map_tensors(lambda x: x[0], self.function(*(x.unsqueeze(0) for x in row)))


def map_raw_rows(
    function: Callable[[Tensor], Output], method: object, space: Preprocessor, raw: Tensor
) -> Output:
    """Apply a function to each of raw rows (n, *shape), as the method sees it, as `map_rows`."""
    device = get_device(method)
    alone = _ApplyToRowsAlone(function, device, space.transform)
    return map_batches(alone, raw, device=device)


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


def binarise_rows_alike(x: Tensor, seed: int) -> Tensor:
    """As `binarise_with_seed`, with the same uniform numbers for every row: x (n, *event)."""
    uniform = torch.rand(x.shape[1:], generator=torch.Generator().manual_seed(seed))
    return (uniform < x.cpu()).to(x)


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
    return map_rows(function, x, device=get_device(method), batch_size=batch_size).double()
