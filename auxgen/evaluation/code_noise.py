"""How random codes are, and how far from their prior."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import final

import torch
from torch import Tensor

from ..functional.stein import stein_discrepancy
from ..method import Encodes, require
from ..rng import get_device, use_seed
from ..score import Score


@final
@dataclass(frozen=True, eq=False)
class CodeNoise:
    """How much codes of one row differ, and how far codes of all rows are from N(0, I).

    The mutual information that MI-ASL's encoder maximises favours codes that ignore their noise.

    Attributes:
        x: Rows as the model sees them, (n, *event).
        draws: Codes of each row.
        beta: Exponent of the Stein discrepancy's kernel.
        seed: Of the draws.
    """

    x: Tensor
    _: KW_ONLY
    draws: int = 16
    beta: float = 0.5
    seed: int = 0

    def __call__(self, method: object) -> dict[str, Score]:
        device = get_device(method)
        with use_seed(self.seed, device):
            q_u = require(method, Encodes).encode(self.x.to(device))
            u = torch.stack([q_u.sample() for _ in range(self.draws)])
        noise = (u.std(0).mean(0) / u.flatten(0, 1).std(0)).mean()
        said = f"{len(self.x)} rows, seed {self.seed}"
        return {
            "code_noise": Score(
                value=noise.item(),
                unit="",
                n=len(self.x),
                protocol="standard deviation of a code given its row, mean over rows, over that of "
                f"all codes, mean over units; {self.draws} draws of {said}",
            ),
            "stein_discrepancy": Score(
                value=stein_discrepancy(u[0], self.beta).item(),
                unit="",
                n=len(self.x),
                protocol="kernelised Stein discrepancy of codes from N(0, I), unbiased, inverse "
                f"multiquadric of exponent {self.beta}; {said}",
            ),
        }
