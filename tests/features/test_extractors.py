"""Extractors: batches, names, weights, bad input. What is kept on disk is tested apart."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from auxgen.errors import InputError
from auxgen.features import extractors, inception, pretrained
from auxgen.features.extractors import (
    ExtractedFeatures,
    Extractor,
    check_comparable_pictures,
    extract_features,
    make_extractor,
    quantise_pictures,
    resize_pictures,
)
from auxgen.features.registry import load_extractor
from auxgen.networks.inception import Inception
from auxgen.networks.residual import ResNet
from auxgen.networks.taps import VGG

torch.set_num_threads(1)


class Means(nn.Module):
    """Channel means, and how many pictures came at once."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[int] = []

    def forward(self, pictures: Tensor) -> ExtractedFeatures:
        self.seen.append(len(pictures))
        means = (pictures.float() / 255).mean((2, 3))
        return ExtractedFeatures(means, means.softmax(-1))


def of_means(channels: int = 3, **more: Any) -> Extractor:
    words = {"protocol": "means", "weights": "none", **more}
    return make_extractor("means", Means().eval(), channels=channels, **words)


def pictures(n: int = 7, c: int = 3, size: int = 32) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (n, c, size, size), generator=generator, dtype=torch.uint8)


def refused(call: Callable[[], object]) -> str:
    """The one sentence that a call is refused with."""
    with pytest.raises(InputError) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith((".", "?"))
    return message


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder AUXGEN_WEIGHTS, and a cache."""
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("AUXGEN_WEIGHTS", str(tmp_path / "weights"))
    (tmp_path / "weights").mkdir()
    return tmp_path / "weights"


def residual(blocks: int = 9) -> ResNet:
    """With running statistics that are not those of a fresh network."""
    torch.manual_seed(0)
    net = ResNet(3, 10, blocks=blocks)
    net(torch.randn(8, 3, 32, 32))
    return net.eval()


# naming


@pytest.mark.parametrize(
    ("measure", "canonical", "other"),
    [
        ("FD", "FID", "FD(means)"),
        ("KD", "KID", "KD(means)"),
        ("CS", "IS", "CS(means)"),
        ("precision", "precision(inception)", "precision(means)"),
    ],
)
def test_only_inception_gives_a_fid(measure: str, canonical: str, other: str) -> None:
    found = make_extractor("inception", Means(), channels=3, protocol="", weights="")
    assert found.format_metric(measure) == canonical
    assert of_means().format_metric(measure) == other


def test_the_hash_is_of_weights_and_preparation_and_not_of_a_remark(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = of_means().sha256
    assert of_means(remark="error 1 %").sha256 == first
    monkeypatch.setattr(extractors, "PREPROCESSING_VERSION", extractors.PREPROCESSING_VERSION + 1)
    assert len({first, of_means().sha256, of_means(weights="w").sha256}) == 3
    assert of_means(protocol="medians").sha256 != of_means().sha256
    assert of_means().sha256[:8] in of_means().protocol


def test_an_unknown_name_gets_the_nearest() -> None:
    assert "did you mean 'inception'?" in refused(lambda: load_extractor("incepton"))
    assert "did you mean 'cifar10-resnet56'?" in refused(lambda: load_extractor("cifar10_resnet56"))


# pictures


def test_batches_give_what_one_pass_gives_and_see_each_picture_once() -> None:
    found = of_means()
    together, apart = (
        extract_features(found, pictures()),
        extract_features(replace(found, batch_size=3), pictures()),
    )
    torch.testing.assert_close(apart.features, pictures().float().mean((2, 3)) / 255)
    assert torch.equal(apart.features, together.features)
    assert apart.probs is not None
    torch.testing.assert_close(apart.probs.sum(1), torch.ones(7))
    assert found.network.seen == [7, 3, 3, 1]
    assert apart.features.dtype == torch.float32
    assert not apart.features.requires_grad


def test_grey_pictures_are_repeated_to_three_channels() -> None:
    grey = pictures(c=1)
    found, expected = (
        extract_features(of_means(), grey),
        extract_features(of_means(), grey.repeat(1, 3, 1, 1)),
    )
    assert torch.equal(found.features, expected.features)
    assert extract_features(of_means(1), grey).features.shape == (7, 1)


def test_extraction_keeps_full_precision_whatever_is_around() -> None:
    net = make_extractor("net", Linear().eval(), channels=3, protocol="", weights="")
    expected = extract_features(net, pictures()).features
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = extract_features(net, pictures()).features
    assert torch.equal(found, expected)


def test_settings_of_tf32_are_put_back() -> None:
    cudnn: Any = torch.backends.cudnn
    before = (cudnn.conv.fp32_precision, torch.backends.cuda.matmul.fp32_precision)
    with extractors.disable_tf32():
        assert (cudnn.conv.fp32_precision, torch.backends.cuda.matmul.fp32_precision) == (
            "ieee",
            "ieee",
        )
    assert (cudnn.conv.fp32_precision, torch.backends.cuda.matmul.fp32_precision) == before


class Linear(nn.Module):
    def forward(self, pictures: Tensor) -> ExtractedFeatures:
        x = pictures.flatten(1)[:, :50].float()
        return ExtractedFeatures(nn.functional.linear(x, x), None)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (pictures(0), "empty set"),
        (pictures().float(), "torch.float32"),
        (pictures()[0], "(3, 32, 32)"),
        (pictures(c=2), "2 channels"),
    ],
)
def test_bad_pictures_are_refused_in_a_sentence(given: Tensor, words: str) -> None:
    assert words in refused(lambda: extract_features(of_means(), given))


def test_colour_is_not_for_a_grey_extractor() -> None:
    message = refused(lambda: extract_features(of_means(1), pictures()))
    assert "3 channels" in message
    assert "grey" in message


def test_sets_of_different_channels_or_without_rows_are_not_compared() -> None:
    check_comparable_pictures(pictures(3), pictures(5))
    assert "1 and 3 channels" in refused(
        lambda: check_comparable_pictures(pictures(c=1), pictures())
    )
    assert "0 and 7 pictures" in refused(lambda: check_comparable_pictures(pictures(0), pictures()))


def test_quantised_is_what_a_saved_picture_holds() -> None:
    x = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0)) * 1.2 - 0.1
    saved = BytesIO()
    clipped = (x.clamp(0, 1) * 255).round().numpy().astype(np.uint8)
    Image.fromarray(clipped.transpose(1, 2, 0)).save(saved, format="PNG")
    read = torch.from_numpy(np.array(Image.open(saved))).permute(2, 0, 1)
    assert torch.equal(quantise_pictures(x), read)
    every = torch.arange(256, dtype=torch.uint8)
    assert torch.equal(quantise_pictures(every / 255), every)


def test_pictures_that_are_not_finite_are_refused() -> None:
    assert "not finite" in refused(lambda: quantise_pictures(torch.tensor([0.5, float("nan")])))


@pytest.mark.parametrize("size", [(16, 16), (20, 12)])
def test_shrinking_is_antialiased_as_pillow_does_it(size: tuple[int, int]) -> None:
    x = pictures(1, 1, 32)
    height, width = size
    theirs = Image.fromarray(x[0, 0].numpy()).resize((width, height), Image.Resampling.BILINEAR)
    found = resize_pictures(x, size)[0, 0] * 255
    # Pillow rounds after each direction
    assert (found - torch.from_numpy(np.array(theirs)).float()).abs().max() < 1.01


def test_pictures_of_the_right_size_are_left_alone() -> None:
    assert torch.equal(resize_pictures(pictures(), (32, 32)), pictures() / 255.0)


# weights in a folder


def test_the_cifar_network_is_fed_normalised_pictures(weights: Path) -> None:
    net = residual()
    state = {k: v for k, v in net.state_dict().items() if "num_batches_tracked" not in k}
    save_file(state, weights / pretrained.RESNET56_FILE)
    x = pictures(4)
    mean, std = (
        torch.tensor(v).view(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    with torch.no_grad():
        expected = net.features((x / 255 - mean) / std)
        probs = net.linear(expected).softmax(1)
    before = torch.get_rng_state()
    found = extract_features(load_extractor("cifar10-resnet56"), x)
    assert torch.equal(torch.get_rng_state(), before)
    assert found.features.shape == (4, 64)
    torch.testing.assert_close(found.features, expected)
    torch.testing.assert_close(found.probs, probs)
    assert extract_features(
        load_extractor("cifar10-resnet56"), pictures(2, 1, 28)
    ).features.shape == (2, 64)


def test_vgg_features_are_means_over_places(weights: Path) -> None:
    torch.manual_seed(0)
    net, x = VGG(), pictures(2, 3, 16)
    save_file(net.state_dict(), weights / pretrained.VGG19_FILE)
    with torch.no_grad():
        expected = net(x / 255.0)["relu3_1"].mean((2, 3))
    found = extract_features(load_extractor("vgg19-relu3_1"), x)
    torch.testing.assert_close(found.features, expected)
    assert found.probs is None
    assert "7x7" in refused(
        lambda: extract_features(load_extractor("vgg19-relu3_1"), pictures(1, 3, 7))
    )
    peaks = pretrained.load_vgg19(pool=nn.MaxPool2d)
    assert not torch.equal(peaks(x / 255.0)["relu3_1"], net(x / 255.0)["relu3_1"])


NAMES = ["cifar10-resnet56", "vgg19-relu3_1"]


@pytest.mark.parametrize("name", NAMES)
def test_without_a_folder_of_weights(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUXGEN_WEIGHTS", raising=False)
    assert "set AUXGEN_WEIGHTS" in refused(lambda: load_extractor(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_truncated_or_foreign_file(name: str, weights: Path) -> None:
    file = weights / {"cifar10-resnet56": pretrained.RESNET56_FILE}.get(name, pretrained.VGG19_FILE)
    assert str(file) in refused(lambda: load_extractor(name))
    save_file(residual(3).state_dict(), file)
    message = refused(lambda: load_extractor(name))
    assert "weights of another network" in message
    assert str(file) in message
    file.write_bytes(file.read_bytes()[:1000])
    assert "not a whole safetensors file" in refused(lambda: load_extractor(name))
    file.write_bytes(b"")
    assert "not a whole safetensors file" in refused(lambda: load_extractor(name))


# inception


@pytest.fixture(scope="module")
def torch_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of Inception in torch's format."""
    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("inception") / "random.pth"
    torch.save(Inception().state_dict(), file)
    return file


def test_inception_scores_are_of_logits_without_bias(torch_file: Path) -> None:
    found = pretrained.read_torch_weights(torch_file, "")
    net = pretrained.load_frozen_weights(Inception(), found)
    with torch.no_grad():
        features, probs = inception.InceptionPool3(net)(pictures(1))
        expected = (features @ net.fc.weight.T).softmax(1)
    assert features.shape == (1, 2048)
    torch.testing.assert_close(probs, expected)
    assert all(torch.equal(v, found.tensors[k]) for k, v in net.state_dict().items())


def test_the_canonical_file_is_known_by_its_hash(weights: Path, torch_file: Path) -> None:
    (weights / inception.WEIGHTS_FILE).write_bytes(torch_file.read_bytes())
    assert "expected 6726825d" in refused(lambda: load_extractor("inception"))


def test_a_file_cut_short(torch_file: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.pth"
    short.write_bytes(torch_file.read_bytes()[:100_000])
    assert "truncated" in refused(
        lambda: pretrained.read_torch_weights(short, inception.SHA256_PREFIX)
    )
    assert "only weights" in refused(lambda: pretrained.read_torch_weights(short, ""))


def test_no_code_in_a_file_is_executed(tmp_path: Path) -> None:
    file, mark = tmp_path / "evil.pth", tmp_path / "mark"
    torch.save({"weights": Evil(str(mark))}, file)
    assert "more than weights" in refused(lambda: pretrained.read_torch_weights(file, ""))
    assert not mark.exists()


class Evil:
    """Leaves a folder when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (self.path,)


def test_torch_files_of_other_things(tmp_path: Path) -> None:
    file = tmp_path / "other.pth"
    torch.save([torch.zeros(3)], file)
    assert "no table of weights" in refused(lambda: pretrained.read_torch_weights(file, ""))
    torch.save(residual(1).state_dict(), file)
    found = pretrained.read_torch_weights(file, "")
    assert "weights of another network" in refused(
        lambda: pretrained.load_frozen_weights(Inception(), found)
    )


def test_without_a_network_one_sentence_names_the_folder_of_weights(
    weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = "http://127.0.0.1:9/weights.pth"
    message = refused(lambda: inception.find_inception_weights(closed))
    assert closed in message
    assert f"put {inception.WEIGHTS_FILE} into the folder AUXGEN_WEIGHTS" in message
    (weights / inception.WEIGHTS_FILE).write_bytes(b"theirs")
    assert inception.find_inception_weights(closed) == weights / inception.WEIGHTS_FILE


def test_a_download_is_checked_before_it_gets_its_name(tmp_path: Path) -> None:
    source, file = tmp_path / "source", tmp_path / "cache" / "weights.pth"
    source.write_bytes(b"weights")
    assert inception.SHA256_PREFIX in refused(
        lambda: inception.download_inception_weights(source.as_uri(), file)
    )
    assert not file.exists()
    inception.download_inception_weights(source.as_uri(), file, "")
    assert file.read_bytes() == b"weights"


# the real weights


@pytest.mark.slow
def test_the_cifar_network_is_right_on_93_39_per_cent_of_the_test_set() -> None:
    root = os.environ.get("AUXGEN_WEIGHTS")
    if not root or not (Path(root) / pretrained.RESNET56_FILE).is_file():
        pytest.skip(f"needs {pretrained.RESNET56_FILE}: set AUXGEN_WEIGHTS to its folder")
    if not os.environ.get("AUXGEN_DATA"):
        pytest.skip("needs cifar10: set AUXGEN_DATA")
    from auxgen.data.images import load_image_dataset

    test = load_image_dataset("cifar10", "test")
    probs = extract_features(load_extractor("cifar10-resnet56"), test.x).probs
    assert probs is not None
    assert 100 * (probs.argmax(1) == test.y).double().mean() == pytest.approx(93.39, abs=0.015)


def test_the_weights_in_the_folder_are_those_of_a_residual_network_of_56_layers() -> None:
    root = os.environ.get("AUXGEN_WEIGHTS")
    if not root or not (Path(root) / pretrained.RESNET56_FILE).is_file():
        pytest.skip(f"needs {pretrained.RESNET56_FILE}: set AUXGEN_WEIGHTS to its folder")
    tensors = load_file(Path(root) / pretrained.RESNET56_FILE)
    found = pretrained.load_frozen_weights(
        ResNet(3, 10, blocks=9), pretrained.PretrainedWeights(tensors, "", Path(root))
    )
    assert not found.training
    assert not any(p.requires_grad for p in found.parameters())
