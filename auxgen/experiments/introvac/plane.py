"""Figure 3: codes of two dimensions, the line that parts two classes, and w across it.

    auxgen train introvac.plane --run runs/plane
    auxgen reproduce introvac.figure3

scikit-learn's digits, 8 x 8, of two kinds: those with a loop (0, 6, 8, 9) and those without (1, 2,
3, 5, 7); of a 4 it is left blank, as people write it both ways.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from ...data import attributes as described
from ...data import images
from ...data.dataset import Dataset, Preprocessor
from ...evaluation.judges import MulticlassScorer
from ...inference.codes import decode_to_rows, embed_rows
from ...inference.editing import get_classifier_directions
from ...method import Method
from ...plotting.grids import PALETTE, draw_image_grid
from ...plotting.panels import make_panel_axes, save_figure
from ...stage import Experiment
from ._measured import IntrovacEvaluations
from ._pictures import IntrovacPictures
from ._stages import Plan, build_introvac_stages

PLANE_HALF_WIDTH = 3.5
"""Of the plane that is shown, in both directions."""
LOOP: Mapping[str, int] = {c: int(c in "0689") for c in "012356789"}


def experiment(
    *,
    seed: int = 0,
    epochs: float = 60,
    lr: float = 2e-3,
    batch: int = 64,
    judge: str = "features.digits",
) -> Experiment:
    """A VAC with codes of two dimensions.

    Args:
        seed: Of the initialisation and the order.
        epochs: Passes over the training rows.
        lr: Learning rate of Adam.
        batch: Rows in a batch.
        judge: Classifier of the digits, trained apart, that edits are measured by.
    """
    train, test = (
        described.derive_attributes_from_classes(
            images.load_image_dataset("digits", split), {"Loop": LOOP}
        )
        for split in ("train", "test")
    )
    plan = Plan(
        widths=(32,),
        z=2,
        epochs=0,
        vac_epochs=epochs,
        pretraining=0.1 * epochs,
        vac_halvings=(0.5, 0.75),
        lr=lr,
        batch=batch,
        betas={"reg": 0.5},
        average=0.99,
        precision="32",
    )
    measured = IntrovacEvaluations(
        train, test, "test", MulticlassScorer(judge, {"Loop": LOOP}), judge
    )
    shown = IntrovacPictures(train, test, delta=3.0)
    made = build_introvac_stages(
        train, plan, seed=seed, model="vac", evaluations=measured, illustrations=shown
    )
    codes = partial(_draw_code_plane, rows=test, space=measured.space)
    pictures = {"codes of the plane": codes, "attributes added": shown.draw_added_attributes}
    return {**made, "vac": replace(made["vac"], pictures=pictures)}


def _draw_code_plane(method: Method, file: Path, rows: Dataset, space: Preprocessor) -> None:
    """Codes by answer with w across the line that parts them; beside it, what codes decode to."""
    (loop,) = get_classifier_directions(method, space).values()
    z, y = embed_rows(method, space, rows.raw_rows()), rows.attributes
    assert y is not None
    figure, axes = make_panel_axes(2, 2, (5.2, 5.7))
    answers = {"no loop": y[:, 0] == 0, "loop": y[:, 0] == 1, "left blank (4)": y[:, 0].isnan()}
    for (name, chosen), colour in zip(answers.items(), (*PALETTE[:2], "#9A9A9A"), strict=True):
        axes[0].scatter(*z[chosen].T, s=9, color=colour, linewidths=0, label=name)
    along = torch.stack((-loop.vector[1], loop.vector[0]))
    line = torch.stack((-PLANE_HALF_WIDTH * along, PLANE_HALF_WIDTH * along))
    axes[0].plot(*line.T, "--", color="black", linewidth=1.2, label="logit 0")
    arrow = {"arrowstyle": "-|>", "linewidth": 2, "color": "black"}
    axes[0].annotate("", xy=(2 * loop.vector).tolist(), xytext=(0, 0), arrowprops=arrow)
    axes[0].annotate("w", xy=(2.2 * loop.vector).tolist(), fontsize=15)
    ticks = torch.linspace(-PLANE_HALF_WIDTH, PLANE_HALF_WIDTH, 15)
    plane = torch.cartesian_prod(ticks.flip(0), ticks).flip(1)
    picture = draw_image_grid(decode_to_rows(method, space, plane, None), 15, padding=10)
    axes[1].imshow(
        picture, extent=(-PLANE_HALF_WIDTH, PLANE_HALF_WIDTH, -PLANE_HALF_WIDTH, PLANE_HALF_WIDTH)
    )
    axes[1].plot(*line.T, "--", color=PALETTE[1], linewidth=2)
    for place, title in zip(axes, ("codes of test digits", "digits decoded there"), strict=True):
        place.set_title(title)
        place.set_aspect("equal")
        place.set_xlim(-PLANE_HALF_WIDTH, PLANE_HALF_WIDTH)
        place.set_ylim(-PLANE_HALF_WIDTH, PLANE_HALF_WIDTH)
    axes[0].legend(frameon=False, loc="upper left", markerscale=2)
    save_figure(figure, file)
