"""Classifiers that scikit-learn has fitted, as modules whose buffers are their numbers."""

from __future__ import annotations

from itertools import count
from math import log, tau
from typing import Any, final

import torch
from torch import Tensor, nn

from ..errors import InputError


@final
class LinearClassifier(nn.Module):
    """Softmax of W x + b: x (b, d) -> probabilities (b, k)."""

    weight: Tensor
    bias: Tensor

    def __init__(self, x: int, classes: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(classes, x, dtype=torch.float64))
        self.register_buffer("bias", torch.zeros(classes, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return (x.double() @ self.weight.T + self.bias).softmax(-1)


@final
class MeanCodes(nn.Module):
    """The mean of q(z|x): x (b, d) -> (b, d_z)."""

    def __init__(self, q_z: nn.Module) -> None:
        super().__init__()
        self.q_z = q_z

    def forward(self, x: Tensor) -> Tensor:
        return self.q_z(x.to(next(self.q_z.parameters()).dtype)).mean


@final
class NormalScores(nn.Module):
    """Each column by a line through knots, straight between them and level beyond: (b, d) -> same.

    Knots are values of the column in growing order, the last one repeated where there are fewer.
    """

    knots: Tensor
    scores: Tensor

    def __init__(self, x: int, knots: int) -> None:
        super().__init__()
        self.register_buffer("knots", torch.zeros(x, knots, dtype=torch.float64))
        self.register_buffer("scores", torch.zeros(x, knots, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        columns = x.double().T.contiguous()
        after = torch.searchsorted(self.knots, columns).clamp(1, self.knots.shape[1] - 1)
        low, high = self.knots.gather(1, after - 1), self.knots.gather(1, after)
        way = ((columns - low) / (high - low)).nan_to_num(0.0).clamp(0, 1)
        start, end = self.scores.gather(1, after - 1), self.scores.gather(1, after)
        return torch.lerp(start, end, way).T


@final
class DecisionForest(nn.Module):
    """The mean of the leaves of many trees: x (b, d) -> probabilities (b, k).

    All trees' nodes lie in one table. A leaf leads to itself, and every other node to later ones,
    so that all walks end: other weights are refused with an InputError when they are loaded.

    Attributes:
        steps: Steps from the roots; None for as many as the rows need.
    """

    roots: Tensor
    entry: Tensor
    threshold: Tensor
    branches: Tensor
    leaves: Tensor

    def __init__(self, trees: int, nodes: int, classes: int, columns: int | None = None) -> None:
        """columns: Those of x, where they are known: nodes that ask for others are refused."""
        super().__init__()
        self.columns = columns
        self.steps: int | None = None
        self.register_buffer("roots", torch.zeros(trees, dtype=torch.int64))
        self.register_buffer("entry", torch.zeros(nodes, dtype=torch.int64))
        self.register_buffer("threshold", torch.zeros(nodes, dtype=torch.float64))
        self.register_buffer("branches", torch.zeros(nodes, 2, dtype=torch.int64))
        self.register_buffer("leaves", torch.zeros(nodes, classes, dtype=torch.float64))
        self.register_load_state_dict_post_hook(_check_loaded)

    def forward(self, x: Tensor) -> Tensor:
        x = x.float().double()  # thresholds lie between numbers in float32
        node = self.roots.expand(x.shape[0], -1)
        for step in count():
            if step == self.steps:
                break
            right = x.gather(1, self.entry[node]) > self.threshold[node]
            following = self.branches[node, right.long()]
            if self.steps is None and torch.equal(following, node):
                break
            node = following
        return self.leaves[node].mean(1)

    def check_walks(self) -> None:
        """Check that walks stay in the table and end.

        Raises:
            InputError: A node leads nowhere, to an earlier one, or asks for a column there is not.
        """
        nodes = torch.arange(len(self.branches), device=self.branches.device).unsqueeze(1)
        last, columns = len(nodes) - 1, self.columns
        inside = (self.branches >= nodes).all() and (self.branches <= last).all()
        inside = inside and (self.roots >= 0).all() and (self.roots <= last).all()
        known = (self.entry >= 0).all() and (columns is None or (self.entry < columns).all())
        if not (inside and known):
            raise InputError(
                "A forest has nodes that lead nowhere or in a circle, or ask for a column that "
                "there is not; no forest that was learned has."
            )

    def fix_steps(self) -> None:
        """Walk as far as the deepest leaf for any rows, as a program without a loop has to."""
        reached, self.steps = self.roots, 0
        while len(reached := self._find_children(reached)):
            self.steps += 1

    def _find_children(self, nodes: Tensor) -> Tensor:
        """Nodes below some nodes, in no order."""
        both = self.branches[nodes]
        return both[both != nodes.unsqueeze(1)]


def _check_loaded(forest: nn.Module, _: object) -> None:
    """A function of the module, as forests are pickled."""
    assert isinstance(forest, DecisionForest)
    forest.check_walks()


@final
class NamedMixture(nn.Module):
    """A mixture of Gaussians of some directions of x, whose components have classes.

    p(y|x) = sum_c p(c|x) p(y|c): x (b, d) -> probabilities (b, k).
    """

    center: Tensor
    directions: Tensor
    log_shares: Tensor
    means: Tensor
    whitening: Tensor
    names: Tensor

    def __init__(self, x: int, directions: int, components: int, classes: int) -> None:
        super().__init__()
        sizes: dict[str, tuple[int, ...]] = {
            "center": (x,),
            "directions": (directions, x),
            "log_shares": (components,),
            "means": (components, directions),
            "whitening": (components, directions, directions),
            "names": (components, classes),
        }
        for name, size in sizes.items():
            self.register_buffer(name, torch.zeros(size, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return self.weigh_components(x) @ self.names

    def weigh_components(self, x: Tensor) -> Tensor:
        """p(c|x): x (b, d) -> (b, components)."""
        rows = (x.double() - self.center) @ self.directions.T
        away = (rows.unsqueeze(1) - self.means).unsqueeze(2)
        white = (away @ self.whitening).squeeze(2)
        log_scale = self.whitening.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        log_density = log_scale - 0.5 * (white.square() + log(tau)).sum(-1)
        return (self.log_shares + log_density).softmax(-1)


@torch.no_grad()
def fill_buffers(module: nn.Module, **values: Any) -> None:
    """Set a module's buffers to arrays of the same shapes."""
    for name, value in values.items():
        buffer = module.get_buffer(name)
        buffer.copy_(torch.as_tensor(value, dtype=buffer.dtype).reshape(buffer.shape))
