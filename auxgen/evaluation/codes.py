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

from ..data.dataset import Dataset, Preprocessor
from ..errors import InputError, unknown_name
from ..method import Encodes, require
from ..metrics import representation
from ..rng import get_device
from ..score import Score

ROWS_AT_ONCE = 256
SILHOUETTE_ROWS = 5000
INFORMATION_ROWS = 2000


class EncodedRows(NamedTuple):
    """Means and standard deviations (n, d) of q(z|x), the latter None where it is not Gaussian."""

    mean: Tensor
    scale: Tensor | None
    y: Tensor


@final
@dataclass(frozen=True, eq=False)
class CodeQuality:
    """What codes tell of classes, and how much of them is used.

    Attributes:
        train: Raw rows that neighbours and probes learn from; None where there are none.
        test: Raw rows measured.
        space: How the model sees raw rows.
        measures: Of MEASURES.
        split_name: For the protocol.
    """

    train: Dataset | None
    test: Dataset
    space: Preprocessor
    _: KW_ONLY
    measures: tuple[str, ...] = ("knn_accuracy", "active_units")
    split_name: str = "test"

    def __call__(self, method: object) -> dict[str, Score]:
        for name in self.measures:
            if name not in CODE_MEASURES:
                raise unknown_name("measure of codes", name, CODE_MEASURES)
        test = _encode_dataset(method, self.space, self.test)
        wanted = any(name in MEASURES_WITH_TRAINING for name in self.measures)
        train = _encode_dataset(method, self.space, self.train) if wanted and self.train else None
        made = {name: CODE_MEASURES[name](train, test) for name in self.measures}
        rows = f"codes of {len(self.test)} rows of the {self.split_name} split"
        return {
            name: Score(value, unit, len(self.test), f"{what}; {rows}", detail=detail)
            for name, (value, unit, what, detail) in made.items()
        }


Measurement = tuple[float, str, str, dict[str, list[float]]]
"""Value, unit, protocol, detail."""


@torch.no_grad()
def _encode_dataset(method: object, space: Preprocessor, examples: Dataset) -> EncodedRows:
    """q(z|x) of all rows, on the CPU."""
    device = get_device(method)
    parts = [
        _get_mean_and_scale(require(method, Encodes).encode(space.transform(part.to(device))))
        for part in examples.raw_rows().split(ROWS_AT_ONCE)
    ]
    means, scales = zip(*parts, strict=True)
    known = [s for s in scales if s is not None]
    return EncodedRows(torch.cat(means), torch.cat(known) if known else None, examples.y)


def _get_mean_and_scale(q: Distribution) -> tuple[Tensor, Tensor | None]:
    base = q.base_dist if isinstance(q, Independent) else q
    scale = base.stddev.double().cpu() if isinstance(base, Normal) else None
    return q.mean.double().cpu(), scale


def _select_labelled_codes(codes: EncodedRows | None, what: str) -> tuple[Tensor, Tensor]:
    """Codes and classes of the rows that have one."""
    if codes is None or not (codes.y >= 0).any():
        raise InputError(f"There is no labelled row to {what}; one or more is wanted.")
    known = codes.y >= 0
    return codes.mean[known], codes.y[known]


def _measure_knn_accuracy(train: EncodedRows | None, test: EncodedRows) -> Measurement:
    x, y = _select_labelled_codes(train, "take neighbours from")
    found = representation.knn_accuracy(x, y, *_select_labelled_codes(test, "measure"), k=10)
    return float(found), "%", f"accuracy of 10 nearest of {len(x)} training codes", {}


def _measure_probe_accuracy(train: EncodedRows | None, test: EncodedRows) -> Measurement:
    x, y = _select_labelled_codes(train, "fit a probe to")
    found = representation.probe_accuracy(x, y, *_select_labelled_codes(test, "measure"))
    return float(found), "%", f"accuracy of logistic regression on {len(x)} training codes", {}


def _measure_silhouette(train: EncodedRows | None, test: EncodedRows) -> Measurement:
    del train
    x, y = _select_labelled_codes(test, "measure")
    what = f"silhouette of classes, {min(SILHOUETTE_ROWS, len(x))} rows"
    return float(representation.silhouette(x, y, rows=SILHOUETTE_ROWS)), "", what, {}


def _require_gaussian_codes(test: EncodedRows) -> tuple[Tensor, Tensor]:
    if test.scale is None:
        raise InputError("Codes are not Gaussian given x; wanted by this measure are such.")
    return test.mean, test.scale


def _measure_kl(train: EncodedRows | None, test: EncodedRows) -> Measurement:
    del train
    each = representation.kl_per_unit(*_require_gaussian_codes(test))
    return each.sum().item(), "nats", "KL from q(z|x) to N(0, I)", {"units": each.tolist()}


def _measure_active_units(train: EncodedRows | None, test: EncodedRows) -> Measurement:
    del train
    each = representation.kl_per_unit(*_require_gaussian_codes(test))
    what = f"units of {len(each)} with a mean KL to N(0, 1) above 0.01 nats"
    return float(representation.count_active_units(each)), "units", what, {"units": each.tolist()}


def _measure_mutual_information(train: EncodedRows | None, test: EncodedRows) -> Measurement:
    del train
    mean, sd = (part[:INFORMATION_ROWS] for part in _require_gaussian_codes(test))
    generator = torch.Generator().manual_seed(0)
    z = mean + sd * torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
    found = representation.mutual_information_bounds(mean, sd, z)
    what = (
        f"lower bound on I(x; z) from {len(mean)} rows, at most {log(len(mean)):.2f}, "
        "and in the detail an upper one"
    )
    return found.lower.item(), "nats", what, {"upper_bound": [found.upper.item()]}


CODE_MEASURES: Mapping[str, Callable[[EncodedRows | None, EncodedRows], Measurement]] = (
    MappingProxyType(
        {
            "knn_accuracy": _measure_knn_accuracy,
            "probe_accuracy": _measure_probe_accuracy,
            "silhouette": _measure_silhouette,
            "kl": _measure_kl,
            "active_units": _measure_active_units,
            "information": _measure_mutual_information,
        }
    )
)
MEASURES_WITH_TRAINING = frozenset({"knn_accuracy", "probe_accuracy"})
