"""Plans: sizes, training and judges of a plain VAE, VAC and IntroVAC, and the budgets."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from ...builders.introvac import ErrorName
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
    "beta_ae": "Weight of the reconstruction's error, a mean over pixels.",
    "beta_cl": "Weight of the classification, a mean over answers.",
    "beta_reg": "Weight of the rate, a mean over latents; None: 3 latent / 256, so that a nat "
    "costs what it costs in the paper, which has 256 latents and 3.",
    "beta_ec": "Weight of detecting each fake, for encoder and classifier. A real image weighs "
    "beta_cl / (attributes + 1): at half of that the game is even.",
    "beta_g": "Weight of passing for real, for the decoder.",
    "game": "Play IntroVAC's game; without it the decoder learns of its reconstructions' "
    "attributes alone, and nothing of fakes.",
    "error": "Error of a reconstruction's pixels: absolute, as in the paper's experiments, or "
    "squared, as in its equation 5.",
    "feature_weight": "Weight, beside the pixels' error, of the mean absolute error in the layers "
    "relu1_1 and relu2_1 of VGG-19 (in AUXGEN_WEIGHTS, else from the hub); colour images alone.",
    "pixel_shuffle": "Turn 2 x 2 pixels into channels before the first layer and back after the "
    "last, so that no layer works at full size: faster.",
    "edit_rates": "Measure also at one strength, chosen on validation faces, how often edits show "
    "each attribute, beside random directions and mean differences.",
    "all_faces": "Learn all training faces: answers of those beyond the paper's set are left "
    "blank.",
    "edit_distance": "Distance by which codes are moved along an attribute in pictures.",
    "joint_edit_distance": "Distance by which codes are moved along all attributes at once.",
    "scorers": "Classifiers, trained apart, whose mean logit says how far edits go: names or "
    "folders of runs; in introvac.own efficientnet-lite0 and the like too, whose features are "
    "probed; auto: those for faces of this size; without any, edits are not measured.",
    "second_scorer": "Another classifier, which says what else edits change; auto: that of "
    "this size where scorers is auto, or the scorers themselves.",
}


FACE_EXTRACTOR = "features.celeba"
"""Network in whose features faces are compared."""
PAPER_LATENT = 256
"""Latents of the paper's code."""
PAPER_REG = 3.0
"""The paper's beta_reg, and that of runs of every width before it followed the width."""


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
    beta_ae: float = 100.0
    beta_cl: float = 10.0
    beta_reg: float | None = None
    error: ErrorName = "absolute"
    feature_weight: float = 0.0
    pixel_shuffle: bool = False
    flip: bool = False
    old_precision: Precision = field(default="bf16", metadata=NOT_AN_OPTION)

    def make_betas(self) -> dict[str, float]:
        """Weights of the losses, as `Betas` has them."""
        reg = PAPER_REG * self.latent / PAPER_LATENT if self.beta_reg is None else self.beta_reg
        return {"ae": self.beta_ae, "cl": self.beta_cl, "reg": reg}


@dataclass(frozen=True, kw_only=True)
class IntrovacPlan(VacPlan):
    """A plain VAE, VAC and IntroVAC that share networks and rows."""

    model: IntrovacModelName = "all"
    introvac_epochs: float
    introvac_halvings: tuple[float, ...] = (0.4, 0.6, 0.8)
    beta_ec: float = 0.01
    beta_g: float = 5.0
    game: bool = True

    def make_betas(self) -> dict[str, float]:
        return {**super().make_betas(), "ec": self.beta_ec, "g": self.beta_g}


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
    extractor: str = FACE_EXTRACTOR
    all_faces: bool = False
    edit_rates: bool = False


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
    return replace(plan, latent=PAPER_LATENT, **passes, vac_halvings=(), lr=2e-4, average=0.999)


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
    beta_reg=PAPER_REG,
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
    beta_reg=0.5,
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
    beta_reg=PAPER_REG,
)
