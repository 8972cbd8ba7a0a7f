"""Scores of the codes that a model gives to rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from math import log
from types import MappingProxyType
from typing import NamedTuple, final

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal

from ..data.dataset import Examples, Space
from ..errors import InputError, unknown
from ..method import Encodes, require
from ..metrics import representation
from ..rng import device_of
from ..score import Score

ROWS = 256
SILHOUETTE = 5000
INFORMATION = 2000


class Coded(NamedTuple):
    """Means and standard deviations (n, d) of q(z|x), the latter None where it is not Gaussian."""

    mean: Tensor
    scale: Tensor | None
    y: Tensor


@final
@dataclass(frozen=True, eq=False)
class Codes:
    """What codes tell of classes, and how much of them is used.

    Attributes:
        train: Raw rows that neighbours and probes learn from; None where there are none.
        test: Raw rows measured.
        space: How the model sees raw rows.
        measures: Of MEASURES.
        split_name: For the protocol.
    """

    train: Examples | None
    test: Examples
    space: Space
    _: KW_ONLY
    measures: tuple[str, ...] = ("knn_accuracy", "active_units")
    split_name: str = "test"

    def __call__(self, method: object) -> dict[str, Score]:
        for name in self.measures:
            if name not in MEASURES:
                raise unknown("measure of codes", name, MEASURES)
        test = coded(method, self.space, self.test)
        wanted = any(name in FITTED for name in self.measures)
        train = coded(method, self.space, self.train) if wanted and self.train else None
        made = {name: MEASURES[name](train, test) for name in self.measures}
        rows = f"codes of {len(self.test)} rows of the {self.split_name} split"
        return {
            name: Score(value, unit, len(self.test), f"{what}; {rows}", detail=detail)
            for name, (value, unit, what, detail) in made.items()
        }


Told = tuple[float, str, str, dict[str, list[float]]]
"""Value, unit, protocol, detail."""


@torch.no_grad()
def coded(method: object, space: Space, examples: Examples) -> Coded:
    """q(z|x) of all rows, on the CPU."""
    device = device_of(method)
    parts = [
        gaussian(require(method, Encodes).encode(space.enter(part.to(device))))
        for part in examples.raw().split(ROWS)
    ]
    means, scales = zip(*parts, strict=True)
    known = [s for s in scales if s is not None]
    return Coded(torch.cat(means), torch.cat(known) if known else None, examples.y)


def gaussian(q: Distribution) -> tuple[Tensor, Tensor | None]:
    base = q.base_dist if isinstance(q, Independent) else q
    scale = base.stddev.double().cpu() if isinstance(base, Normal) else None
    return q.mean.double().cpu(), scale


def labelled(codes: Coded | None, what: str) -> tuple[Tensor, Tensor]:
    """Codes and classes of the rows that have one."""
    if codes is None or not (codes.y >= 0).any():
        raise InputError(f"There is no labelled row to {what}; one or more is wanted.")
    known = codes.y >= 0
    return codes.mean[known], codes.y[known]


def knn(train: Coded | None, test: Coded) -> Told:
    x, y = labelled(train, "take neighbours from")
    found = representation.knn_accuracy(x, y, *labelled(test, "measure"), k=10)
    return float(found), "%", f"accuracy of 10 nearest of {len(x)} training codes", {}


def probe(train: Coded | None, test: Coded) -> Told:
    x, y = labelled(train, "fit a probe to")
    found = representation.probe_accuracy(x, y, *labelled(test, "measure"))
    return float(found), "%", f"accuracy of logistic regression on {len(x)} training codes", {}


def silhouette(train: Coded | None, test: Coded) -> Told:
    del train
    x, y = labelled(test, "measure")
    what = f"silhouette of classes, {min(SILHOUETTE, len(x))} rows"
    return float(representation.silhouette(x, y, rows=SILHOUETTE)), "", what, {}


def spread(test: Coded) -> tuple[Tensor, Tensor]:
    if test.scale is None:
        raise InputError("Codes are not Gaussian given x; wanted by this measure are such.")
    return test.mean, test.scale


def kl(train: Coded | None, test: Coded) -> Told:
    del train
    each = representation.kl_per_unit(*spread(test))
    return each.sum().item(), "nats", "KL from q(z|x) to N(0, I)", {"units": each.tolist()}


def active(train: Coded | None, test: Coded) -> Told:
    del train
    each = representation.kl_per_unit(*spread(test))
    what = f"units of {len(each)} with a mean KL to N(0, 1) above 0.01 nats"
    return float(representation.active_units(each)), "units", what, {"units": each.tolist()}


def information(train: Coded | None, test: Coded) -> Told:
    del train
    mean, sd = (part[:INFORMATION] for part in spread(test))
    generator = torch.Generator().manual_seed(0)
    z = mean + sd * torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
    found = representation.information(mean, sd, z)
    what = (
        f"lower bound on I(x; z) from {len(mean)} rows, at most {log(len(mean)):.2f}, "
        "and in the detail an upper one"
    )
    return found.lower.item(), "nats", what, {"upper_bound": [found.upper.item()]}


MEASURES: Mapping[str, Callable[[Coded | None, Coded], Told]] = MappingProxyType(
    {
        "knn_accuracy": knn,
        "probe_accuracy": probe,
        "silhouette": silhouette,
        "kl": kl,
        "active_units": active,
        "information": information,
    }
)
FITTED = frozenset({"knn_accuracy", "probe_accuracy"})
