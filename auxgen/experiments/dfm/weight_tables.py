"""Weights and noise of the denoiser, its batch norm, and CIFAR-10 at the chosen weight.

    auxgen reproduce dfm.weights           51 + 50 runs of digits, about half an hour of a CPU core
    auxgen reproduce dfm.ring_weights      the same of the ring, about an hour
    auxgen reproduce dfm.targets           18 runs of digits, 6 minutes
    auxgen reproduce dfm.ring_targets      18 runs of the ring, 12 minutes
    auxgen reproduce dfm.cifar10_study     10 runs, about 8 hours of a CPU core

None of these is in the paper, whose weight is n_h lambda = 0.03 and whose sigma is 1. A sweep's
trials are measured on training rows that are held out, and the chosen cell by fresh seeds on the
test rows, beside the GAN, and the GAN with feature matching.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, get_args

from ...builders.dfm import DenoiserNorm
from ..common import RESNET56, Means, Reproduction, TableRow
from .rows import FD, MODES, OBJECTIVE_TITLES, QUALITY, RING_COLUMNS, SCORE, make_row

WEIGHTS, NOISES = (0.03, 0.3, 3.0, 10.0, 30.0), (0.3, 1.0, 3.0)
HELD_OUT = {"held_out_rows": 297}
"""As many training rows of the digits as chose their preset."""
DIGIT_COLUMNS = {SCORE: "CS(features.digits)", FD: "FD(features.digits)"}
TRIAL_SEEDS, FRESH_SEEDS = 3, 10
GAN, GAN_FM, DFM = (OBJECTIVE_TITLES[objective] for objective in ("gan", "gan_fm", "dfm"))
PAPER_DFM, BOTH = f"{DFM}, paper's weight", "both, chosen weight"
CHOSEN_WEIGHT = {"denoising_weight": 10.0}
"""Of runs on CIFAR-10, at the paper's sigma: the better of two weights in first runs on digits."""

Cell = tuple[float, float]
"""n_h lambda, and sigma."""


def _describe_cell(cell: Cell) -> str:
    """The name of a row."""
    return f"weight {cell[0]:g}, sigma {cell[1]:g}"


CELLS: Mapping[str, Cell] = {
    _describe_cell(cell): cell for cell in ((w, s) for w in WEIGHTS for s in NOISES)
}


def make_weights(budget: str) -> Reproduction:
    """A sweep on digits; both budgets are the same."""
    del budget
    sweep = partial(_make_sweep, "dfm.digits", DIGIT_COLUMNS, HELD_OUT)
    return sweep("Weights of the denoising term on 8x8 digits", _find_least_distance)


def make_ring_weights(budget: str) -> Reproduction:
    """A sweep on the ring, whose modes are known, so that no row is held out."""
    del budget
    return _make_sweep(
        "dfm.ring",
        RING_COLUMNS,
        {},
        "Weights of the denoising term on a ring of eight Gaussians",
        _find_most_modes,
    )


def _find_least_distance(means: Means) -> str:
    """The cell with the least mean Frechet distance."""
    return min(CELLS, key=lambda name: means[name, FD])


def _find_most_modes(means: Means) -> str:
    """The cell with the most modes in the mean; of several, that of the highest quality."""
    return max(CELLS, key=lambda name: (means[name, MODES], means[name, QUALITY]))


def _make_sweep(
    experiment: str,
    columns: Mapping[str, str],
    held_out: Mapping[str, Any],
    title: str,
    find_best: Callable[[Means], str],
) -> Reproduction:
    """Trials of all cells, and of what has no denoiser, that choose a table."""
    row = partial(make_row, experiment, columns=columns)
    rows = [row(GAN, "gan", options=held_out), row(GAN_FM, "gan_fm", options=held_out)]
    rows += [
        row(name, "dfm", options={**_make_options(cell), **held_out})
        for name, cell in CELLS.items()
    ]

    def choose(means: Means) -> Reproduction:
        return _make_confirmation(row, title, CELLS[find_best(means)])

    return Reproduction(f"{title}: trials", rows, seeds=TRIAL_SEEDS, choose=choose)


def _make_options(cell: Cell) -> dict[str, float]:
    return {"denoising_weight": cell[0], "feature_noise": cell[1]}


def _make_confirmation(row: Callable[..., TableRow], title: str, cell: Cell) -> Reproduction:
    """The chosen cell by fresh seeds, with and without feature matching, beside its controls."""
    chosen, options = f"{DFM}, {_describe_cell(cell)}", _make_options(cell)
    rows = [
        row(GAN, "gan"),
        row(GAN_FM, "gan_fm"),
        row(PAPER_DFM, "dfm"),
        row(chosen, "dfm", options=options),
        row(BOTH, "fm_dfm", options=options),
    ]
    pairs = ((chosen, GAN), (chosen, GAN_FM), (chosen, PAPER_DFM), (GAN_FM, GAN), (BOTH, GAN_FM))
    return Reproduction(title, rows, seeds=FRESH_SEEDS, first_seed=TRIAL_SEEDS, differences=pairs)


def make_targets(budget: str) -> Reproduction:
    """How the denoiser is normalised at generated digits, held-out rows; budgets are the same."""
    del budget
    return _make_target_rows("dfm.digits", DIGIT_COLUMNS, HELD_OUT, "8x8 digits")


def make_ring_targets(budget: str) -> Reproduction:
    """How the denoiser is normalised at generated points; both budgets are the same."""
    del budget
    return _make_target_rows("dfm.ring", RING_COLUMNS, {}, "eight Gaussians on a ring")


def _make_target_rows(
    experiment: str, columns: Mapping[str, str], held_out: Mapping[str, Any], what: str
) -> Reproduction:
    """Three norms of the denoiser at the paper's weight and at a larger one."""
    weights = (WEIGHTS[0], CHOSEN_WEIGHT["denoising_weight"])
    rows = [
        make_row(
            experiment,
            f"{norm} norm, weight {weight:g}",
            "dfm",
            columns,
            {"denoiser_norm": norm, "denoising_weight": weight, **held_out},
        )
        for weight in weights
        for norm in get_args(DenoiserNorm)
    ]
    title = f"Batch norm of the denoiser where it gets {what} that are generated"
    return Reproduction(title, rows, seeds=TRIAL_SEEDS)


def make_cifar10_study(budget: str) -> Reproduction:
    """CIFAR-10 at a CPU's budget: GAN, GAN with feature matching, and DFM at the chosen weight.

    The paper's weight is run once. Scores after 2, 5 and 10 epochs are in the curves; pictures of
    samples are in each run. Both budgets are the same.
    """
    del budget
    columns = {SCORE: f"CS({RESNET56})", FD: f"FD({RESNET56})"}
    row = partial(make_row, "dfm.cifar10", columns=columns)
    chosen = f"{DFM}, weight {CHOSEN_WEIGHT['denoising_weight']:g}"
    rows = [
        row(GAN, "gan"),
        row(GAN_FM, "gan_fm"),
        row(chosen, "dfm", options=CHOSEN_WEIGHT),
        row(PAPER_DFM, "dfm", seeds=1),
    ]
    pairs = ((chosen, GAN), (chosen, GAN_FM), (GAN_FM, GAN), (PAPER_DFM, GAN))
    return Reproduction("Samples of GANs of CIFAR-10", rows, seeds=3, differences=pairs)


WEIGHT_TABLES: Mapping[str, Callable[[str], Reproduction]] = {
    "cifar10_study": make_cifar10_study,
    "ring_targets": make_ring_targets,
    "ring_weights": make_ring_weights,
    "targets": make_targets,
    "weights": make_weights,
}
