"""ImageNet at 32x32 from folders of photos written here, and Tiny ImageNet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from auxgen.data import hub, images
from auxgen.errors import InputError


def photo(seed: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """AUXGEN_DATA with an ImageNet of three photos, as its archives unpack."""
    for split, wnid, seed, shape in (
        ("train", "n01440764", 0, (96, 128)),
        ("train", "n02084071", 1, (160, 64)),
        ("val", "n02084071", 2, (40, 40)),
    ):
        place = tmp_path / "imagenet" / split / wnid
        place.mkdir(parents=True)
        Image.fromarray(photo(seed, *shape)).save(place / f"{wnid}_{seed}.png")
    monkeypatch.setenv("AUXGEN_DATA", str(tmp_path))
    return tmp_path


def test_photos_become_means_over_areas_of_their_central_squares(root: Path) -> None:
    found = images.load_image_dataset("imagenet32")
    assert (found.y.tolist(), found.classes) == ([0, 1], ("n01440764", "n02084071"))
    assert found.name == "imagenet32/train"
    squares = photo(0, 96, 128)[:, 16:112], photo(1, 160, 64)[48:112, :]
    for row, square in zip(found.x, squares, strict=True):
        k = len(square) // 32
        means = square.reshape(32, k, 32, k, 3).astype(float).mean((1, 3)).transpose(2, 0, 1)
        assert np.abs(row.numpy() - means).max() <= 1  # rows and columns are rounded in turn


def test_valid_is_val_and_a_test_split_is_not_made_up(root: Path) -> None:
    valid = images.load_image_dataset("imagenet32", "valid")
    assert (valid.x.shape, valid.y.tolist()) == ((1, 3, 32, 32), [1])
    with pytest.raises(InputError, match=r"^imagenet has no test split, only train, valid;"):
        images.load_image_dataset("imagenet32", "test")


def test_a_folder_of_its_own_name_comes_first_and_another_size_may_be_asked(root: Path) -> None:
    (root / "imagenet" / "val").rename(root / "imagenet32")
    assert len(images.load_image_dataset("imagenet32")) == 1
    assert images.load_image_dataset("imagenet32", size=8).x.shape == (1, 3, 8, 8)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("imagenet32", "ILSVRC/imagenet-1k"),
        ("tiny_imagenet", "zh-plus/tiny-imagenet"),
        ("stl10", "tanganke/stl10"),
        ("svhn", "ufldl-stanford/svhn"),
    ],
)
def test_without_a_folder_the_hub_is_asked(
    name: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(where: str) -> str:
        raise hub.make_missing_set_error(where, ConnectionError("no network"))

    monkeypatch.setattr(hub, "fetch_commit", silent)
    with pytest.raises(InputError, match=rf"'{place}'.*no network"):
        images.load_image_dataset(name)


def test_twenty_classes_of_tiny_imagenet_have_64_pixels(real: Path) -> None:
    if not (real / "tiny_imagenet_20").is_dir():
        pytest.skip("needs real data: AUXGEN_DATA has no tiny_imagenet_20/")
    found = images.load_image_dataset("tiny_imagenet_20", "valid")
    assert found.x.shape == (1000, 3, 64, 64)
    assert len(found.classes) == 20
    assert torch.equal(found.y.bincount(), torch.full((20,), 50))


def test_tiny_imagenet_is_a_folder_as_on_the_hub(
    real: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (real / "tiny_imagenet_20").is_dir():
        pytest.skip("needs real data: AUXGEN_DATA has no tiny_imagenet_20/")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "tiny_imagenet").symlink_to(real / "tiny_imagenet_20")
    monkeypatch.setenv("AUXGEN_DATA", str(tmp_path / "root"))
    found = images.load_image_dataset("tiny_imagenet", "valid", size=32)
    assert (found.name, found.x.shape) == ("tiny_imagenet/valid", (1000, 3, 32, 32))
