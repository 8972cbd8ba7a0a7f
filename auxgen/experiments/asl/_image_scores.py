"""What is measured in the experiments on images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

from torch import Tensor, nn
from torch.distributions import Distribution

from ...data.dataset import Dataset, Preprocessor
from ...evaluation.code_noise import CodeNoise
from ...evaluation.codes import CodeQuality
from ...evaluation.conditional_samples import ConditionalSampleAccuracy
from ...evaluation.images import (
    PixelSimilarity,
    ReconstructionQuality,
    SampleQuality,
    score_picture_sets,
)
from ...evaluation.likelihood import ImportanceBound
from ...features.extractors import extract_cached_features
from ...features.registry import load_extractor
from ...method import Encodes
from ...networks.encoders import PointMass
from ...runs.evaluate import average_draws
from ...score import Evaluation, Score


@dataclass(frozen=True, eq=False)
class AslImageEvaluations:
    """What all stages are measured on.

    Attributes:
        train: Raw training rows.
        test: Raw rows held out.
        space: How models see them.
        split_name: Of the rows held out.
        extractor: In whose features distances are taken; None for none.
        resamplings: Sets of samples, for the spread.
    """

    train: Dataset
    test: Dataset
    space: Preprocessor
    split_name: str
    extractor: str | None
    resamplings: int

    def make_evaluations(self, stage: str) -> Mapping[str, Evaluation]:
        """By the stage's name."""
        each: dict[str, tuple[Mapping[str, Evaluation], ...]] = {
            "vae": (
                self._make_sample_evaluations(),
                self._make_floor_evaluation(),
                self._make_code_evaluations(),
                self._make_bound_evaluation(),
                self._make_reconstruction_evaluations(),
            ),
            "vae_unit": (
                self._make_sample_evaluations(),
                self._make_code_evaluations(),
                self._make_bound_evaluation(),
                self._make_reconstruction_evaluations(),
            ),
            "two_stage": (self._make_sample_evaluations(), self._make_bound_evaluation()),
            "vae_asl": (
                self._make_sample_evaluations(),
                self._make_bound_evaluation(),
                self._make_reconstruction_evaluations(),
            ),
            "mi": (self._make_code_evaluations(),),
            "mi_asl": (self._make_sample_evaluations(), self._make_reconstruction_evaluations()),
            "on_demand": (self._make_sample_evaluations(), self._make_conditional_evaluation()),
            "given": (
                self._make_sample_evaluations(),
                self._make_code_evaluations(),
                self._make_reconstruction_evaluations(),
            ),
        }
        return {name: e for part in each[stage] for name, e in part.items()}

    def _make_sample_evaluations(self) -> Mapping[str, Evaluation]:
        """The prior's, several times over."""
        if self.extractor is None:
            return {}
        samples = SampleQuality(
            self.test,
            self.space,
            extractor=self.extractor,
            measures=("FD",),
            split_name=self.split_name,
        )
        return {"fd": ResampledScores(samples, self.resamplings)}

    def _make_floor_evaluation(self) -> Mapping[str, Evaluation]:
        """What training rows themselves would have."""
        if self.extractor is None:
            return {}
        return {"fd_floor": FrechetFloor(self.train, self.test, self.extractor, self.split_name)}

    def _make_code_evaluations(self) -> Mapping[str, Evaluation]:
        """What codes tell of classes: codes drawn, as in the paper, and their means."""
        x = self.space.transform(self.test.raw_rows()[:2000])
        noise = {"code_noise": CodeNoise(x)}
        if not (self.test.y >= 0).any():
            return noise
        means = CodeQuality(
            self.train,
            self.test,
            self.space,
            measures=("knn_accuracy", "silhouette"),
            split_name=self.split_name,
        )
        return {"codes": SampledCodeScores(means), "codes_of_means": MeanCodeScores(means), **noise}

    def _make_bound_evaluation(self) -> Mapping[str, Evaluation]:
        """Where the density of the encoder is known."""
        x = self.space.transform(self.test.raw_rows()[:500])
        return {"importance_bound": ImportanceBound(x, k=50, split_name=self.split_name)}

    def _make_reconstruction_evaluations(self) -> Mapping[str, Evaluation]:
        """Reconstructions."""
        close = PixelSimilarity(
            self.test, self.space, measures=("psnr", "ssim"), split_name=self.split_name
        )
        if self.extractor is None:
            return {"closeness": close}
        back = ReconstructionQuality(
            self.test, self.space, extractor=self.extractor, split_name=self.split_name
        )
        return {"closeness": close, "back": back}

    def _make_conditional_evaluation(self) -> Mapping[str, Evaluation]:
        """Whether samples show what they were asked to."""
        if self.extractor is None:
            return {}
        demanded = ConditionalSampleAccuracy(
            self.test, self.space, extractor=self.extractor, split_name=self.split_name
        )
        return {"on_demand": demanded}


@final
@dataclass(frozen=True, eq=False)
class ResampledScores:
    """A score's mean over several sets of samples, and as a score of its own their spread."""

    samples: SampleQuality
    resamplings: int

    def __call__(self, method: object) -> dict[str, Score]:
        each = [replace(self.samples, seed=seed)(method) for seed in range(self.resamplings)]
        found: dict[str, Score] = {}
        for name, first in each[0].items():
            found[name] = over = average_draws([scores[name] for scores in each])
            if over.spread is not None and len(each) > 1:
                what = f"standard deviation over {len(each)} sets of samples; {first.protocol}"
                found[f"{name} resampling sd"] = Score(over.spread, "", first.n, what)
        return found


@final
@dataclass(frozen=True, eq=False)
class FrechetFloor:
    """The distance of as many training rows from the rows held out; takes no notice of the method.

    Attributes:
        train: Raw training rows.
        test: Raw rows held out.
        extractor: Its name.
        split_name: Of the rows held out.
    """

    train: Dataset
    test: Dataset
    extractor: str
    split_name: str

    def __call__(self, method: object) -> dict[str, Score]:
        found = load_extractor(self.extractor)
        few = self.train[: len(self.test)]
        what = f"{len(few)} training rows beside {len(self.test)} of the {self.split_name} split"
        told = score_picture_sets(
            found, self.test, extract_cached_features(found, few), ("FD",), what
        )
        return {f"{name} of training rows": score for name, score in told.items()}


@final
class SampledEncoder(nn.Module):
    """A method whose codes are draws: encode(x) puts all probability at one."""

    def __init__(self, method: nn.Module) -> None:
        super().__init__()
        self.method = method

    def encode(self, x: Tensor) -> Distribution:
        assert isinstance(self.method, Encodes)
        return PointMass(self.method.encode(x).sample())


@final
@dataclass(frozen=True, eq=False)
class SampledCodeScores:
    """`Codes` of one draw u ~ q(u|x) of each row, as figure 4 has it."""

    codes: CodeQuality
    seed: int = 0

    def __call__(self, method: nn.Module) -> dict[str, Score]:
        found = self.codes(SampledEncoder(method))
        return {
            n: replace(s, protocol=f"one code drawn a row: {s.protocol}") for n, s in found.items()
        }


@final
@dataclass(frozen=True, eq=False)
class MeanCodeScores:
    """`Codes`, told by another name."""

    codes: CodeQuality

    def __call__(self, method: object) -> dict[str, Score]:
        return {f"{name}_of_means": score for name, score in self.codes(method).items()}
