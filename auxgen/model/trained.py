"""What a trained method and its preprocessor are, before anything is done with them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Self

from torch import Tensor

from ..data.array_inputs import Rows, convert_rows
from ..data.dataset import Preprocessor
from ..engine.device import resolve_device
from ..inference import codes as latent
from ..method import Method
from ..rng import get_device, use_seed

_PIXEL_TOLERANCE = 0.5
"""How far outside [0, 1] pixels may lie, as samples of Gaussian models do."""


@dataclass(frozen=True)
class TrainedModel:
    """A trained method, how it sees raw rows, and the codes that it has for them: see `Model`."""

    method: Method
    space: Preprocessor
    name: str
    config: Mapping[str, Any]

    def to(self, device: str) -> Self:
        """Move the method to a device: "auto", "cpu", "cuda" or "cuda:1"."""
        self.method.to(resolve_device(device))
        return self

    def encode(self, rows: Rows, *, seed: int | None = 0) -> Tensor:
        """Mean codes, the means of q(z|x): (n, *shape) -> (n, d)."""
        with self._use_seed(seed):
            return latent.embed_rows(self.method, self.space, self._convert(rows))

    embed = encode  # as the command is called

    def _convert(self, rows: Rows) -> Tensor:
        return convert_rows(rows, self.space, tolerance=_PIXEL_TOLERANCE)

    def _use_seed(self, seed: int | None) -> AbstractContextManager[None]:
        return use_seed(seed, get_device(self.method))
