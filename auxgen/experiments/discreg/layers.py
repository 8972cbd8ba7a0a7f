"""Which layers help: each of the classifier's alone, all, and all with other weights.

    auxgen train discreg.layers --run runs/layers
    auxgen reproduce discreg.layers

Not in the paper, which regularises by several layers and weighs all alike. All variants are of one
run: the same classifier, the same images in the same order. Measured by what took no part in
training: the verdict of another classifier on reconstructions, and the distance of samples in its
features.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...data.dataset import Dataset, Preprocessor
from ...inference.codes import reconstruct_rows
from ...method import Method
from ...networks.stacked import STRIDED_LAYERS
from ...plotting.panels import write_panels
from ...stage import Experiment
from ..common import Reproduction
from . import fashion
from ._classifiers import OWN_CLASSIFIER, build_regularising_classifier
from ._plan import DiscregBudget, given, scaled
from ._scores import NLL
from ._sets import ImageSource
from ._stages import build_vae_stages
from ._tables import ERRORS, make_discreg_rows

SEEDS = 3

FIRST, SECOND, THIRD = ([layer] for layer in STRIDED_LAYERS)
VARIANTS: dict[str, dict[str, Any]] = {
    "first": {"layers": FIRST},
    "second": {"layers": SECOND},
    "third": {"layers": THIRD},
    "all": {},
    "tenth": {"weights": [0.1, 0.1, 0.1]},
    "tenfold": {"weights": [10.0, 10.0, 10.0]},
    "decoder": {"encoder_grad": False},
}
"""What is particular to each stage."""
TITLES = {
    "vae": "none",
    "first": "first layer",
    "second": "second layer",
    "third": "third layer",
    "all": "all three",
    "tenth": "all, a tenth of the weight",
    "tenfold": "all, ten times the weight",
    "decoder": "all, decoder alone learns",
}

CPU = replace(fashion.CPU, epochs=1, batch=50, nll_rows=100)
CPU = replace(CPU, classifier=replace(CPU.classifier, epochs=1, batch=50))
PLANS = {"cpu": CPU, "paper": fashion.PAPER}


def experiment(
    *,
    seed: int = 0,
    data: str = "fashion_mnist",
    valid: int = 5000,
    budget: DiscregBudget = "cpu",
    epochs: float = 1.0,
    batch: int | None = None,
    z: int | None = None,
    widths: tuple[int, ...] | None = None,
    extractor: str = "features.fashion_mnist",
    rows: int | None = None,
) -> Experiment:
    """A classifier, a VAE without it, and one for each choice of its layers and weights.

    Args:
        seed: Of the initialisation and the order.
        data: Name, hub id or folder of square images with classes or attributes.
        valid: Last training rows for validation, where the set has no such split; 0 where it has.
        budget: cpu is one pass over the images; paper is that of discreg.fashion, for a GPU.
        epochs: Factor on the budget's passes over the images.
        batch: Images in a batch; the budget's own when not given.
        z: Width of the code; the budget's own when not given.
        widths: Channels of the VAE at each resolution; the budget's own when not given.
        extractor: Another classifier, by whom samples and reconstructions are measured.
        rows: Test rows measured, at most; the budget's own when not given.
    """
    plan = given(PLANS[budget], batch=batch, z=z, widths=widths, rows=rows)
    plan = scaled(plan, epochs, seed, rows)
    splits = ImageSource(data, valid).load_splits()
    found = build_regularising_classifier(
        OWN_CLASSIFIER, None, splits["train"], splits["test"], plan.classifier, plan.dense
    )
    assert found.stage is not None
    vaes = build_vae_stages(splits, plan, found, VARIANTS, extractor, seed=seed, adjusted=False)
    every = VariantPictures(splits["valid"], {name: stage.method for name, stage in vaes.items()})
    *_, last = vaes
    pictures = {**vaes[last].pictures, "reconstructions of all": every.draw_all_reconstructions}
    vaes[last] = replace(vaes[last], pictures=pictures)
    return {"classifier": found.stage, **vaes}


@dataclass(frozen=True, eq=False)
class VariantPictures:
    """All variants, to be seen beside each other.

    Attributes:
        rows: Raw rows held out.
        methods: By stage.
    """

    rows: Dataset
    methods: Mapping[str, Method]

    def draw_all_reconstructions(self, method: Method, file: Path) -> None:
        """At the means of q(z|x); `method` is among those beside it."""
        del method
        raw = self.rows[:15].raw_rows()
        space = Preprocessor(kind="images", shape=tuple(raw.shape[1:]), flat=False)
        back = {
            TITLES[name]: reconstruct_rows(method.eval(), space, raw)[:, 1]
            for name, method in self.methods.items()
        }
        write_panels({"originals": raw, **back}, file, columns=5, across=3)


def reproduction(budget: DiscregBudget) -> Reproduction:
    """All variants, on Fashion-MNIST."""
    columns = {
        "classes found in reconstructions": "accuracy of reconstructions",
        "FD of samples, not FID": "FD(features.fashion_mnist)",
        "NLL, nats per dimension": f"{NLL} of test",
        "PSNR": "psnr",
        **ERRORS,
    }
    return Reproduction(
        "Which layers help", make_discreg_rows("layers", columns, budget, stages=TITLES)
    )
