"""Attributes made of classes: IntroVAC on digits and clothes, and the plane of figure 3.

    auxgen train introvac.digits --run runs/digits
    auxgen train introvac.fashion --run runs/fashion
    auxgen train introvac.plane --run runs/plane

scikit-learn's digits, 8 x 8: 0, 6, 8, 9 have a loop, and 1, 2, 3, 5, 7 have none; for a 4 it is
left blank, as people write it both ways. 0, 2, 3, 8, 9 have a round top, and 1, 4, 5, 6, 7 none.

Fashion-MNIST, 32 x 32: pullovers and coats have long sleeves, T-shirts have not; ankle boots have a
high shaft, sneakers and sandals have not. For all other clothes these are left blank. So most
answers are missing, and a direction is learned from those that are known.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from ...data.attributes import derive_attributes_from_classes
from ...data.dataset import Dataset
from ...data.images import load_image_dataset
from ...errors import InputError
from ...evaluation.attribute_scorers import MulticlassScorer
from ...inference.codes import decode_to_rows, embed_rows
from ...inference.moves import get_classifier_directions
from ...method import Method
from ...plotting.grids import PALETTE, draw_image_grid
from ...plotting.panels import make_panel_axes, save_figure
from ...stage import Experiment
from .evaluations import IntrovacEvaluations
from .plans import DIGITS_PLAN, FASHION_PLAN, PLANE_PLAN, IntrovacFashionPlan, IntrovacPlan, VacPlan
from .stages import build_introvac_stages

ClassAnswers = Mapping[str, Mapping[str, int]]
"""By attribute: classes that have it (1) or lack it (0); it is left blank for all others."""

LOOP = {c: int(c in "0689") for c in "012356789"}
DIGIT_ATTRIBUTES: ClassAnswers = {
    "Loop": LOOP,
    "RoundTop": {c: int(c in "02389") for c in "0123456789"},
}
CLOTHES_ATTRIBUTES: ClassAnswers = {
    "LongSleeves": {"Pullover": 1, "Coat": 1, "T - shirt / top": 0},
    "HighShaft": {"Ankle boot": 1, "Sneaker": 0, "Sandal": 0},
}
VALIDATION_ROWS = 2000
"""The last training rows of clothes, on which settings are chosen; they are never learned."""
PLANE_HALF_WIDTH = 3.5
"""Greatest code that is shown, in both directions."""


def digits(plan: IntrovacPlan = DIGITS_PLAN, *, seed: int = 0) -> Experiment:
    """A plain VAE, VAC and IntroVAC on digits of 8 x 8 pixels."""
    evaluations = _load_digit_evaluations(plan, DIGIT_ATTRIBUTES)
    return build_introvac_stages(plan, evaluations, seed=seed, model=plan.model)


def fashion(plan: IntrovacFashionPlan = FASHION_PLAN, *, seed: int = 0) -> Experiment:
    """A plain VAE, VAC and IntroVAC on clothes."""
    load = partial(load_image_dataset, "fashion_mnist", size=32)
    train, split = load("train"), plan.test_split
    test = train[-VALIDATION_ROWS:] if split == "validation" else load("test")
    rows = train[: min(plan.train_rows, len(train) - VALIDATION_ROWS)]
    evaluations = _make_class_evaluations(plan, rows, test, CLOTHES_ATTRIBUTES, split)
    return build_introvac_stages(plan, evaluations, seed=seed, model=plan.model)


def plane(plan: VacPlan = PLANE_PLAN, *, seed: int = 0) -> Experiment:
    """A VAC with codes of two dimensions.

    Raises:
        InputError: Codes have another width.
    """
    if plan.latent != 2:
        raise InputError(f"latent is {plan.latent}; expected 2, as codes are drawn on a plane.")
    evaluations = _load_digit_evaluations(plan, {"Loop": LOOP})
    vac = build_introvac_stages(plan, evaluations, seed=seed, model="vac")
    pictures = {
        "codes of the plane": partial(_draw_code_plane, evaluations=evaluations),
        "attributes added": vac["vac"].pictures["attributes added"],
    }
    return {**vac, "vac": replace(vac["vac"], pictures=pictures)}


def _load_digit_evaluations(plan: VacPlan, attributes: ClassAnswers) -> IntrovacEvaluations:
    """Digits with these attributes, and what is measured on them."""
    train, test = (load_image_dataset("digits", split) for split in ("train", "test"))
    return _make_class_evaluations(plan, train, test, attributes, "test")


def _make_class_evaluations(
    plan: VacPlan, train: Dataset, test: Dataset, attributes: ClassAnswers, split_name: str
) -> IntrovacEvaluations:
    """These rows with these attributes, and what is measured on them."""
    scorers = [MulticlassScorer(name, attributes) for name in plan.scorers]
    train, test = (derive_attributes_from_classes(part, attributes) for part in (train, test))
    extractor = next(iter(plan.scorers), None)
    return IntrovacEvaluations(train, test, scorers, extractor, split_name=split_name)


def _draw_code_plane(method: Method, file: Path, *, evaluations: IntrovacEvaluations) -> None:
    """Draw codes by answer with w across the line between them; beside it, what codes decode to."""
    rows, space, end = evaluations.test, evaluations.space, PLANE_HALF_WIDTH
    (loop,) = get_classifier_directions(method, space).values()
    z, y = embed_rows(method, space, rows.raw_rows()), rows.require_attributes()[:, 0]
    figure, axes = make_panel_axes(2, 2, (5.2, 5.7))
    answers = {"no loop": y == 0, "loop": y == 1, "left blank (4)": y.isnan()}
    for (name, chosen), colour in zip(answers.items(), (*PALETTE[:2], "#9A9A9A"), strict=True):
        axes[0].scatter(*z[chosen].T, s=9, color=colour, linewidths=0, label=name)
    along = torch.stack((-loop.vector[1], loop.vector[0]))
    line = torch.stack((-end * along, end * along)).T
    axes[0].plot(*line, "--", color="black", linewidth=1.2, label="logit 0")
    arrow = {"arrowstyle": "-|>", "linewidth": 2, "color": "black"}
    axes[0].annotate("", xy=(2 * loop.vector).tolist(), xytext=(0, 0), arrowprops=arrow)
    axes[0].annotate("w", xy=(2.2 * loop.vector).tolist(), fontsize=15)
    ticks = torch.linspace(-end, end, 15)
    codes = torch.cartesian_prod(ticks.flip(0), ticks).flip(1)
    picture = draw_image_grid(decode_to_rows(method, space, codes, None), 15, padding=10)
    axes[1].imshow(picture, extent=(-end, end, -end, end))
    axes[1].plot(*line, "--", color=PALETTE[1], linewidth=2)
    for place, title in zip(axes, ("codes of test digits", "digits decoded there"), strict=True):
        place.set_title(title)
        place.set_aspect("equal")
        place.set(xlim=(-end, end), ylim=(-end, end))
    axes[0].legend(frameon=False, loc="upper left", markerscale=2)
    save_figure(figure, file)
