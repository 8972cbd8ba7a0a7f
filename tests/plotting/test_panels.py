"""Pictures of a model's surest mistakes: which images, in which order, under which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Categorical

from auxgen.data.dataset import Dataset, Preprocessor
from auxgen.plotting import panels


class Brightness(nn.Module):
    """Calls a picture light with a probability that is its mean pixel."""

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        del draws
        light = x.flatten(1).mean(1)
        return Categorical(probs=torch.stack((1 - light, light), 1))


def show(rows: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The words over the pictures."""
    seen: list[Any] = []
    save = panels.save_figure
    monkeypatch.setattr(panels, "save_figure", lambda f, path: (seen.append(f), save(f, path))[1])
    space = Preprocessor("images", tuple(rows.x.shape[1:]), classes=rows.classes)
    method: Any = Brightness()
    panels.show_surest_mistakes(method, tmp_path / "x.png", rows=rows, space=space, n=3)
    assert (tmp_path / "x.png").stat().st_size > 0
    return [axes.get_title() for axes in seen[0].axes if axes.get_title()]


@pytest.mark.parametrize("channels", [1, 3])
def test_the_least_probable_truths_come_first(
    channels: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels = torch.tensor([250, 10, 200, 240, 2, 255], dtype=torch.uint8)
    x = levels.view(-1, 1, 1, 1).expand(-1, channels, 4, 4).contiguous()
    y = torch.tensor([0, 0, 0, 1, 1, -1])  # dark, light; the last one is not known
    rows = Dataset(x, y, ("$dark$", "light"), "rows", "0")
    assert show(rows, tmp_path, monkeypatch) == [
        "is light\nsaid $dark$, 99 %",
        "is $dark$\nsaid light, 98 %",
        "is $dark$\nsaid light, 78 %",
    ]


def test_without_mistakes_the_least_sure_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = torch.tensor([51, 0], dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 4, 4)
    rows = Dataset(x.contiguous(), torch.tensor([0, 0]), ("dark", "light"), "rows", "0")
    assert show(rows, tmp_path, monkeypatch) == ["dark: right, 80 %", "dark: right, 100 %"]
