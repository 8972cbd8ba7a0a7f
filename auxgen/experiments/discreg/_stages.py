"""What the experiments share: VAEs with and without regularisation, in one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ...builders import Recipe
from ...data.batches import InMemoryBatches
from ...data.dataset import Dataset, Preprocessor
from ...engine.settings import Engine, adam
from ...functional.schedules import rise_then_cosine
from ...method import Method
from ...methods.adjusted_vae import initialize_adjusted_vae
from ...methods.discreg import DiscriminativeVAE
from ...plotting.pages import show_samples
from ...stage import Experiment, PictureWriter, Stage
from ._classifiers import RegularisingClassifier, build_regularising_classifier
from ._pictures import DiscregPictures
from ._plan import DiscregBudget, Plan, given, scaled
from ._scores import DiscregEvaluations
from ._sets import ImageSource


def make_discreg_experiment(
    source: ImageSource,
    plans: Mapping[DiscregBudget, Plan],
    *,
    classifier: str = "own",
    extractor: str | None = None,
) -> Callable[..., Experiment]:
    """The experiment on a set of images, by default this one."""
    judged_by, measured_by = classifier, extractor

    def experiment(
        *,
        seed: int = 0,
        data: str = source.name,
        valid: int = source.valid,
        size: int | None = source.size,
        budget: DiscregBudget = "cpu",
        epochs: float = 1.0,
        classifier: str = judged_by,
        layers: tuple[str, ...] | None = None,
        weights: tuple[float, ...] | None = None,
        encoder_grad: bool = True,
        adjusted: bool = True,
        lr: float | None = None,
        batch: int | None = None,
        z: int | None = None,
        widths: tuple[int, ...] | None = None,
        extractor: str | None = measured_by,
        rows: int | None = None,
    ) -> Experiment:
        """A VAE, the same regularised by a classifier, and both with adjusted batch norm.

        Args:
            seed: Of the initialisation and the order.
            data: Name, hub id or folder of square images, with labels for an own classifier.
            valid: Last training rows for validation, where the set has no such split; 0 where it
                has.
            size: Side in pixels that images are resized to; as they are when not given.
            budget: cpu is minutes of one core; paper is the paper's setup, for a GPU.
            epochs: Factor on the budget's passes over the images.
            classifier: own, trained in this run; vgg19; features.SET; or a folder of a classifier.
            layers: Of the classifier, by name; its usual ones when not given.
            weights: Of each layer; 1 when not given, as in the paper.
            encoder_grad: Whether the encoder learns from the classifier too.
            adjusted: Whether both are adjusted to codes of the prior, as for the paper's figures.
            lr: Learning rate of Adam; the budget's own when not given.
            batch: Images in a batch; the budget's own when not given.
            z: Width of the code; the budget's own when not given.
            widths: Channels of the VAE at each resolution; the budget's own when not given.
            extractor: Another classifier, by whom samples and reconstructions are measured.
            rows: Test rows measured, at most; the budget's own when not given.
        """
        plan = given(plans[budget], lr=lr, batch=batch, z=z, widths=widths, rows=rows)
        plan = scaled(plan, epochs, seed, rows)
        if (extractor, data) != (measured_by, source.name):
            plan = replace(plan, cut=None)
        splits = replace(source, name=data, valid=valid, size=size).load_splits()
        return build_discreg_stages(
            splits,
            plan,
            classifier,
            layers,
            {"weights": weights, "encoder_grad": encoder_grad},
            extractor,
            seed=seed,
            adjusted=adjusted,
        )

    return experiment


def build_discreg_stages(
    splits: Mapping[str, Dataset],
    plan: Plan,
    classifier: str,
    layers: tuple[str, ...] | None,
    regularised_arguments: Mapping[str, Any],
    extractor: str | None,
    *,
    seed: int,
    adjusted: bool,
) -> Experiment:
    """The classifier, where it is trained in the run, and a VAE without it and with.

    Args:
        splits: Raw rows.
        plan: How large the networks are, and how they are trained.
        classifier: See `_classifiers.judge`.
        layers: Of it, by name; its usual ones when None.
        regularised_arguments: Arguments of `builders.discriminative.stacked_discriminative_vae` for the one with.
        extractor: Another classifier, by whom they are measured.
        seed: Of the order.
        adjusted: Whether both are adjusted to codes of the prior.
    """
    found = build_regularising_classifier(
        classifier, layers, splits["train"], splits["test"], plan.classifier, plan.dense
    )
    regularised = {"discriminative": regularised_arguments}
    vaes = build_vae_stages(
        splits, plan, found, regularised, extractor, seed=seed, adjusted=adjusted
    )
    return vaes if found.stage is None else {"classifier": found.stage, **vaes}


def build_vae_stages(
    splits: Mapping[str, Dataset],
    plan: Plan,
    classifier: RegularisingClassifier,
    regularised: Mapping[str, Mapping[str, Any]],
    extractor: str | None,
    *,
    seed: int,
    adjusted: bool,
) -> dict[str, Stage]:
    """The VAE without regularisation, those with, and all adjusted.

    Args:
        splits: Raw rows.
        plan: How large they are, and how they are trained.
        classifier: The classifier.
        regularised: What is particular to each of those with, by the name of its stage: arguments
            of `builders.discriminative.stacked_discriminative_vae`.
        extractor: Another classifier, by whom they are measured.
        seed: Of the order.
        adjusted: Whether all are adjusted to codes of the prior.
    """
    train = splits["train"]
    made = _make_vae_recipes(train, plan, classifier, regularised)
    starts: dict[str, Callable[[Method], None]] = dict.fromkeys(
        regularised, partial(_copy_weights_to_vae, found=classifier)
    )
    methods = {name: recipe.build() for name, recipe in made.items()}
    if adjusted:
        fixed = Recipe("stacked_adjusted_vae", {"images": made["vae"].arguments["images"]})
        for name in tuple(made):
            its = f"{name}_adjusted"
            made[its], methods[its] = fixed, fixed.build()
            starts[its] = partial(
                initialize_adjusted_vae, source=methods[name], batches=plan.recalibrating
            )
    space = Preprocessor(
        kind="images", shape=tuple(train.x.shape[1:]), flat=False, classes=train.classes
    )
    cut = None if plan.cut is None else round(plan.cut * train.x.shape[-1])
    measured = DiscregEvaluations(
        splits, space, classifier.network, extractor, cut, plan.rows, plan.nll_rows, plan.k
    )
    facts = {"data": train.name, "fingerprint": train.fingerprint}
    stages: dict[str, Stage] = {}
    for name, recipe in made.items():
        passes = plan.adjusting if name.endswith("_adjusted") else plan.epochs
        pictures: dict[str, PictureWriter] = {"samples": partial(show_samples, space=space)}
        without = "vae_adjusted" if name.endswith("_adjusted") else "vae"
        if name != without:
            pictures |= DiscregPictures(splits["valid"], space, methods[without]).make_pictures()
        stages[name] = Stage(
            method=methods[name],
            batches=InMemoryBatches(train.x, plan.batch, seed),
            engine=_make_vae_engine(round(passes * len(train) / plan.batch), plan.lr),
            evaluations=measured.make_evaluations(),
            recipe=recipe,
            space=space,
            start=starts.get(name),
            pictures=pictures,
            data=splits,
            facts=facts,
        )
    return stages


def _make_vae_recipes(
    train: Dataset,
    plan: Plan,
    classifier: RegularisingClassifier,
    regularised: Mapping[str, Mapping[str, Any]],
) -> dict[str, Recipe]:
    """Of the VAE without regularisation, called vae, and of those with."""
    channels, size, _ = train.x.shape[1:]
    images = {
        "channels": channels,
        "size": size,
        "z": plan.z,
        "widths": list(plan.widths),
        "hidden": plan.hidden,
    }
    common = {"images": images, "scale": plan.scale}
    judged = {
        **common,
        "classifier": classifier.config,
        "layers": list(classifier.layers),
        "feature_scale": plan.feature_scale,
    }
    return {"vae": Recipe("stacked_vae", common)} | {
        name: Recipe("stacked_discriminative_vae", {**judged, **told})
        for name, told in regularised.items()
    }


def _make_vae_engine(steps: int, lr: float) -> Engine:
    """Adam, whose rate rises over a tenth of the rounds and falls; bf16 where it pays."""
    rate = partial(rise_then_cosine, steps=steps, rise=0.1)
    return Engine(steps, adam(lr), learning_rate=rate, precision="bf16")


def _copy_weights_to_vae(method: Method, *, found: RegularisingClassifier) -> None:
    assert isinstance(method, DiscriminativeVAE)
    found.copy_weights_to(method.d)
