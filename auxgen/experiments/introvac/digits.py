"""scikit-learn's digits with attributes made of classes: IntroVAC in seconds.

    auxgen train introvac.digits --run runs/digits
    auxgen evaluate runs/digits
    auxgen reproduce introvac.digits

Loop: 0, 6, 8, 9 have one, and 1, 2, 3, 5, 7 have none; of a 4 it is left blank, as people write it
both ways. Round top: 0, 2, 3, 8, 9 have one, and 1, 4, 5, 6, 7 have none.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...data import attributes as described
from ...data import images
from ...evaluation.judges import MulticlassScorer
from ...stage import Experiment
from ..common import Reproduction, TableRow
from ._measured import IntrovacEvaluations
from ._pictures import IntrovacPictures
from ._stages import IntrovacModelName, Plan, build_introvac_stages
from ._tables import MODELS, SEEDS

__all__ = ["SEEDS", "experiment", "reproduction"]

LOOP: Mapping[str, int] = {c: int(c in "0689") for c in "012356789"}
ROUND_TOP: Mapping[str, int] = {c: int(c in "02389") for c in "0123456789"}
ATTRIBUTES: Mapping[str, Mapping[str, int]] = {"Loop": LOOP, "RoundTop": ROUND_TOP}


def experiment(
    *,
    seed: int = 0,
    model: IntrovacModelName = "all",
    epochs: float = 40,
    pretraining: float = 5,
    lr: float = 1e-3,
    batch: int = 64,
    width: int = 32,
    latent: int = 8,
    average: float = 0.99,
    judge: str = "features.digits",
) -> Experiment:
    """A plain VAE, VAC and IntroVAC on digits of 8 x 8 pixels.

    Args:
        seed: Of the initialisation and the order.
        model: all, or one of them alone.
        epochs: Passes over the training rows.
        pretraining: How many of them without a game.
        lr: Learning rate of Adam.
        batch: Rows in a batch.
        width: Channels of the blocks.
        latent: Width of the code.
        average: Decay of the moving average.
        judge: Classifier of the digits, trained apart, that edits are measured by.
    """
    train, test = (
        described.derive_attributes_from_classes(
            images.load_image_dataset("digits", split), ATTRIBUTES
        )
        for split in ("train", "test")
    )
    plan = Plan(
        widths=(width,),
        z=latent,
        epochs=epochs,
        vac_epochs=epochs,
        pretraining=pretraining,
        vac_halvings=(0.4, 0.6, 0.8),
        lr=lr,
        batch=batch,
        average=average,
        precision="32",
    )
    measured = IntrovacEvaluations(train, test, "test", MulticlassScorer(judge, ATTRIBUTES), judge)
    shown = IntrovacPictures(train, test, delta=3.0, joint_delta=4.0)
    return build_introvac_stages(
        train, plan, seed=seed, model=model, evaluations=measured, illustrations=shown
    )


def reproduction(budget: str) -> Reproduction:
    """All models, on the 500 test digits; small at either budget."""
    del budget
    lines = [
        TableRow(title, "introvac.digits", _make_digit_columns(stage, title))
        for stage, title in MODELS.items()
    ]
    return Reproduction("A loop and a round top added to digits", lines)


def _make_digit_columns(stage: str, title: str) -> Mapping[str, str]:
    """Scores by title; what was lost at equal effect is measured with IntroVAC."""
    found = {
        "FD of reconstructions, not FID": f"{stage}/reconstruction FD(features.digits)",
        "mean absolute error": f"{stage}/l1",
    }
    for name in ATTRIBUTES:
        found[f"{name} comes at some distance up to 6"] = f"{stage}/{name} flipped"
        found[f"{name}: steps at which the mean logit rises"] = f"{stage}/{name} rising"
        beside = f"introvac/{name} +3, {title}"
        found[f"{name}: likeness lost, logit risen by 3"] = f"{beside}: likeness lost"
        found[f"{name}: the other changed, logit risen by 3"] = f"{beside}: asked changed"
    if stage != "vae":
        found["error of the attributes"] = f"{stage}/attribute_error"
        for name in ATTRIBUTES:
            found[f"{name} in draws kept"] = f"{stage}/{name} in draws kept"
    return found
