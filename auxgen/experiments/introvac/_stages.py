"""What the experiments share: a plain VAE, VAC and IntroVAC, alike in networks and rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from ...builders import Recipe
from ...data.batches import LabelledBatches, Resident
from ...data.dataset import Examples, Space
from ...data.images import side
from ...engine.settings import Engine, adam
from ...errors import InputError, at_least
from ...functional.schedules import stepped
from ...method import Method
from ...stage import Experiment, Picture, Stage
from ._measured import Measured
from ._pictures import Shown, at_equal_effect

Budget = Literal["cpu", "paper"]
Model = Literal["all", "introvac", "vac", "vae"]
Side = Literal[32, 64, 128]
STAGES: Mapping[Model, tuple[str, ...]] = {
    "all": ("vae", "pretrained", "vac", "introvac"),
    "introvac": ("pretrained", "introvac"),
    "vac": ("pretrained", "vac"),
    "vae": ("vae",),
}
"""Stages of a run; "pretrained" is a VAC from whose weights both "vac" and "introvac" start."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How large the models are, and how they are trained.

    Attributes:
        widths: Of the blocks, narrowest first; images have 4 * 2^len(widths) pixels a side.
        z: Width of the code.
        epochs: Passes over the training rows of IntroVAC, those before its game included.
        vac_epochs: The same of VAC, and of the plain VAE.
        pretraining: Passes as a VAC, before both.
        halvings: Of the learning rate, in shares of the epochs.
        vac_halvings: The same of VAC and of the plain VAE.
        lr: Learning rate of Adam.
        batch: Rows in a batch.
        betas: Weights of the losses, see `methods.vac.Betas`; the paper's where empty.
        average: Decay of the moving average.
        precision: Of forward passes.
    """

    widths: tuple[int, ...]
    z: int
    epochs: float
    vac_epochs: float
    pretraining: float = 5.0
    halvings: tuple[float, ...] = (0.4, 0.6, 0.8)
    vac_halvings: tuple[float, ...] = ()
    lr: float = 2e-4
    batch: int = 64
    betas: Mapping[str, float] = field(default_factory=dict)
    average: float = 0.999
    precision: Literal["32", "bf16"] = "bf16"


WEIGHT_DECAY = 1e-5
"""As in the authors' code; the paper does not tell."""


def stages(
    train: Examples,
    plan: Plan,
    *,
    seed: int,
    model: Model,
    measured: Measured,
    shown: Shown,
    facts: Mapping[str, Any] | None = None,
) -> Experiment:
    """The stages of a run.

    Args:
        train: Raw rows, with attributes that may be blank.
        plan: Sizes and training.
        seed: Of the order.
        model: Which stages.
        measured: What is measured.
        shown: What is drawn.
        facts: To be told of the run besides.
    """
    at_least(2, batch=plan.batch)
    methods = {name: recipe(name, train, plan).build() for name in STAGES[model]}
    starts = {
        name: partial(take_over, source=methods["pretrained"])
        for name in ("vac", "introvac")
        if name in methods
    }
    told = {"data": train.name, "rows": len(train), "fingerprint": train.fingerprint}
    shown.methods.update(methods)
    measured.methods.update(methods)
    return {
        name: Stage(
            method=method,
            batches=batches(name, train, plan, seed),
            engine=engine(name, plan, len(train)),
            evaluations=measured.evaluations(name),
            recipe=recipe(name, train, plan),
            space=space_of(train, told=name != "vae"),
            start=starts.get(name),
            pictures=pictures(name, measured, shown),
            data={"train": train, "test": measured.test},
            facts={**told, **(facts or {})},
        )
        for name, method in methods.items()
    }


def pictures(name: str, measured: Measured, shown: Shown) -> Mapping[str, Picture]:
    """A stage's, by title."""
    compared = measured.shown() if name == "introvac" else None
    if compared is None:
        return shown.pictures(name)
    drawn = partial(at_equal_effect, compared=compared)
    return {**shown.pictures(name), "edits at equal effect": drawn}


def recipe(name: str, train: Examples, plan: Plan) -> Recipe:
    """The builder of a stage.

    Raises:
        InputError: Images are not square, or there are no attributes.
    """
    channels, size, attributes = train.x.shape[1], side(train), train.answers().shape[1]
    images = {"channels": channels, "size": size, "widths": list(plan.widths), "z": plan.z}
    shared: dict[str, Any] = {"images": images}
    if plan.betas:
        shared["betas"] = dict(plan.betas)
    if name == "vae":
        return Recipe("residual_vae", shared)
    builder = "introvac" if name == "introvac" else "vac"
    return Recipe(builder, {**shared, "attributes": attributes})


def batches(name: str, train: Examples, plan: Plan, seed: int) -> LabelledBatches | Resident:
    if name == "vae":
        return Resident(train.x, plan.batch, seed)
    return LabelledBatches(train.x, train.answers(), plan.batch, seed)


def engine(name: str, plan: Plan, rows: int) -> Engine:
    """Adam with weight decay, halved at shares of all epochs; those of pretraining count."""
    total = plan.epochs if name == "introvac" else plan.vac_epochs
    halvings = plan.halvings if name == "introvac" else plan.vac_halvings
    before = plan.pretraining if name in ("vac", "introvac") else 0.0
    epochs = plan.pretraining if name == "pretrained" else total - before
    if epochs < 0:
        raise InputError(
            f"{name} has {total:g} epochs, {before:g} of which are pretraining; more are wanted."
        )
    steps, begun = round(epochs * rows / plan.batch), round(before * rows / plan.batch)
    at = [round(share * (steps + begun)) - begun for share in halvings]
    return Engine(
        steps,
        adam(plan.lr, weight_decay=WEIGHT_DECAY),
        learning_rate=partial(stepped, at=() if name == "pretrained" else at, factor=0.5),
        average=plan.average,
        precision=plan.precision,
    )


def take_over(method: Method, *, source: Method) -> None:
    """The weights of the pretrained VAC; optimisers start afresh."""
    method.load_state_dict(source.state_dict())


def space_of(train: Examples, *, told: bool) -> Space:
    """Pixels as they are, with the names of the attributes where the model tells them."""
    return Space(
        kind="images",
        shape=tuple(train.x.shape[1:]),
        flat=False,
        attributes=train.attribute_names if told else (),
    )
