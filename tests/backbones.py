"""Stand-ins for the packages that have the weights of networks of photographs."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch
from torch import nn

from auxgen.features import backbones
from auxgen.networks.backbones import build_backbone


def install_random_weights(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str = "efficientnet-lite0"
) -> nn.Module:
    """Make a package that has random weights under the names of the real one; -> their network.

    Batch norm is that of pictures of random pixels, so that features differ between pictures.
    """
    torch.manual_seed(0)
    network = build_backbone(name).train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None
    with torch.no_grad():
        network(torch.rand(16, 3, 64, 64))
    known = backbones.WEIGHTS[name]
    package = f"stand_in_for_{known.package}"
    place = folder / package / "models"
    place.mkdir(parents=True)
    (place.parent / "__init__.py").write_text("raise SystemExit('imported')\n")
    theirs = {_add_underscores(key): tensor for key, tensor in network.state_dict().items()}
    torch.save(theirs, place / known.file)
    digest = hashlib.sha256((place / known.file).read_bytes()).hexdigest()
    wanted = backbones.WeightsFile(package, known.file, digest)
    monkeypatch.setattr(backbones, "WEIGHTS", {**backbones.WEIGHTS, name: wanted})
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delenv("AUXGEN_WEIGHTS", raising=False)
    return network.eval()


def _add_underscores(key: str) -> str:
    """blocks.0.bn1.weight -> _blocks.0._bn1.weight, as the packages have it."""
    *modules, last = key.split(".")
    return ".".join([*(m if m.isdigit() else f"_{m}" for m in modules), last])
