"""CelebA (Liu et al., 2015) as the paper divides it: glasses, facial hair, and both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from ...data import attributes as described
from ...data import images
from ...data.dataset import Dataset
from ...evaluation.judges import MultilabelScorer, ScorerEnsemble
from ...stage import Experiment
from ._measured import IntrovacEvaluations
from ._pictures import IntrovacPictures
from ._stages import ImageSize, IntrovacBudget, IntrovacModelName, Plan, build_introvac_stages

GLASSES: Mapping[str, Sequence[str]] = {"Eyeglasses": ("Eyeglasses",)}
FACIAL_HAIR: Mapping[str, Sequence[str]] = {"FacialHair": ("not No_Beard", "Goatee", "Mustache")}
EXTRACTOR = "features.celeba"
ATTRIBUTE_SCORERS: Mapping[int, tuple[str, ...]] = {
    32: ("features.celeba_32", "features.celeba_32-seed=1")
}
"""Who tell together how far edits go, by side of the images in pixels; else features.celeba."""
SECOND_SCORERS: Mapping[int, str] = {32: "features.celeba_32-seed=2"}
"""Who tells what else they change, likewise; else the judges themselves."""
WIDTHS: Mapping[tuple[IntrovacBudget, int], tuple[int, ...]] = {
    ("cpu", 32): (16, 32, 64),
    ("cpu", 64): (16, 32, 64, 128),
    ("cpu", 128): (16, 32, 64, 128, 256),
    ("paper", 32): (128, 256, 512),
    ("paper", 64): (64, 128, 256, 512),
    ("paper", 128): (32, 64, 128, 256, 512),
}
"""Of the blocks, by budget and side of the images in pixels."""
PLANS: Mapping[IntrovacBudget, Plan] = {
    "cpu": Plan(
        widths=(),
        z=64,
        epochs=20,
        vac_epochs=20,
        vac_halvings=(0.4, 0.6, 0.8),
        lr=1e-3,
        average=0.99,
    ),
    "paper": Plan(widths=(), z=256, epochs=150, vac_epochs=600),
}


def make_face_experiment(
    attributes: Mapping[str, Sequence[str]], *, ratio: float, delta: float
) -> Callable[..., Experiment]:
    """The experiment on one of the paper's three sets.

    Args:
        attributes: Each as any of several columns, see `described`.
        ratio: Rows without any of them for each row with one.
        delta: Distance that a single attribute is moved by in the paper's figure.
    """

    def experiment(
        *,
        seed: int = 0,
        budget: IntrovacBudget = "cpu",
        size: ImageSize | None = None,
        model: IntrovacModelName = "all",
        epochs: float = 1.0,
        vac_epochs: float | None = None,
        lr: float | None = None,
        batch: int | None = None,
        split: Literal["test", "valid"] = "test",
        judge: tuple[str, ...] | None = None,
        witness: str | None = None,
    ) -> Experiment:
        """A plain VAE, VAC and IntroVAC on faces.

        Args:
            seed: Of the initialisation and the order.
            budget: cpu is small networks; paper is the paper's, for a GPU.
            size: Side of the images in pixels: 64 at budget cpu and 128 at paper when not given.
            model: all, or one of them alone.
            epochs: Factor on the budget's passes over the training rows.
            vac_epochs: Passes of VAC and VAE, before that factor; the budget's own when not given.
            lr: Learning rate of Adam; the budget's own when not given.
            batch: Rows in a batch; the budget's own when not given.
            split: What is measured on: test, or valid for choices.
            judge: Classifiers of CelebA's attributes, trained apart, whose mean logit tells how far
                edits go; of this size, else features.celeba, when not given.
            witness: Another one, that tells what else edits change; of this size, else the judges
                themselves, when not given.
        """
        side = size or (64 if budget == "cpu" else 128)
        plan = chosen(budget, side, epochs=epochs, vac_epochs=vac_epochs, lr=lr, batch=batch)
        train, test = (_load_faces(part, side) for part in ("train", split))
        rows = described.select_attribute_subset(
            described.derive_attributes(train, attributes), ratio
        )
        held_out = described.derive_attributes(test, attributes)
        judges = judge or ATTRIBUTE_SCORERS.get(side, (EXTRACTOR,))
        seen_by = witness or (None if judge else SECOND_SCORERS.get(side))
        measured = IntrovacEvaluations(
            rows,
            held_out,
            split,
            ScorerEnsemble([MultilabelScorer(name, attributes) for name in judges]),
            EXTRACTOR,
            others=_select_other_attributes(train, attributes),
            second_scorer=MultilabelScorer(seen_by, attributes) if seen_by else None,
        )
        shown = IntrovacPictures(rows, held_out, delta)
        return build_introvac_stages(
            rows, plan, seed=seed, model=model, evaluations=measured, illustrations=shown
        )

    return experiment


def chosen(
    budget: IntrovacBudget,
    side: int,
    *,
    epochs: float,
    vac_epochs: float | None = None,
    lr: float | None = None,
    batch: int | None = None,
) -> Plan:
    """The budget's plan with what a person asks for instead."""
    plan = PLANS[budget]
    plan = replace(plan, widths=WIDTHS[budget, side], lr=lr or plan.lr, batch=batch or plan.batch)
    return replace(
        plan,
        epochs=plan.epochs * epochs,
        vac_epochs=(vac_epochs or plan.vac_epochs) * epochs,
        pretraining=plan.pretraining * min(epochs, 1.0),
    )


def _load_faces(split: str, side: int) -> Dataset:
    """CelebA, cut to 148 pixels and resized.

    Raises:
        InputError: It has none of the attributes.
    """
    found = images.load_image_dataset("celeba", split, size=side)
    found.require_attributes()  # none at all is told here, before anything is made of them
    return found


def _select_other_attributes(
    examples: Dataset, attributes: Mapping[str, Sequence[str]]
) -> Dataset | None:
    """The same rows with all attributes that these are not made of; None where there are none."""
    used = {
        column.removeprefix(described.NEGATION_PREFIX)
        for of in attributes.values()
        for column in of
    }
    rest = {name: (name,) for name in examples.attribute_names if name not in used}
    return described.derive_attributes(examples, rest) if rest else None
