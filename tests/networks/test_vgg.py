"""The trunk of VGG-19."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d
from torch import Tensor, nn

from auxgen.networks.taps import MIN_SIZE, TAPS, TRUNK, VGG

torch.set_num_threads(1)


def trunk(pool: type[nn.Module] = nn.AvgPool2d) -> VGG:
    torch.manual_seed(0)
    return VGG(pool=pool).double()


def by_hand(net: VGG, name: str, h: np.ndarray) -> np.ndarray:
    """relu(reflected borders correlated with the kernels, plus bias), h (c, h, w)."""
    weight, bias = (net.state_dict()[f"{name}.{part}"].numpy() for part in ("weight", "bias"))
    h = np.pad(h, ((0, 0), (1, 1), (1, 1)), mode="reflect")
    maps = [sum(correlate2d(c, k, "valid") for c, k in zip(h, w, strict=True)) for w in weight]
    return np.maximum(np.stack(maps) + bias[:, None, None], 0)


@pytest.mark.parametrize(
    ("pool", "reduce"), [(nn.AvgPool2d, np.mean), (nn.MaxPool2d, np.max)], ids=["mean", "max"]
)
def test_the_taps_are_what_the_layers_compute_by_hand(pool, reduce) -> None:
    net, x = trunk(pool), torch.rand(1, 3, 8, 8, dtype=torch.float64)
    with torch.no_grad():
        taps = net(x)
    mix, shift = (net.state_dict()[f"preprocess.{part}"].numpy() for part in ("weight", "bias"))
    h = np.einsum("oc,chw->ohw", mix[:, :, 0, 0], x[0].numpy()) + shift[:, None, None]
    h = by_hand(net, "conv1_1", h)
    np.testing.assert_allclose(taps["relu1_1"][0].numpy(), h, atol=1e-12)
    h = by_hand(net, "conv1_2", h)
    h = reduce(h.reshape(64, 4, 2, 4, 2), axis=(2, 4))
    h = by_hand(net, "conv2_1", h)
    np.testing.assert_allclose(taps["relu2_1"][0].numpy(), h, atol=1e-12)


def test_each_tap_is_half_as_large_as_the_group_before() -> None:
    shapes = {k: tuple(h.shape) for k, h in trunk()(torch.rand(2, 3, 20, 16).double()).items()}
    assert shapes == {
        "relu1_1": (2, 64, 20, 16),
        "relu1_2": (2, 64, 20, 16),
        "relu2_1": (2, 128, 10, 8),
        "relu2_2": (2, 128, 10, 8),
        "relu3_1": (2, 256, 5, 4),
    }
    assert tuple(shapes) == TAPS


def test_a_gradient_passes_a_frozen_trunk_to_the_picture() -> None:
    net = trunk().eval().requires_grad_(False)
    x = torch.rand(1, 3, MIN_SIZE, MIN_SIZE, dtype=torch.float64, requires_grad=True)
    (found,) = torch.autograd.grad(net(x)["relu3_1"].square().sum(), x)
    at, step = (0, 1, 3, 4), 1e-6

    def loss(by: float) -> Tensor:
        moved = x.detach().clone()
        moved[at] += by
        return net(moved)["relu3_1"].square().sum()

    torch.testing.assert_close(
        found[at], (loss(step) - loss(-step)) / (2 * step), rtol=1e-5, atol=0
    )


def test_the_least_picture_passes_and_a_smaller_one_does_not() -> None:
    assert trunk()(torch.rand(1, 3, MIN_SIZE, MIN_SIZE).double())["relu3_1"].isfinite().all()
    with pytest.raises(RuntimeError):
        trunk()(torch.rand(1, 3, MIN_SIZE - 1, MIN_SIZE - 1).double())


@pytest.fixture(scope="module")
def gatys() -> VGG:
    """With the activation-normalised weights."""
    from auxgen.features.pretrained import VGG19_FILE, load_vgg19

    root = os.environ.get("AUXGEN_WEIGHTS")
    if not root or not (Path(root) / VGG19_FILE).is_file():
        pytest.skip(f"needs {VGG19_FILE}: set AUXGEN_WEIGHTS to its folder")
    return load_vgg19()


def test_the_weights_take_pixels_as_blue_green_red_less_their_means(gatys: VGG) -> None:
    x = torch.rand(1, 3, 4, 4)
    with torch.no_grad():
        found = gatys.preprocess(x)
    means = torch.tensor([103.939, 116.779, 123.68]).view(3, 1, 1)
    torch.testing.assert_close(found, 255 * x.flip(1) - means, atol=1e-3, rtol=0)


@pytest.mark.slow
def test_the_mean_activations_of_natural_pictures_are_about_one(gatys: VGG) -> None:
    if not os.environ.get("AUXGEN_DATA"):
        pytest.skip("needs cifar10: set AUXGEN_DATA")
    from auxgen.data.images import load_image_dataset

    x = load_image_dataset("cifar10", "test").x[:100] / 255.0
    with torch.no_grad():
        means = {tap: h.mean().item() for tap, h in gatys(x).items()}
    assert all(0.6 < mean < 1.5 for mean in means.values()), means
    assert len(means) == len(TRUNK)
