"""The error of features beside that of pixels, against a formula of its own."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from auxgen.builders import Recipe
from auxgen.builders.introvac import FEATURE_LAYERS, reconstruction_absolute_error
from auxgen.engine.loop import freeze_unowned_networks
from auxgen.errors import InputError
from auxgen.methods.vac import VariationalClassifier
from auxgen.networks.feature_error import FeatureError
from auxgen.networks.taps import VGG, TappedVGG

IMAGES = {"channels": 3, "size": 8, "widths": [4], "z": 3}


def extract(vgg: VGG, x: Tensor) -> list[Tensor]:
    """relu1_1 and relu2_1 in plain torch."""

    def convolve(name: str, h: Tensor) -> Tensor:
        layer: Any = vgg.get_submodule(name)
        return F.conv2d(F.pad(h, (1, 1, 1, 1), mode="reflect"), layer.weight, layer.bias).relu()

    first = convolve("conv1_1", F.conv2d(x, vgg.preprocess.weight, vgg.preprocess.bias))
    second = convolve("conv2_1", F.avg_pool2d(convolve("conv1_2", first), 2))
    return [first, second]


def test_it_is_the_pixels_error_and_the_features_mean_absolute_errors() -> None:
    torch.manual_seed(0)
    vgg = VGG().double()
    x, x_r = torch.rand(2, 5, 3, 8, 8, dtype=torch.float64)
    error = FeatureError(reconstruction_absolute_error, TappedVGG(vgg, FEATURE_LAYERS), 0.3)
    pairs = zip(extract(vgg, x), extract(vgg, x_r), strict=True)
    expected = (x - x_r).abs().mean() + 0.3 * sum((a - b).abs().mean() for a, b in pairs)
    torch.testing.assert_close(error(x, x_r), expected)


def test_only_the_reconstruction_gets_a_gradient() -> None:
    torch.manual_seed(0)
    error = FeatureError(reconstruction_absolute_error, TappedVGG(VGG(), FEATURE_LAYERS), 1.0)
    x, x_r = torch.rand(2, 2, 3, 8, 8).requires_grad_(True).unbind()
    pixels = torch.autograd.grad(error(x, x_r) - (x - x_r).abs().mean(), [x, x_r])
    assert pixels[0].abs().max() < 1e-7
    assert pixels[1].abs().max() > 0


def test_no_layer_after_the_last_is_computed() -> None:
    vgg, reached = VGG(), []
    for name, layer in vgg.named_children():
        layer.register_forward_hook(lambda *_, name=name: reached.append(name))
    TappedVGG(vgg, FEATURE_LAYERS)(torch.rand(1, 3, 8, 8))
    assert reached == ["preprocess", "conv1_1", "conv1_2", "pool", "conv2_1"]


@pytest.mark.parametrize("builder", ["vac", "introvac"])
def test_a_classifier_with_features_trains_its_own_networks_alone(builder: str) -> None:
    torch.manual_seed(0)
    arguments = {"images": IMAGES, "attributes": 2, "feature_weight": 0.5}
    method: Any = Recipe(builder, arguments).build()
    assert isinstance(method, VariationalClassifier)
    freeze_unowned_networks(method)
    assert isinstance(method.error, FeatureError)
    assert not any(p.requires_grad for p in method.error.parameters())
    x, y = torch.rand(4, 3, 8, 8), torch.zeros(4, 2)
    _, terms, _ = method.compute_objective(x, y)
    owned = [p for nets in method.players().values() for net in nets for p in net.parameters()]
    found = torch.autograd.grad(terms["reconstruction"], owned, allow_unused=True)
    assert sum(g is not None for g in found) == len(owned) - 1  # all but the classifier
    torch.manual_seed(0)
    plain: Any = Recipe(builder, {**arguments, "feature_weight": 0.0}).build()
    weights = dict(method.named_parameters())
    for name, weight in plain.named_parameters():
        assert torch.equal(weight, weights[name]), name


def test_grey_images_are_refused() -> None:
    images = {**IMAGES, "channels": 1}
    recipe = Recipe("vac", {"images": images, "attributes": 1, "feature_weight": 0.1})
    with pytest.raises(InputError, match="1 channels and VGG-19, whose features are compared"):
        recipe.build()
