"""Tables and figures of the ADGM on half-moons, and on a density of two modes."""

from typing import Any

from ...data.toys import two_moded_log_z
from ..common import Claim, Means, Reproduction, make_rows
from .study_tables import ERROR, MODEL_TITLES, format_claim, make_half_moons_row


def make_half_moons(budget: str) -> Reproduction:
    """The models after ten epochs; see figure2 and half_moons_labels for more."""
    del budget
    rows = [
        make_half_moons_row("ADGM", "adgm", "close to 0 % in 10 epochs"),
        make_half_moons_row("SDGM", "sdgm"),
        make_half_moons_row("M2", "m2"),
    ]
    claim = _claim_adgm_gain("M2's mean error after 10 epochs is above the ADGM's", "M2")
    return Reproduction("Half-moons from six labels", rows, claim, seeds=10)


def _claim_adgm_gain(claim: str, m2: str) -> Claim:
    """That the ADGM's error is below that of the row `m2`."""

    def check(means: Means) -> str:
        ours, other = means["ADGM", ERROR], means[m2, ERROR]
        return format_claim(claim, ours < other, f"{other:.2f} % against {ours:.2f} %")

    return check


def make_half_moons_tail(budget: str) -> Reproduction:
    """The ADGM over a hundred seeds: how often it fails."""
    del budget
    row = make_half_moons_row("ADGM", "adgm", "close to 0 % in 10 epochs")
    return Reproduction("Half-moons from six labels, how many runs fail", [row], seeds=100)


M2_100_EPOCHS = "M2, 100 epochs"


def make_figure2(budget: str) -> Reproduction:
    """ADGM for ten epochs, M2 for a hundred, and what each half of the auxiliary variable adds.

    Figure 2a, b is adgm.potential.
    """
    del budget
    ablations = ("adgm_deterministic", "adgm_uninformed")
    rows = [
        make_half_moons_row("ADGM", "adgm", "close to 0 % in 10 epochs"),
        make_half_moons_row(M2_100_EPOCHS, "m2", "more than 100 epochs needed", epochs=100),
        *(make_half_moons_row(MODEL_TITLES[model], model) for model in ablations),
    ]
    claim = "M2's mean error after 100 epochs is still above the ADGM's after ten"
    title = "Half-moons with and without an auxiliary variable"
    return Reproduction(title, rows, _claim_adgm_gain(claim, M2_100_EPOCHS))


BOUND_ON_LOG_Z, LESSER_MODE_SHARE = "bound on log Z", "share of the lesser mode"
WITH_A, WITHOUT_A = "with a", "without a, energy full at once"


def make_potential(budget: str) -> Reproduction:
    """With the auxiliary variable, without it, and with it but without what makes it reliable."""
    del budget
    options: dict[str, dict[str, Any]] = {
        WITH_A: {},
        "with a, energy full at once": {"energy_from": 1.0},
        "with a, q(z|a) wide at first": {"log_std_z": 0.0},
        "without a": {"a": 0},
        WITHOUT_A: {"a": 0, "energy_from": 1.0},
    }
    runs = {name: ("adgm.potential", given) for name, given in options.items()}
    rows = make_rows(runs, {BOUND_ON_LOG_Z: "fit/bound", LESSER_MODE_SHARE: "fit/lesser_mode"})
    return Reproduction("A density of two modes", rows, _check_log_z_bound, seeds=10)


def _check_log_z_bound(means: Means) -> str:
    """Whether the mean bound is one that needs both modes, and below log Z."""
    ours, other = means[WITH_A, BOUND_ON_LOG_Z], means[WITHOUT_A, BOUND_ON_LOG_Z]
    log_z = two_moded_log_z()
    claim = f"The mean bound lies between 1.3 nats and log Z = {log_z:.4f}"
    numbers = f"{ours:.3f}; {other:.3f} without a; log(Z/2) = {log_z - 0.6931:.4f}"
    return format_claim(claim, 1.3 <= ours <= log_z, numbers)
