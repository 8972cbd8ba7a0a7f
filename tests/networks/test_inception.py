"""The Inception network of 2015 and its resize, beside torch-fidelity's where that is installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from auxgen.networks.inception import (
    INPUT_SIZE,
    Inception,
    InceptionBlock,
    make_mean_pool,
    resize_like_tensorflow_1,
)

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def lively() -> Inception:
    """With random weights under which pictures still differ in the last layer."""
    torch.manual_seed(0)
    net = Inception()
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.1)
            nn.init.normal_(module.running_mean, 0, 0.1)  # pyright: ignore[reportArgumentType]
            nn.init.uniform_(module.running_var, 0.5, 1.5)  # pyright: ignore[reportArgumentType]
    return net.eval().requires_grad_(False)


def test_it_has_as_many_parameters_as_inception_v3(lively: Inception) -> None:
    # torchvision's: 27,161,264, less 3,326,696 of the auxiliary head, plus 8 outputs
    assert sum(p.numel() for p in lively.parameters()) == 27_161_264 - 3_326_696 + 8 * 2049


def test_blocks_lie_on_35_17_and_8_places(lively: Inception) -> None:
    shapes: dict[str, tuple[int, ...]] = {}

    def see(name: str) -> None:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], out: Tensor) -> None:
            shapes[name] = tuple(out.shape[1:])

        lively.get_submodule(name).register_forward_hook(hook)

    for name in ("MaxPool_2", "Mixed_5d", "Mixed_6a", "Mixed_6e", "Mixed_7a", "Mixed_7c"):
        see(name)
    assert lively(torch.zeros(1, 3, INPUT_SIZE, INPUT_SIZE)).shape == (1, 2048)
    assert shapes == {
        "MaxPool_2": (192, 35, 35),
        "Mixed_5d": (288, 35, 35),
        "Mixed_6a": (768, 17, 17),
        "Mixed_6e": (768, 17, 17),
        "Mixed_7a": (1280, 8, 8),
        "Mixed_7c": (2048, 8, 8),
    }


def test_a_block_is_its_branches_one_after_the_other() -> None:
    torch.manual_seed(0)
    cross = ((1, 3), (3, 1))
    block = InceptionBlock(
        2,
        {"a": [(3, ((1, 1),))], "b": [(4, ((1, 1),)), (5, cross)]},
        pool=make_mean_pool(),
        pooled=6,
    )
    block, x = block.eval(), torch.randn(2, 2, 5, 5)
    b = block.get_submodule("b_1")(x)
    expected = [
        block.get_submodule("a")(x),
        block.get_submodule("b_2a")(b),
        block.get_submodule("b_2b")(b),
        block.get_submodule("branch_pool")(make_mean_pool()(x)),
    ]
    torch.testing.assert_close(block(x), torch.cat(expected, 1))
    assert block(x).shape == (2, 3 + 5 + 5 + 6, 5, 5)


def test_a_mean_at_the_border_counts_no_padding() -> None:
    torch.testing.assert_close(make_mean_pool()(torch.ones(1, 1, 4, 4)), torch.ones(1, 1, 4, 4))


@pytest.mark.parametrize("shape", [(32, 32), (64, 48), (400, 310), (1, 1), (299, 299)])
def test_the_resize_interpolates_at_i_times_old_over_new(shape: tuple[int, int]) -> None:
    h, w = shape
    x = torch.from_numpy(np.random.default_rng(0).uniform(0, 255, (1, 1, h, w)))
    x = x.double()
    columns, rows = (np.arange(INPUT_SIZE) * (n / INPUT_SIZE) for n in (w, h))
    wide = np.stack([np.interp(columns, np.arange(w), row) for row in x[0, 0].numpy()])
    both = np.stack([np.interp(rows, np.arange(h), column) for column in wide.T], 1)
    found = resize_like_tensorflow_1(x, INPUT_SIZE)[0, 0].numpy()
    np.testing.assert_allclose(found, both, atol=0.02)  # places are float32, as TensorFlow's


def test_logits_have_no_bias(lively: Inception) -> None:
    pool3 = torch.rand(2, 2048)
    torch.testing.assert_close(lively.logits(pool3), lively.fc(pool3) - lively.fc.bias)


def test_it_is_the_network_of_torch_fidelity(lively: Inception, tmp_path: Path) -> None:
    try:
        import torch_fidelity  # pyright: ignore[reportMissingImports]
    except (ImportError, RuntimeError) as error:  # RuntimeError: torchvision beside another torch
        pytest.skip(f"torch_fidelity cannot be imported: {error}")
    from torch_fidelity.interpolate_compat_tensorflow import (  # pyright: ignore[reportMissingImports]
        interpolate_bilinear_2d_like_tensorflow1x,
    )

    torch.save(lively.state_dict(), tmp_path / "weights.pth")
    theirs = torch_fidelity.FeatureExtractorInceptionV3(
        "ours", ["2048", "logits_unbiased"], feature_extractor_weights_path=tmp_path / "weights.pth"
    )
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(0, 256, (2, 3, 32, 40), generator=generator, dtype=torch.uint8)
    x = resize_like_tensorflow_1(pictures.float(), INPUT_SIZE)
    expected = interpolate_bilinear_2d_like_tensorflow1x(
        pictures.float(), size=(INPUT_SIZE, INPUT_SIZE), align_corners=False
    )
    torch.testing.assert_close(x, expected, atol=1e-4, rtol=0)
    pool3, logits = theirs(pictures)
    ours = lively((x - 128) / 128)
    assert (pool3[0] - pool3[1]).abs().max() > 0.01
    torch.testing.assert_close(ours, pool3, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(lively.logits(ours), logits, atol=1e-4, rtol=1e-4)
