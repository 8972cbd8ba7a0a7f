"""Where the codes of rows lie, as mean and covariance, which the prior's are only in part."""

from typing import NamedTuple

import torch
from torch import Tensor

from ..data.dataset import Preprocessor
from ..method import Encodes, require
from .batched import map_raw_rows


class CodeMoments(NamedTuple):
    """A Gaussian of codes: mean + factor u with u ~ N(0, I); mean (d,), factor (d, d)."""

    mean: Tensor
    factor: Tensor

    def place(self, u: Tensor) -> Tensor:
        """Codes of draws of N(0, I): (n, d) -> (n, d)."""
        return self.mean + u @ self.factor.T


@torch.no_grad()
def measure_code_moments(method: object, space: Preprocessor, raw: Tensor) -> CodeMoments:
    """Mean and covariance of draws of q(z|x), x among raw rows (n, *shape), n of 2 or more.

    The covariance is that of the means of q(z|x) plus the mean of its variances, so that it has
    full rank however few rows there are.
    """
    encoder = require(method, Encodes)

    def encode(x: Tensor) -> tuple[Tensor, Tensor]:
        q_z = encoder.encode(x)
        return q_z.mean, q_z.variance

    means, variances = (each.double() for each in map_raw_rows(encode, method, space, raw))
    covariance = torch.cov(means.T) + variances.mean(0).diag()
    mean, factor = means.mean(0), torch.linalg.cholesky(covariance)
    return CodeMoments(mean.float(), factor.float())
