"""Which layers help: each of the classifier's alone, all, and all with other weights.

    auxgen train discreg.layers --run runs/layers
    auxgen reproduce discreg.layers

Not in the paper, which regularises by several layers and weighs all alike. All variants are of one
run: the same classifier, the same images in the same order. Measured by what took no part in
training: the verdict of another classifier on reconstructions, and the distance of samples in its
features.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ...data.dataset import Dataset, Preprocessor
from ...method import Method
from ...networks.stacked import STRIDED_LAYERS
from ...plotting.panels import write_panels
from ...stage import Experiment, Stage
from ..common import Budget, image_preprocessor
from .budgets import LAYERS
from .classifiers import OWN_CLASSIFIER, build_regularising_classifier
from .evaluations import reconstruct_by_title
from .plans import LayersPlan
from .sets import load_square_splits
from .stages import build_vae_stages

FIRST, SECOND, THIRD = ([layer] for layer in STRIDED_LAYERS)
VARIANTS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "first": ("first layer", {"layers": FIRST}),
    "second": ("second layer", {"layers": SECOND}),
    "third": ("third layer", {"layers": THIRD}),
    "all": ("all three", {}),
    "tenth": ("all, a tenth of the weight", {"weights": [0.1, 0.1, 0.1]}),
    "tenfold": ("all, ten times the weight", {"weights": [10.0, 10.0, 10.0]}),
    "decoder": ("all, decoder alone learns", {"encoder_grad": False}),
}
"""Title and arguments of each regularised stage."""
TITLES = {"vae": "none"} | {name: title for name, (title, _) in VARIANTS.items()}


def make_plan(budget: Budget = "cpu") -> LayersPlan:
    """The plan: cpu is one pass over the images, paper that of discreg.fashion."""
    return LAYERS[budget]


def experiment(plan: LayersPlan = LAYERS["cpu"], *, seed: int = 0) -> Experiment:
    """A classifier, a VAE without it, and one for each choice of its layers and weights."""
    plan.check()
    splits = load_square_splits(plan.data, plan.valid_rows, size=plan.size)
    found = build_regularising_classifier(OWN_CLASSIFIER, (), splits, plan, seed, plan.scale_epochs)
    arguments = {name: arguments for name, (_, arguments) in VARIANTS.items()}
    vaes = build_vae_stages(splits, plan, found, arguments, seed)
    return found.put_before(add_picture_of_all(vaes, TITLES, splits))


def add_picture_of_all(
    vaes: Mapping[str, Stage], titles: Mapping[str, str], splits: Mapping[str, Dataset]
) -> dict[str, Stage]:
    """The stages, the last of which draws reconstructions by all of them, under their titles."""
    draw = partial(
        _draw_all_reconstructions,
        rows=splits["valid"][:15],
        space=image_preprocessor(splits["train"]),
        methods={titles[name]: stage.method for name, stage in vaes.items()},
    )
    *_, last = vaes
    pictures = {**vaes[last].pictures, "reconstructions of all": draw}
    return {**vaes, last: replace(vaes[last], pictures=pictures)}


def _draw_all_reconstructions(
    method: Method, file: Path, *, rows: Dataset, space: Preprocessor, methods: Mapping[str, Method]
) -> None:
    """Reconstructions at the means of q(z|x); `method` is among the methods by title."""
    del method
    raw = rows.raw_rows()
    panels = {"originals": raw, **reconstruct_by_title(methods, space, raw)}
    write_panels(panels, file, columns=5, across=3)
