"""What the experiments share: a plain VAE, VAC and IntroVAC, alike in networks and rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from ...builders import Recipe
from ...data.batches import InMemoryBatches, LabelledBatches
from ...data.dataset import Dataset, Preprocessor
from ...data.images import get_image_side
from ...engine.settings import Engine, adam
from ...errors import InputError, require_at_least
from ...functional.schedules import multistep_decay
from ...method import Method
from ...stage import Experiment, PictureWriter, Stage
from ._measured import IntrovacEvaluations
from ._pictures import IntrovacPictures, draw_equal_effect

IntrovacBudget = Literal["cpu", "paper"]
IntrovacModelName = Literal["all", "introvac", "vac", "vae"]
ImageSize = Literal[32, 64, 128]
STAGES: Mapping[IntrovacModelName, tuple[str, ...]] = {
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


def build_introvac_stages(
    train: Dataset,
    plan: Plan,
    *,
    seed: int,
    model: IntrovacModelName,
    evaluations: IntrovacEvaluations,
    illustrations: IntrovacPictures,
    facts: Mapping[str, Any] | None = None,
) -> Experiment:
    """The stages of a run.

    Args:
        train: Raw rows, with attributes that may be blank.
        plan: Sizes and training.
        seed: Of the order.
        model: Which stages.
        evaluations: What is measured.
        illustrations: What is drawn.
        facts: To be told of the run besides.
    """
    require_at_least(2, batch=plan.batch)
    methods = {name: _make_introvac_recipe(name, train, plan).build() for name in STAGES[model]}
    starts = {
        name: partial(_initialize_from_pretrained, source=methods["pretrained"])
        for name in ("vac", "introvac")
        if name in methods
    }
    told = {"data": train.name, "rows": len(train), "fingerprint": train.fingerprint}
    illustrations.methods.update(methods)
    evaluations.methods.update(methods)
    return {
        name: Stage(
            method=method,
            batches=_make_introvac_batches(name, train, plan, seed),
            engine=make_introvac_engine(name, plan, len(train)),
            evaluations=evaluations.make_evaluations(name),
            recipe=_make_introvac_recipe(name, train, plan),
            space=_make_introvac_space(train, with_attributes=name != "vae"),
            start=starts.get(name),
            pictures=_make_stage_pictures(name, evaluations, illustrations),
            data={"train": train, "test": evaluations.test},
            facts={**told, **(facts or {})},
        )
        for name, method in methods.items()
    }


def _make_stage_pictures(
    stage: str, evaluations: IntrovacEvaluations, illustrations: IntrovacPictures
) -> Mapping[str, PictureWriter]:
    """A stage's, by title."""
    compared = evaluations.make_pictured_equal_effect() if stage == "introvac" else None
    if compared is None:
        return illustrations.make_pictures(stage)
    drawn = partial(draw_equal_effect, compared=compared)
    return {**illustrations.make_pictures(stage), "edits at equal effect": drawn}


def _make_introvac_recipe(stage: str, train: Dataset, plan: Plan) -> Recipe:
    """The builder of a stage.

    Raises:
        InputError: Images are not square, or there are no attributes.
    """
    channels, size, attributes = (
        train.x.shape[1],
        get_image_side(train),
        train.require_attributes().shape[1],
    )
    images = {"channels": channels, "size": size, "widths": list(plan.widths), "z": plan.z}
    shared: dict[str, Any] = {"images": images}
    if plan.betas:
        shared["betas"] = dict(plan.betas)
    if stage == "vae":
        return Recipe("residual_vae", shared)
    builder = "introvac" if stage == "introvac" else "vac"
    return Recipe(builder, {**shared, "attributes": attributes})


def _make_introvac_batches(
    stage: str, train: Dataset, plan: Plan, seed: int
) -> LabelledBatches | InMemoryBatches:
    if stage == "vae":
        return InMemoryBatches(train.x, plan.batch, seed)
    return LabelledBatches(train.x, train.require_attributes(), plan.batch, seed)


def make_introvac_engine(stage: str, plan: Plan, rows: int) -> Engine:
    """Adam with weight decay, halved at shares of all epochs; those of pretraining count."""
    total = plan.epochs if stage == "introvac" else plan.vac_epochs
    halvings = plan.halvings if stage == "introvac" else plan.vac_halvings
    before = plan.pretraining if stage in ("vac", "introvac") else 0.0
    epochs = plan.pretraining if stage == "pretrained" else total - before
    if epochs < 0:
        raise InputError(
            f"{stage} has {total:g} epochs, {before:g} of which are pretraining; more are wanted."
        )
    steps, begun = round(epochs * rows / plan.batch), round(before * rows / plan.batch)
    at = [round(share * (steps + begun)) - begun for share in halvings]
    return Engine(
        steps,
        adam(plan.lr, weight_decay=WEIGHT_DECAY),
        learning_rate=partial(multistep_decay, at=() if stage == "pretrained" else at, factor=0.5),
        average=plan.average,
        precision=plan.precision,
    )


def _initialize_from_pretrained(method: Method, *, source: Method) -> None:
    """The weights of the pretrained VAC; optimisers start afresh."""
    method.load_state_dict(source.state_dict())


def _make_introvac_space(train: Dataset, *, with_attributes: bool) -> Preprocessor:
    """Pixels as they are, with the names of the attributes where the model tells them."""
    return Preprocessor(
        kind="images",
        shape=tuple(train.x.shape[1:]),
        flat=False,
        attributes=train.attribute_names if with_attributes else (),
    )
