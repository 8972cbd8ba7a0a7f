"""The stages that experiments share: VAEs with and without regularisation, in one run."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ...builders import Recipe
from ...data.batches import InMemoryBatches
from ...data.dataset import Dataset
from ...engine.settings import Engine, adam
from ...functional.schedules import rise_then_cosine
from ...methods.discreg import initialize_adjusted_vae
from ...plotting.panels import show_samples
from ...stage import Experiment, PictureWriter, Stage
from ..common import count_steps, dataset_facts, image_preprocessor
from .classifiers import RegularisingClassifier, build_regularising_classifier
from .evaluations import DiscregPictures, make_vae_evaluations
from .plans import DiscregPlan, RegularisedPlan, VaeComparisonPlan


def build_regularised_stages(
    splits: Mapping[str, Dataset], plan: RegularisedPlan, seed: int
) -> Experiment:
    """The classifier, where the run trains it, a VAE without it and with it, and both adjusted.

    Splits are raw rows of train, valid and test.
    """
    plan.check()
    found = build_regularising_classifier(
        plan.classifier, plan.classifier_layers, splits, plan, seed, plan.scale_epochs
    )
    arguments = {"weights": plan.layer_weights or None, "encoder_grad": plan.encoder_grad}
    vaes = build_vae_stages(splits, plan, found, {"discriminative": arguments}, seed)
    adjusted = _build_adjusted_stages(vaes, plan, seed) if plan.adjusted else {}
    return found.put_before({**vaes, **adjusted})


def build_vae_stages(
    splits: Mapping[str, Dataset],
    plan: VaeComparisonPlan,
    classifier: RegularisingClassifier,
    regularised: Mapping[str, Mapping[str, Any]],
    seed: int,
) -> dict[str, Stage]:
    """The VAE without regularisation, and those with.

    Those have arguments of `builders.discreg.stacked_discriminative_vae` in `regularised`, by the
    names of their stages.
    """
    train = splits["train"]
    space = image_preprocessor(train)
    plain = {"images": make_image_arguments(train, plan), "scale": plan.pixel_scale}
    taps = {"classifier": classifier.config, "layers": list(classifier.layers)}
    shared = {**plain, **taps, "feature_scale": plan.feature_scale}
    recipes = {"vae": Recipe("stacked_vae", plain)}
    for name, arguments in regularised.items():
        recipes[name] = Recipe("stacked_discriminative_vae", {**shared, **arguments})
    methods = {name: recipe.build() for name, recipe in recipes.items()}
    samples: dict[str, PictureWriter] = {"samples": partial(show_samples, space=space)}
    beside = DiscregPictures(splits["valid"], space, methods["vae"]).make_pictures()
    return {
        name: Stage(
            method=methods[name],
            batches=InMemoryBatches(train.x, plan.batch, seed),
            engine=_make_vae_engine(plan, len(train), plan.vae_epochs),
            evaluations=make_vae_evaluations(splits, space, classifier.network, plan),
            recipe=recipe,
            space=space,
            start=classifier.copy_weights_to if name in regularised else None,
            pictures={**samples, **beside} if name in regularised else samples,
            data=splits,
            facts=dataset_facts(train),
        )
        for name, recipe in recipes.items()
    }


def _build_adjusted_stages(
    vaes: Mapping[str, Stage], plan: RegularisedPlan, seed: int
) -> dict[str, Stage]:
    """The same VAEs, adjusted to codes of the prior, each after the VAE that it starts from."""
    vae = vaes["vae"]
    assert vae.recipe is not None
    assert vae.space is not None
    train = vae.data["train"]
    recipe = Recipe("stacked_adjusted_vae", {"images": vae.recipe.arguments["images"]})
    methods = {name: recipe.build() for name in vaes}
    batches = max(1, round(plan.adjusting_batches * min(1.0, plan.scale_epochs)))
    beside = DiscregPictures(vae.data["valid"], vae.space, methods["vae"]).make_pictures()
    return {
        f"{name}_adjusted": replace(
            stage,
            method=methods[name],
            batches=InMemoryBatches(train.x, plan.batch, seed),
            engine=_make_vae_engine(plan, len(train), plan.adjusting_epochs),
            recipe=recipe,
            start=partial(initialize_adjusted_vae, source=stage.method, batches=batches),
            pictures=vae.pictures if name == "vae" else {**vae.pictures, **beside},
        )
        for name, stage in vaes.items()
    }


def make_image_arguments(train: Dataset, plan: DiscregPlan) -> dict[str, Any]:
    """The argument `images` of the paper's builders: the sizes of an encoder and a decoder."""
    channels, size, _ = train.x.shape[1:]
    networks: dict[str, Any] = {
        "z": plan.latent,
        "widths": list(plan.widths),
        "hidden": plan.hidden,
    }
    if plan.resize_convolutions:
        networks["resize_convolutions"] = True
    return {"channels": channels, "size": size, **networks}


def _make_vae_engine(plan: VaeComparisonPlan, rows: int, epochs: float) -> Engine:
    """Adam, whose rate rises over a tenth of the rounds and falls."""
    steps = count_steps(rows, plan.batch, epochs * plan.scale_epochs)
    return Engine(
        steps,
        adam(plan.lr),
        learning_rate=partial(rise_then_cosine, steps=steps, rise=0.1),
        average=plan.average,
        old_precision="bf16",
    )
