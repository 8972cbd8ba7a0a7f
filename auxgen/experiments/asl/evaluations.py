"""Scores of the experiments on images."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from ...evaluation.codes import CodeNoise, CodeQuality
from ...evaluation.images import (
    PixelSimilarity,
    RealPictureQuality,
    ReconstructionQuality,
    SampleQuality,
)
from ...evaluation.likelihood import ImportanceBound
from ...evaluation.protocol import make_mean_score
from ...evaluation.recognition import ConditionalSampleAccuracy
from ...method import Encodes
from ...methods.asl import CodeDensityMethod
from ...methods.asl_baselines import FlowModel
from ...networks.densities import log_density
from ...networks.encoders import PointMass
from ...rng import get_device, use_seed
from ...runs.evaluate import average_draws
from ...score import Evaluation, Score
from .cells import CELLS
from .stages import AslImageSplits

CODES = ("codes", "codes_of_means", "code_noise")
RECONSTRUCTIONS = ("closeness", "back")
STAGE_EVALUATIONS: Mapping[str, tuple[str, ...]] = {
    "vae": ("fd", "fd_floor", *CODES, "importance_bound", *RECONSTRUCTIONS),
    "vae_unit": ("fd", *CODES, "importance_bound", *RECONSTRUCTIONS),
    "two_stage": ("fd", "importance_bound"),
    "vae_asl": ("fd", "importance_bound", *RECONSTRUCTIONS),
    "mi": CODES,
    "mi_asl": ("fd", *RECONSTRUCTIONS),
    "on_demand": ("fd", "on_demand"),
    "given": ("fd", *CODES, *RECONSTRUCTIONS),
    **dict.fromkeys(CELLS, ("fd",)),
}
"""What is measured of each stage: a bound on log p(x) where the encoder's density is known."""


def make_image_evaluations(
    splits: AslImageSplits, extractor: str | None, resamplings: int
) -> dict[str, dict[str, Evaluation]]:
    """Evaluations by stage and name.

    Args:
        splits: Images; where none has a label, classes of codes are not measured.
        extractor: Network in whose features distances are taken; no distances when None.
        resamplings: Sets of samples, for the spread.
    """
    train, test, space, name = splits.train, splits.test, splits.space, splits.split_name
    x = space.transform(test.take_some(2000).raw_rows())
    found: dict[str, Evaluation] = {
        "code_noise": CodeNoise(x),
        "importance_bound": ImportanceBound(x[:500], k=50, split_name=name),
        "closeness": PixelSimilarity(test, space, measures=("psnr", "ssim"), split_name=name),
    }
    if (test.y >= 0).any():
        measures = ("knn_accuracy", "silhouette")
        codes = CodeQuality(train, test, space, measures=measures, split_name=name)
        # codes that are drawn, as in the paper, and their means
        found |= {"codes": SampledCodeScores(codes), "codes_of_means": MeanCodeScores(codes)}
    if extractor is not None:
        few, fd = train.take_some(len(test)), ("FD",)
        what = f"{len(few)} training rows beside {len(test)} of the {name} split"
        samples = SampleQuality(test, space, extractor=extractor, measures=fd, split_name=name)
        accuracy = ConditionalSampleAccuracy(test, space, extractor=extractor, split_name=name)
        found |= {
            "fd": ResampledScores(samples, resamplings),
            "fd_floor": RealPictureQuality(test, few, extractor, fd, "training rows", what),
            "back": ReconstructionQuality(test, space, extractor=extractor, split_name=name),
            "on_demand": accuracy,
        }
    return {
        stage: {name: found[name] for name in names if name in found}
        for stage, names in STAGE_EVALUATIONS.items()
    }


@final
@dataclass(frozen=True, eq=False)
class HeldOutDensity:
    """-log p(u) of one code of each held-out row, or -log p(x) of a flow on x: lower is better.

    A second VAE has a bound on it in its place.

    Attributes:
        x: Held-out rows as the model sees them, (n, d).
    """

    x: Tensor
    seed: int = 0

    def __call__(self, method: CodeDensityMethod | FlowModel) -> Score:
        with use_seed(self.seed, get_device(method)), torch.no_grad():
            if isinstance(method, FlowModel):
                each = -method.elbo(self.x)
            else:
                u = method.encode(self.x).sample()
                each = -log_density(method.p_u(), u)
        what = f"-log density, mean over {len(self.x)} held-out rows"
        return make_mean_score(each, "nats", what)


@final
@dataclass(frozen=True, eq=False)
class ResampledScores:
    """Mean of a score over several sets of samples, and their spread as a score of its own."""

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
class SampledEncoder(nn.Module):
    """A method whose codes are draws: encode(x) puts all probability on one of them."""

    def __init__(self, method: nn.Module) -> None:
        super().__init__()
        self.method = method

    def encode(self, x: Tensor) -> Distribution:
        assert isinstance(self.method, Encodes)
        return PointMass(self.method.encode(x).sample())


@final
@dataclass(frozen=True, eq=False)
class SampledCodeScores:
    """Quality of one code u ~ q(u|x) of each row, as in figure 4."""

    codes: CodeQuality
    seed: int = 0

    def __call__(self, method: nn.Module) -> dict[str, Score]:
        return {
            name: replace(score, protocol=f"one code drawn a row: {score.protocol}")
            for name, score in self.codes(SampledEncoder(method)).items()
        }


@final
@dataclass(frozen=True, eq=False)
class MeanCodeScores:
    """Quality of the means of codes, under names that end in "_of_means"."""

    codes: CodeQuality

    def __call__(self, method: object) -> dict[str, Score]:
        return {f"{name}_of_means": score for name, score in self.codes(method).items()}
