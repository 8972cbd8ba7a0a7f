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
from ...data.batches import InMemoryBatches, LabelledBatches
from ...data.dataset import Dataset, Preprocessor
from ...engine.settings import Engine, adam
from ...errors import InputError, require_at_least
from ...functional.schedules import rise_then_cosine
from ...method import Method
from ...methods.asl import BaseASL
from ...methods.mi_encoder import InformativeEncoder
from ...methods.two_stage_vae import TwoStageVAE
from ...methods.vae import VAE
from ...networks.densities import GMM, DensityKind, initialize_mixture
from ...stage import BatchStream, Experiment, Stage
from ..registry import list_extractors as trained_extractors
from ._image_pictures import AslImagePictures, sample_image_codes
from ._image_scores import AslImageEvaluations

AslBudget = Literal["cpu", "paper"]
SOURCE_STAGES: Mapping[str, str] = {
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


def make_asl_image_experiment(
    data: str, plans: Mapping[AslBudget, Plan], extractor: str | None = None
) -> Callable[..., Experiment]:
    """The experiment of table 1 on a set of images, by default this one."""
    default = data

    def experiment(
        *,
        seed: int = 0,
        data: str = default,
        budget: AslBudget = "cpu",
        epochs: float = 1.0,
        width: int | None = None,
        lr: float | None = None,
        batch: int | None = None,
        weight: float | None = None,
        beta: float | None = None,
        scale: float | None = None,
        density: DensityKind = "affine",
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
        rows = load_asl_image_splits(data, held_out)
        named = f"features.{data}"
        known = extractor or (named if named in trained_extractors() else None)
        made = _make_asl_recipes(
            rows.train, plan, _make_asl_arguments(plan, density, components, l1)
        )
        return _build_asl_image_stages(rows, plan, made, seed=seed, extractor=known)

    return experiment


@dataclass(frozen=True, eq=False)
class ImageSplits:
    """Rows to learn from and rows to measure on, and what the latter are called."""

    train: Dataset
    test: Dataset
    split_name: str


def load_asl_image_splits(data: str, held_out: int) -> ImageSplits:
    """The set's own splits; or the last training rows are measured on, and not learned from.

    Raises:
        InputError: Images are not square, or no row would be left.
    """
    require_at_least(0, held_out=held_out)
    train = images.load_image_dataset(data, "train")
    images.get_image_side(train)
    if not held_out:
        return ImageSplits(train, images.load_image_dataset(data, "test"), "test")
    if held_out >= len(train):
        raise InputError(
            f"{held_out} of {len(train)} training rows shall be held out; fewer are wanted."
        )
    return ImageSplits(train[:-held_out], train[-held_out:], "validation")


def _make_asl_arguments(
    plan: Plan, density: DensityKind, components: int, l1: bool
) -> dict[str, Any]:
    """Arguments of what ASL fits."""
    kinds: dict[str, dict[str, Any]] = {
        "mixture": {"components": components},
        "vae": {"hidden": list(plan.second)},
    }
    couplings = {"transforms": plan.transforms, "hidden": list(plan.hidden)}
    return {"kind": density, "sizes": kinds.get(density, couplings), "l1": l1}


def _make_asl_recipes(
    train: Dataset, plan: Plan, asl_arguments: Mapping[str, Any]
) -> dict[str, Recipe]:
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
        "vae_asl": Recipe("image_vae_asl", {**base, **asl_arguments}),
        "mi": Recipe("image_informative_encoder", {**base, "scale": plan.scale, **stein}),
        "mi_asl": Recipe("image_mi_asl", {**base, **asl_arguments}),
    }
    if labels := _make_label_arguments(train):
        made["on_demand"] = Recipe("image_conditional_asl", {**base, **asl_arguments, **labels})
    return made


def _make_label_arguments(train: Dataset) -> dict[str, int]:
    """What p(u|y) is given: attributes where there are any, else classes, else nothing."""
    if train.attributes is not None:
        return {"attributes": train.attributes.shape[1]}
    return {"classes": len(train.classes)} if (train.y >= 0).any() else {}


def _build_asl_image_stages(
    rows: ImageSplits,
    plan: Plan,
    recipes: Mapping[str, Recipe],
    *,
    seed: int,
    extractor: str | None,
) -> Experiment:
    """A stage of each recipe; SOURCES says which starts from which."""
    require_at_least(2, batch=plan.batch)
    train, test = rows.train, rows.test
    space = Preprocessor(
        kind="images", shape=tuple(train.x.shape[1:]), flat=False, classes=train.classes
    )
    methods = {name: recipe.build() for name, recipe in recipes.items()}
    x = space.transform(train[:5000].raw_rows())
    starts = {
        name: partial(initialize_image_model_from, source=methods[source], x=x)
        for name, source in SOURCE_STAGES.items()
    }
    measured = AslImageEvaluations(train, test, space, rows.split_name, extractor, plan.resamplings)
    shown = AslImagePictures(test, space, plan.codes, methods)
    facts = {"data": train.name, "fingerprint": train.fingerprint, "measured on": rows.split_name}
    return {
        name: Stage(
            method=methods[name],
            batches=_make_asl_image_batches(train, plan.batch, seed, labelled=name == "on_demand"),
            engine=make_asl_image_engine(
                round(plan.epochs[name] * len(train) / plan.batch), plan.lr
            ),
            evaluations=measured.make_evaluations(name),
            recipe=recipe,
            space=space,
            start=starts.get(name),
            pictures=shown.make_pictures(name),
            data={"train": train, "test": test},
            facts=facts,
        )
        for name, recipe in recipes.items()
    }


def _make_asl_image_batches(
    train: Dataset, batch: int, seed: int, *, labelled: bool
) -> BatchStream:
    """Images, with what is known of them where wanted: rows of which all is known."""
    if not labelled:
        return InMemoryBatches(train.x, batch, seed)
    y = train.y if train.attributes is None else train.attributes
    known = y >= 0 if y.ndim == 1 else ~y.isnan().any(1)
    return LabelledBatches(train.x[known], y[known], batch, seed)


def make_asl_image_engine(steps: int, lr: float) -> Engine:
    """Adam on bf16; at its highest rate from the start the MI encoder can die."""
    rate = partial(rise_then_cosine, steps=steps, rise=0.1)
    return Engine(steps, adam(lr), learning_rate=rate, average=0.99, precision="bf16")


def initialize_image_model_from(method: Method, *, source: Method, x: Tensor) -> None:
    """The encoder, and its generator as an excellent initial value (section 3.2).

    A two-stage VAE takes the decoder with its scale, to keep it. A Gaussian mixture starts where
    expectation maximisation on codes of x (n, *event) ends.
    """
    assert isinstance(method, TwoStageVAE | BaseASL)
    encoder, g = _get_encoder_and_generator(source)
    method.q_u.load_state_dict(encoder.state_dict())
    if isinstance(method, TwoStageVAE):
        assert isinstance(source, VAE)
        method.p_x.load_state_dict(source.p_x.state_dict())
        return
    method.p_x.g.load_state_dict(g.state_dict())
    if isinstance(method.p_u, GMM):
        with torch.no_grad():
            initialize_mixture(method.p_u, sample_image_codes(method, x))


def _get_encoder_and_generator(source: Method) -> tuple[torch.nn.Module, torch.nn.Module]:
    """Encoder and generator."""
    match source:
        case VAE():
            return source.q_z, source.p_x.network
        case InformativeEncoder():
            return source.q_u, source.g
        case BaseASL():
            return source.q_u, source.p_x.g
        case _:
            raise TypeError(f"{type(source).__name__} has no encoder to start from.")
