"""Why regularised images have a pattern of their own: figure 7 (Lamb et al., 2016, section 5.5).

    auxgen train discreg.artefacts --run runs/artefacts
    auxgen reproduce discreg.figure7

An autoencoder is overfitted to 100 images, taught only by a layer of a classifier: once by the
layer as it is, once by the layer blurred, which stands for a model that cannot match it. Neither
the blur's width nor the autoencoder's size is told in the paper. The cpu budget has faces of
32 x 32 pixels, and an autoencoder of one halving.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from ...builders import Recipe
from ...data.augmentation import identity
from ...data.batches import InMemoryBatches
from ...data.dataset import Dataset, Preprocessor
from ...engine.settings import Engine, adam
from ...errors import require_at_least
from ...evaluation.images import PixelSimilarity
from ...functional.schedules import hold_then_cosine
from ...inference.codes import reconstruct_rows
from ...method import Method
from ...methods.feature_autoencoder import FeatureAutoencoder
from ...plotting.panels import write_panels
from ...stage import Experiment, Stage
from ..features._stages import Plan as ClassifierPlan
from ._classifiers import RegularisingClassifier, build_regularising_classifier
from ._sets import ImageSource

ROWS = 100
LAYER = "convolutions.relu2"


def experiment(
    *,
    seed: int = 0,
    data: str = "celeba",
    budget: Literal["cpu", "paper"] = "cpu",
    classifier: str = "own",
    layers: tuple[str, ...] = (LAYER,),
    blur: float = 1.0,
    size: int | None = None,
    steps: int | None = None,
    lr: float | None = None,
    widths: tuple[int, ...] | None = None,
    z: int = 256,
    classifier_epochs: float | None = None,
) -> Experiment:
    """A classifier, and two autoencoders that know the images through it alone.

    Args:
        seed: Of the initialisation and the order.
        data: Name, hub id or folder of square images, with labels for an own classifier.
        budget: cpu has faces of half the size and a narrower autoencoder.
        classifier: own, trained in this run; vgg19; features.SET; or a folder of a classifier.
        layers: Of it; the second convolution's when not given.
        blur: Standard deviation of the blur, in places of the layer.
        size: Side in pixels that images are resized to; for faces the budget's own when not given.
        steps: Rounds; the budget's own when not given.
        lr: Learning rate of Adam; the budget's own when not given.
        widths: Channels of the autoencoder at each resolution; the budget's own when not given.
        z: Width of its code.
        classifier_epochs: Passes of an own classifier; the budget's own when not given.
    """
    require_at_least(1, z=z)
    of_budget = BUDGETS[budget]
    faces = data == "celeba"
    side = size or (of_budget["size"] if faces else None)
    source = ImageSource(data, crop=178 if faces else None, size=side)
    train, test = (source.load_split(split) for split in ("train", "test"))
    plan = ClassifierPlan(
        blocks=1,
        width=of_budget["width"],
        epochs=classifier_epochs or of_budget["epochs"],
        lr=2e-3,
        batch=100,
        seed=seed,
        corruption=identity,
    )
    found = build_regularising_classifier(classifier, layers, train, test, plan, of_budget["dense"])
    channels, size, _ = train.x.shape[1:]
    wide = list(widths or of_budget["widths"])
    images = {"channels": channels, "size": size, "z": z, "widths": wide, "hidden": 500}
    told = {"images": images, "classifier": found.config, "layers": list(found.layers)}
    rounds = steps or of_budget["steps"]
    control = Recipe("stacked_feature_autoencoder", told)
    blurred = Recipe("stacked_feature_autoencoder", {**told, "blur": blur})
    engine = Engine(
        rounds,
        adam(lr or of_budget["lr"]),
        learning_rate=partial(hold_then_cosine, steps=rounds, hold=0.5),
    )
    few = train[:ROWS]
    first = _build_autoencoder_stage(control, few, found, engine, seed)
    panels = partial(_draw_autoencoder_panels, rows=few, control=first.method)
    second = replace(
        _build_autoencoder_stage(blurred, few, found, engine, seed), pictures={"panels": panels}
    )
    stages = {"identity": first, "blurred": second}
    return stages if found.stage is None else {"classifier": found.stage, **stages}


def _build_autoencoder_stage(
    recipe: Recipe, few: Dataset, classifier: RegularisingClassifier, engine: Engine, seed: int
) -> Stage:
    """An autoencoder of a few images, all in every batch."""
    space = Preprocessor(
        kind="images", shape=tuple(few.x.shape[1:]), flat=False, classes=few.classes
    )
    close = PixelSimilarity(few, space, measures=("psnr", "high_frequency"), split_name="train")
    return Stage(
        method=recipe.build(),
        batches=InMemoryBatches(few.x, len(few), seed),
        engine=engine,
        evaluations={"closeness": close},
        recipe=recipe,
        space=space,
        start=partial(_copy_weights_to_autoencoder, found=classifier),
        data={"train": few},
        facts={"data": few.name, "fingerprint": few.fingerprint},
    )


def _copy_weights_to_autoencoder(method: Method, *, found: RegularisingClassifier) -> None:
    assert isinstance(method, FeatureAutoencoder)
    found.copy_weights_to(method.h)


def _draw_autoencoder_panels(method: Method, file: Path, *, rows: Dataset, control: Method) -> None:
    """Images, and what both autoencoders make of them (figure 7)."""
    raw = rows[:15].raw_rows()
    space = Preprocessor(kind="images", shape=tuple(raw.shape[1:]), flat=False)
    write_panels(
        {
            "images": raw,
            "taught by the layer": reconstruct_rows(control.eval(), space, raw)[:, 1],
            "taught by the layer, blurred": reconstruct_rows(method, space, raw)[:, 1],
        },
        file,
        columns=5,
    )


BUDGETS: dict[str, dict[str, Any]] = {
    "cpu": {
        "size": 32,
        "steps": 700,
        "lr": 5e-3,
        "widths": (16,),
        "width": 16,
        "dense": 256,
        "epochs": 3,
    },
    "paper": {
        "size": 64,
        "lr": 1e-3,
        "steps": 2000,
        "widths": (16, 32, 64, 128),
        "width": 32,
        "dense": 1000,
        "epochs": 50,
    },
}
