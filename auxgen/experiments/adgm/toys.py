"""Two toys of figure 2: half-moons with six labels, and a density of two modes.

    auxgen train adgm.half_moons --run runs/moons [--model m2]
    auxgen train adgm.potential --run runs/potential [--a 0]
    auxgen reproduce adgm.figure2
    auxgen reproduce adgm.potential

Half-moons (figure 2c, d): two arcs of 10,000 points and three labelled points on each, at both ends
and in the middle: their position decides the outcome (docs/papers/adgm.md). The ADGM separates the
arcs within 10 epochs of 100 rounds. The KL counts five times at first and once after three epochs:
at full weight from the start, one run in some thirty cuts an arc in two and never finds back.

Potential (figure 2a, b): a density of two modes, fitted with and without an auxiliary variable. The
paper finds one of the modes in most runs. What makes both of them the rule here: q(z|a) starts
narrow, with means spread over the ring, so that a decides where z lies, hidden layers keep their
input's scale, and the energy counts a fifth at first.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from ...builders import Recipe
from ...data import labels
from ...data.augmentation import identity
from ...data.dataset import Preprocessor
from ...data.fitting import fit_preprocessor
from ...data.toys import make_labelled_moons, make_moons, two_moded_energy, two_moded_log_z
from ...engine.settings import Engine, adam
from ...errors import require_at_least
from ...evaluation.baselines import BaselineError, DensePathClassifier
from ...evaluation.protocol import standard_error
from ...functional.bounds import classification_weight
from ...functional.schedules import cosine_decay
from ...methods.density_fit import AuxiliaryFit
from ...plotting.panels import make_panel_axes, save_figure, show_decision_regions
from ...rng import get_device, use_seed
from ...score import Score
from ...stage import Experiment, PictureWriter, Stage
from ..common import count_steps, dataset_facts, refuse_ignored_option
from .budgets import HALF_MOONS_PLAN, POTENTIAL_PLAN
from .figures import draw_auxiliary_space
from .plans import AdgmMoonsPlan, DGMOrAblationName, PotentialPlan
from .splits import SemiSupervisedData, spread_known_labels
from .stages import count_monitor_steps, make_semi_supervised_stage, make_sized_recipe

ROWS = 10_000
LABEL_PLACES = {"ends": (0.0, 0.5, 1.0), "inside": (0.15, 0.5, 0.85)}
"""Where on its arc a labelled point lies, from 0 at one end to 1 at the other."""
NUM_DRAWS = 100_000


def make_half_moons_plan(model: DGMOrAblationName = "adgm") -> AdgmMoonsPlan:
    """The plan of a model: without a, a start of the KL above its weight helps nothing."""
    plan = replace(HALF_MOONS_PLAN, model=model)
    return replace(plan, warm_up=0, warm_up_from=1) if model == "m2" else plan


def half_moons(plan: AdgmMoonsPlan = HALF_MOONS_PLAN, *, seed: int = 0) -> Experiment:
    """Half-moons with six labels."""
    refuse_ignored_option("a_sees_x", plan.a_sees_x, plan.model, ("adgm",))
    data = _make_half_moons_data(plan, seed)
    known = {"x_labelled": data.x, "y_labelled": data.y}
    recipe = make_sized_recipe(
        plan.model,
        data,
        [plan.hidden, plan.hidden],
        plan.latent,
        likelihood="gaussian",
        skip_below=plan.skip_below,
        warm_up=count_steps(ROWS, plan.batch, plan.warm_up),
        warm_up_from=plan.warm_up_from,
        alpha=classification_weight(plan.classification_weight, len(data.x), ROWS),
        **({"a_sees_x": plan.a_sees_x} if plan.model == "adgm" else {}),
    )
    if plan.spread_labels:
        data = spread_known_labels(data, ROWS + torch.arange(len(data.x)))
    x, y = data.x_test, data.y_test
    pictures: dict[str, PictureWriter] = {
        "decision map": partial(show_decision_regions, x=x[:2000], y=y[:2000], **known)
    }
    if plan.model != "m2":
        draw = partial(draw_auxiliary_space, x=x, y=y, classes=data.space.classes)
        pictures["auxiliary space"] = draw
    steps = count_steps(ROWS, plan.batch, plan.epochs)
    stage = make_semi_supervised_stage(
        recipe,
        data,
        Engine(steps, adam(plan.lr), max_grad_norm=5.0, average=plan.average),
        batch=plan.batch,
        labelled=min(len(data.x), plan.batch),
        seed=seed,
        monitor_every=count_monitor_steps(ROWS, plan.batch, 1),
        pictures=pictures,
    )
    if plan.label_placement == "drawn":
        peer = {"peer_dense_paths_error": _make_dense_paths_error(data, **known)}
        stage = replace(stage, evaluations={**stage.evaluations, **peer})
    return {plan.model: stage}


def _make_dense_paths_error(
    data: SemiSupervisedData, x_labelled: Tensor, y_labelled: Tensor
) -> BaselineError:
    """The error of the label at the end of the shortest dense path, without a model."""
    y = torch.cat([torch.full((ROWS,), labels.BLANK), y_labelled])
    return BaselineError(
        DensePathClassifier,
        x_train=torch.cat([data.x_unlabelled[:ROWS], x_labelled]),
        y_train=y,
        x=data.x_test,
        y=data.y_test,
        name="nearest label along dense paths, 10 neighbours, power 3,",
    )


def _make_half_moons_data(plan: AdgmMoonsPlan, seed: int) -> SemiSupervisedData:
    """10,000 points to learn from, 10,000 others to test on, and three labelled ones an arc."""
    seeds = (2 * seed, 2 * seed + 1)
    train, test = (make_moons(ROWS, noise=plan.data_noise, seed=s) for s in seeds)
    if plan.label_placement == "drawn":
        known = train[labels.sample_rows_per_class(train.y, 3, seed)]
    else:
        known = make_labelled_moons(LABEL_PLACES[plan.label_placement])
    return SemiSupervisedData(
        space=fit_preprocessor(train),
        x=known.x,
        y=known.y,
        x_unlabelled=torch.cat((train.x, known.x)),
        x_test=test.x,
        y_test=test.y,
        corruption=identity,
        datasets={"train": train, "test": test},
        facts=dataset_facts(train, labelled=known.x.tolist()),
    )


def potential(plan: PotentialPlan = POTENTIAL_PLAN, *, seed: int = 0) -> Experiment:
    """exp(-U(z)) / Z on the plane, a ring that is dense at both ends of one diameter."""
    del seed  # of the initialisation, which `build_experiment` seeds, and of the draws
    require_at_least(0, a=plan.a)
    require_at_least(1, batch=plan.batch)
    sizes = {"a": plan.a, "draws": plan.batch}
    start = {"spread": plan.mean_spread, "log_std": plan.log_std_z, "start": plan.energy_from}
    recipe = Recipe("auxiliary_fit", {**sizes, **start, "cooling": plan.steps // 2})
    rate = partial(cosine_decay, steps=plan.steps)
    return {
        "fit": Stage(
            method=recipe.build(),
            batches=_return_no_batch,
            engine=Engine(plan.steps, adam(plan.lr), rate, max_grad_norm=5.0, average=plan.average),
            evaluations={"bound": score_log_z_bound, "lesser_mode": score_lesser_mode},
            recipe=recipe,
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
    log_mean_weight = (each.double().logsumexp(0) - torch.tensor(NUM_DRAWS).log()).item()
    return Score(
        each.mean().item(),
        "nats",
        len(each),
        f"bound on log Z, eq. 18, {NUM_DRAWS} draws, seed 0",
        standard_error(each),
        "standard error over draws",
        detail={"log_mean_weight": log_mean_weight},
    )


def score_lesser_mode(method: AuxiliaryFit) -> Score:
    """Share of q(z) on the side that has less of it; half in truth."""
    with use_seed(0, get_device(method)):
        right = (method.sample(NUM_DRAWS)[:, 0] > 0).double().mean().item()
    protocol = f"share of {NUM_DRAWS} draws of z, seed 0, on the side of z_1 = 0 that has fewer"
    return Score(100 * min(right, 1 - right), "%", NUM_DRAWS, protocol)


@torch.no_grad()
def _draw_two_moded_density(method: AuxiliaryFit, file: Path, half: float = 4.0) -> None:
    """The density over the plane, beside that of draws of q(z)."""
    line = torch.linspace(-half, half, 200)
    plane = torch.cartesian_prod(line, line)
    truth = (-two_moded_energy(plane) - two_moded_log_z()).exp().view(200, 200)
    drawn = method.sample(3 * NUM_DRAWS).cpu()
    edges = [torch.linspace(-half, half, 101)] * 2
    panels = {
        "exp(-U(z)) / Z": truth,
        "q(z), by its draws": torch.histogramdd(drawn, edges, density=True).hist,
    }
    figure, places = make_panel_axes(2, 2, (3.2, 3.4))
    settings = {"origin": "lower", "extent": (-half, half) * 2, "cmap": "viridis", "vmin": 0}
    for axes, (title, density) in zip(places, panels.items(), strict=True):
        axes.imshow(density.T.numpy(), **settings)
        axes.set_title(title, fontsize=10)
        axes.set(xlabel="z_1", ylabel="z_2")
    save_figure(figure, file)
