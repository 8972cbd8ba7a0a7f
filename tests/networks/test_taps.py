"""Layers of classifiers by name, the authors' networks, and the blur."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import nn

from auxgen.data.dataset import Preprocessor
from auxgen.errors import InputError
from auxgen.networks.stacked import (
    STRIDED_LAYERS,
    StackedClassifier,
    StackedDecoder,
    StackedEncoder,
)
from auxgen.networks.taps import VGG, Blur, TappedNetwork, TappedVGG


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_taps_are_what_the_layers_put_out() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Sequential(nn.Conv2d(2, 3, 2)))
    space = Preprocessor(kind="images", shape=(1, 5, 5), flat=False, shift=(0.5,), scale=(0.5,))
    tapped = TappedNetwork(network, ["2.0", "1"], space)
    raw = torch.rand(2, 1, 5, 5)
    found = tapped(raw)
    first = network[1](network[0](2 * raw - 1))
    assert list(found) == ["2.0", "1"]
    torch.testing.assert_close(found["1"], first)
    torch.testing.assert_close(found["2.0"], network[2](first))
    assert not network[1]._forward_hooks


class Over(nn.Module):
    """x + 1 twice through one layer, then what must not be reached."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Identity()
        self.two = nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.two(self.one(self.one(x + 1) + 1))
        raise AssertionError("this layer is not needed")


def test_nothing_is_computed_after_the_last_tapped_layer() -> None:
    tapped = TappedNetwork(Over(), ["two", "one"])
    found = tapped(torch.zeros(1))
    assert list(found) == ["two", "one"]
    assert (found["one"].item(), found["two"].item()) == (1, 2)
    assert not any(module._forward_hooks for module in tapped.modules())


def test_layers_that_are_not_there_or_not_used_are_refused() -> None:
    network = StackedClassifier(1, 8, 3, width=2, hidden=4)
    with pytest.raises(InputError, match="did you mean"):
        TappedNetwork(network, ["convolutions.norm"])
    with pytest.raises(InputError, match="relu1_3"):
        TappedVGG(VGG(), ["relu1_3"])
    with pytest.raises(InputError, match="has a layer idle and does not use it"):
        TappedNetwork(Idle(), ["idle"])(torch.zeros(1))


class Idle(nn.Module):
    """Has a layer that nothing passes through."""

    def __init__(self) -> None:
        super().__init__()
        self.idle = nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def test_vgg_is_tapped_at_its_own_names() -> None:
    vgg = VGG().eval()
    found = TappedVGG(vgg, ("relu2_1",))(x := torch.rand(1, 3, 16, 16))
    assert list(found) == ["relu2_1"]
    assert torch.equal(found["relu2_1"], vgg(x)["relu2_1"])


def test_the_authors_networks_have_the_authors_sizes() -> None:
    widths = (32, 64, 128, 256)
    encoder = StackedEncoder(3, 64, widths, 1000, 1000)
    decoder = StackedDecoder(500, 3, 64, widths, 1000)
    maps = sum(
        b * w * 9 + w * w * (9 + 4) + 3 * 2 * w for b, w in zip((3, *widths), widths, strict=False)
    )
    dense = 4096 * 1000 + 1000 + 2 * 1000 + 1000 * 1000 + 1000
    assert parameters(encoder) == maps + dense
    up = (256, 128, 64, 32)
    maps = sum(
        b * w * 9 + w * w * (9 + 4) + 3 * 2 * w for b, w in zip((256, *up), up, strict=False)
    )
    dense = 500 * 1000 + 1000 + 2 * 1000 + 1000 * 4096 + 4096 + 2 * 4096
    assert parameters(decoder) == maps + dense + 32 * 3
    classifier = StackedClassifier(3, 64, 40)
    first = classifier.dense[1]
    assert isinstance(first, nn.Linear)
    assert first.in_features == 128 * 5 * 5
    assert decoder(encoder(torch.rand(2, 3, 64, 64))[:, :500]).shape == (2, 3, 64, 64)
    last = classifier.convolutions.get_submodule("conv6")
    assert isinstance(last, nn.Conv2d)
    assert last.weight.std().item() == pytest.approx(0.033, rel=0.02)
    sizes = [
        h.shape[2]
        for h in TappedNetwork(classifier, STRIDED_LAYERS)(torch.rand(2, 3, 64, 64)).values()
    ]
    assert sizes == [30, 13, 5]


def blocks_that_move(decoder: StackedDecoder) -> int:
    """Blocks of 2x2 pixels that one place before the last doubling has a part in."""
    first = next(i for i, layer in enumerate(decoder.layers) if isinstance(layer, nn.Unflatten))
    doublings = [
        i
        for i, layer in enumerate(decoder.layers)
        if isinstance(layer, nn.ConvTranspose2d | nn.Upsample)
    ]
    before = decoder.eval().layers[first : doublings[-1]](torch.rand(1, 4 * 4 * 4))
    before = before.detach().requires_grad_()
    after = decoder.layers[doublings[-1] :](before)
    blocks = after.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).sum((0, 1, 3, 5)).flatten()
    reached = [torch.autograd.grad(b, before, retain_graph=True)[0][..., 4, 4] for b in blocks]
    return sum(bool(grad.any()) for grad in reached)


def test_resize_convolutions_overlap_where_transposed_ones_do_not() -> None:
    torch.manual_seed(0)
    sizes = (3, 1, 16, (3, 4), 5)
    assert blocks_that_move(StackedDecoder(*sizes)) == 1
    resized = StackedDecoder(*sizes, resize_convolutions=True)
    assert blocks_that_move(resized) > 4
    assert resized(torch.rand(2, 3)).shape == (2, 1, 16, 16)


def test_a_classifier_without_strides_is_averaged_down() -> None:
    usual, pooled = (
        StackedClassifier(3, 64, 4, width=2, hidden=4, pooled=p) for p in (False, True)
    )
    shapes = [
        [
            h.shape[1:]
            for h in TappedNetwork(each, STRIDED_LAYERS)(torch.rand(2, 3, 64, 64)).values()
        ]
        for each in (usual, pooled)
    ]
    assert [w for w, *_ in shapes[0]] == [w for w, *_ in shapes[1]]
    assert [h for _, h, _ in shapes[1]] == [59, 24, 8]
    assert all(layer.stride == (1, 1) for layer in pooled.modules() if isinstance(layer, nn.Conv2d))
    kept = pooled.convolutions.get_submodule("pool2")
    assert isinstance(kept, nn.AvgPool2d)


@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("size", [8, 28, 32])
def test_small_images_pass_through_the_classifier(size: int, pooled: bool) -> None:
    classifier = StackedClassifier(1, size, 3, width=2, hidden=4, pooled=pooled)
    assert classifier(torch.rand(2, 1, size, size)).shape == (2, 3)


def test_sizes_that_do_not_halve_are_refused() -> None:
    with pytest.raises(InputError, match="30 x 30 pixels; a multiple of 4 is expected"):
        StackedEncoder(1, 30, (2, 4), 8, 8)


def test_the_blur_is_scipy_s() -> None:
    h = torch.rand(2, 3, 9, 7)
    expected = gaussian_filter(h.numpy(), (0, 0, 1.2, 1.2), mode="mirror", radius=2)
    np.testing.assert_allclose(Blur(1.2)(h).numpy(), expected, atol=1e-6)
