"""Half-moons with six labels (Maaloe et al., 2016, figure 2c, d).

    auxgen train adgm.half_moons --run runs/moons [--model m2]
    auxgen reproduce adgm.half_moons

Two arcs of 10,000 points and three labelled points on each, at both ends and in the middle: their
position decides the outcome (docs/papers/adgm.md). The ADGM separates the arcs within 10 epochs of
100 rounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

import torch

from ...data import toys
from ...data.augmentation import identity
from ...data.dataset import Dataset, fit_preprocessor
from ...engine.settings import Engine, adam
from ...functional.bounds import classification_weight
from ...plotting.pages import show_decision_regions
from ...stage import Experiment
from ..common import Reproduction, TableRow, format_verdict
from ._figures import draw_auxiliary_space
from ._stages import (
    AblationName,
    DGMName,
    SemiSupervisedData,
    convert_epochs_to_steps,
    make_dgm_recipe,
    make_semi_supervised_stage,
    sample_labelled_rows,
)

ROWS = 10_000
LabelPlacement = Literal["ends", "inside", "drawn"]


def experiment(
    *,
    seed: int = 0,
    model: Literal[DGMName, AblationName] = "adgm",
    epochs: float = 10,
    noise: float = 0.1,
    lr: float = 1e-3,
    beta: float = 0.1,
    a_sees_x: bool = False,
    batch: int = 100,
    labels: LabelPlacement = "ends",
) -> Experiment:
    """Half-moons with six labels.

    Args:
        seed: Of the data, the initialisation and the order.
        model: adgm, sdgm, or m2, which has no auxiliary variable; adgm_deterministic, whose a is
            no variable; adgm_uninformed, whose p(a) sees nothing.
        epochs: Passes over the unlabelled points.
        noise: Standard deviation of points about their arcs; at 0.2 the Bayes error is about 3 %.
        lr: Learning rate of Adam.
        beta: Weight of the classification term, times (N_l + N_u) / N_l.
        a_sees_x: ADGM with p(a|z,y,x), eq. 5, rather than p(a|z,y).
        batch: Unlabelled points in a batch, beside all six labelled ones.
        labels: Where the labelled points lie: at both ends and in the middle of each arc; inside,
            at 0.15, 0.5 and 0.85 of it; or any three training points of each, drawn.
    """
    data = _make_half_moons_data(noise, seed, labels)
    made = make_dgm_recipe(
        model,
        data,
        hidden=[100, 100],
        a=10,
        z=10,
        likelihood="gaussian",
        alpha=classification_weight(beta, len(data.x), ROWS),
        **({"a_sees_x": a_sees_x} if model == "adgm" else {}),
    )
    shown = {
        "x": data.x_test[:2000],
        "y": data.y_test[:2000],
        "x_labelled": data.x,
        "y_labelled": data.y,
    }
    pictures: dict[str, Any] = {"decision map": partial(show_decision_regions, **shown)}
    if model != "m2":
        pictures["auxiliary space"] = partial(
            draw_auxiliary_space, x=data.x_test, y=data.y_test, classes=data.space.classes
        )
    steps = convert_epochs_to_steps(ROWS, batch, epochs)
    engine = Engine(steps, adam(lr), max_grad_norm=5.0, average=0.99)
    return {
        model: make_semi_supervised_stage(
            made,
            data,
            engine,
            labelled=len(data.x),
            unlabelled=batch,
            seed=seed,
            monitor_every=convert_epochs_to_steps(ROWS, batch, 1),
            pictures=pictures,
        )
    }


def _make_half_moons_data(noise: float, seed: int, labels: LabelPlacement) -> SemiSupervisedData:
    """10,000 points to learn from, 10,000 others to test on, and the six labelled ones."""
    train, test = (toys.make_moons(ROWS, noise=noise, seed=s) for s in (2 * seed, 2 * seed + 1))
    known = _make_labelled_points(train, labels, seed)
    return SemiSupervisedData(
        space=fit_preprocessor(train),
        x=known.x,
        y=known.y,
        x_unlabelled=torch.cat((train.x, known.x)),
        x_test=test.x,
        y_test=test.y,
        corruption=identity,
        datasets={"train": train, "test": test},
        facts={"data": train.name, "fingerprint": train.fingerprint, "labelled": known.x.tolist()},
    )


def _make_labelled_points(train: Dataset, labels: LabelPlacement, seed: int) -> Dataset:
    """Three points of each arc."""
    places = {"ends": (0.0, 0.5, 1.0), "inside": (0.15, 0.5, 0.85)}
    return (
        toys.make_labelled_moons(places[labels])
        if labels in places
        else train[sample_labelled_rows(train, 3, seed)]
    )


SEEDS = 10
ERROR = "test error"


def reproduction(budget: str) -> Reproduction:
    """The models after ten epochs; see adgm.figure2 and adgm.half_moons_labels for more."""
    del budget
    paper = {"adgm": "close to 0 % in 10 epochs"}
    rows = [
        make_half_moons_row(HALF_MOONS_TITLES[model], model, paper.get(model, ""))
        for model in ("adgm", "sdgm", "m2")
    ]
    return Reproduction("Half-moons from six labels", rows, _check_adgm_gain_over_m2)


HALF_MOONS_TITLES = {
    "adgm": "ADGM",
    "sdgm": "SDGM",
    "m2": "M2",
    "adgm_deterministic": "ADGM, deterministic a",
    "adgm_uninformed": "ADGM, p(a) sees nothing",
}


def make_half_moons_row(name: str, model: str, paper: str = "", **options: Any) -> TableRow:
    """A line of the table."""
    scores = {ERROR: f"{model}/test_error"}
    return TableRow(name, "adgm.half_moons", scores, {"model": model, **options}, {ERROR: paper})


def _check_adgm_gain_over_m2(means: Mapping[tuple[str, str], float]) -> str:
    """Whether M2 is worse than the ADGM."""
    ours, other = means["ADGM", ERROR], means["M2", ERROR]
    holds = format_verdict(ours < other)
    return (
        "M2's mean error after 10 epochs is above the ADGM's: "
        f"{holds} ({other:.2f} % against {ours:.2f} %)."
    )
