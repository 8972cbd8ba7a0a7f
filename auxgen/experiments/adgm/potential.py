"""A density of two modes, fitted with and without an auxiliary variable (figure 2a, b).

    auxgen train adgm.potential --run runs/potential [--a 0]
    auxgen reproduce adgm.potential

The paper finds one of the modes in most runs. What makes both of them the rule here: q(z|a) starts
narrow, with means spread over the ring, so that a decides where z lies, hidden layers keep their
input's scale, and the energy counts a fifth at first (docs/papers/adgm.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import torch

from ...builders import Recipe
from ...data.dataset import Preprocessor
from ...data.toys import two_moded_energy, two_moded_log_z
from ...engine.settings import Engine, adam
from ...errors import require_at_least
from ...evaluation.protocol import standard_error
from ...functional.schedules import cosine_decay
from ...methods.density_fit import AuxiliaryFit
from ...rng import get_device, use_seed
from ...score import Score
from ...stage import Experiment, Stage
from ..common import Reproduction, TableRow, format_verdict

NUM_DRAWS = 100_000


def experiment(
    *,
    seed: int = 0,
    a: int = 4,
    steps: int = 4000,
    lr: float = 5e-3,
    draws: int = 200,
    spread: float = 2.0,
    log_std: float = -1.5,
    start: float = 0.2,
) -> Experiment:
    """exp(-U(z)) / Z on the plane, a ring that is dense at both ends of one diameter.

    Args:
        seed: Of the initialisation and the draws.
        a: Width of the auxiliary variable; with 0 there is none.
        steps: Rounds of training.
        lr: Learning rate of Adam, which falls with a cosine.
        draws: Of a and z in a round.
        spread: Standard deviation that the means of q(z|a) have over q(a) at the start.
        log_std: Log standard deviation of q(z|a) at the start.
        start: Weight of the energy at the start; it rises to 1 over half of the rounds.
    """
    require_at_least(0, a=a)
    require_at_least(1, draws=draws)
    begun = {"spread": spread, "log_std": log_std, "start": start, "cooling": steps // 2}
    made = Recipe("auxiliary_fit", {"a": a, "draws": draws, **begun})
    return {
        "fit": Stage(
            method=made.build(),
            batches=_return_no_batch,
            engine=Engine(
                steps,
                adam(lr),
                learning_rate=partial(cosine_decay, steps=steps),
                max_grad_norm=5.0,
                average=0.99,
            ),
            evaluations={"bound": score_log_z_bound, "lesser_mode": score_lesser_mode},
            recipe=made,
            space=Preprocessor(kind="points", shape=(2,)),
            pictures={"density": _draw_two_moded_density},
            facts={"data": "two_moded_energy", "log_z": two_moded_log_z()},
        )
    }


def _return_no_batch(step: int, rank: int, ranks: int, device: str) -> None:
    """The batch of a method that learns from an energy."""


def score_log_z_bound(method: AuxiliaryFit) -> Score:
    """The bound on log Z, eq. 18."""
    with use_seed(0, get_device(method)):
        each = method.log_weights(NUM_DRAWS)
    return Score(
        value=each.mean().item(),
        unit="nats",
        n=len(each),
        spread=standard_error(each),
        spread_is="standard error over draws",
        protocol=f"bound on log Z, eq. 18, {NUM_DRAWS} draws, seed 0",
        detail={
            "log_mean_weight": (each.double().logsumexp(0) - torch.tensor(NUM_DRAWS).log()).item()
        },
    )


def score_lesser_mode(method: AuxiliaryFit) -> Score:
    """Share of q(z) on the side that has less of it; half in truth."""
    with use_seed(0, get_device(method)):
        right = (method.sample(NUM_DRAWS)[:, 0] > 0).double().mean().item()
    return Score(
        value=100 * min(right, 1 - right),
        unit="%",
        n=NUM_DRAWS,
        protocol=f"share of {NUM_DRAWS} draws of z, seed 0, on the side of z_1 = 0 that has fewer",
    )


@torch.no_grad()
def _draw_two_moded_density(method: AuxiliaryFit, file: Path, half: float = 4.0) -> None:
    """The density over the plane, beside that of draws of q(z)."""
    from matplotlib.figure import Figure

    line = torch.linspace(-half, half, 200)
    plane = torch.cartesian_prod(line, line)
    truth = (-two_moded_energy(plane) - two_moded_log_z()).exp().view(200, 200)
    drawn = method.sample(3 * NUM_DRAWS).cpu()
    edges = [torch.linspace(-half, half, 101)] * 2
    counts = torch.histogramdd(drawn, edges, density=True).hist
    figure = Figure(figsize=(6.4, 3.4), dpi=110, layout="constrained")
    for axes, density, title in zip(
        figure.subplots(1, 2),
        (truth, counts),
        ("exp(-U(z)) / Z", "q(z), by its draws"),
        strict=True,
    ):
        box = (-half, half, -half, half)
        axes.imshow(density.T.numpy(), origin="lower", extent=box, cmap="viridis", vmin=0)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("z_1")
        axes.set_ylabel("z_2")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, format="png")


SEEDS = 10
BOUND, LESSER_MODE_SHARE = "bound on log Z", "share of the lesser mode"
WITH_A, WITHOUT_A = "with a", "without a, energy full at once"


def reproduction(budget: str) -> Reproduction:
    """With the auxiliary variable, without it, and with it but without what makes it reliable."""
    del budget
    scores = {BOUND: "fit/bound", LESSER_MODE_SHARE: "fit/lesser_mode"}
    rows = {
        WITH_A: {},
        "with a, energy full at once": {"start": 1.0},
        "with a, q(z|a) wide at first": {"log_std": 0.0},
        "without a": {"a": 0},
        WITHOUT_A: {"a": 0, "start": 1.0},
    }
    return Reproduction(
        "A density of two modes",
        [TableRow(name, "adgm.potential", scores, options) for name, options in rows.items()],
        _check_log_z_bound,
    )


def _check_log_z_bound(means: Mapping[tuple[str, str], float]) -> str:
    """Whether the mean bound is one that needs both modes, and below log Z."""
    ours, other, log_z = means[WITH_A, BOUND], means[WITHOUT_A, BOUND], two_moded_log_z()
    holds = format_verdict(1.3 <= ours <= log_z)
    return (
        f"The mean bound lies between 1.3 nats and log Z = {log_z:.4f}: {holds} ({ours:.3f}; "
        f"{other:.3f} without a; log(Z/2) = {log_z - 0.6931:.4f})."
    )
