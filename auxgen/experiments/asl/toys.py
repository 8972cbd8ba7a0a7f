"""Five models of a toy whose truth is known (ASL, figures 2, 3 and 8).

    auxgen train asl.ring --run runs/ring              about 2 minutes of one CPU core
    auxgen reproduce asl.figure3

One run trains a VAE, VAE-ASL on its encoder, an MI encoder, MI-ASL on it, and a flow on x, all in
networks of the same width.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from math import exp
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from ...builders import Recipe
from ...data import toys
from ...data.batches import InMemoryBatches
from ...data.dataset import Dataset, Preprocessor
from ...data.fitting import fit_preprocessor
from ...engine.settings import Engine
from ...errors import require_at_least
from ...evaluation.codes import CodeNoise
from ...evaluation.samples import WassersteinFromTruth, draw_samples
from ...functional.schedules import hold_then_cosine
from ...inference.codes import sample_rows
from ...inference.initialization import initialize_from_source
from ...method import Method
from ...methods.asl import BaseASL
from ...plotting.panels import show_samples, write_clouds
from ...rng import derive_seed
from ...score import Evaluation
from ...stage import Experiment, PictureWriter, Stage
from ..common import dataset_facts
from .evaluations import HeldOutDensity
from .plans import ASL_TOY_PLAN, AslToyPlan
from .stages import make_adam, make_coupling_sizes, make_fitted_arguments

ROWS = 10_000
CODE_WIDTH = 2
TOY_MODEL_TITLES = {"vae": "VAE", "flow": "flow", "vae_asl": "VAE-ASL", "mi_asl": "MI-ASL"}
LAST_STAGE = "flow"
"""The stage whose picture shows all models: the others are trained by then."""


class Toy(Protocol):
    """A toy whose truth is known."""

    def __call__(self, n: int, *, seed: int) -> Dataset:
        """n points, the same for the same seed."""
        ...


def build_circle_experiment(plan: AslToyPlan = ASL_TOY_PLAN, *, seed: int = 0) -> Experiment:
    """Five models of a thin circle: a density near to singular."""
    return _build_toy_experiment(toys.make_circle, plan, seed)


def build_grid_experiment(plan: AslToyPlan = ASL_TOY_PLAN, *, seed: int = 0) -> Experiment:
    """Five models of a grid of 25 Gaussians: many modes."""
    return _build_toy_experiment(toys.make_grid, plan, seed)


def build_moons_experiment(plan: AslToyPlan = ASL_TOY_PLAN, *, seed: int = 0) -> Experiment:
    """Five models of two half-moons: two curves with noise."""
    return _build_toy_experiment(toys.make_moons, plan, seed)


def build_pinwheel_experiment(plan: AslToyPlan = ASL_TOY_PLAN, *, seed: int = 0) -> Experiment:
    """Five models of a pinwheel of five arms: bent and stretched modes."""
    return _build_toy_experiment(toys.make_pinwheel, plan, seed)


def build_ring_experiment(plan: AslToyPlan = ASL_TOY_PLAN, *, seed: int = 0) -> Experiment:
    """Five models of eight Gaussians on a ring: many modes."""
    return _build_toy_experiment(toys.make_ring, plan, seed)


def build_swiss_roll_experiment(plan: AslToyPlan = ASL_TOY_PLAN, *, seed: int = 0) -> Experiment:
    """Five models of a rolled sheet in three dimensions: a manifold."""
    return _build_toy_experiment(toys.make_swiss_roll, plan, seed)


@dataclass(frozen=True, eq=False)
class StandardisedToy:
    """A toy as models see it, standardised.

    Attributes:
        toy: Draws points.
        seed: Seed of the run.
        train: Training rows in their own units.
        space: How models see them.
    """

    toy: Toy
    seed: int
    train: Dataset
    space: Preprocessor

    def sample_held_out(self, n: int, seed: int) -> Tensor:
        """True rows on which no model was trained: -> (n, d)."""
        return self.space.transform(self.toy(n, seed=derive_seed(self.seed, 1, seed)).raw_rows())


def _build_toy_experiment(toy: Toy, plan: AslToyPlan, seed: int) -> Experiment:
    """A stage of each model; "vae_asl" starts from "vae", and "mi_asl" from "mi"."""
    require_at_least(2, batch=plan.batch)
    train = toy(ROWS, seed=derive_seed(seed, 0))
    space = fit_preprocessor(train, standardise=True)
    points = StandardisedToy(toy, seed, train, space)
    x = space.transform(train.raw_rows())
    recipes = _make_toy_recipes(space.width, plan)
    methods = {name: recipe.build() for name, recipe in recipes.items()}
    starts = {
        name: partial(initialize_from_source, source=methods[source], x=x, batch=len(x))
        for name, source in (("vae_asl", "vae"), ("mi_asl", "mi"))
    }
    # constant for half of the rounds and then down a cosine
    rate = partial(hold_then_cosine, steps=plan.steps, hold=0.5)
    engine = Engine(plan.steps, make_adam(plan), rate, max_grad_norm=5.0, average=plan.average)
    evaluations = _make_toy_evaluations(points)
    samples: dict[str, PictureWriter] = {"samples": partial(show_samples, space=space)}
    all_models = partial(_draw_models_beside_truth, points=points, methods=methods)
    return {
        name: Stage(
            method=methods[name],
            batches=InMemoryBatches(x, plan.batch, seed),
            engine=engine,
            evaluations=evaluations[name],
            recipe=recipe,
            space=space,
            start=starts.get(name),
            pictures=samples | ({"beside the truth": all_models} if name == LAST_STAGE else {}),
            data={"train": train},
            facts=dataset_facts(train),
        )
        for name, recipe in recipes.items()
    }


def _make_toy_recipes(dimensions: int, plan: AslToyPlan) -> dict[str, Recipe]:
    """Models of rows of so many dimensions, by stage."""
    hidden = [plan.width] * 3
    base: dict[str, Any] = {"x": dimensions, "hidden": hidden}
    coded = {**base, "u": CODE_WIDTH}
    fitted = {**coded, **make_fitted_arguments(plan, hidden, hidden)}
    gaussian = {"likelihood": "gaussian_scalar", "scale": exp(-1)}
    stein = {"weight": plan.stein_weight, "beta": plan.kernel_exponent}
    couplings = make_coupling_sizes(plan.transforms, hidden)
    return {
        "vae": Recipe("vae", {**base, "z": CODE_WIDTH, **gaussian}),
        "vae_asl": Recipe("vae_asl", fitted),
        "mi": Recipe("informative_encoder", {**coded, **stein}),
        "mi_asl": Recipe("mi_asl", fitted),
        "flow": Recipe("flow", {"x": dimensions, "sizes": couplings}),
    }


def _make_toy_evaluations(points: StandardisedToy) -> dict[str, dict[str, Evaluation]]:
    """Distances from the truth, and what is known of codes, by stage."""
    w1 = WassersteinFromTruth(points.sample_held_out)
    noisy = replace(w1, draw=_sample_with_residual_noise)
    spread = CodeNoise(points.sample_held_out(2000, 2))
    density = HeldOutDensity(points.sample_held_out(2000, 3))
    return {
        "vae": {"w1": w1, "w1_of_truth": w1.score_truth, "codes": spread},
        "vae_asl": {"w1": w1, "w1_with_noise": noisy, "nll": density},
        "mi": {"w1": w1, "codes": spread},
        "mi_asl": {"w1": w1, "w1_with_noise": noisy, "nll": density},
        "flow": {"w1": w1, "nll": density},
    }


def _sample_with_residual_noise(method: BaseASL, n: int) -> Tensor:
    """Samples with all of the residuals' noise: -> (n, d)."""
    noisy = copy(method)
    noisy.noise = 1.0
    return draw_samples(noisy, n)


def _draw_models_beside_truth(
    method: Method, file: Path, *, points: StandardisedToy, methods: Mapping[str, Method]
) -> None:
    """True points beside samples of every model (figures 2 and 8)."""
    models = {title: methods[name].eval() for name, title in TOY_MODEL_TITLES.items()}
    models[TOY_MODEL_TITLES[LAST_STAGE]] = method
    truth = {"true points": points.toy(2000, seed=derive_seed(points.seed, 1, 0)).raw_rows()}
    drawn = {title: sample_rows(model, points.space, 2000) for title, model in models.items()}
    write_clouds({**truth, **drawn}, file)
