"""STL-10 from binary files that are written here as the official ones are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from auxgen.data import images
from auxgen.errors import InputError

NAMES = ["airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"]
Y = [1, 10, 4]


def pictures(n: int, seed: int = 0) -> np.ndarray:
    """(n, 3, 96, 96) uint8."""
    return np.random.default_rng(seed).integers(0, 256, (n, 3, 96, 96), dtype=np.uint8)


def written(folder: Path, split: str, x: np.ndarray, y: list[int] | None) -> None:
    """A split of pictures (n, 3, 96, 96): channel by channel, column by column."""
    (folder / f"{split}_X.bin").write_bytes(
        np.stack([c.T for c in x.reshape(-1, 96, 96)]).tobytes()
    )
    if y is not None:
        (folder / f"{split}_y.bin").write_bytes(bytes(y))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """AUXGEN_DATA/stl10 with three splits."""
    monkeypatch.setenv("AUXGEN_DATA", str(tmp_path / "root"))
    place = tmp_path / "root" / "stl10"
    place.mkdir(parents=True)
    written(place, "train", pictures(3), Y)
    written(place, "test", pictures(2, 1), [2, 2])
    written(place, "unlabeled", pictures(5, 2), None)
    (place / "class_names.txt").write_text("\n".join(NAMES) + "\n")
    return place


def test_pixels_labels_and_names_are_as_they_were(folder: Path) -> None:
    found = images.load_image_dataset("stl10")
    torch.testing.assert_close(found.x, torch.from_numpy(pictures(3)))
    assert (found.y.tolist(), found.classes) == ([0, 9, 3], tuple(NAMES))
    assert found.name == "stl10/train"
    torch.testing.assert_close(
        images.load_image_dataset("stl10", "test").x, torch.from_numpy(pictures(2, 1))
    )


@pytest.mark.parametrize("split", ["unlabeled", "unlabelled"])
def test_unlabelled_pictures_have_blank_labels_and_the_same_classes(
    folder: Path, split: str
) -> None:
    found = images.load_image_dataset("stl10", split)
    torch.testing.assert_close(found.x, torch.from_numpy(pictures(5, 2)))
    assert (found.y.tolist(), found.classes) == ([-1] * 5, tuple(NAMES))


def test_48_pixels_are_means_of_four(folder: Path) -> None:
    small = images.load_image_dataset("stl10", "unlabeled", size=48).x
    means = torch.from_numpy(pictures(5, 2)).double().unflatten(-1, (48, 2)).unflatten(-3, (48, 2))
    exact = means.mean((-1, -3))
    assert small.shape == (5, 3, 48, 48)
    assert (small.double() - exact).abs().max() <= 1  # rows and columns are rounded in turn


def test_more_pictures_than_are_read_at_once_keep_their_order(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auxgen.data.decoding.PICTURES_PER_BLOCK", 2)
    torch.testing.assert_close(
        images.load_image_dataset("stl10", "unlabeled").x, torch.from_numpy(pictures(5, 2))
    )


def test_it_may_lie_one_folder_deeper_as_the_archive_has_it(folder: Path) -> None:
    deeper = folder / "stl10_binary"
    deeper.mkdir()
    for file in [p for p in folder.iterdir() if p.is_file()]:
        file.rename(deeper / file.name)
    assert len(images.load_image_dataset("stl10")) == 3


def test_it_is_decoded_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = images.load_image_dataset("stl10")
    again = "auxgen.data.official.formats.prepare_pixel_dataset"
    monkeypatch.setattr(again, lambda *_, **__: pytest.fail("decoded again"))
    assert images.load_image_dataset("stl10").fingerprint == first.fingerprint


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ("unlabled", r"^There is no stl10 split 'unlabled'; did you mean 'unlabeled'\?$"),
        ("extra", r"^There is no stl10 split 'extra'; "),
        (
            "test",
            r"stl10 has no test_y\.bin; split 'test' of stl10 is made of test_X\.bin and test",
        ),
    ],
)
def test_what_is_not_there_is_said(folder: Path, split: str, said: str) -> None:
    (folder / "test_y.bin").unlink()
    with pytest.raises(InputError, match=said):
        images.load_image_dataset("stl10", split)


def test_a_file_cut_within_a_picture_is_refused(folder: Path) -> None:
    file = folder / "unlabeled_X.bin"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"unlabeled_X\.bin has 138239 bytes, which is truncated"):
        images.load_image_dataset("stl10", "unlabeled")


def test_a_file_cut_between_pictures_has_not_as_many_labels(folder: Path) -> None:
    file = folder / "train_X.bin"
    file.write_bytes(file.read_bytes()[: 2 * 27648])
    with pytest.raises(InputError, match=r"holds 2 pictures and train_y\.bin 3 labels; as many"):
        images.load_image_dataset("stl10")


@pytest.mark.parametrize("label", [0, 11])
def test_a_label_of_no_class_is_refused(folder: Path, label: int) -> None:
    (folder / "train_y.bin").write_bytes(bytes([1, label, 2]))
    with pytest.raises(
        InputError, match=rf"train_y\.bin has a label {label}; 1 to 10 are expected"
    ):
        images.load_image_dataset("stl10")


def test_an_empty_file_other_names_and_too_large_a_crop_are_refused(folder: Path) -> None:
    with pytest.raises(InputError, match=r"train_X\.bin is 96x96 pixels; at least the crop of 97"):
        images.load_image_dataset("stl10", crop=97)
    (folder / "unlabeled_X.bin").write_bytes(b"")
    with pytest.raises(InputError, match=r"unlabeled_X\.bin holds no pictures; one or more"):
        images.load_image_dataset("stl10", "unlabeled")
    (folder / "class_names.txt").write_text("cat\ndog\n")
    with pytest.raises(InputError, match=r"class_names\.txt names 2 classes; 10 are expected\.$"):
        images.load_image_dataset("stl10")
