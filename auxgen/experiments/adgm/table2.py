"""Table 2: errors from 100 labels of MNIST, and 1,000 of SVHN and of small NORB.

    auxgen reproduce adgm.table2

SVHN and NORB are among the rows where AUXGEN_DATA has a folder of theirs. Budget cpu: M2, ADGM-det,
ADGM and SDGM under equal settings for ten epochs each, which is far from where they end (80 of the
SDGM, 200 of the ADGM: adgm.mnist_100); M1 and M1+M2 as adgm.m1_m2 has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...data.images import KNOWN_SETS, find_local_folder
from ..common import Reproduction, TableRow, format_verdict
from . import m1_m2, norb, svhn

__all__ = ["SEEDS", "reproduction"]

SEEDS = 3
ERROR = "test error"
MODEL_TITLES = {
    "m2": "M2",
    "adgm_deterministic": "ADGM, deterministic a",
    "adgm": "ADGM",
    "sdgm": "SDGM",
}
PAPER_ERRORS = {"adgm": "0.96 (0.02) %", "sdgm": "1.32 (0.07) %"}
EQUAL_SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "cpu": {"epochs": 10, "monitor": 1, "plain_start": True},
    "paper": {},
}
"""What a budget changes of the settings of adgm.mnist_100, for all models alike."""


def make_mnist_rows(budget: str) -> list[TableRow]:
    """The models of adgm.mnist_100 under equal settings."""
    return [
        TableRow(
            name,
            "adgm.mnist_100",
            {ERROR: f"{model}/test_error"},
            {"budget": budget, "model": model, **EQUAL_SETTINGS[budget]},
            {ERROR: PAPER_ERRORS.get(model, "")},
        )
        for model, name in MODEL_TITLES.items()
    ]


def reproduction(budget: str) -> Reproduction:
    """Every model on every set at hand."""
    rows = [*m1_m2.reproduction(budget).rows, *make_mnist_rows(budget)]
    for part, folders in ((svhn, ("svhn",)), (norb, KNOWN_SETS["small_norb_single"].folders)):
        if find_local_folder(folders[0]) is not None:
            rows += part.make_table2_rows(budget)
    return Reproduction("Errors from few labels", rows, _check_auxiliary_gain_on_mnist)


def _check_auxiliary_gain_on_mnist(means: Mapping[tuple[str, str], float]) -> str:
    """Whether both auxiliary models are better than all others on MNIST."""
    ours = max(means["ADGM", ERROR], means["SDGM", ERROR])
    others = min(means[name, ERROR] for name in ("M1+M2", "M2", "ADGM, deterministic a"))
    holds = format_verdict(ours < others)
    return (
        "On MNIST ADGM and SDGM are both better than M1+M2, M2 and the ADGM with a deterministic "
        f"a: {holds} ({ours:.2f} % at most, against {others:.2f} % at least)."
    )
