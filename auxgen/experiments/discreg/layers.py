"""Which layers help: each of the classifier's alone, all, and all with other weights.

    auxgen reproduce discreg.layers

Not in the paper, which regularises by several layers and weighs all alike. Measured by what took no
part in training: the verdict of another classifier on reconstructions, and the distance of samples
in its features.
"""

from __future__ import annotations

from typing import Any

from ...experiment import Reproduction, Row
from ...networks.stacked import STRIDED
from ._scores import NLL
from ._stages import Budget

SEEDS = 3
VARIANTS: dict[str, dict[str, Any]] = {
    "first layer": {"layers": STRIDED[:1]},
    "second layer": {"layers": STRIDED[1:2]},
    "third layer": {"layers": STRIDED[2:]},
    "all three": {},
    "all three, a tenth of the weight": {"weights": (0.1, 0.1, 0.1)},
    "all three, ten times the weight": {"weights": (10.0, 10.0, 10.0)},
    "all three, decoder alone learns from them": {"encoder_grad": False},
}


def reproduction(budget: Budget) -> Reproduction:
    """On Fashion-MNIST; the VAE without is of the same runs as all three."""
    columns = {
        "classes found in reconstructions": "accuracy of reconstructions",
        "FD of samples, not FID": "FD(features.fashion_mnist)",
        "NLL, nats per dimension": f"{NLL} of test",
        "PSNR": "psnr",
    }

    def row(name: str, stage: str, options: dict[str, Any]) -> Row:
        scores = {column: f"{stage}/{score}" for column, score in columns.items()}
        return Row(
            name, "discreg.fashion", scores, {"budget": budget, "adjusted": False, **options}
        )

    lines = [row(name, "discriminative", options) for name, options in VARIANTS.items()]
    return Reproduction("Which layers help", [row("none", "vae", {}), *lines])
