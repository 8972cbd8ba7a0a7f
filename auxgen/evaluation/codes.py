"""Scores of the codes that a model gives to rows."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from math import log
from types import MappingProxyType
from typing import NamedTuple, final

import torch
from torch import Tensor
from torch.distributions import Independent, Normal

from ..data.dataset import Dataset, Preprocessor
from ..errors import InputError, unknown_name
from ..functional.stein import stein_discrepancy
from ..inference.batched import map_batches
from ..method import Encodes, require
from ..metrics import representation
from ..rng import get_device, use_seed
from ..score import Score
from .protocol import SplitEvaluation, make_share_score

SILHOUETTE_ROWS = 5000
INFORMATION_ROWS = 2000


class EncodedRows(NamedTuple):
    """Codes of n rows, on the CPU.

    Attributes:
        mean: Means of q(z|x), (n, d).
        scale: Its standard deviations (n, d); None where it is not Gaussian.
        y: Class indices (n,), -1 for no label.
    """

    mean: Tensor
    scale: Tensor | None
    y: Tensor


@final
@dataclass(frozen=True, eq=False)
class CodeQuality(SplitEvaluation):
    """What codes reveal of classes, and how much of them is used.

    Attributes:
        train: Raw rows from which neighbours and probes learn; None where there are none.
        test: Raw rows measured.
        measures: Names of CODE_MEASURES.
    """

    train: Dataset | None
    test: Dataset
    space: Preprocessor
    _: KW_ONLY
    measures: tuple[str, ...] = ("knn_accuracy", "active_units")

    def __call__(self, method: object) -> dict[str, Score]:
        for name in self.measures:
            if name not in CODE_MEASURES:
                raise unknown_name("measure of codes", name, CODE_MEASURES)
        test = _encode_dataset(method, self.space, self.test)
        learns = any(name in MEASURES_WITH_TRAINING for name in self.measures)
        train = _encode_dataset(method, self.space, self.train) if learns and self.train else None
        measured = {name: CODE_MEASURES[name](train, test) for name in self.measures}
        rows = f"codes of {self.describe_rows(len(self.test))}"
        return {name: one.make_score(rows) for name, one in measured.items()}


class Measurement(NamedTuple):
    """A value, its unit, what it is in words, the number of rows measured, and more numbers.

    In per cent it is a share of these rows.
    """

    value: float
    unit: str
    what: str
    n: int
    detail: Mapping[str, list[float]] = MappingProxyType({})

    def make_score(self, rows: str) -> Score:
        protocol = f"{self.what}; {rows}"
        if self.unit == "%":
            return make_share_score(self.value, self.n, protocol, whole=100)
        return Score(self.value, self.unit, self.n, protocol, detail=dict(self.detail))


def _encode_dataset(method: object, space: Preprocessor, dataset: Dataset) -> EncodedRows:
    """q(z|x) of all rows, on the CPU."""
    encoder = require(method, Encodes)

    def encode(raw: Tensor) -> tuple[Tensor, Tensor | None]:
        q = encoder.encode(space.transform(raw))
        base = q.base_dist if isinstance(q, Independent) else q
        return q.mean.double(), base.stddev.double() if isinstance(base, Normal) else None

    mean, scale = map_batches(encode, dataset.raw_rows(), device=get_device(method))
    return EncodedRows(mean, scale, dataset.y)


def _select_labelled_codes(codes: EncodedRows | None, purpose: str) -> tuple[Tensor, Tensor]:
    """Codes and classes of the rows that have a class."""
    if codes is None or not (codes.y >= 0).any():
        raise InputError(f"There is no labelled row to {purpose}; one or more is expected.")
    known = codes.y >= 0
    return codes.mean[known], codes.y[known]


def _measure_knn_accuracy(train: EncodedRows | None, test: EncodedRows) -> Measurement:
    x, y = _select_labelled_codes(train, "take neighbours from")
    measured = _select_labelled_codes(test, "measure")
    value = representation.knn_accuracy(x, y, *measured, k=10)
    what = f"accuracy of 10 nearest of {len(x)} training codes"
    return Measurement(float(value), "%", what, len(measured[0]))


def _measure_probe_accuracy(train: EncodedRows | None, test: EncodedRows) -> Measurement:
    x, y = _select_labelled_codes(train, "fit a probe to")
    measured = _select_labelled_codes(test, "measure")
    value = representation.probe_accuracy(x, y, *measured)
    what = f"accuracy of logistic regression on {len(x)} training codes"
    return Measurement(float(value), "%", what, len(measured[0]))


def _measure_silhouette(_: EncodedRows | None, test: EncodedRows) -> Measurement:
    x, y = _select_labelled_codes(test, "measure")
    n = min(SILHOUETTE_ROWS, len(x))
    value = float(representation.silhouette(x, y, rows=SILHOUETTE_ROWS))
    return Measurement(value, "", f"silhouette of classes, {n} rows", n)


def _require_gaussian_codes(test: EncodedRows) -> tuple[Tensor, Tensor]:
    if test.scale is None:
        raise InputError("Codes are not Gaussian given x; this measure needs Gaussian codes.")
    return test.mean, test.scale


def _measure_kl(_: EncodedRows | None, test: EncodedRows) -> Measurement:
    each = representation.kl_per_unit(*_require_gaussian_codes(test))
    value, detail = each.sum().item(), {"units": each.tolist()}
    return Measurement(value, "nats", "KL from q(z|x) to N(0, I)", len(test.mean), detail)


def _measure_active_units(_: EncodedRows | None, test: EncodedRows) -> Measurement:
    each = representation.kl_per_unit(*_require_gaussian_codes(test))
    what = f"units of {len(each)} with a mean KL to N(0, 1) above 0.01 nats"
    value, detail = float(representation.count_active_units(each)), {"units": each.tolist()}
    return Measurement(value, "units", what, len(test.mean), detail)


def _measure_active_units_by_variance(_: EncodedRows | None, test: EncodedRows) -> Measurement:
    what = f"units of {test.mean.shape[1]} whose mean given x has a variance above 0.01 over rows"
    value = float(representation.count_active_units_by_variance(test.mean))
    return Measurement(value, "units", what, len(test.mean))


def _measure_mutual_information(_: EncodedRows | None, test: EncodedRows) -> Measurement:
    mean, sd = (part[:INFORMATION_ROWS] for part in _require_gaussian_codes(test))
    generator = torch.Generator().manual_seed(0)
    z = mean + sd * torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
    bounds = representation.mutual_information_bounds(mean, sd, z)
    most = f"at most {log(len(mean)):.2f}, and in the detail an upper one"
    what = f"lower bound on I(x; z) from {len(mean)} rows, {most}"
    detail = {"upper_bound": [bounds.upper.item()]}
    return Measurement(bounds.lower.item(), "nats", what, len(mean), detail)


CODE_MEASURES: Mapping[str, Callable[[EncodedRows | None, EncodedRows], Measurement]] = {
    "knn_accuracy": _measure_knn_accuracy,
    "probe_accuracy": _measure_probe_accuracy,
    "silhouette": _measure_silhouette,
    "kl": _measure_kl,
    "active_units": _measure_active_units,
    "active_units_by_variance": _measure_active_units_by_variance,
    "information": _measure_mutual_information,
}
MEASURES_WITH_TRAINING = frozenset({"knn_accuracy", "probe_accuracy"})


@final
@dataclass(frozen=True, eq=False)
class CodeNoise:
    """How much codes of one row differ, and how far codes of all rows are from N(0, I).

    The mutual information that MI-ASL's encoder maximises favours codes that ignore their noise.

    Attributes:
        x: Rows as the model sees them, (n, *event).
        draws: Codes of each row.
        beta: Exponent of the Stein discrepancy's kernel.
    """

    x: Tensor
    _: KW_ONLY
    draws: int = 16
    beta: float = 0.5
    seed: int = 0

    def __call__(self, method: object) -> dict[str, Score]:
        n, device = len(self.x), get_device(method)
        with use_seed(self.seed, device):
            q_u = require(method, Encodes).encode(self.x.to(device))
            u = torch.stack([q_u.sample() for _ in range(self.draws)])
        noise = (u.std(0).mean(0) / u.flatten(0, 1).std(0)).mean()
        rows = f"{n} rows, seed {self.seed}"
        noise_is = (
            "standard deviation of a code given its row, mean over rows, over that of all codes, "
            f"mean over units; {self.draws} draws of {rows}"
        )
        discrepancy = stein_discrepancy(u[0], self.beta)
        discrepancy_is = (
            "kernelised Stein discrepancy of codes from N(0, I), unbiased, inverse multiquadric "
            f"of exponent {self.beta}; {rows}"
        )
        return {
            "code_noise": Score(noise.item(), "", n, noise_is),
            "stein_discrepancy": Score(discrepancy.item(), "", n, discrepancy_is),
        }
