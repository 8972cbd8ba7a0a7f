"""Directions in the space of codes along which the logit of an attribute rises.

The logit of a linear classifier is w.z + bias, with gradient w everywhere: a move along w ascends
it (Maggipinto et al., 2020, section 4.2), by |w| for a unit of distance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

import torch
from torch import Tensor

from ..errors import InputError, unknown_name
from .precision import promote_to_float32

_NEGLIGIBLE_LENGTH = 1e-6
"""Length below which the remainder of a unit vector counts as zero."""
_ROUND_OFF = 1e-6
"""Deviation of float32 numbers, relative to the largest of them, that may be round-off."""


@dataclass(frozen=True, eq=False)
class Direction:
    """A direction in which an attribute's logit rises: logit(z) = scale * (vector . z) + bias.

    The vector (d,) has unit length; of a classifier, scale is |w|.
    """

    name: str
    vector: Tensor
    scale: float
    bias: float = 0.0

    @classmethod
    def from_weight(cls, name: str, weight: Tensor, bias: float = 0.0) -> Direction:
        """The direction of a linear classifier's weight (d,).

        Raises:
            InputError: The weight is zero or not finite, and has no direction.
        """
        w = promote_to_float32(weight.detach())
        length = w.norm().item()
        if not 0 < length < float("inf"):
            raise InputError(
                f"The classifier of {name!r} has a weight of length {length:g}; "
                "a direction needs a positive length."
            )
        return cls(name, w / length, length, bias)

    def logit(self, z: Tensor) -> Tensor:
        """z (..., d) -> (...)."""
        return self.scale * (z @ self.vector.to(z)) + self.bias

    def move(self, z: Tensor, delta: float | Tensor) -> Tensor:
        """z + delta * vector: z (n, d), one distance or n distances -> (n, d)."""
        far = torch.as_tensor(delta, dtype=z.dtype, device=z.device)
        return z + far[..., None] * self.vector.to(z)

    def distance_to_probability(self, z: Tensor, probability: float) -> Tensor:
        """Distance to where the classifier of z has a probability; < 0 is back: (n, d) -> (n,).

        Raises:
            InputError: The probability is not between 0 and 1.
        """
        check_probability(probability)
        target = log(probability) - log(1 - probability)
        return (target - self.logit(z)) / self.scale

    def cosine_similarity(self, other: Direction) -> float:
        """Cosine of the angle between two directions, from -1 to 1."""
        return float(self.vector @ other.vector.to(self.vector))

    def project_out(self, *others: Direction) -> Direction:
        """The direction projected on the orthogonal complement of others.

        A move along it keeps the others' logits; its own still rises, but by less: by scale times
        the length of the projection.

        Raises:
            InputError: The projection is zero.
        """
        if not others:
            return self
        theirs = torch.stack([o.vector.to(self.vector).double() for o in others], 1)
        basis, sizes, _ = torch.linalg.svd(theirs, full_matrices=False)
        basis = basis[:, sizes > _NEGLIGIBLE_LENGTH]
        own = self.vector.double()
        left = own - basis @ (basis.T @ own)
        length = left.norm().item()
        names = " and ".join(o.name for o in others)
        if length < _NEGLIGIBLE_LENGTH:
            raise InputError(
                f"Nothing is left of {self.name!r} without {names}; a direction that is no "
                "combination of theirs is expected."
            )
        vector = (left / length).to(self.vector)
        return Direction(f"{self.name} without {names}", vector, self.scale * length, self.bias)


def combine_directions(weighted_directions: Sequence[tuple[Direction, float]]) -> Direction:
    """Several directions at once: sum_i s_i v_i, normalised, as for figure 6.

    Its logit is sum_i s_i logit_i, and its scale the rise of that for a unit of distance. A factor
    s_i of +1 adds an attribute, -1 removes it, 0 leaves it alone.

    Raises:
        InputError: There is none, or they cancel out.
    """
    weighted_directions = [(d, s) for d, s in weighted_directions if s != 0]
    if not weighted_directions:
        raise InputError("There is no direction to combine; a factor other than 0 is expected.")
    total = sum_displacements(weighted_directions)
    name = " ".join(f"{'+' if s > 0 else '-'}{d.name}" for d, s in weighted_directions)
    length = total.norm().item()
    if length < _NEGLIGIBLE_LENGTH:
        raise InputError(f"{name} cancel out; directions that do not are expected.")
    weight = sum((s * d.scale * d.vector for d, s in weighted_directions), torch.zeros_like(total))
    bias = sum(s * d.bias for d, s in weighted_directions)
    vector = total / length
    return Direction(name, vector, float(weight @ vector), bias)


def sum_displacements(parts: Sequence[tuple[Direction, float]]) -> Tensor:
    """The sum of distances along several directions: -> (d,)."""
    return torch.stack([delta * direction.vector for direction, delta in parts]).sum(0)


def get_direction(directions: Mapping[str, Direction], name: str) -> Direction:
    """The direction of that name.

    Raises:
        InputError: There is none.
    """
    if name not in directions:
        raise unknown_name("attribute", name, directions)
    return directions[name]


def fit_linear_probe(name: str, z: Tensor, y: Tensor) -> Direction:
    """The direction of a linear probe of codes, fitted after training, for any encoder.

    It is logistic regression with an intercept (scikit-learn, C = 1) on standardised codes z (n, d)
    for answers y (n,), 0 or 1, NaN where blank; blanks are left out. What varies by no more than
    round-off has no part in it.

    Raises:
        InputError: Only one answer is known.
    """
    from sklearn.linear_model import LogisticRegression

    known = _require_both_answers(name, y)
    codes = z[known].double().cpu()
    mean, std = codes.mean(0), codes.std(0).clamp(min=1e-12)
    std[std <= _ROUND_OFF * codes.abs().amax(0)] = torch.inf
    fitted = LogisticRegression(max_iter=1000)
    fitted.fit(((codes - mean) / std).numpy(), (y[known] == 1).cpu().numpy())
    weight = torch.from_numpy(fitted.coef_).flatten() / std
    bias = torch.as_tensor(fitted.intercept_).item() - float(weight @ mean)
    return Direction.from_weight(name, weight.to(torch.float32), bias)


def fit_mean_difference(name: str, z: Tensor, y: Tensor) -> Direction:
    """From the mean code of rows without an attribute to that of rows with it (Larsen et al. 2016).

    The logit is that of two Gaussians of covariance I about these means, equally frequent.
    Arguments are as for `fit_linear_probe`.

    Raises:
        InputError: Only one answer is known.
    """
    _require_both_answers(name, y)
    codes, answers = z.double().cpu(), y.cpu()
    present, absent = (codes[answers == answer].mean(0) for answer in (1, 0))
    difference = present - absent
    bias = -float(difference @ (present + absent)) / 2
    return Direction.from_weight(name, difference.to(torch.float32), bias)


def _require_both_answers(name: str, y: Tensor) -> Tensor:
    """Rows (n,) whose answer is known; raises unless both answers are."""
    known = ~y.isnan()
    if len(y[known].unique()) < 2:
        raise InputError(
            f"A direction needs rows with and without {name!r}; there is only one kind."
        )
    return known


def check_probability(p: float) -> None:
    """Raises InputError unless a logit can have this probability."""
    if not 0 < p < 1:
        raise InputError(f"The probability is {p:g}; a number between 0 and 1 is expected.")
