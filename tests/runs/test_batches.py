"""A batch that a network cannot learn from is refused before there is a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from auxgen.engine.settings import Engine, adam
from auxgen.errors import InputError
from auxgen.launch import train
from auxgen.method import Method, Moves, descend
from auxgen.stage import Stage


class Regression(Method):
    """A network that learns, and one that is held fixed."""

    def __init__(self, learned: nn.Module, fixed: nn.Module) -> None:
        super().__init__()
        self.learned, self.fixed = learned, fixed

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"model": (self.learned,)}

    def round(self, batch: Any, step: Tensor) -> Moves:
        x = batch[-1]
        yield from descend((self.learned(x) - self.fixed(x)).square().mean(), "model")


def make_network(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(3, 3), *layers)


def make_stages(learned: nn.Module, fixed: nn.Module, *sizes: int) -> dict[str, Stage]:
    batch = tuple(torch.randn(size, 3) for size in sizes)
    method, engine = Regression(learned, fixed), Engine(1, adam(1e-3))
    return {"one": Stage(method, lambda step, rank, ranks, device: batch, engine)}


@pytest.mark.parametrize("sizes", [(1,), (1, 4), (4, 1)])
def test_one_row_is_refused_where_batch_norm_learns(sizes: tuple[int, ...], tmp_path: Path) -> None:
    stages = make_stages(make_network(nn.BatchNorm1d(3)), make_network(), *sizes)
    with pytest.raises(InputError, match="A batch of stage one has one row"):
        train(stages, run=tmp_path / "r", device="cpu", quiet=True)
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("learned", "fixed", "size"),
    [((), (), 1), ((nn.BatchNorm1d(3),), (), 2), ((), (nn.BatchNorm1d(3),), 1)],
    ids=["no batch norm", "two rows", "batch norm that is held fixed"],
)
def test_other_batches_train(
    learned: tuple[nn.Module, ...], fixed: tuple[nn.Module, ...], size: int, tmp_path: Path
) -> None:
    stages = make_stages(make_network(*learned), make_network(*fixed), size)
    train(stages, run=tmp_path / "r", device="cpu", quiet=True)
    assert (tmp_path / "r" / "one" / "model.safetensors").exists()
