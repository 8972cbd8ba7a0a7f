"""Image sets by name: `auxgen.data.images`, on parquet files made here and on real ones."""

from __future__ import annotations

import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from auxgen.data import hub, images
from auxgen.data.fitting import fit_preprocessor
from auxgen.errors import InputError

COLOURS = np.random.default_rng(0).integers(0, 256, (5, 6, 8, 3), dtype=np.uint8)


def encoded(pixels: np.ndarray) -> dict[str, Any]:
    """An image as the hub's parquet files hold it."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "png")
    return {"bytes": file.getvalue(), "path": None}


def parquet(folder: Path, split: str, columns: dict[str, list[Any]], features: Any) -> None:
    from datasets import Dataset

    folder.mkdir(parents=True, exist_ok=True)
    rows = Dataset.from_dict(columns, features=features)
    rows.to_parquet(folder / f"{split}-00000-of-00001.parquet")


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A set as it lies on the hub: colour images, a class and an attribute with blanks."""
    from datasets import ClassLabel, Features, Value, config, disable_progress_bars
    from datasets import Image as Picture

    disable_progress_bars()
    monkeypatch.setattr(config, "HF_DATASETS_CACHE", tmp_path / "hf")
    features = Features(
        img=Picture(), kind=ClassLabel(names=["cat", "dog"]), tail=Value("bool"), id=Value("int32")
    )
    for split, rows in (("train", slice(0, 3)), ("valid", slice(3, 5))):
        pixels = [encoded(p) for p in COLOURS[rows]]
        n = len(pixels)
        known = {"kind": [1, -1, 0][:n], "tail": [True, None, False][:n], "id": [7, 8, 9][:n]}
        parquet(tmp_path / "root" / "pets", split, {"img": pixels} | known, features)
    monkeypatch.setenv("AUXGEN_DATA", str(tmp_path / "root"))
    return tmp_path / "root" / "pets"


def test_a_set_under_the_data_root_has_its_pixels_labels_and_attributes(pets: Path) -> None:
    found = images.load_image_dataset("pets")
    torch.testing.assert_close(found.x, torch.from_numpy(COLOURS[:3]).permute(0, 3, 1, 2))
    assert (found.y.tolist(), found.classes) == ([1, -1, 0], ("cat", "dog"))
    assert found.attributes is not None
    assert found.attribute_names == ("tail",)
    torch.testing.assert_close(
        found.attributes, torch.tensor([[1.0], [torch.nan], [0.0]]), equal_nan=True
    )
    assert found.name == "pets/train"
    assert found.kind == "images"


@pytest.mark.parametrize("split", ["valid", "validation", "val"])
def test_a_split_has_several_names_and_one_content(pets: Path, split: str) -> None:
    found = images.load_image_dataset(str(pets), split)
    torch.testing.assert_close(found.x, torch.from_numpy(COLOURS[3:]).permute(0, 3, 1, 2))
    assert found.name.endswith("/valid")


def test_a_cached_set_is_read_without_decoding(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = images.load_image_dataset("pets")
    monkeypatch.setattr(hub, "prepare_hub_dataset", lambda *_, **__: pytest.fail("decoded again"))
    again = images.load_image_dataset("pets")
    torch.testing.assert_close(again.x, first.x)
    assert again.fingerprint == first.fingerprint


def test_a_changed_source_is_decoded_again_and_the_older_state_forgotten(
    pets: Path, cache: Path
) -> None:
    from datasets import Features
    from datasets import Image as Picture

    first = images.load_image_dataset("pets")
    (pets / "valid-00000-of-00001.parquet").unlink()
    parquet(pets, "train", {"img": [encoded(COLOURS[4])]}, Features(img=Picture()))
    again = images.load_image_dataset("pets")
    assert len(again) == 1
    assert again.fingerprint != first.fingerprint
    assert len(list(cache.glob("pets_train*"))) == 1


def test_a_touched_source_is_decoded_again_to_the_same_fingerprint(pets: Path) -> None:
    first = images.load_image_dataset("pets")
    for file in pets.iterdir():
        os.utime(file, (1, 1))
    assert images.load_image_dataset("pets").fingerprint == first.fingerprint


@pytest.mark.parametrize("keep", [0, 8, 100, -1])
def test_a_damaged_cache_file_is_made_again(pets: Path, cache: Path, keep: int) -> None:
    first = images.load_image_dataset("pets")
    (file,) = cache.glob("*.safetensors")
    whole = file.read_bytes()
    file.unlink()  # `first` still lies in the old file
    file.write_bytes(whole[:keep])
    again = images.load_image_dataset("pets")
    torch.testing.assert_close(again.x, first.x)


def test_writing_into_loaded_pixels_leaves_the_cache_alone(pets: Path) -> None:
    images.load_image_dataset("pets").x.zero_()
    assert images.load_image_dataset("pets").x.sum() > 0


def test_size_and_crop_and_split_have_cache_files_of_their_own(pets: Path, cache: Path) -> None:
    assert images.load_image_dataset("pets", size=4).x.shape == (3, 3, 4, 4)
    cropped = images.load_image_dataset("pets", crop=2).x
    torch.testing.assert_close(cropped, images.load_image_dataset("pets").x[:, :, 2:4, 3:5])
    images.load_image_dataset("pets", "valid")
    assert len(list(cache.glob("*.safetensors"))) == 4


def test_a_hub_set_is_loaded_at_its_commit_and_offline_as_last_seen(
    pets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AUXGEN_DATA")
    monkeypatch.setattr(hub, "fetch_commit", lambda _: "c0ffee")
    table, asked = hub.load_hub_split, []

    def near(where: str, split: str, config: str | None, state: str | None) -> Any:
        asked.append((where, split, config, state))
        return table(str(pets), split, None, None)

    monkeypatch.setattr(hub, "load_hub_split", near)
    first = images.load_image_dataset("some/pets:small")
    assert asked == [("some/pets", "train", "small", "c0ffee")]

    def silent(where: str) -> str:
        raise hub.make_missing_set_error(where, ConnectionError("no network"))

    monkeypatch.setattr(hub, "fetch_commit", silent)
    assert images.load_image_dataset("some/pets:small").fingerprint == first.fingerprint
    with pytest.raises(InputError, match=r"'some/pets'.*no network.*set AUXGEN_DATA"):
        images.load_image_dataset("some/pets:large")


@pytest.mark.parametrize(
    ("name", "split", "said"),
    [
        ("mnst", "train", "There is no image set or folder 'mnst'; did you mean 'mnist'?"),
        ("digits", "tset", "There is no digits split 'tset'; did you mean 'test'?"),
        ("pets", "tset", "There is no pets split 'tset'; known are train, valid."),
    ],
)
def test_an_unknown_name_or_split_is_answered_with_the_known(
    pets: Path, name: str, split: str, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        images.load_image_dataset(name, split)
    assert str(caught.value) == said


def test_a_configuration_is_chosen_by_the_card_of_a_folder(pets: Path) -> None:
    known = "configs:\n- config_name: {}\n  data_files:\n  - split: train\n    path: {}\n"
    small = known.format("small", "valid-*") + known.format("full", "train-*")[len("configs:\n") :]
    (pets / "README.md").write_text(f"---\n{small}---\n")
    assert len(images.load_image_dataset("pets:small")) == 2
    assert len(images.load_image_dataset("pets:full")) == 3


def test_a_set_without_images_is_refused_with_its_columns(pets: Path) -> None:
    from datasets import Features, Value

    parquet(pets.parent / "words", "train", {"text": ["a"]}, Features(text=Value("string")))
    with pytest.raises(
        InputError, match=r"has the columns text; a column of images is expected\.$"
    ):
        images.load_image_dataset("words")


def test_a_damaged_image_of_a_set_is_named_by_its_row(pets: Path) -> None:
    from datasets import Features
    from datasets import Image as Picture

    whole = encoded(COLOURS[0])
    cut = {"bytes": whole["bytes"][:60], "path": None}
    parquet(pets.parent / "cut", "train", {"img": [whole, cut]}, Features(img=Picture()))
    with pytest.raises(InputError, match=r"^Row 1 of .*cut \(train\) cannot be decoded"):
        images.load_image_dataset("cut")


def test_importing_it_imports_neither_datasets_nor_pandas_nor_scikit_learn() -> None:
    heavy = "{'datasets', 'pandas', 'sklearn', 'huggingface_hub'}"
    code = f"import sys, auxgen.data.images; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_digits_have_a_fixed_stratified_split() -> None:
    train, test = images.load_image_dataset("digits"), images.load_image_dataset("digits", "test")
    assert (train.x.shape, test.x.shape) == ((1297, 1, 8, 8), (500, 1, 8, 8))
    assert (train.x.min(), train.x.max(), train.x.dtype) == (0, 255, torch.uint8)
    assert (test.y.bincount() - 50).abs().max() <= 2
    assert (
        test.fingerprint
        == images.load_image_dataset("digits", "test").fingerprint
        != train.fingerprint
    )
    assert images.load_image_dataset("digits", "test", size=16).x.shape == (500, 1, 16, 16)
    with pytest.raises(InputError, match=r"^A crop of 6 was given; digits have 8x8 pixels"):
        images.load_image_dataset("digits", crop=6)


def test_444_pixels_of_mnist_vary_by_more_than_a_tenth(real: Path) -> None:
    if not (real / "mnist").is_dir():
        pytest.skip("needs real data: AUXGEN_DATA has no mnist/")
    mnist = images.load_image_dataset("mnist")
    assert mnist.x.shape == (60000, 1, 28, 28)
    assert fit_preprocessor(mnist, min_std=0.1).width == 444


def test_celeba_is_cropped_to_faces_of_64_with_40_attributes(real: Path) -> None:
    if not (real / "celeba").is_dir():
        pytest.skip("needs real data: AUXGEN_DATA has no celeba/")
    celeba = images.load_image_dataset("celeba", "valid")
    assert celeba.x.shape[1:] == (3, 64, 64)
    assert len(celeba.attribute_names) == 40
    assert "Eyeglasses" in celeba.attribute_names
