"""Eight Gaussians on a ring: how many of them a generator finds.

    auxgen train dfm.ring --run runs/ring
    auxgen train dfm.ring --objective gan --run runs/ring_gan
    auxgen reproduce dfm.ring_study

Not in the paper, which has images alone. The networks are perceptrons without batch norm, and r has
hidden layers as wide as its input, normalised as in the paper.
"""

from __future__ import annotations

from ...data import toys
from ...data.dataset import fit_preprocessor
from ...evaluation.modes import ModeCoverage, SampleDiversity
from ...rng import derive_seed
from ...stage import Experiment
from ._stages import DenoiserSettings, Objective, build_dfm_stage, make_dfm_recipe

ROWS = 10_000
WATCHED = 500
SD = 0.05


def experiment(
    *,
    seed: int = 0,
    objective: Objective = "dfm",
    steps: int = 6000,
    batch: int = 128,
    width: int = 128,
    z: int = 8,
    lr: float = 5e-4,
    denoising: float = 0.03,
    noise: float = 1.0,
    annealed: bool = False,
    depth: int = 2,
    denoiser_width: int | None = None,
    history: float = 0.0,
    l1: bool = False,
    average: float = 0.0,
) -> Experiment:
    """A generator of eight Gaussians.

    Args:
        seed: Of the data, the initialisation and the order.
        objective: gan, fm (feature matching), dfm (denoising feature matching), or fm_dfm.
        steps: Rounds of training.
        batch: Rows in a batch.
        width: Units in each of two hidden layers of G and D; n_h.
        z: Width of the noise.
        lr: Learning rate of Adam.
        denoising: n_h times lambda_denoise.
        noise: sigma, of what corrupts features.
        annealed: sigma falls to 0 over the rounds.
        depth: Hidden layers of the denoiser.
        denoiser_width: Of each; n_h when not given.
        history: Weight of historical averaging, which G and D pay.
        l1: Feature matching by the mean absolute difference, as in the code of Salimans et al.
        average: Decay of the moving average of weights; 0 for the last weights, as in the paper.
    """
    train, test = (toys.make_ring(ROWS, seed=derive_seed(seed, part), sd=SD) for part in (0, 1))
    space = fit_preprocessor(train)
    networks = {
        "kind": "perceptrons",
        "sizes": {"x": space.width, "z": z, "hidden": [width, width]},
    }
    r = DenoiserSettings(
        depth=depth,
        width=denoiser_width or width,
        denoising=denoising,
        noise=noise,
        annealing_steps=steps if annealed else 0,
    )
    modes = ModeCoverage(toys.compute_ring_centres(), space, sd=SD)
    return {
        objective: build_dfm_stage(
            make_dfm_recipe(objective, networks, r, history=history, l1=l1),
            train,
            space,
            steps=steps,
            batch=batch,
            lr=lr,
            seed=seed,
            average=average,
            evaluations={},
            monitored={"variety": SampleDiversity(test[:WATCHED], space), "modes": modes},
            data={"train": train, "test": test},
        )
    }
