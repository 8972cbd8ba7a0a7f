"""What the weight of the KL terms at the start does to errors from 100 labels of MNIST.

    auxgen reproduce adgm.kl_weight

Not in the paper, which has a weight of 1, and warms up from 0 where there are no labels. Errors are
of the last 10,000 training images: this is what settings are chosen by.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..common import Reproduction, TableRow

__all__ = ["SEEDS", "reproduction"]

SEEDS = 3
ERROR = "validation error"
START_WEIGHTS: Mapping[float, str] = {0.0: "rises from 0", 1.0: "1 throughout", 3.0: "falls from 3"}
MODELS: Mapping[str, str] = {"adgm": "ADGM", "sdgm": "SDGM"}


def reproduction(budget: str) -> Reproduction:
    """Each model under each start, six epochs, half of which the weight changes in."""
    settings = {
        "budget": budget,
        "held_out": True,
        "epochs": 6,
        "monitor": 1,
        "hold": 0.8,
        "plain_start": True,
    }
    rows = [
        TableRow(
            f"{name}, weight {said}",
            "adgm.mnist_100",
            {ERROR: f"{model}/test_error"},
            {"model": model, "warm_up": 3.0, "warm_up_from": start, **settings},
            {},
        )
        for model, name in MODELS.items()
        for start, said in START_WEIGHTS.items()
    ]
    return Reproduction("The weight of the KL at the start", rows, _report_best_start_weights)


def _report_best_start_weights(means: Mapping[tuple[str, str], float]) -> str:
    """Which start is best for each model."""
    told = []
    for name in MODELS.values():
        errors = {said: means[f"{name}, weight {said}", ERROR] for said in START_WEIGHTS.values()}
        best = min(errors, key=lambda said: errors[said])
        told.append(f"{name}: {best} ({errors[best]:.2f} %)")
    return f"Least error after six epochs, by the weight of the KL: {'; '.join(told)}."
