"""Plans: sizes, training and judges of a plain VAE, VAC and IntroVAC, and the budgets."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from ...engine.settings import Precision
from ..common import NOT_AN_OPTION, Budget, Plan

IntrovacModelName = Literal["all", "introvac", "vac", "vae"]
PhotoSize = Literal[32, 64, 128]
PhotoSizeChoice = Literal["auto", PhotoSize]

WORDS: Mapping[str, str] = {
    "introvac_epochs": "Passes of IntroVAC over the training rows, pretraining included.",
    "vac_epochs": "Passes of VAC, pretraining included, and of the plain VAE.",
    "pretraining_epochs": "Passes of the VAC from whose weights VAC and IntroVAC start; a "
    "scale_epochs above 1 leaves them.",
    "introvac_halvings": "Shares of IntroVAC's passes after which the learning rate is halved.",
    "vac_halvings": "Shares of VAC's and the plain VAE's passes after which the learning rate "
    "is halved.",
    "edit_distance": "Distance by which codes are moved along an attribute in pictures.",
    "joint_edit_distance": "Distance by which codes are moved along all attributes at once.",
    "scorers": "Classifiers, trained apart, whose mean logit says how far edits go: names or "
    "folders of runs; in introvac.own efficientnet-lite0 and the like too, whose features are "
    "probed; auto: those for faces of this size; without any, edits are not measured.",
    "second_scorer": "Another classifier, which says what else edits change; auto: that of "
    "this size where scorers is auto, or the scorers themselves.",
}


@dataclass(frozen=True, kw_only=True)
class VacPlan(Plan):
    """A VAC of images with 4 * 2^len(widths) pixels a side."""

    widths: tuple[int, ...]
    latent: int
    lr: float = 1e-3
    batch: int = 64
    average: float = 0.99
    vac_epochs: float
    pretraining_epochs: float = 5.0
    scale_epochs: float = 1.0
    vac_halvings: tuple[float, ...] = (0.4, 0.6, 0.8)
    edit_distance: float
    joint_edit_distance: float = 5.0
    scorers: tuple[str, ...] = ()
    betas: Mapping[str, float] = field(default_factory=dict, metadata=NOT_AN_OPTION)
    old_precision: Precision = field(default="bf16", metadata=NOT_AN_OPTION)


@dataclass(frozen=True, kw_only=True)
class IntrovacPlan(VacPlan):
    """A plain VAE, VAC and IntroVAC that share networks and rows."""

    model: IntrovacModelName = "all"
    introvac_epochs: float
    introvac_halvings: tuple[float, ...] = (0.4, 0.6, 0.8)


@dataclass(frozen=True, kw_only=True)
class IntrovacFashionPlan(IntrovacPlan):
    """The same for clothes."""

    train_rows: int = 20_000
    test_split: Literal["test", "validation"] = "test"


@dataclass(frozen=True, kw_only=True)
class IntrovacPhotoPlan(IntrovacPlan):
    """The same for photographs, at budget cpu."""

    size: PhotoSize = 64
    widths: tuple[int, ...] = (16, 32, 64, 128)
    latent: int = 64
    introvac_epochs: float = 20
    vac_epochs: float = 20
    edit_distance: float = 3.0


@dataclass(frozen=True, kw_only=True)
class IntrovacFacePlan(IntrovacPhotoPlan):
    """The same for CelebA."""

    edit_distance: float = 4.0
    test_split: Literal["test", "valid"] = "test"
    scorers: tuple[str, ...] = ("auto",)
    second_scorer: str = "auto"


@dataclass(frozen=True, kw_only=True)
class IntrovacOwnPlan(IntrovacPhotoPlan):
    """The same for a person's own images."""

    model: IntrovacModelName = "introvac"
    least_steps: int = 2000  # as many as 20 passes over the 6,284 faces of eyefacial take
    stop_early: int = 0
    test_fraction: float = 0.1


PHOTO_WIDTHS: Mapping[tuple[Budget, PhotoSize], tuple[int, ...]] = {
    ("cpu", 32): (16, 32, 64),
    ("cpu", 64): (16, 32, 64, 128),
    ("cpu", 128): (16, 32, 64, 128, 256),
    ("paper", 32): (128, 256, 512),
    ("paper", 64): (64, 128, 256, 512),
    ("paper", 128): (32, 64, 128, 256, 512),
}
"""Channels of the blocks by budget and side of the images in pixels."""

PhotoPlanKind = TypeVar("PhotoPlanKind", bound=IntrovacPhotoPlan)


def fit_photo_plan(plan: PhotoPlanKind, budget: Budget, size: PhotoSize) -> PhotoPlanKind:
    """A plan with the networks and the training of a budget, for images of a size."""
    plan = replace(plan, size=size, widths=PHOTO_WIDTHS[budget, size])
    if budget == "cpu":
        return plan
    passes = {"introvac_epochs": 150, "vac_epochs": 600}
    return replace(plan, latent=256, **passes, vac_halvings=(), lr=2e-4, average=0.999)


def make_face_plan(budget: Budget = "cpu", size: PhotoSizeChoice = "auto") -> IntrovacFacePlan:
    """A plan for CelebA: 64 pixels a side at budget cpu and 128 at paper where size is auto."""
    automatic: PhotoSize = 64 if budget == "cpu" else 128
    return fit_photo_plan(IntrovacFacePlan(), budget, automatic if size == "auto" else size)


DIGITS_PLAN = IntrovacPlan(
    widths=(32,),
    latent=8,
    introvac_epochs=40,
    vac_epochs=40,
    edit_distance=3.0,
    joint_edit_distance=4.0,
    scorers=("features.digits",),
    old_precision="32",
)
PLANE_PLAN = VacPlan(
    widths=(32,),
    latent=2,
    lr=2e-3,
    vac_epochs=60,
    pretraining_epochs=6.0,
    vac_halvings=(0.5, 0.75),
    edit_distance=3.0,
    scorers=("features.digits",),
    betas={"reg": 0.5},
    old_precision="32",
)
FASHION_PLAN = IntrovacFashionPlan(
    widths=(16, 32, 64),
    latent=32,
    introvac_epochs=3,
    vac_epochs=3,
    pretraining_epochs=1,
    edit_distance=4.0,
    scorers=("features.fashion_mnist",),
)
