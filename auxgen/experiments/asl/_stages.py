"""What the experiments on toys share: five models of the same width, in one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from math import exp
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from ...builders import Recipe
from ...data.batches import Resident
from ...data.dataset import Examples, Space, space_of
from ...engine.settings import Engine, adam
from ...errors import at_least
from ...evaluation.code_noise import CodeNoise
from ...evaluation.wasserstein import Wasserstein, sampled
from ...functional.schedules import hold_then_cosine
from ...inference.sampling import sample
from ...method import Method
from ...methods.asl import SupervisedLatent
from ...methods.mi_encoder import InformativeEncoder
from ...methods.vae import VAE
from ...networks.densities import GMM, Density, start_mixture
from ...plotting.pages import show_samples
from ...plotting.panels import write_clouds
from ...rng import device_of, seed_of
from ...score import Evaluation
from ...stage import Experiment, Picture, Stage
from ..common import About

ROWS = 10_000
CODE = 2
MODELS: Mapping[str, str] = {
    "vae": "VAE",
    "flow": "flow",
    "vae_asl": "VAE-ASL",
    "mi_asl": "MI-ASL",
}
LAST = "flow"
"""The stage whose picture shows all models, the others being trained by then."""


class Toy(Protocol):
    """A toy whose truth is known."""

    def __call__(self, n: int, *, seed: int) -> Examples:
        """n points, the same for the same seed."""
        ...


@dataclass(frozen=True, eq=False)
class Points:
    """A toy as models see it, standardised.

    Attributes:
        toy: Draws it.
        seed: Of the run.
        train: Rows in their own units.
        space: How models see them.
    """

    toy: Toy
    seed: int
    train: Examples
    space: Space

    def fresh(self, n: int, seed: int) -> Tensor:
        """True rows that no model was trained on: -> (n, d)."""
        return self.space.enter(self.toy(n, seed=seed_of(self.seed, 1, seed)).raw())


def experiment_on(toy: Toy) -> Callable[..., Experiment]:
    """The experiment of figures 2, 3 and 8 on one toy."""

    def experiment(
        *,
        seed: int = 0,
        steps: int = 3000,
        batch: int = 256,
        width: int = 64,
        lr: float = 5e-3,
        density: Density = "affine",
        transforms: int = 8,
        components: int = 20,
        weight: float = 1.0,
        beta: float = 0.5,
        l1: bool = False,
    ) -> Experiment:
        """A VAE, VAE-ASL on its encoder, an MI encoder, MI-ASL on it, and a flow on x.

        Args:
            seed: Of the data, the initialisation and the order.
            steps: Rounds of each of the five stages.
            batch: Rows in a batch.
            width: Units in each of three hidden layers of every network.
            lr: Learning rate of Adam.
            density: Of the codes: affine, additive, spline (coupling flows), mixture, or vae.
            transforms: Couplings of a flow, also of the one on x.
            components: Of a mixture.
            weight: Of the Stein discrepancy in the MI encoder's objective; the paper's lambda.
            beta: Exponent of its kernel.
            l1: The regression's error is |x - g(u)|_1 rather than |x - g(u)|_2^2.
        """
        at_least(2, batch=batch)
        train = toy(ROWS, seed=seed_of(seed, 0))
        points = Points(toy, seed, train, space_of(train, standardise=True))
        hidden = [width] * 3
        base: dict[str, Any] = {"x": points.space.width, "hidden": hidden}
        kinds: dict[str, dict[str, Any]] = {
            "mixture": {"components": components},
            "vae": {"hidden": hidden},
        }
        couplings = {"transforms": transforms, "hidden": hidden}
        fitted = {"kind": density, "sizes": kinds.get(density, couplings), "l1": l1}
        gaussian = {"likelihood": "gaussian_scalar", "scale": exp(-1)}
        recipes = {
            "vae": Recipe("vae", {**base, "z": CODE, **gaussian}),
            "vae_asl": Recipe("vae_asl", {**base, "u": CODE, **fitted}),
            "mi": Recipe(
                "informative_encoder", {**base, "u": CODE, "weight": weight, "beta": beta}
            ),
            "mi_asl": Recipe("mi_asl", {**base, "u": CODE, **fitted}),
            "flow": Recipe("flow", {"x": points.space.width, "sizes": couplings}),
        }
        return stages(points, recipes, engine(steps, lr), batch)

    return experiment


def engine(steps: int, lr: float) -> Engine:
    """Adam, its rate held for half of the rounds and then down a cosine."""
    rate = partial(hold_then_cosine, steps=steps, hold=0.5)
    return Engine(steps, adam(lr), learning_rate=rate, max_grad_norm=5.0, average=0.99)


def stages(
    points: Points, recipes: Mapping[str, Recipe], engine: Engine, batch: int
) -> dict[str, Stage]:
    """A stage of each recipe; "vae_asl" starts from "vae", and "mi_asl" from "mi"."""
    x = points.space.enter(points.train.raw())
    w1 = Wasserstein(points.fresh)
    noisy = replace(w1, draw=with_noise)
    spread = CodeNoise(points.fresh(2000, 2))
    evaluations: dict[str, dict[str, Evaluation]] = {
        "vae": {"w1_floor": w1.floor, "codes": spread},
        "vae_asl": {"w1_with_noise": noisy},
        "mi": {"codes": spread},
        "mi_asl": {"w1_with_noise": noisy},
    }
    methods = {name: recipe.build() for name, recipe in recipes.items()}
    sources = {"vae_asl": methods["vae"], "mi_asl": methods["mi"]}
    samples: Mapping[str, Picture] = {"samples": partial(show_samples, space=points.space)}
    every = partial(show_models, points=points, methods=methods)
    return {
        name: Stage(
            method=methods[name],
            batches=Resident(x, batch, points.seed),
            engine=engine,
            evaluations={"w1": w1, **evaluations.get(name, {})},
            recipe=recipe,
            space=points.space,
            start=partial(take_over, source=sources[name], x=x) if name in sources else None,
            pictures={**samples, "beside the truth": every} if name == LAST else samples,
            data={"train": points.train},
            facts={"data": points.train.name, "fingerprint": points.train.fingerprint},
        )
        for name, recipe in recipes.items()
    }


def show_models(
    method: Method, file: Path, *, points: Points, methods: Mapping[str, Method]
) -> None:
    """True points beside samples of every model (figures 2 and 8)."""
    models = {title: methods[name].eval() for name, title in MODELS.items()}
    models[MODELS[LAST]] = method
    truth = {"true points": points.toy(2000, seed=seed_of(points.seed, 1, 0)).raw()}
    drawn = {title: sample(model, points.space, 2000) for title, model in models.items()}
    write_clouds({**truth, **drawn}, file)


def take_over(method: Method, *, source: Method, x: Tensor) -> None:
    """The encoder, and its regression as the generator's excellent initial value (section 3.2).

    A Gaussian mixture starts where expectation maximisation on the codes of x (n, d) ends.
    """
    assert isinstance(method, SupervisedLatent)
    assert isinstance(source, VAE | InformativeEncoder)
    q_u, g = (source.q_z, source.p_x.network) if isinstance(source, VAE) else (source.q_u, source.g)
    method.q_u.load_state_dict(q_u.state_dict())
    method.p_x.g.load_state_dict(g.state_dict())
    if isinstance(method.p_u, GMM):
        with torch.no_grad():
            start_mixture(method.p_u, method.q_u(x.to(device_of(method))).sample())


def with_noise(method: SupervisedLatent, n: int) -> Tensor:
    """Samples with all of the residuals' noise: -> (n, d)."""
    noisy = copy(method)
    noisy.noise = 1.0
    return sampled(noisy, n)


def about(what: str, medians: str) -> About:
    """What an experiment on a toy tells of itself; medians of W1 over five seeds."""
    return About(
        shows=f"Figures 2, 3 and 8: VAE, flow, VAE-ASL and MI-ASL on {what}",
        paper="box plots without numbers: ASL nearest to the truth on every toy",
        ours=f"W1 {medians} (results/asl.figure3.json)",
        time="about 2 minutes of one CPU core",
    )
