"""What figures 2 to 4 show of a trained model: its auxiliary space, its units, its analogies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from functools import partial
from pathlib import Path
from typing import Any, final

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, kl_divergence

from ...data.dataset import Dataset, Preprocessor
from ...inference.codes import make_analogies
from ...inference.prediction import predict_rows
from ...method import Method
from ...methods.adgm import AuxiliaryDGM
from ...plotting.analogies import show_analogies
from ...plotting.grids import PALETTE
from ...plotting.pages import show_class_grid
from ...rng import get_device, use_seed
from ...score import Evaluation, Score

MIN_ACTIVE_KL = 0.01
"""Nats: a unit whose mean KL is above is active."""
MAX_ROWS = 2000

Pictures = dict[str, Callable[[Any, Path], None]]


@torch.no_grad()
def draw_auxiliary_space(
    method: AuxiliaryDGM, file: Path, *, x: Tensor, y: Tensor, classes: tuple[str, ...]
) -> None:
    """The first two principal components of the means of q(a|x), by class (figures 2d, 4b)."""
    from matplotlib.figure import Figure

    points = project_to_principal_components(method.q_a(x.to(get_device(method))).mean).cpu()
    figure = Figure(figsize=(6, 4.2), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    for c, name in enumerate(classes):
        own = points[y == c]
        colour = PALETTE[c % len(PALETTE)]
        axes.scatter(own[:, 0], own[:, 1], s=5, alpha=0.6, linewidths=0, color=colour, label=name)
    axes.locator_params(nbins=6)
    axes.set_xlabel("first principal component of the means of q(a|x)")
    axes.set_ylabel("second")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", frameon=False, markerscale=3)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, format="png")


def project_to_principal_components(a: Tensor) -> Tensor:
    """The first two principal components: (n, d) -> (n, 2)."""
    a = a - a.mean(0)
    _, _, axes = torch.linalg.svd(a, full_matrices=False)
    return a @ axes[:2].T


@torch.no_grad()
def kl_per_unit(method: AuxiliaryDGM, x: Tensor) -> dict[str, Tensor]:
    """Mean over rows of each unit's KL in nats: z_j to N(0, 1), a_i to p(a_i|.) (figure 4a).

    One draw of a and of z for each row, y the most probable class: x (b, d) -> (d_z,), (d_a,). A
    deterministic a has none.
    """
    q_a = method.q_a(x)
    a = q_a.rsample()
    y = method.p_y.one_hot(method.q_y(a, x).logits.argmax(-1))
    q_z = method.q_z(a, y, x)
    found = {"z": _elementwise_kl(q_z, method.p_z())}
    if isinstance(q_a, Independent):
        found["a"] = _elementwise_kl(q_a, method.decode_auxiliary(x, y, q_z.rsample()))
    return found


def _elementwise_kl(q: Distribution, p: Distribution) -> Tensor:
    """KL(q || p) of each entry of diagonal Gaussians, mean over rows: -> (d,)."""
    assert isinstance(q, Independent)
    assert isinstance(p, Independent)
    return kl_divergence(q.base_dist, p.base_dist).mean(0)


@final
@dataclass(frozen=True, eq=False)
class ActiveUnits:
    """Units of z, and of a, whose mean KL is above 0.01 nats; the detail holds each unit's KL.

    Attributes:
        x: Rows as the model sees them, (n, d).
        split_name: For the protocol.
        seed: Of the draws.
    """

    x: Tensor
    _: KW_ONLY
    split_name: str = "test"
    seed: int = 0

    def __call__(self, method: AuxiliaryDGM) -> dict[str, Score]:
        with use_seed(self.seed, get_device(method)):
            found = kl_per_unit(method, self.x.to(get_device(method)))
        said = f"{self.split_name} split, {len(self.x)} rows, 1 draw a row, seed {self.seed}"
        return {
            f"active_units_{name}": Score(
                (kl > MIN_ACTIVE_KL).sum().item(),
                "units",
                len(self.x),
                f"of {len(kl)} units of {name}, mean KL above {MIN_ACTIVE_KL} nats; {said}",
                detail={"kl": sorted(kl.tolist(), reverse=True)},
            )
            for name, kl in found.items()
        }


@torch.no_grad()
def _draw_unit_kl(method: AuxiliaryDGM, file: Path, *, x: Tensor) -> None:
    """Mean KL of each unit of z and of a, in order of size, on a logarithmic axis (figure 4a)."""
    from matplotlib.figure import Figure

    found = kl_per_unit(method, x.to(get_device(method)))
    figure = Figure(figsize=(6, 3.4), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    names = {"z": "z: KL(q(z|a,y,x) to N(0, 1))", "a": "a: KL(q(a|x) to p(a|.))"}
    for colour, (name, kl) in zip(PALETTE, found.items(), strict=False):
        height = kl.sort(descending=True).values.clamp(min=1e-6).cpu()
        axes.plot(range(1, len(kl) + 1), height, "o-", ms=3, color=colour, label=names[name])
    axes.axhline(
        MIN_ACTIVE_KL, color="#767676", linestyle=":", label=f"{MIN_ACTIVE_KL} nats: active above"
    )
    axes.set_yscale("log")
    axes.set_xlabel("units, in order of size")
    axes.set_ylabel("mean KL, nats")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, format="png")


@final
@dataclass(frozen=True, eq=False)
class AnalogyAccuracy:
    """Share in per cent of analogies in which the model's own classifier finds the class asked for.

    Attributes:
        raw: Rows (n, *shape); each makes one analogy for each class.
        space: How the model sees them.
        split_name: For the protocol.
        seed: Of the draws.
    """

    raw: Tensor
    space: Preprocessor
    _: KW_ONLY
    split_name: str = "test"
    seed: int = 0

    def __call__(self, method: Method) -> Score:
        with use_seed(self.seed, get_device(method)):
            made = make_analogies(method, self.space, self.raw)[:, 1:]
            told = predict_rows(method, self.space, made.flatten(0, 1), 5).predicted
        asked = torch.arange(len(self.space.classes)).repeat(len(self.raw))
        return Score(
            100 * (told == asked).double().mean().item(),
            "%",
            len(asked),
            f"analogies of {len(self.raw)} rows of the {self.split_name} split under each class, "
            f"told by the model's own classifier, 5 draws, seed {self.seed}",
        )


def _select_first_of_each_class(examples: Dataset) -> Tensor:
    """The first row of each class, raw: -> (k, *shape)."""
    firsts = [(examples.y == c).nonzero()[0, 0] for c in examples.y.unique() if c >= 0]
    return examples[torch.stack(firsts)].raw_rows()


def make_figure_pictures(method: Method, space: Preprocessor, test: Dataset) -> Pictures:
    """Figures 3 and 4 of a model of images."""
    made: Pictures = {
        "samples by class": partial(show_class_grid, space=space),
        "analogies": partial(show_analogies, space=space, raw=_select_first_of_each_class(test)),
    }
    if isinstance(method, AuxiliaryDGM):
        part = test[:MAX_ROWS]
        x = space.transform(part.raw_rows())
        made["auxiliary space"] = partial(
            draw_auxiliary_space, x=x, y=part.y, classes=space.classes
        )
        made["units"] = partial(_draw_unit_kl, x=x)
    return made


def make_figure_evaluations(
    method: Method, space: Preprocessor, test: Dataset
) -> dict[str, Evaluation]:
    """Numbers of figures 3 and 4."""
    made: dict[str, Evaluation] = {"analogies": AnalogyAccuracy(test[:100].raw_rows(), space)}
    if isinstance(method, AuxiliaryDGM):
        made["active_units"] = ActiveUnits(space.transform(test[:MAX_ROWS].raw_rows()))
    return made
