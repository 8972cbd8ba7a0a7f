"""Why regularised images have a pattern of their own: figure 7 (Lamb et al., 2016, section 5.5).

    auxgen train discreg.artefacts --run runs/artefacts
    auxgen reproduce discreg.figure7

An autoencoder is overfitted to 100 images, taught only by a layer of a classifier: once by the
layer as it is, once by the layer blurred, which stands for a model that cannot match it. The paper
gives neither the blur's width nor the autoencoder's size. The cpu budget has faces of 32 x 32
pixels, and an autoencoder of one halving.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ...builders import Recipe
from ...data.batches import InMemoryBatches
from ...data.dataset import Dataset, Preprocessor
from ...engine.settings import Engine, adam
from ...errors import require_at_least
from ...evaluation.images import PixelSimilarity
from ...functional.schedules import hold_then_cosine
from ...method import Method
from ...plotting.panels import write_panels
from ...stage import Experiment, Stage
from ..common import Budget, dataset_facts, image_preprocessor
from .budgets import ARTEFACTS
from .classifiers import RegularisingClassifier, build_regularising_classifier
from .evaluations import reconstruct_by_title
from .plans import ArtefactsPlan
from .sets import load_square_images
from .stages import make_image_arguments


def make_plan(budget: Budget = "cpu", data: str = ARTEFACTS["cpu"].data) -> ArtefactsPlan:
    """The plan; images that are not the paper's faces are neither cut nor resized."""
    usual = ARTEFACTS[budget]
    return usual if data == usual.data else replace(usual, data=data, crop=None, size=None)


def experiment(plan: ArtefactsPlan = ARTEFACTS["cpu"], *, seed: int = 0) -> Experiment:
    """A classifier, and two autoencoders that know the images through it alone."""
    require_at_least(1, latent=plan.latent, train_rows=plan.train_rows, batch=plan.batch)
    load = partial(load_square_images, plan.data, crop=plan.crop, size=plan.size)
    splits = {split: load(split) for split in ("train", "test")}
    found = build_regularising_classifier(
        plan.classifier, plan.classifier_layers, splits, plan, seed
    )
    few = splits["train"][: plan.train_rows]
    arguments = {
        "images": make_image_arguments(few, plan),
        "classifier": found.config,
        "layers": list(found.layers),
    }
    first, second = (
        _build_autoencoder_stage({**arguments, **blur}, few, found, plan, seed)
        for blur in ({}, {"blur": plan.blur})
    )
    panels = partial(
        _draw_autoencoder_panels, rows=few, space=image_preprocessor(few), control=first.method
    )
    second = replace(second, pictures={"panels": panels})
    return found.put_before({"identity": first, "blurred": second})


def _build_autoencoder_stage(
    arguments: Mapping[str, Any],
    few: Dataset,
    classifier: RegularisingClassifier,
    plan: ArtefactsPlan,
    seed: int,
) -> Stage:
    """An autoencoder of a few images."""
    recipe = Recipe("stacked_feature_autoencoder", arguments)
    space = image_preprocessor(few)
    close = PixelSimilarity(few, space, measures=("psnr", "high_frequency"), split_name="train")
    rate = partial(hold_then_cosine, steps=plan.steps, hold=0.5)
    return Stage(
        method=recipe.build(),
        batches=InMemoryBatches(few.x, min(plan.batch, len(few)), seed),
        engine=Engine(plan.steps, adam(plan.lr), learning_rate=rate, average=plan.average),
        evaluations={"closeness": close},
        recipe=recipe,
        space=space,
        start=classifier.copy_weights_to,
        data={"train": few},
        facts=dataset_facts(few),
    )


def _draw_autoencoder_panels(
    method: Method, file: Path, *, rows: Dataset, space: Preprocessor, control: Method
) -> None:
    """Images, and what both autoencoders make of them (figure 7)."""
    raw = rows[:15].raw_rows()
    methods = {"taught by the layer": control, "taught by the layer, blurred": method}
    write_panels({"images": raw, **reconstruct_by_title(methods, space, raw)}, file, columns=5)
