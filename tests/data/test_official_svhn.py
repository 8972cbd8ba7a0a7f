"""Street View House Numbers from MATLAB files that are written here as the official ones are."""

from __future__ import annotations

import tracemalloc
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import torch
from scipy.io import savemat

from auxgen.data import images
from auxgen.data.official import svhn
from auxgen.errors import InputError

Y = [1, 9, 10, 4]
NOTHING: Mapping[str, np.ndarray] = MappingProxyType({})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """AUXGEN_DATA/svhn, empty."""
    monkeypatch.setenv("AUXGEN_DATA", str(tmp_path / "root"))
    place = tmp_path / "root" / "svhn"
    place.mkdir(parents=True)
    return place


def pictures(n: int, seed: int = 0) -> np.ndarray:
    """(n, 3, 32, 32) uint8."""
    return np.random.default_rng(seed).integers(0, 256, (n, 3, 32, 32), dtype=np.uint8)


def written(
    file: Path, x: np.ndarray, y: list[int], changed: Mapping[str, np.ndarray] = NOTHING
) -> np.ndarray:
    """A split of pictures (n, 3, 32, 32): MATLAB's indices are row, column, channel, picture."""
    held = {"X": x.transpose(2, 3, 1, 0), "y": np.array(y, np.uint8)[:, None]}
    savemat(file, held | dict(changed), do_compression=True)
    return x


def test_pixels_lie_as_they_were_and_ten_is_the_digit_nought(folder: Path) -> None:
    x = written(folder / "train_32x32.mat", pictures(4), Y)
    found = images.load_image_dataset("svhn")
    torch.testing.assert_close(found.x, torch.from_numpy(x))
    assert found.y.tolist() == [1, 9, 0, 4]
    assert found.classes == tuple("0123456789")
    assert (found.name, found.kind) == ("svhn/train", "images")


def test_every_split_has_its_file(folder: Path) -> None:
    for seed, split in enumerate(("train", "test", "extra")):
        written(folder / f"{split}_32x32.mat", pictures(2, seed), [1, 2])
    first = {s: images.load_image_dataset("svhn", s).x[0] for s in ("train", "test", "extra")}
    for seed, found in enumerate(first.values()):
        torch.testing.assert_close(found, torch.from_numpy(pictures(2, seed)[0]))


def test_more_rows_than_are_read_at_once_keep_their_order(folder: Path) -> None:
    x = written(folder / "test_32x32.mat", pictures(300), [3] * 300)
    torch.testing.assert_close(images.load_image_dataset("svhn", "test").x, torch.from_numpy(x))
    small = images.load_image_dataset("svhn", "test", size=16, crop=32)
    assert small.x.shape == (300, 3, 16, 16)


def test_it_is_decoded_once_and_again_when_its_own_file_changes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(folder / "train_32x32.mat", pictures(4), Y)
    first = images.load_image_dataset("svhn")
    with monkeypatch.context() as patch:
        patch.setattr(svhn, "load_matlab_variables", lambda _: pytest.fail("decoded again"))
        written(folder / "extra_32x32.mat", pictures(2), [1, 2])
        assert images.load_image_dataset("svhn").fingerprint == first.fingerprint
    written(folder / "train_32x32.mat", pictures(3, 1), Y[:3])
    assert len(images.load_image_dataset("svhn")) == 3


def test_decoding_takes_less_than_twice_the_memory_of_the_pixels(folder: Path) -> None:
    x = written(folder / "extra_32x32.mat", pictures(700), [1] * 700)
    svhn.load_matlab_variables(folder / "extra_32x32.mat")
    tracemalloc.start()
    images.load_image_dataset("svhn", "extra")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert x.nbytes < peak < 1.7 * x.nbytes


def test_a_copy_as_on_the_hub_gives_the_same_rows(folder: Path, tmp_path: Path) -> None:
    from io import BytesIO

    from datasets import ClassLabel, Dataset, Features, disable_progress_bars
    from datasets import Image as Picture
    from PIL import Image

    disable_progress_bars()
    x = written(folder / "train_32x32.mat", pictures(4), Y)
    official = images.load_image_dataset("svhn")
    (folder / "train_32x32.mat").unlink()
    encoded = []
    for pixels in x:
        file = BytesIO()
        Image.fromarray(pixels.transpose(1, 2, 0)).save(file, "png")
        encoded.append({"bytes": file.getvalue(), "path": None})
    features = Features(image=Picture(), label=ClassLabel(names=list("0123456789")))
    rows = Dataset.from_dict({"image": encoded, "label": [1, 9, 0, 4]}, features=features)
    rows.to_parquet(folder / "train-00000-of-00001.parquet")
    hub = images.load_image_dataset("svhn")
    torch.testing.assert_close(hub.x, official.x)
    assert hub.fingerprint == official.fingerprint


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ("tran", r"^There is no svhn split 'tran'; did you mean 'train'\?$"),
        ("valid", r"^There is no svhn split 'valid'; known are extra, test, train\.$"),
        ("extra", r"svhn has no extra_32x32\.mat; split 'extra' of svhn is made of extra_32x32"),
    ],
)
def test_what_is_not_there_is_said(folder: Path, split: str, said: str) -> None:
    written(folder / "train_32x32.mat", pictures(4), Y)
    with pytest.raises(InputError, match=said):
        images.load_image_dataset("svhn", split)


def test_an_empty_folder_is_told_which_files_it_lacks(folder: Path) -> None:
    with pytest.raises(InputError, match=r"svhn has no train_32x32\.mat; split 'train'"):
        images.load_image_dataset("svhn")


@pytest.mark.parametrize("keep", [0, 100, 200, 3000, -1])
def test_a_truncated_file_is_refused(folder: Path, cache: Path, keep: int) -> None:
    file = folder / "train_32x32.mat"
    written(file, pictures(4), Y)
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"train_32x32\.mat (cannot be read \(|has no variable)"):
        images.load_image_dataset("svhn")
    assert not list(cache.glob("*.safetensors"))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"y": np.ones((3, 1), np.uint8)},
            r"holds 4 pictures and it 3 labels; as many are expected",
        ),
        ({"y": np.full((4, 1), 11, np.uint8)}, r"has a label 11; 1 to 10 are expected\.$"),
        ({"y": np.zeros((4, 1), np.uint8)}, r"has a label 0; 1 to 10 are expected\.$"),
        (
            {"X": np.zeros((32, 32, 3, 4))},
            r"has X float64 \(32, 32, 3, 4\); uint8 \(32, 32, 3, n\)",
        ),
        ({"X": np.zeros((4, 3072), np.uint8)}, r"has X uint8 \(4, 3072\); uint8"),
    ],
)
def test_a_file_of_other_content_is_refused(
    folder: Path, changed: dict[str, np.ndarray], said: str
) -> None:
    written(folder / "train_32x32.mat", pictures(4), Y, changed)
    with pytest.raises(InputError, match=said):
        images.load_image_dataset("svhn")


def test_a_file_without_its_variables_is_refused(folder: Path) -> None:
    savemat(folder / "train_32x32.mat", {"X": pictures(2)})
    with pytest.raises(InputError, match=r"has no variable y; X and y are expected\.$"):
        images.load_image_dataset("svhn")
