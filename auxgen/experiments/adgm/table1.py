"""Log-likelihood of binarised MNIST with and without auxiliary variables (table 1).

    auxgen train adgm.table1 --model avae --layers 2 --run runs/avae
    auxgen reproduce adgm.table1

VAE, IWAE and AVAE of one or two stochastic layers, in networks of the same sizes, each bounded with
5,000 importance weights. Budget cpu: small networks, codes of 8 entries, 10 epochs, 300 test rows.
Budget paper: the sizes and the 2,000 epochs of Sonderby et al. (2016), all 10,000 rows, for a GPU;
not run yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

from ...builders import Recipe
from ...data.augmentation import binarise
from ...data.batches import InMemoryBatches
from ...data.dataset import fit_preprocessor
from ...engine.settings import Engine, adam
from ...errors import require_at_least
from ...evaluation.likelihood import Elbo, ImportanceBound
from ...functional.schedules import hold_then_cosine
from ...plotting.pages import show_samples
from ...stage import Experiment, Stage
from ..common import Reproduction, TableRow, format_verdict
from ._stages import load_image_splits

VAEName = Literal["vae", "iwae", "avae", "avae_uninformed"]

NUM_IMPORTANCE_WEIGHTS = 5000


def experiment(
    *,
    seed: int = 0,
    model: VAEName = "avae",
    layers: int = 1,
    budget: Literal["cpu", "paper"] = "cpu",
    epochs: float | None = None,
    lr: float | None = None,
    k: int | None = None,
    latent: int | None = None,
    a_sees_x: bool = False,
    test_rows: int | None = None,
    held_out: bool = False,
) -> Experiment:
    """A model of 60,000 images, binarised afresh in every batch; test images binarised once.

    Args:
        seed: Of the initialisation and the order.
        model: vae, iwae, avae, or avae_uninformed, whose p(a) sees nothing.
        layers: Stochastic layers, 1 or 2.
        budget: cpu is small and short; paper is the setup that the paper names.
        epochs: Passes over the training images; the budget's own when not given.
        lr: Learning rate of Adam; the budget's own when not given.
        k: Importance weights in the training of an IWAE; the budget's own when not given.
        latent: Width of z, and of a, of the first layer; the budget's own when not given.
        a_sees_x: AVAE with p(a|z,x), eq. 2, rather than eq. 20.
        test_rows: Rows that the bounds are measured on; the budget's own when not given.
        held_out: Train on 50,000 images and measure on the last 10,000, to choose settings by.
    """
    require_at_least(1, layers=layers)
    of_budget = BUDGETS[budget]
    train, test = load_image_splits("mnist", held_out)
    space = fit_preprocessor(train)
    steps = round((epochs or of_budget["epochs"]) * len(train) / of_budget["batch"])
    widths = [latent or of_budget["latent"][0], *of_budget["latent"][1:]][:layers]
    sizes = {
        "x": space.width,
        "hidden": [[width] * 2 for width in of_budget["hidden"][:layers]],
        "z": widths,
        "batch_norm": True,
        "warm_up": round(of_budget["warm_up"] * steps),
    }
    auxiliary = {"a": widths, "log_std_a": of_budget["log_std_a"]}
    made = _make_vae_recipe(model, sizes, auxiliary, k or of_budget["k"], a_sees_x)
    x = space.transform(test.raw_rows()[: test_rows or of_budget["test_rows"]])
    rate = partial(hold_then_cosine, steps=steps, hold=of_budget["hold"])
    return {
        model: Stage(
            method=made.build(),
            batches=InMemoryBatches(space.transform(train.x), of_budget["batch"], seed, binarise),
            engine=Engine(
                steps,
                adam(lr or of_budget["lr"]),
                learning_rate=rate,
                precision="bf16",
            ),
            evaluations={
                "importance_bound": ImportanceBound(x, k=NUM_IMPORTANCE_WEIGHTS, binarised_seed=0),
                "elbo": Elbo(x, draws=20, binarised_seed=0),
            },
            recipe=made,
            space=space,
            pictures={"samples": partial(show_samples, space=space)},
            data={"train": train, "test": test},
            facts={"data": train.name, "fingerprint": train.fingerprint},
        )
    }


def _make_vae_recipe(
    model: VAEName, sizes: Mapping[str, Any], auxiliary: Mapping[str, Any], k: int, a_sees_x: bool
) -> Recipe:
    """A model's recipe; the VAE is an IWAE of one weight."""
    made: dict[VAEName, Recipe] = {
        "vae": Recipe("iwae", {**sizes, "k": 1}),
        "iwae": Recipe("iwae", {**sizes, "k": k}),
        "avae": Recipe("avae", {**sizes, **auxiliary, "a_sees_x": a_sees_x}),
        "avae_uninformed": Recipe("avae_uninformed", {**sizes, **auxiliary}),
    }
    return made[model]


BUDGETS: dict[str, dict[str, Any]] = {
    "cpu": {
        "hidden": (200, 100),
        "latent": [8, 4],
        "epochs": 10,
        "batch": 100,
        "lr": 1e-3,
        "hold": 0.5,
        "warm_up": 0.2,
        "log_std_a": -2.0,
        "k": 5,
        "test_rows": 300,
    },
    "paper": {
        "hidden": (512, 256),
        "latent": [64, 32],
        "epochs": 2000,
        "batch": 256,
        "lr": 1e-3,
        "hold": 0.5,
        "warm_up": 0.1,
        "log_std_a": None,
        "k": 50,
        "test_rows": 10_000,
    },
}

SEEDS = 3
BOUND = "log p(x), 5,000 weights"
SEES_X_SUFFIX, SMALL_CODE_SUFFIX = ", a sees x", ", codes of 2"
TABLE_ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "VAE, L=1": ({"model": "vae", "layers": 1}, "-86.76 (IWAE, IW=1)"),
    "IWAE, L=1": ({"model": "iwae", "layers": 1}, "-84.78 (IWAE, IW=50)"),
    "AVAE, L=1": ({"model": "avae", "layers": 1}, "-84.59"),
    f"AVAE, L=1{SEES_X_SUFFIX}": ({"model": "avae", "layers": 1, "a_sees_x": True}, ""),
    f"VAE, L=1{SMALL_CODE_SUFFIX}": ({"model": "vae", "layers": 1, "latent": 2}, ""),
    f"AVAE, L=1{SMALL_CODE_SUFFIX}": ({"model": "avae", "layers": 1, "latent": 2}, ""),
    "VAE, L=2": ({"model": "vae", "layers": 2}, "-85.33 (IWAE, IW=1)"),
    "IWAE, L=2": ({"model": "iwae", "layers": 2}, "-82.90 (IWAE, IW=50)"),
    "AVAE, L=2": ({"model": "avae", "layers": 2}, "-82.97"),
    f"AVAE, L=2{SEES_X_SUFFIX}": ({"model": "avae", "layers": 2, "a_sees_x": True}, ""),
}
"""Options and the paper's number by the table's name."""
PAPER_BUDGET_ONLY = ("IWAE, L=2",)
"""Left out of the budget of a CPU."""
CPU_BUDGET_ONLY = tuple(name for name in TABLE_ROWS if name.endswith(SMALL_CODE_SUFFIX))
"""For that budget alone."""


def reproduction(budget: str) -> Reproduction:
    """One and two stochastic layers of each model."""
    rows = [
        TableRow(
            name,
            "adgm.table1",
            {
                BOUND: f"{options['model']}/importance_bound",
                "evidence lower bound": f"{options['model']}/elbo",
            },
            {"budget": budget, **options},
            {BOUND: paper},
        )
        for name, (options, paper) in TABLE_ROWS.items()
        if name not in (CPU_BUDGET_ONLY if budget == "paper" else PAPER_BUDGET_ONLY)
    ]
    return Reproduction("Log-likelihood of binarised MNIST", rows, _check_avae_gain_over_vae)


def _check_avae_gain_over_vae(means: Mapping[tuple[str, str], float]) -> str:
    """Whether each AVAE is above the VAE of the same size."""
    told = []
    for name in (n for n, column in means if column == BOUND and n.startswith("AVAE")):
        size = name.removeprefix("AVAE, ").removesuffix(SEES_X_SUFFIX)
        ours, other = means[name, BOUND], means[f"VAE, {size}", BOUND]
        holds = format_verdict(ours > other)
        told.append(f"{name}: {holds} ({ours:.2f} nats against {other:.2f})")
    return f"Above a VAE of the same size: {'; '.join(told)}."
