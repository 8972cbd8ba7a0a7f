"""Table 2: errors from 100 labels of MNIST, and 1,000 of SVHN and of small NORB.

    auxgen reproduce adgm.table2

SVHN and NORB are among the rows where AUXGEN_DATA has a folder of theirs. Budget cpu: M2, ADGM-det,
ADGM and SDGM under equal settings for ten epochs each, which is far from where they end (80 of the
SDGM, 200 of the ADGM: adgm.mnist_100); M1 and M1+M2 as adgm.m1_m2 has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...data.images import KNOWN, at_home
from ..claims import verdict
from ..common import Reproduction, Row
from . import m1_m2, norb, svhn

__all__ = ["SEEDS", "reproduction"]

SEEDS = 3
ERROR = "test error"
NAMES = {"m2": "M2", "adgm_deterministic": "ADGM, deterministic a", "adgm": "ADGM", "sdgm": "SDGM"}
PAPER = {"adgm": "0.96 (0.02) %", "sdgm": "1.32 (0.07) %"}
SHORT: Mapping[str, Mapping[str, Any]] = {
    "cpu": {"epochs": 10, "monitor": 1, "plain_start": True},
    "paper": {},
}
"""What a budget changes of the settings of adgm.mnist_100, for all models alike."""


def mnist(budget: str) -> list[Row]:
    """The models of adgm.mnist_100 under equal settings."""
    return [
        Row(
            name,
            "adgm.mnist_100",
            {ERROR: f"{model}/test_error"},
            {"budget": budget, "model": model, **SHORT[budget]},
            {ERROR: PAPER.get(model, "")},
        )
        for model, name in NAMES.items()
    ]


def reproduction(budget: str) -> Reproduction:
    """Every model on every set at hand."""
    rows = [*m1_m2.reproduction(budget).rows, *mnist(budget)]
    for part, folders in ((svhn, ("svhn",)), (norb, KNOWN["small_norb_single"].folders)):
        if at_home(folders[0]) is not None:
            rows += part.rows(budget)
    return Reproduction("Errors from few labels", rows, claim)


def claim(means: Mapping[tuple[str, str], float]) -> str:
    """Whether both auxiliary models are better than all others on MNIST."""
    ours = max(means["ADGM", ERROR], means["SDGM", ERROR])
    others = min(means[name, ERROR] for name in ("M1+M2", "M2", "ADGM, deterministic a"))
    holds = verdict(ours < others)
    return (
        "On MNIST ADGM and SDGM are both better than M1+M2, M2 and the ADGM with a deterministic "
        f"a: {holds} ({ours:.2f} % at most, against {others:.2f} % at least)."
    )
