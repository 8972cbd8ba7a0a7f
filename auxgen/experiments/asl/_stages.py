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
from ...data.batches import InMemoryBatches
from ...data.dataset import Dataset, Preprocessor, fit_preprocessor
from ...engine.settings import Engine, adam
from ...errors import require_at_least
from ...evaluation.code_noise import CodeNoise
from ...evaluation.wasserstein import WassersteinFromTruth, draw_samples
from ...functional.schedules import hold_then_cosine
from ...inference.sampling import sample_rows
from ...method import Method
from ...methods.asl import BaseASL
from ...methods.mi_encoder import InformativeEncoder
from ...methods.vae import VAE
from ...networks.densities import GMM, DensityKind, initialize_mixture
from ...plotting.pages import show_samples
from ...plotting.panels import write_clouds
from ...rng import derive_seed, get_device
from ...score import Evaluation
from ...stage import Experiment, PictureWriter, Stage

ROWS = 10_000
CODE_WIDTH = 2
TOY_MODEL_TITLES: Mapping[str, str] = {
    "vae": "VAE",
    "flow": "flow",
    "vae_asl": "VAE-ASL",
    "mi_asl": "MI-ASL",
}
LAST_STAGE = "flow"
"""The stage whose picture shows all models, the others being trained by then."""


class Toy(Protocol):
    """A toy whose truth is known."""

    def __call__(self, n: int, *, seed: int) -> Dataset:
        """n points, the same for the same seed."""
        ...


@dataclass(frozen=True, eq=False)
class StandardisedToy:
    """A toy as models see it, standardised.

    Attributes:
        toy: Draws it.
        seed: Of the run.
        train: Rows in their own units.
        space: How models see them.
    """

    toy: Toy
    seed: int
    train: Dataset
    space: Preprocessor

    def sample_held_out(self, n: int, seed: int) -> Tensor:
        """True rows that no model was trained on: -> (n, d)."""
        return self.space.transform(self.toy(n, seed=derive_seed(self.seed, 1, seed)).raw_rows())


def make_asl_toy_experiment(toy: Toy) -> Callable[..., Experiment]:
    """The experiment of figures 2, 3 and 8 on one toy."""

    def experiment(
        *,
        seed: int = 0,
        steps: int = 3000,
        batch: int = 256,
        width: int = 64,
        lr: float = 5e-3,
        density: DensityKind = "affine",
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
        require_at_least(2, batch=batch)
        train = toy(ROWS, seed=derive_seed(seed, 0))
        points = StandardisedToy(toy, seed, train, fit_preprocessor(train, standardise=True))
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
            "vae": Recipe("vae", {**base, "z": CODE_WIDTH, **gaussian}),
            "vae_asl": Recipe("vae_asl", {**base, "u": CODE_WIDTH, **fitted}),
            "mi": Recipe(
                "informative_encoder", {**base, "u": CODE_WIDTH, "weight": weight, "beta": beta}
            ),
            "mi_asl": Recipe("mi_asl", {**base, "u": CODE_WIDTH, **fitted}),
            "flow": Recipe("flow", {"x": points.space.width, "sizes": couplings}),
        }
        return _build_asl_toy_stages(points, recipes, _make_asl_toy_engine(steps, lr), batch)

    return experiment


def _make_asl_toy_engine(steps: int, lr: float) -> Engine:
    """Adam, its rate held for half of the rounds and then down a cosine."""
    rate = partial(hold_then_cosine, steps=steps, hold=0.5)
    return Engine(steps, adam(lr), learning_rate=rate, max_grad_norm=5.0, average=0.99)


def _build_asl_toy_stages(
    points: StandardisedToy, recipes: Mapping[str, Recipe], engine: Engine, batch: int
) -> dict[str, Stage]:
    """A stage of each recipe; "vae_asl" starts from "vae", and "mi_asl" from "mi"."""
    x = points.space.transform(points.train.raw_rows())
    w1 = WassersteinFromTruth(points.sample_held_out)
    noisy = replace(w1, draw=_sample_with_residual_noise)
    spread = CodeNoise(points.sample_held_out(2000, 2))
    evaluations: dict[str, dict[str, Evaluation]] = {
        "vae": {"w1_floor": w1.score_floor, "codes": spread},
        "vae_asl": {"w1_with_noise": noisy},
        "mi": {"codes": spread},
        "mi_asl": {"w1_with_noise": noisy},
    }
    methods = {name: recipe.build() for name, recipe in recipes.items()}
    sources = {"vae_asl": methods["vae"], "mi_asl": methods["mi"]}
    samples: Mapping[str, PictureWriter] = {"samples": partial(show_samples, space=points.space)}
    every = partial(_draw_models_beside_truth, points=points, methods=methods)
    return {
        name: Stage(
            method=methods[name],
            batches=InMemoryBatches(x, batch, points.seed),
            engine=engine,
            evaluations={"w1": w1, **evaluations.get(name, {})},
            recipe=recipe,
            space=points.space,
            start=partial(initialize_toy_model_from, source=sources[name], x=x)
            if name in sources
            else None,
            pictures={**samples, "beside the truth": every} if name == LAST_STAGE else samples,
            data={"train": points.train},
            facts={"data": points.train.name, "fingerprint": points.train.fingerprint},
        )
        for name, recipe in recipes.items()
    }


def _draw_models_beside_truth(
    method: Method, file: Path, *, points: StandardisedToy, methods: Mapping[str, Method]
) -> None:
    """True points beside samples of every model (figures 2 and 8)."""
    models = {title: methods[name].eval() for name, title in TOY_MODEL_TITLES.items()}
    models[TOY_MODEL_TITLES[LAST_STAGE]] = method
    truth = {"true points": points.toy(2000, seed=derive_seed(points.seed, 1, 0)).raw_rows()}
    drawn = {title: sample_rows(model, points.space, 2000) for title, model in models.items()}
    write_clouds({**truth, **drawn}, file)


def initialize_toy_model_from(method: Method, *, source: Method, x: Tensor) -> None:
    """The encoder, and its regression as the generator's excellent initial value (section 3.2).

    A Gaussian mixture starts where expectation maximisation on the codes of x (n, d) ends.
    """
    assert isinstance(method, BaseASL)
    assert isinstance(source, VAE | InformativeEncoder)
    q_u, g = (source.q_z, source.p_x.network) if isinstance(source, VAE) else (source.q_u, source.g)
    method.q_u.load_state_dict(q_u.state_dict())
    method.p_x.g.load_state_dict(g.state_dict())
    if isinstance(method.p_u, GMM):
        with torch.no_grad():
            initialize_mixture(method.p_u, method.q_u(x.to(get_device(method))).sample())


def _sample_with_residual_noise(method: BaseASL, n: int) -> Tensor:
    """Samples with all of the residuals' noise: -> (n, d)."""
    noisy = copy(method)
    noisy.noise = 1.0
    return draw_samples(noisy, n)
