"""How large the experiments' networks are, and how they are trained."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from ...errors import require_at_least
from ..features._stages import Plan as ClassifierPlan

DiscregBudget = Literal["cpu", "paper"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How large the networks are, and how they are trained.

    Attributes:
        widths: Channels of the VAE at each resolution.
        hidden: Width of its dense layers.
        z: Width of its code.
        epochs: Passes over the training images.
        lr: Learning rate of Adam.
        batch: Images in a batch.
        scale: Of every entry of p(x|z) at the start.
        feature_scale: Of every entry of p(d_l(x)|z) at the start.
        classifier: How an own classifier is trained.
        dense: Width of its dense layer.
        adjusting: Passes in which the encoder adapts to the decoder's adjusted batch norm.
        recalibrating: Batches of 500 codes that its statistics are estimated on.
        rows: Test rows that are reconstructed.
        nll_rows: Rows of each split that likelihoods are measured on.
        k: Importance weights for each.
        cut: Of a picture's side, that of the central square on which another classifier's verdict
            is asked, where it was taught by pictures cut closer; all of it when None.
    """

    widths: tuple[int, ...]
    hidden: int
    z: int
    epochs: float
    lr: float
    batch: int = 100
    scale: float = 1.0
    feature_scale: float = 1.0
    classifier: ClassifierPlan
    dense: int
    adjusting: float = 1.0
    recalibrating: int = 30
    rows: int
    nll_rows: int
    k: int = 100
    cut: float | None = None


def given(plan: Plan, **fields: Any) -> Plan:
    """The plan with what a person asks for instead; its own where that is None."""
    return replace(plan, **{name: value for name, value in fields.items() if value is not None})


def scaled(plan: Plan, epochs: float, seed: int, rows: int | None) -> Plan:
    """The plan with a factor on all passes over the images, and at most so many rows measured."""
    require_at_least(2, batch=plan.batch)
    require_at_least(1, z=plan.z, width=min(plan.widths), rows=plan.rows)
    its = replace(plan.classifier, epochs=plan.classifier.epochs * epochs, seed=seed)
    return replace(
        plan,
        classifier=its,
        epochs=plan.epochs * epochs,
        adjusting=plan.adjusting * epochs,
        recalibrating=max(1, round(plan.recalibrating * min(1.0, epochs))),
        nll_rows=min(plan.nll_rows, rows or plan.nll_rows),
    )
