"""Scores of the pictures that a model makes: samples of its prior, and reconstructions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import final

from torch import Tensor

from ..data.dataset import Examples, Space
from ..errors import InputError, unknown
from ..features.extractors import Extracted, Extractor, extract, extracted, quantised, statistics
from ..features.registry import extractor
from ..inference.codes import reconstruct
from ..inference.sampling import sample
from ..metrics import reconstruction as closeness
from ..rng import device_of, seeded
from ..score import Score
from .feature_distances import COMPARISONS, Real, compare
from .protocol import OVER_ROWS, standard_error


@dataclass(frozen=True, eq=False)
class Pictured:
    """What is common to measures of pictures.

    Attributes:
        real: Raw pictures to compare with.
        space: How the model sees raw rows.
        split_name: For the protocol.
    """

    real: Examples
    space: Space
    _: KW_ONLY
    split_name: str = "test"

    def rows(self) -> str:
        return f"the {len(self.real)} rows of the {self.split_name} split"


@final
@dataclass(frozen=True, eq=False)
class Samples(Pictured):
    """Samples of the prior beside as many real pictures, by an extractor's features.

    Attributes:
        extractor: Its name, see `extractors.extractor`.
        measures: Of FD, KD, CS, precision, recall, density, coverage.
        n: Samples; as many as there are real pictures when None.
        seed: Of the draws.
    """

    _: KW_ONLY
    extractor: str
    measures: tuple[str, ...] = ("FD", "KD", "precision", "recall")
    n: int | None = None
    seed: int = 0

    def __call__(self, method: object) -> dict[str, Score]:
        device, n = device_of(method), self.n or len(self.real)
        with seeded(self.seed, device):
            fake = quantised(sample(method, self.space, n))
        found = extractor(self.extractor)
        made = extract(found, fake, device=str(device))
        what = f"{n} samples beside {self.rows()}, seed {self.seed}"
        return labelled(found, self.real, made, self.measures, what)


@final
@dataclass(frozen=True, eq=False)
class Reconstructions(Pictured):
    """Reconstructions beside their originals, by an extractor's features.

    Attributes:
        extractor: Its name, see `extractors.extractor`.
        measures: Of FD, KD, CS, precision, recall, density, coverage, accuracy; accuracy is the
            share of reconstructions in which the extractor finds the original's label, in per cent.
    """

    _: KW_ONLY
    extractor: str
    measures: tuple[str, ...] = ("FD",)

    def __call__(self, method: object) -> dict[str, Score]:
        back = reconstruct(method, self.space, self.real.raw())[:, 1]
        found = extractor(self.extractor)
        made = extract(found, quantised(back), device=str(device_of(method)))
        what = f"reconstructions of {self.rows()} beside them"
        scores = labelled(found, self.real, made, self.measures, what)
        return {f"reconstruction {label}": score for label, score in scores.items()}


@final
@dataclass(frozen=True, eq=False)
class Closeness(Pictured):
    """How near reconstructions are to their originals, pixel by pixel.

    Attributes:
        measures: Of psnr, l1, ssim, high_frequency.
    """

    _: KW_ONLY
    measures: tuple[str, ...] = ("psnr", "l1", "ssim")

    def __call__(self, method: object) -> dict[str, Score]:
        x, back = reconstruct(method, self.space, self.real.raw()).unbind(1)
        return {name: self.score(name, x, back.clamp(0, 1)) for name in self.measures}

    def score(self, name: str, x: Tensor, back: Tensor) -> Score:
        if name not in CLOSENESS:
            raise unknown("measure of reconstructions", name, CLOSENESS)
        measure, unit, what = CLOSENESS[name]
        each = measure(x, back)
        if name == "ssim":
            what = f"{what}, window of {closeness.ssim_window(*x.shape[2:])} pixels"
        return Score(
            value=each.mean().item(),
            unit=unit,
            n=len(each),
            spread=standard_error(each),
            spread_is=OVER_ROWS,
            protocol=f"{what}; mean over reconstructions of {self.rows()}",
        )


@final
@dataclass(frozen=True, eq=False)
class Explained(Pictured):
    """What reconstructions keep of their originals' brightness and colours, coarsely."""

    def __call__(self, method: object) -> dict[str, Score]:
        x, back = reconstruct(method, self.space, self.real.raw()).unbind(1)
        what = "share of the variance over rows, of means in a grid of 4 x 4"
        return {
            f"{name} explained": Score(
                100 * value, "%", len(x), f"{what}, that reconstructions have too; {self.rows()}"
            )
            for name, value in closeness.explained(x, back.clamp(0, 1)).items()
        }


CLOSENESS: Mapping[str, tuple[Callable[[Tensor, Tensor], Tensor], str, str]] = MappingProxyType(
    {
        "psnr": (closeness.psnr, "dB", "peak signal-to-noise ratio"),
        "l1": (closeness.l1, "", "mean absolute difference of pixels in [0, 1]"),
        "ssim": (closeness.ssim, "", "structural similarity"),
        "high_frequency": (
            closeness.high_frequency,
            "",
            "power of the difference above half of the Nyquist frequency",
        ),
    }
)
"""Measure of each pair, unit, name in words."""


def labelled(
    found: Extractor, real: Examples, fake: Extracted, measures: Sequence[str], what: str
) -> dict[str, Score]:
    """Scores by what they may be called: "FID" with the canonical Inception alone.

    Args:
        found: Whose features.
        real: Real pictures, whose features are kept once they are known.
        fake: Features of the others.
        measures: Of COMPARISONS, and "accuracy" of labels.
        what: What the two sets are, for the protocol.
    """
    for measure in measures:
        if measure not in (*COMPARISONS, "accuracy"):
            raise unknown("measure of pictures", measure, [*COMPARISONS, "accuracy"])
    of_sets = [m for m in measures if m != "accuracy"]
    scores = compare(known(found, real), fake, of_sets) if of_sets else {}
    if "accuracy" in measures:
        scores["accuracy"] = accuracy(real, fake, found)
    return {
        found.label(measure): replace(score, protocol=f"{score.protocol}; {what}; {found.protocol}")
        for measure, score in scores.items()
    }


def known(found: Extractor, real: Examples) -> Real:
    """Features of real pictures, and their moments, from the cache where they are known."""
    return Real(extracted(found, real).features, partial(statistics, found, real))


def accuracy(real: Examples, back: Extracted, found: Extractor) -> Score:
    """Share of labelled rows whose reconstruction still shows their label, per cent."""
    labelled = real.y >= 0
    if back.probs is None or found.classes != real.classes or not labelled.any():
        raise InputError(
            f"{found.name} does not tell the classes of {real.name}; wanted for an accuracy is a "
            "classifier of these classes, and labelled rows."
        )
    right = (back.probs.argmax(1) == real.y)[labelled].double()
    return Score(
        value=100 * right.mean().item(),
        unit="%",
        n=len(right),
        spread=100 * (standard_error(right) or 0),
        spread_is=OVER_ROWS,
        protocol="labels found",
    )
