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
from ...data.augmentation import as_they_lie
from ...data.batches import Resident
from ...data.dataset import Examples, Space
from ...engine.settings import Engine, adam
from ...errors import at_least
from ...evaluation.images import Closeness
from ...functional.schedules import hold_then_cosine
from ...inference.codes import reconstruct
from ...method import Method
from ...methods.feature_autoencoder import FeatureAutoencoder
from ...plotting.panels import write_panels
from ...stage import Experiment, Stage
from ..common import About
from ..features._stages import Plan as ClassifierPlan
from ._classifiers import Judge, judge
from ._sets import Set

ABOUT = About(
    shows="Figure 7: images taught by a classifier's layer, as it is and blurred",
    paper="a picture without numbers",
    ours="PSNR 27.7 dB as it is, 13.8 dB blurred; 1 seed (results/discreg.figure7.json)",
    time="some minutes of one CPU core (cpu), or of a GPU (paper, not run yet)",
)

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
    at_least(1, z=z)
    of_budget = BUDGETS[budget]
    faces = data == "celeba"
    side = size or (of_budget["size"] if faces else None)
    source = Set(data, crop=178 if faces else None, size=side)
    train, test = (source.load(split) for split in ("train", "test"))
    plan = ClassifierPlan(
        blocks=1,
        width=of_budget["width"],
        epochs=classifier_epochs or of_budget["epochs"],
        lr=2e-3,
        batch=100,
        seed=seed,
        corruption=as_they_lie,
    )
    found = judge(classifier, layers, train, test, plan, of_budget["dense"])
    channels, size, _ = train.x.shape[1:]
    wide = list(widths or of_budget["widths"])
    images = {"channels": channels, "size": size, "z": z, "widths": wide, "hidden": 500}
    told = {"images": images, "classifier": found.told, "layers": list(found.layers)}
    rounds = steps or of_budget["steps"]
    control = Recipe("stacked_feature_autoencoder", told)
    blurred = Recipe("stacked_feature_autoencoder", {**told, "blur": blur})
    engine = Engine(
        rounds,
        adam(lr or of_budget["lr"]),
        learning_rate=partial(hold_then_cosine, steps=rounds, hold=0.5),
    )
    few = train[:ROWS]
    first = stage(control, few, found, engine, seed)
    panels = partial(show, rows=few, control=first.method)
    second = replace(stage(blurred, few, found, engine, seed), pictures={"panels": panels})
    stages = {"identity": first, "blurred": second}
    return stages if found.stage is None else {"classifier": found.stage, **stages}


def stage(made: Recipe, few: Examples, found: Judge, engine: Engine, seed: int) -> Stage:
    """An autoencoder of a few images, all in every batch."""
    space = Space(kind="images", shape=tuple(few.x.shape[1:]), flat=False, classes=few.classes)
    close = Closeness(few, space, measures=("psnr", "high_frequency"), split_name="train")
    return Stage(
        method=made.build(),
        batches=Resident(few.x, len(few), seed),
        engine=engine,
        evaluations={"closeness": close},
        recipe=made,
        space=space,
        start=partial(sworn_in, found=found),
        data={"train": few},
        facts={"data": few.name, "fingerprint": few.fingerprint},
    )


def sworn_in(method: Method, *, found: Judge) -> None:
    assert isinstance(method, FeatureAutoencoder)
    found.swear_in(method.h)


def show(method: Method, file: Path, *, rows: Examples, control: Method) -> None:
    """Images, and what both autoencoders make of them (figure 7)."""
    raw = rows[:15].raw()
    space = Space(kind="images", shape=tuple(raw.shape[1:]), flat=False)
    write_panels(
        {
            "images": raw,
            "taught by the layer": reconstruct(control.eval(), space, raw)[:, 1],
            "taught by the layer, blurred": reconstruct(method, space, raw)[:, 1],
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
