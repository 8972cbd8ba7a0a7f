"""Another trained model as an encoder (ASL, section 3.3: any representation will do)."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

from ..data.dataset import Preprocessor
from ..method import Encodes, Extracts, Method, require


@final
class PretrainedEncoder(nn.Module):
    """The features that a model has of raw rows, or codes drawn where it has none.

    raw rows (b, *event) -> (b, d).
    """

    def __init__(self, method: Method, space: Preprocessor) -> None:
        """space: How the model sees raw rows."""
        super().__init__()
        self.method, self.space = method.eval().requires_grad_(False), space

    def forward(self, raw: Tensor) -> Tensor:
        x = self.space.transform(raw)
        if isinstance(self.method, Extracts):
            return self.method.features(x)
        return require(self.method, Encodes).encode(x).sample()
