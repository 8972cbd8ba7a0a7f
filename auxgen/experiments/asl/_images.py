"""What the experiments on images share: all models of table 1 in one run, in the same networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor

from ...builders import Recipe
from ...builders.asl_images import Layout
from ...data import images
from ...data.batches import LabelledBatches, Resident
from ...data.dataset import Examples, Space
from ...engine.settings import Engine, adam
from ...errors import InputError, at_least
from ...functional.schedules import rise_then_cosine
from ...method import Method
from ...methods.asl import SupervisedLatent
from ...methods.mi_encoder import InformativeEncoder
from ...methods.two_stage_vae import TwoStageVAE
from ...methods.vae import VAE
from ...networks.densities import GMM, Density, start_mixture
from ...stage import Batches, Experiment, Stage
from ..registry import extractors as trained_extractors
from ._image_pictures import Shown, drawn
from ._image_scores import Measured

Budget = Literal["cpu", "paper"]
SOURCES: Mapping[str, str] = {
    "two_stage": "vae",
    "vae_asl": "vae",
    "mi_asl": "mi",
    "on_demand": "mi_asl",
}
"""Whose encoder a stage holds fixed, and whose generator it starts from."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How large the models are, and how they are trained.

    Attributes:
        layout: plain or normalised, the columns of table 2.
        width: Channels of the first convolution.
        u: Width of the code.
        epochs: Passes over the training images of each stage.
        lr: Highest learning rate of Adam: it rises over a tenth of a stage's rounds, then falls.
        batch: Images in a batch.
        scale: Of p(x|u) at the start, in the VAE and in the MI encoder's objective.
        weight: Of the Stein discrepancy, the paper's lambda.
        beta: Exponent of its kernel.
        floor: Of the residual variances in the MI encoder's objective.
        transforms: Couplings of the flow p(u).
        hidden: Hidden layers of each coupling.
        second: Hidden layers of the second VAE.
        codes: Codes in the map of figure 4.
        resamplings: Sets of samples that distances are measured on.
    """

    layout: Layout
    width: int
    u: int
    epochs: Mapping[str, float]
    lr: float
    batch: int = 256
    scale: float = 1.0
    weight: float = 10.0
    beta: float = 0.5
    floor: float = 1e-3
    transforms: int
    hidden: tuple[int, ...]
    second: tuple[int, ...]
    codes: int
    resamplings: int


def experiment_on(
    data: str, plans: Mapping[Budget, Plan], extractor: str | None = None
) -> Callable[..., Experiment]:
    """The experiment of table 1 on a set of images, by default this one."""
    default = data

    def experiment(
        *,
        seed: int = 0,
        data: str = default,
        budget: Budget = "cpu",
        epochs: float = 1.0,
        width: int | None = None,
        lr: float | None = None,
        batch: int | None = None,
        weight: float | None = None,
        beta: float | None = None,
        scale: float | None = None,
        density: Density = "affine",
        components: int = 50,
        l1: bool = False,
        extractor: str | None = extractor,
        held_out: int = 0,
    ) -> Experiment:
        """VAEs, two-stage VAE, VAE-ASL, MI encoder, MI-ASL, and MI-ASL on demand.

        Args:
            seed: Of the initialisation and the order.
            data: Name, hub id or folder of square images.
            budget: cpu is minutes of one core; paper is the paper's networks, for a GPU.
            epochs: Factor on the budget's passes over the images.
            width: Channels of the first convolution; the budget's own when not given.
            lr: Highest learning rate of Adam; the budget's own when not given.
            batch: Images in a batch; the budget's own when not given.
            weight: Of the Stein discrepancy, the paper's lambda; the budget's own when not given.
            beta: Exponent of its kernel; the budget's own when not given.
            scale: Of p(x|u) at the start, in the VAE and for the MI encoder; the budget's
                own when not given.
            density: Of the codes: affine, additive, spline (coupling flows), mixture, or vae.
            components: Of a mixture.
            l1: The regression's error is |x - g(u)|_1 rather than |x - g(u)|_2^2.
            extractor: In whose features distances are taken; features.DATA where there is one.
            held_out: Last training images measured in place of the test images, for choices.
        """
        own = {"width": width, "lr": lr, "batch": batch, "scale": scale}
        own |= {"weight": weight, "beta": beta}
        plan = replace(plans[budget], **{k: v for k, v in own.items() if v is not None})
        plan = replace(plan, epochs={stage: n * epochs for stage, n in plan.epochs.items()})
        rows = rows_of(data, held_out)
        named = f"features.{data}"
        known = extractor or (named if named in trained_extractors() else None)
        made = recipes(rows.train, plan, fitted(plan, density, components, l1))
        return stages(rows, plan, made, seed=seed, extractor=known)

    return experiment


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to learn from and rows to measure on, and what the latter are called."""

    train: Examples
    test: Examples
    split_name: str


def rows_of(data: str, held_out: int) -> Rows:
    """The set's own splits; or the last training rows are measured on, and not learned from.

    Raises:
        InputError: Images are not square, or no row would be left.
    """
    at_least(0, held_out=held_out)
    train = images.load(data, "train")
    images.side(train)
    if not held_out:
        return Rows(train, images.load(data, "test"), "test")
    if held_out >= len(train):
        raise InputError(
            f"{held_out} of {len(train)} training rows shall be held out; fewer are wanted."
        )
    return Rows(train[:-held_out], train[-held_out:], "validation")


def fitted(plan: Plan, density: Density, components: int, l1: bool) -> dict[str, Any]:
    """Arguments of what ASL fits."""
    kinds: dict[str, dict[str, Any]] = {
        "mixture": {"components": components},
        "vae": {"hidden": list(plan.second)},
    }
    couplings = {"transforms": plan.transforms, "hidden": list(plan.hidden)}
    return {"kind": density, "sizes": kinds.get(density, couplings), "l1": l1}


def recipes(train: Examples, plan: Plan, fit: Mapping[str, Any]) -> dict[str, Recipe]:
    """The models, all of the same networks; on demand where something is known of the rows.

    The paper does not tell its VAE's scale of p(x|u), on which hangs how much its codes know: it is
    learned in "vae", and 1 in "vae_unit".
    """
    base: dict[str, Any] = {
        "images": {
            "channels": train.x.shape[1],
            "size": train.x.shape[2],
            "u": plan.u,
            "layout": plan.layout,
            "width": plan.width,
        }
    }
    second = {"kind": "vae", "sizes": {"hidden": list(plan.second)}}
    stein = {"weight": plan.weight, "beta": plan.beta, "floor": plan.floor}
    made = {
        "vae": Recipe("image_vae", {**base, "scale": plan.scale}),
        "vae_unit": Recipe("image_vae", {**base, "scale": 1.0, "learned": False}),
        "two_stage": Recipe("image_two_stage_vae", {**base, **second}),
        "vae_asl": Recipe("image_vae_asl", {**base, **fit}),
        "mi": Recipe("image_informative_encoder", {**base, "scale": plan.scale, **stein}),
        "mi_asl": Recipe("image_mi_asl", {**base, **fit}),
    }
    if labels := labels_of(train):
        made["on_demand"] = Recipe("image_conditional_asl", {**base, **fit, **labels})
    return made


def labels_of(train: Examples) -> dict[str, int]:
    """What p(u|y) is given: attributes where there are any, else classes, else nothing."""
    if train.attributes is not None:
        return {"attributes": train.attributes.shape[1]}
    return {"classes": len(train.classes)} if (train.y >= 0).any() else {}


def stages(
    rows: Rows, plan: Plan, made: Mapping[str, Recipe], *, seed: int, extractor: str | None
) -> Experiment:
    """A stage of each recipe; SOURCES says which starts from which."""
    at_least(2, batch=plan.batch)
    train, test = rows.train, rows.test
    space = Space(kind="images", shape=tuple(train.x.shape[1:]), flat=False, classes=train.classes)
    methods = {name: recipe.build() for name, recipe in made.items()}
    x = space.enter(train[:5000].raw())
    starts = {
        name: partial(take_over, source=methods[source], x=x) for name, source in SOURCES.items()
    }
    measured = Measured(train, test, space, rows.split_name, extractor, plan.resamplings)
    shown = Shown(test, space, plan.codes, methods)
    facts = {"data": train.name, "fingerprint": train.fingerprint, "measured on": rows.split_name}
    return {
        name: Stage(
            method=methods[name],
            batches=batches(train, plan.batch, seed, labelled=name == "on_demand"),
            engine=engine_of(round(plan.epochs[name] * len(train) / plan.batch), plan.lr),
            evaluations=measured.evaluations(name),
            recipe=recipe,
            space=space,
            start=starts.get(name),
            pictures=shown.pictures(name),
            data={"train": train, "test": test},
            facts=facts,
        )
        for name, recipe in made.items()
    }


def batches(train: Examples, batch: int, seed: int, *, labelled: bool) -> Batches:
    """Images, with what is known of them where wanted: rows of which all is known."""
    if not labelled:
        return Resident(train.x, batch, seed)
    y = train.y if train.attributes is None else train.attributes
    known = y >= 0 if y.ndim == 1 else ~y.isnan().any(1)
    return LabelledBatches(train.x[known], y[known], batch, seed)


def engine_of(steps: int, lr: float) -> Engine:
    """Adam on bf16; at its highest rate from the start the MI encoder can die."""
    rate = partial(rise_then_cosine, steps=steps, rise=0.1)
    return Engine(steps, adam(lr), learning_rate=rate, average=0.99, precision="bf16")


def take_over(method: Method, *, source: Method, x: Tensor) -> None:
    """The encoder, and its generator as an excellent initial value (section 3.2).

    A two-stage VAE takes the decoder with its scale, to keep it. A Gaussian mixture starts where
    expectation maximisation on codes of x (n, *event) ends.
    """
    assert isinstance(method, TwoStageVAE | SupervisedLatent)
    encoder, g = networks(source)
    method.q_u.load_state_dict(encoder.state_dict())
    if isinstance(method, TwoStageVAE):
        assert isinstance(source, VAE)
        method.p_x.load_state_dict(source.p_x.state_dict())
        return
    method.p_x.g.load_state_dict(g.state_dict())
    if isinstance(method.p_u, GMM):
        with torch.no_grad():
            start_mixture(method.p_u, drawn(method, x))


def networks(source: Method) -> tuple[torch.nn.Module, torch.nn.Module]:
    """Encoder and generator."""
    match source:
        case VAE():
            return source.q_z, source.p_x.network
        case InformativeEncoder():
            return source.q_u, source.g
        case SupervisedLatent():
            return source.q_u, source.p_x.g
        case _:
            raise TypeError(f"{type(source).__name__} has no encoder to start from.")
