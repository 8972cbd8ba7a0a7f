"""A small VAC or IntroVAC, and a batch for it, for tests of their rounds."""

from __future__ import annotations

from typing import Any

import torch

from auxgen.builders import Recipe
from auxgen.data.batches import LabelledBatch
from auxgen.engine.loop import freeze_unowned_networks
from auxgen.methods.vac import VariationalClassifier

IMAGES = {"channels": 1, "size": 8, "widths": [4], "z": 3}
BETAS = {"ae": 7.0, "cl": 3.0, "reg": 2.0, "ec": 0.5, "g": 5.0}


def made(builder: str = "introvac", **more: Any) -> VariationalClassifier:
    torch.manual_seed(0)
    arguments = {"images": IMAGES, "attributes": 2, "betas": BETAS, **more}
    method: Any = Recipe(builder, arguments).build().double()
    freeze_unowned_networks(method)
    return method


def batch(blanks: bool = False) -> LabelledBatch:
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(6, 1, 8, 8, generator=generator, dtype=torch.float64)
    y = (torch.arange(12).reshape(6, 2) % 3 == 0).double()
    if blanks:
        y[0, 0] = y[2] = torch.nan
    return LabelledBatch(x, y)
