"""Figures 2 to 4 of a trained model: its auxiliary space, its units, its analogies."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor
from torch.distributions import Distribution, Independent, kl_divergence

from ...data.dataset import Dataset, Preprocessor
from ...functional.principal_components import principal_components
from ...inference.codes import make_analogies
from ...inference.prediction import predict_rows
from ...method import Method
from ...methods.adgm import AuxiliaryDGM
from ...plotting.grids import PALETTE
from ...plotting.panels import make_panel_axes, save_figure, show_analogies, show_class_grid
from ...rng import get_device, use_seed
from ...score import Score
from ...stage import Stage

MIN_ACTIVE_KL = 0.01
"""Nats: a unit whose mean KL is above is active."""
MAX_ROWS = 2000


@torch.no_grad()
def draw_auxiliary_space(
    method: AuxiliaryDGM, file: Path, *, x: Tensor, y: Tensor, classes: tuple[str, ...]
) -> None:
    """The first two principal components of the means of q(a|x), by class (figures 2d, 4b)."""
    points, _ = principal_components(method.q_a(x.to(get_device(method))).mean.cpu())
    figure, (axes,) = make_panel_axes(1, 1, (6, 4.2))
    for c, name in enumerate(classes):
        own, colour = points[y == c], PALETTE[c % len(PALETTE)]
        axes.scatter(*own.T, s=5, alpha=0.6, linewidths=0, color=colour, label=name)
    axes.locator_params(nbins=6)
    axes.set(xlabel="first principal component of the means of q(a|x)", ylabel="second")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", frameon=False, markerscale=3)
    save_figure(figure, file)


@torch.no_grad()
def measure_kl_per_unit(method: AuxiliaryDGM, x: Tensor) -> dict[str, Tensor]:
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


def _score_active_units(method: AuxiliaryDGM, *, x: Tensor) -> dict[str, Score]:
    """Units of z, and of a, whose mean KL over test rows x (n, d) is above 0.01 nats."""
    with use_seed(0, get_device(method)):
        found = measure_kl_per_unit(method, x.to(get_device(method)))
    drawn = f"test split, {len(x)} rows, 1 draw a row, seed 0"
    return {
        f"active_units_{name}": Score(
            (kl > MIN_ACTIVE_KL).sum().item(),
            "units",
            len(x),
            f"of {len(kl)} units of {name}, mean KL above {MIN_ACTIVE_KL} nats; {drawn}",
            detail={"kl": sorted(kl.tolist(), reverse=True)},
        )
        for name, kl in found.items()
    }


@torch.no_grad()
def _draw_unit_kl(method: AuxiliaryDGM, file: Path, *, x: Tensor) -> None:
    """Mean KL of each unit of z and of a, in order of size, on a logarithmic axis (figure 4a)."""
    found = measure_kl_per_unit(method, x.to(get_device(method)))
    figure, (axes,) = make_panel_axes(1, 1, (6, 3.4))
    names = {"z": "z: KL(q(z|a,y,x) to N(0, 1))", "a": "a: KL(q(a|x) to p(a|.))"}
    for colour, (name, kl) in zip(PALETTE, found.items(), strict=False):
        height = kl.sort(descending=True).values.clamp(min=1e-6).cpu()
        axes.plot(range(1, len(kl) + 1), height, "o-", ms=3, color=colour, label=names[name])
    active = f"{MIN_ACTIVE_KL} nats: active above"
    axes.axhline(MIN_ACTIVE_KL, color="#767676", linestyle=":", label=active)
    axes.set(yscale="log", xlabel="units, in order of size", ylabel="mean KL, nats")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    save_figure(figure, file)


def _score_analogies(method: Method, *, raw: Tensor, space: Preprocessor) -> Score:
    """Share in per cent of analogies that the model's own classifier puts into their class.

    Args:
        method: Makes the analogies and classifies them.
        raw: Test rows (n, *shape); each makes one analogy for each class.
        space: How the model sees them.
    """
    with use_seed(0, get_device(method)):
        analogies = make_analogies(method, space, raw)[:, 1:]
        predicted = predict_rows(method, space, analogies.flatten(0, 1), 5).predicted
    classes = torch.arange(len(space.classes)).repeat(len(raw))
    return Score(
        100 * (predicted == classes).double().mean().item(),
        "%",
        len(classes),
        f"analogies of {len(raw)} rows of the test split under each class, predicted by the "
        "model's own classifier, 5 draws, seed 0",
    )


def _select_first_of_each_class(examples: Dataset) -> Tensor:
    """The first row of each class, raw: -> (k, *shape)."""
    firsts = [(examples.y == c).nonzero()[0, 0] for c in examples.y.unique() if c >= 0]
    return examples[torch.stack(firsts)].raw_rows()


def add_figures(stage: Stage) -> Stage:
    """A stage of a model of images with the pictures and the numbers of figures 3 and 4."""
    assert stage.space is not None
    space, test = stage.space, stage.data["test"]
    evaluations, pictures = dict(stage.evaluations), dict(stage.pictures)
    first = _select_first_of_each_class(test)
    evaluations["analogies"] = partial(_score_analogies, raw=test[:100].raw_rows(), space=space)
    pictures["samples by class"] = partial(show_class_grid, space=space)
    pictures["analogies"] = partial(show_analogies, space=space, raw=first)
    if isinstance(stage.method, AuxiliaryDGM):
        part = test[:MAX_ROWS]
        x, y, classes = space.transform(part.raw_rows()), part.y, space.classes
        evaluations["active_units"] = partial(_score_active_units, x=x)
        pictures["auxiliary space"] = partial(draw_auxiliary_space, x=x, y=y, classes=classes)
        pictures["units"] = partial(_draw_unit_kl, x=x)
    return replace(stage, pictures=pictures, evaluations=evaluations)
