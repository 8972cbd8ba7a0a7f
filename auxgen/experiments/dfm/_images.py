"""What the experiments on images share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, final

from ...data import images
from ...data.dataset import Dataset, Preprocessor
from ...engine.settings import Precision
from ...evaluation.images import SampleQuality, score_picture_sets
from ...evaluation.modes import SampleDiversity
from ...features.extractors import extract_cached_features
from ...features.registry import load_extractor
from ...score import Evaluation, Score
from ...stage import Experiment
from ..registry import list_extractors as trained_extractors
from ._architectures import ARCHITECTURES, ArchitectureName
from ._stages import DenoiserSettings, Objective, build_dfm_stage, make_dfm_recipe

DfmBudget = Literal["cpu", "paper"]
WATCHED = 500


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How large the networks are, and how they are trained.

    Attributes:
        architecture: Of ARCHITECTURES.
        epochs: Passes over the training images.
        lr: Learning rate of Adam; 1e-4 in the paper.
        samples: Measured at the end; 50,000 in the paper, in 10 groups.
        batch: Images in a batch.
        precision: Of forward passes; on CPUs bf16 is faster.
    """

    architecture: ArchitectureName
    epochs: float
    lr: float
    samples: int
    batch: int = 128
    precision: Precision = "32"


def make_dfm_image_experiment(
    data: str,
    plans: Mapping[DfmBudget, Plan],
    *,
    train: str = "train",
    test: str = "test",
    size: int | None = None,
    extractor: str | None = None,
) -> Callable[..., Experiment]:
    """The experiment on a set of images, by default this one.

    Args:
        data: Name, hub id or folder.
        plans: By budget.
        train: Split to learn.
        test: Split to compare samples with.
        size: Side in pixels that images are brought to; None as they are.
        extractor: In whose features scores are taken; None for features.DATA where there is one.
    """
    splits, pixels, usual = (train, test), size, (data, extractor)

    def experiment(
        *,
        seed: int = 0,
        data: str = usual[0],
        train: str = splits[0],
        test: str = splits[1],
        size: int | None = pixels,
        objective: Objective = "dfm",
        budget: DfmBudget = "cpu",
        architecture: ArchitectureName | None = None,
        epochs: float | None = None,
        batch: int | None = None,
        lr: float | None = None,
        samples: int | None = None,
        denoising: float = 0.03,
        noise: float = 1.0,
        annealed: bool = False,
        depth: int | None = None,
        denoiser_width: int | None = None,
        history: float = 0.0,
        l1: bool = False,
        average: float = 0.0,
        extractor: str | None = None,
    ) -> Experiment:
        """A generator of images.

        Args:
            seed: Of the initialisation and the order.
            data: Name, hub id or folder of square images.
            train: Split to learn.
            test: Split to compare samples with.
            size: Side in pixels that images are brought to; as they are when not given.
            objective: gan, fm (feature matching), dfm (denoising feature matching), or fm_dfm.
            budget: cpu is minutes of one core; paper is the paper's setup, for a GPU.
            architecture: imagenet_32, cifar, cifar_literal, stl_48, small or small_48; the
                budget's own when not given.
            epochs: Passes over the images; the budget's own when not given.
            batch: Images in a batch; the budget's own when not given.
            lr: Learning rate of Adam; the budget's own when not given.
            samples: Measured at the end; the budget's own when not given.
            denoising: n_h times lambda_denoise.
            noise: sigma, of what corrupts features.
            annealed: sigma falls to 0 over the rounds.
            depth: Hidden layers of the denoiser; the architecture's own when not given.
            denoiser_width: Of each; the architecture's own when not given.
            history: Weight of historical averaging, which G and D pay.
            l1: Feature matching by the mean absolute difference, as in Salimans et al.'s code.
            average: Decay of the moving average of weights; 0 for the last weights, as in the
                paper.
            extractor: In whose features scores are taken; the experiment's own, or features.DATA
                where there is one, when not given.
        """
        given = {
            "architecture": architecture,
            "epochs": epochs,
            "batch": batch,
            "lr": lr,
            "samples": samples,
        }
        plan = replace(plans[budget], **{k: v for k, v in given.items() if v is not None})
        learned, held = (
            images.load_image_dataset(data, split, size=size) for split in (train, test)
        )
        pixels, space = images.get_image_side(learned), _make_dfm_image_space(learned)
        steps = round(plan.epochs * len(learned) / plan.batch)
        layout = ARCHITECTURES[plan.architecture]
        r = DenoiserSettings(
            depth=depth or layout.denoiser_depth,
            width=denoiser_width or layout.denoiser_width or layout.n_h(pixels),
            denoising=denoising,
            noise=noise,
            annealing_steps=steps if annealed else 0,
        )
        networks = layout.make_network_arguments(learned.x.shape[1], pixels)
        known = extractor or _choose_dfm_extractor(data, usual)
        return {
            objective: build_dfm_stage(
                make_dfm_recipe(objective, networks, r, history=history, l1=l1),
                learned,
                space,
                steps=steps,
                batch=plan.batch,
                lr=plan.lr,
                seed=seed,
                average=average,
                evaluations=_make_dfm_evaluations(held, space, known, plan.samples, test),
                monitored={"variety": SampleDiversity(held[:WATCHED], space, split_name=test)},
                data={"train": learned, test: held},
                precision=plan.precision,
            )
        }

    return experiment


def _choose_dfm_extractor(data: str, default: tuple[str, str | None]) -> str | None:
    """The extractor for a set: the experiment's for its own set, else features.DATA if there is."""
    own, extractor = default
    named = f"features.{data}"
    if data == own and extractor is not None:
        return extractor
    return named if named in trained_extractors() else extractor


def _make_dfm_image_space(train: Dataset) -> Preprocessor:
    """Pixels in [-1, 1]."""
    return Preprocessor(
        kind="images",
        shape=tuple(train.x.shape[1:]),
        flat=False,
        shift=(0.5,),
        scale=(0.5,),
        classes=train.classes,
    )


def _make_dfm_evaluations(
    held_out: Dataset, space: Preprocessor, extractor: str | None, samples: int, split: str
) -> Mapping[str, Evaluation]:
    """Scores of samples in an extractor's features, beside those of the real images themselves."""
    if extractor is None:
        return {}
    measures = ("precision", "recall", "FD", "CS")
    drawn = SampleQuality(
        held_out, space, split_name=split, extractor=extractor, measures=measures, n=samples
    )
    # the last score heads a run's report
    return {"real": RealClassScore(held_out, extractor, split), "samples": drawn}


@final
@dataclass(frozen=True, eq=False)
class RealClassScore:
    """The class score of real images, the table's "real data"; no method is looked at."""

    real: Dataset
    extractor: str
    split: str

    def __call__(self, method: object) -> dict[str, Score]:
        del method
        found = load_extractor(self.extractor)
        real, what = (
            extract_cached_features(found, self.real),
            f"the {len(self.real)} {self.split} images",
        )
        scores = score_picture_sets(found, self.real, real, ("CS",), f"{what} themselves")
        return {f"{name} of real images": score for name, score in scores.items()}
