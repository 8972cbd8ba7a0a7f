"""What the experiments on images share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, final

from ...data import images
from ...data.examples import Examples, Space
from ...errors import InputError
from ...evaluation.extractors import extracted, extractor
from ...evaluation.scores.modes import Variety
from ...evaluation.scores.pictured import Samples, labelled
from ...evaluation.trained_features import names as trained_extractors
from ...experiment import Evaluation, Experiment, Score
from ._architectures import ARCHITECTURES, Name
from ._stages import Denoising, Objective, recipe, stage

Budget = Literal["cpu", "paper"]
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
    """

    architecture: Name
    epochs: float
    lr: float
    samples: int
    batch: int = 128


def experiment_on(data: str, plans: Mapping[Budget, Plan]) -> Callable[..., Experiment]:
    """The experiment on a set of images, by default this one."""
    default = data

    def experiment(
        *,
        seed: int = 0,
        data: str = default,
        objective: Objective = "dfm",
        budget: Budget = "cpu",
        architecture: Name | None = None,
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
            objective: gan, fm (feature matching), dfm (denoising feature matching), or fm_dfm.
            budget: cpu is minutes of one core; paper is the paper's setup, for a GPU.
            architecture: imagenet_32, cifar, cifar_literal, stl_48, or small; the budget's own
                when not given.
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
            extractor: In whose features scores are taken; features.DATA where there is one.
        """
        given = {
            "architecture": architecture,
            "epochs": epochs,
            "batch": batch,
            "lr": lr,
            "samples": samples,
        }
        plan = replace(plans[budget], **{k: v for k, v in given.items() if v is not None})
        train, test = (images.load(data, split) for split in ("train", "test"))
        size, space = side(train), space_of(train)
        steps = round(plan.epochs * len(train) / plan.batch)
        layout = ARCHITECTURES[plan.architecture]
        r = Denoising(
            depth=depth or layout.depth,
            width=denoiser_width or layout.width or layout.n_h(size),
            denoising=denoising,
            noise=noise,
            annealed=steps if annealed else 0,
        )
        made = recipe(objective, layout.networks(train.x.shape[1], size), r, history=history, l1=l1)
        named = f"features.{data}"
        known = extractor or (named if named in trained_extractors() else None)
        return {
            objective: stage(
                made,
                train,
                space,
                steps=steps,
                batch=plan.batch,
                lr=plan.lr,
                seed=seed,
                average=average,
                evaluations=measured(test, space, known, plan.samples),
                watched={"variety": Variety(test[:WATCHED], space)},
                data={"train": train, "test": test},
            )
        }

    return experiment


def side(train: Examples) -> int:
    """Height and width.

    Raises:
        InputError: They differ.
    """
    height, width = train.x.shape[2:]
    if height != width:
        raise InputError(
            f"Images of {train.name} have {height} x {width} pixels; square ones are wanted."
        )
    return height


def space_of(train: Examples) -> Space:
    """Pixels in [-1, 1]."""
    return Space(
        kind="images",
        shape=tuple(train.x.shape[1:]),
        flat=False,
        shift=(0.5,),
        scale=(0.5,),
        classes=train.classes,
    )


def measured(
    test: Examples, space: Space, extractor: str | None, samples: int
) -> Mapping[str, Evaluation]:
    """Scores of samples in an extractor's features, beside those of the test images themselves."""
    if extractor is None:
        return {}
    measures = ("CS", "FD", "precision", "recall")
    return {
        "samples": Samples(test, space, extractor=extractor, measures=measures, n=samples),
        "real": OfReal(test, extractor),
    }


@final
@dataclass(frozen=True, eq=False)
class OfReal:
    """The class score of the test images, the table's "real data"; no method is looked at."""

    test: Examples
    extractor: str

    def __call__(self, method: object) -> dict[str, Score]:
        del method
        found = extractor(self.extractor)
        real, what = extracted(found, self.test), f"the {len(self.test)} test images themselves"
        scores = labelled(found, self.test, real, ("CS",), what)
        return {f"{name} of test images": score for name, score in scores.items()}
