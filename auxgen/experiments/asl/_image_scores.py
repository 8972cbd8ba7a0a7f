"""What is measured in the experiments on images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

from torch import Tensor, nn
from torch.distributions import Distribution

from ...data.dataset import Examples, Space
from ...evaluation.code_noise import CodeNoise
from ...evaluation.codes import Codes
from ...evaluation.conditional_samples import OnDemand
from ...evaluation.images import Closeness, Reconstructions, Samples, labelled
from ...evaluation.likelihood import ImportanceBound
from ...features.extractors import extracted
from ...features.registry import extractor
from ...method import Encodes
from ...networks.encoders import PointMass
from ...runs.evaluate import average_draws
from ...score import Evaluation, Score


@dataclass(frozen=True, eq=False)
class Measured:
    """What all stages are measured on.

    Attributes:
        train: Raw training rows.
        test: Raw rows held out.
        space: How models see them.
        split_name: Of the rows held out.
        extractor: In whose features distances are taken; None for none.
        resamplings: Sets of samples, for the spread.
    """

    train: Examples
    test: Examples
    space: Space
    split_name: str
    extractor: str | None
    resamplings: int

    def evaluations(self, stage: str) -> Mapping[str, Evaluation]:
        """By the stage's name."""
        each: dict[str, tuple[Mapping[str, Evaluation], ...]] = {
            "vae": (self.samples(), self.floor(), self.codes(), self.bound(), self.back()),
            "vae_unit": (self.samples(), self.codes(), self.bound(), self.back()),
            "two_stage": (self.samples(), self.bound()),
            "vae_asl": (self.samples(), self.bound(), self.back()),
            "mi": (self.codes(),),
            "mi_asl": (self.samples(), self.back()),
            "on_demand": (self.samples(), self.demanded()),
            "given": (self.samples(), self.codes(), self.back()),
        }
        return {name: e for part in each[stage] for name, e in part.items()}

    def samples(self) -> Mapping[str, Evaluation]:
        """The prior's, several times over."""
        if self.extractor is None:
            return {}
        samples = Samples(
            self.test,
            self.space,
            extractor=self.extractor,
            measures=("FD",),
            split_name=self.split_name,
        )
        return {"fd": Resampled(samples, self.resamplings)}

    def floor(self) -> Mapping[str, Evaluation]:
        """What training rows themselves would have."""
        if self.extractor is None:
            return {}
        return {"fd_floor": Floor(self.train, self.test, self.extractor, self.split_name)}

    def codes(self) -> Mapping[str, Evaluation]:
        """What codes tell of classes: codes drawn, as in the paper, and their means."""
        x = self.space.enter(self.test.raw()[:2000])
        noise = {"code_noise": CodeNoise(x)}
        if not (self.test.y >= 0).any():
            return noise
        means = Codes(
            self.train,
            self.test,
            self.space,
            measures=("knn_accuracy", "silhouette"),
            split_name=self.split_name,
        )
        return {"codes": DrawnCodes(means), "codes_of_means": OfMeans(means), **noise}

    def bound(self) -> Mapping[str, Evaluation]:
        """Where the density of the encoder is known."""
        x = self.space.enter(self.test.raw()[:500])
        return {"importance_bound": ImportanceBound(x, k=50, split_name=self.split_name)}

    def back(self) -> Mapping[str, Evaluation]:
        """Reconstructions."""
        close = Closeness(
            self.test, self.space, measures=("psnr", "ssim"), split_name=self.split_name
        )
        if self.extractor is None:
            return {"closeness": close}
        back = Reconstructions(
            self.test, self.space, extractor=self.extractor, split_name=self.split_name
        )
        return {"closeness": close, "back": back}

    def demanded(self) -> Mapping[str, Evaluation]:
        """Whether samples show what they were asked to."""
        if self.extractor is None:
            return {}
        demanded = OnDemand(
            self.test, self.space, extractor=self.extractor, split_name=self.split_name
        )
        return {"on_demand": demanded}


@final
@dataclass(frozen=True, eq=False)
class Resampled:
    """A score's mean over several sets of samples, and as a score of its own their spread."""

    samples: Samples
    times: int

    def __call__(self, method: object) -> dict[str, Score]:
        each = [replace(self.samples, seed=seed)(method) for seed in range(self.times)]
        found: dict[str, Score] = {}
        for name, first in each[0].items():
            found[name] = over = average_draws([scores[name] for scores in each])
            if over.spread is not None and len(each) > 1:
                what = f"standard deviation over {len(each)} sets of samples; {first.protocol}"
                found[f"{name} resampling sd"] = Score(over.spread, "", first.n, what)
        return found


@final
@dataclass(frozen=True, eq=False)
class Floor:
    """The distance of as many training rows from the rows held out; takes no notice of the method.

    Attributes:
        train: Raw training rows.
        test: Raw rows held out.
        extractor: Its name.
        split_name: Of the rows held out.
    """

    train: Examples
    test: Examples
    extractor: str
    split_name: str

    def __call__(self, method: object) -> dict[str, Score]:
        found = extractor(self.extractor)
        few = self.train[: len(self.test)]
        what = f"{len(few)} training rows beside {len(self.test)} of the {self.split_name} split"
        told = labelled(found, self.test, extracted(found, few), ("FD",), what)
        return {f"{name} of training rows": score for name, score in told.items()}


@final
class Drawn(nn.Module):
    """A method whose codes are draws: encode(x) puts all probability at one."""

    def __init__(self, method: nn.Module) -> None:
        super().__init__()
        self.method = method

    def encode(self, x: Tensor) -> Distribution:
        assert isinstance(self.method, Encodes)
        return PointMass(self.method.encode(x).sample())


@final
@dataclass(frozen=True, eq=False)
class DrawnCodes:
    """`Codes` of one draw u ~ q(u|x) of each row, as figure 4 has it."""

    codes: Codes
    seed: int = 0

    def __call__(self, method: nn.Module) -> dict[str, Score]:
        found = self.codes(Drawn(method))
        return {
            n: replace(s, protocol=f"one code drawn a row: {s.protocol}") for n, s in found.items()
        }


@final
@dataclass(frozen=True, eq=False)
class OfMeans:
    """`Codes`, told by another name."""

    codes: Codes

    def __call__(self, method: object) -> dict[str, Score]:
        return {f"{name}_of_means": score for name, score in self.codes(method).items()}
