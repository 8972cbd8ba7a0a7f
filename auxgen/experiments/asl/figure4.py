"""Figure 4: t-SNE of the codes of both encoders on Fashion-MNIST, and what they tell of classes.

    auxgen reproduce asl.figure4

The map is among the pictures of each run: "codes of all encoders". The paper does not say which
scale its VAE's p(x|u) has, on which hangs what codes tell: one VAE here learns it, and one has 1.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..common import Reproduction, format_claims
from ._tables import SEEDS, build_asl_rows

__all__ = ["SEEDS", "reproduction"]

NEIGHBOURS = "10-NN accuracy of drawn codes"
ENCODER_TITLES = {"vae_unit": "VAE encoder, scale 1", "vae": "VAE encoder", "mi": "MI encoder"}
COLUMNS = {
    NEIGHBOURS: "knn_accuracy",
    "silhouette of drawn codes": "silhouette",
    "10-NN accuracy of means": "knn_accuracy_of_means",
    "silhouette of means": "silhouette_of_means",
    "noise of codes": "code_noise",
}
PAPER = {"vae": "no clusters to be seen", "mi": "clusters"}


def reproduction(budget: str) -> Reproduction:
    """All encoders."""
    lines = build_asl_rows("fashion", ENCODER_TITLES, COLUMNS, budget, PAPER)
    return Reproduction("What codes of Fashion-MNIST tell of classes", lines, check_code_neighbours)


def check_code_neighbours(means: Mapping[tuple[str, str], float]) -> str:
    """Whether MI codes are the better by two points than each VAE's."""
    ours = means["MI encoder", NEIGHBOURS]
    more = {
        ENCODER_TITLES[vae]: ours - means[ENCODER_TITLES[vae], NEIGHBOURS]
        for vae in ("vae_unit", "vae")
    }
    return format_claims(
        [
            (f"the MI encoder is at least 2 % above the {name} ({points:+.1f})", points >= 2)
            for name, points in more.items()
        ]
    )
