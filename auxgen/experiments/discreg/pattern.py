"""Where the pattern of two pixels in regularised images comes from, and what takes it away.

    auxgen train discreg.pattern --run runs/pattern
    auxgen reproduce discreg.pattern

Not in the paper, whose figure 7 shows the pattern. One thing at a time is other than in its
authors' code: what the classifier is asked (after its ReLU, without strides, of moved images, by
less), or how the decoder doubles its maps. The VAEs are of one run, of the same images in the same
order; all but one have the same classifier.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...networks.stacked import STRIDED_LAYERS
from ...stage import Experiment
from ..common import Budget
from .budgets import PATTERN
from .classifiers import OWN_CLASSIFIER, build_regularising_classifier
from .layers import add_picture_of_all
from .plans import LayersPlan
from .sets import load_square_splits
from .stages import build_vae_stages

AFTER_RELU = [layer.replace("norm", "relu") for layer in STRIDED_LAYERS]
STRIDES = 8
"""Pixels from one unit of the classifier's last layer to the next."""
POOLED_WEIGHTS = [0.25, 0.25, 0.25]
"""Its layers have four times the units."""
VARIANTS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "all": ("as in the authors' code", {}),
    "relu": ("after the ReLU", {"layers": AFTER_RELU}),
    "tenth": ("a tenth of the weight", {"weights": [0.1, 0.1, 0.1]}),
    "moved": ("moved images", {"shift": STRIDES // 2}),
}
"""Title and arguments of the stages with the authors' decoder and the same classifier."""
TITLES = {
    "vae": "without classifier",
    **{name: title for name, (title, _) in VARIANTS.items()},
    "pooled": "classifier without strides",
    "resized_vae": "without classifier, resize convolutions",
    "resized": "resize convolutions",
}


def make_plan(budget: Budget = "cpu") -> LayersPlan:
    """The plan: cpu is a third of a pass over the images, paper that of discreg.layers."""
    return PATTERN[budget]


def experiment(plan: LayersPlan = PATTERN["cpu"], *, seed: int = 0) -> Experiment:
    """Two classifiers, VAEs without them, and one for each thing that is other."""
    plan.check()
    splits = load_square_splits(plan.data, plan.valid_rows, size=plan.size)
    without_strides, resized = (
        replace(plan, classifier_pooled=True),
        replace(plan, resize_convolutions=True),
    )
    first, second = (
        build_regularising_classifier(OWN_CLASSIFIER, (), splits, own, seed, plan.scale_epochs)
        for own in (plan, without_strides)
    )
    arguments = {name: arguments for name, (_, arguments) in VARIANTS.items()}
    vaes = build_vae_stages(splits, plan, first, arguments, seed)
    weights = {"weights": POOLED_WEIGHTS}
    pooled = build_vae_stages(splits, plan, second, {"pooled": weights}, seed)
    last = build_vae_stages(splits, resized, first, {"resized": {}}, seed)
    evaluations = vaes["vae"].evaluations  # features of the same classifier for all
    vaes |= {"pooled": pooled["pooled"], "resized_vae": last["vae"], "resized": last["resized"]}
    vaes = {name: replace(stage, evaluations=evaluations) for name, stage in vaes.items()}
    return {
        **first.put_before({}),
        "pooled_classifier": second.put_before({})["classifier"],
        **add_picture_of_all(vaes, TITLES, splits),
    }
