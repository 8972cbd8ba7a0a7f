"""A person's own images: `auxgen.data.user.images`, right and wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from auxgen.data import images as sets
from auxgen.data import user as own
from auxgen.data.dataset import Dataset
from auxgen.errors import InputError, NotSaved

GREY = np.random.default_rng(0).integers(0, 256, (4, 6, 8), dtype=np.uint8)


def save(file: Path, pixels: np.ndarray) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(file)


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    """Four grey images beside each other."""
    for i, pixels in enumerate(GREY):
        save(tmp_path / "zoo" / f"{i}.png", pixels)
    return tmp_path / "zoo"


def describe(folder: Path, *lines: str) -> None:
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n")


def test_class_folders_are_labels_and_other_images_are_unlabelled(zoo: Path) -> None:
    save(zoo / "dog" / "a.png", GREY[0])
    save(zoo / "cat" / "deep" / "b.png", GREY[1])
    save(zoo / "unlabelled" / "c.png", GREY[2])
    save(zoo / ".hidden" / "d.png", GREY[2])
    found = own.load_image_folder(zoo)
    assert found.x.shape == (7, 1, 6, 8)
    assert found.classes == ("cat", "dog")
    assert found.y.tolist() == [-1, -1, -1, -1, 0, 1, -1]
    torch.testing.assert_close(found.x[5, 0], torch.from_numpy(GREY[0]))
    assert sets.load_image_dataset(str(zoo)).fingerprint == found.fingerprint


def test_classes_are_those_of_all_splits_and_numbers_come_in_order(tmp_path: Path) -> None:
    for place in ("train/10", "train/9", "test/2", "validation/9"):
        save(tmp_path / place / "a.png", GREY[0])
    parts = [own.load_image_folder(tmp_path, split=s) for s in ("train", "test", "valid")]
    assert {p.classes for p in parts} == {("2", "9", "10")}
    assert [p.y.tolist() for p in parts] == [[2, 1], [0], [1]]


def test_metadata_gives_labels_attributes_and_blanks(zoo: Path) -> None:
    describe(
        zoo,
        "file_name,species,tail,indoors,weight",
        "2.png,dog,1,true,3.5",
        "0.png,cat,0,,4",
        "1.png,,,False,",
    )
    found = own.load_image_folder(zoo, label="species")
    assert (found.classes, found.y.tolist()) == (("cat", "dog"), [0, -1, 1, -1])
    assert found.attribute_names == ("tail", "indoors")
    assert found.attributes is not None
    nan = torch.nan
    truth = torch.tensor([[0, nan], [nan, 0], [1, 1], [nan, nan]])
    torch.testing.assert_close(found.attributes, truth, equal_nan=True)


def test_a_changed_label_is_seen_though_no_image_changed(zoo: Path) -> None:
    describe(zoo, "file_name,label", "0.png,cat", "1.png,dog")
    first = own.load_image_folder(zoo)
    describe(zoo, "file_name,label", "0.png,dog", "1.png,cat")
    assert own.load_image_folder(zoo).y.tolist() == [1, 0, -1, -1]
    assert own.load_image_folder(zoo).fingerprint != first.fingerprint


def test_any_colour_makes_all_images_of_three_channels(zoo: Path) -> None:
    save(zoo / "4.png", np.stack([GREY[0]] * 3, -1))
    found = own.load_image_folder(zoo)
    assert found.x.shape == (5, 3, 6, 8)
    torch.testing.assert_close(found.x[0], found.x[4])


def test_images_of_16_bits_are_scaled_and_turned_photos_are_upright(tmp_path: Path) -> None:
    save(tmp_path / "deep" / "a.png", GREY[0].astype(np.uint16) * 257)
    torch.testing.assert_close(
        own.load_image_folder(tmp_path / "deep").x[0, 0], torch.from_numpy(GREY[0])
    )
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "turned").mkdir()
    Image.fromarray(GREY[0]).save(tmp_path / "turned" / "a.jpg", exif=exif, quality=100)
    upright = own.load_image_folder(tmp_path / "turned").x[0, 0].float()
    assert upright.shape == (8, 6)
    assert (upright - torch.from_numpy(np.rot90(GREY[0], -1).copy())).abs().mean() < 3


def test_size_makes_different_images_alike(zoo: Path) -> None:
    save(zoo / "large.png", np.full((20, 30), 7, np.uint8))
    found = own.load_image_folder(zoo, size=4)
    assert found.x.shape == (5, 1, 4, 4)
    assert (found.x[4] == 7).all()


def said(folder: Path, **how: object) -> str:
    with pytest.raises(InputError) as caught:
        own.load_image_folder(folder, **how)  # type: ignore[arg-type]
    return str(caught.value).replace(f"{folder.parent}/", "")


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    assert said(tmp_path / "zoo") == "There is no folder zoo; a folder with images is expected."


def test_a_folder_without_images_is_told(tmp_path: Path) -> None:
    (tmp_path / "zoo" / "test").mkdir(parents=True)
    (tmp_path / "zoo" / "notes.txt").touch()
    assert said(tmp_path / "zoo") == (
        "Folder zoo/test has no images; PNG, JPEG or WebP files are expected."
    )


def test_two_sizes_are_told_with_a_file_of_each(zoo: Path) -> None:
    save(zoo / "3.png", np.zeros((5, 9), np.uint8))
    assert said(zoo) == (
        "0.png is 8x6 and 3.png is 9x5 pixels: give one size for all, such as --size 5."
    )


def test_an_image_smaller_than_the_crop_is_told(zoo: Path) -> None:
    with pytest.raises(
        InputError, match=r"^0.png is 8x6 pixels; at least the crop of 7 is expected"
    ):
        sets.load_image_dataset(str(zoo), crop=7)
    assert said(zoo, size=0) == "A size of 0 was given; 1 pixel or more is expected."


def test_a_file_that_is_no_image_is_told(zoo: Path) -> None:
    (zoo / "2.png").write_text("not an image")
    assert said(zoo) == "2.png is not an image; a PNG, JPEG or WebP file is expected."


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp"])
def test_a_file_that_is_cut_short_is_told_and_leaves_no_cache(
    zoo: Path, cache: Path, suffix: str
) -> None:
    save(zoo / f"4.{suffix}", np.random.default_rng(1).integers(0, 256, (6, 8), dtype=np.uint8))
    whole = (zoo / f"4.{suffix}").read_bytes()
    (zoo / f"4.{suffix}").write_bytes(whole[: -len(whole) // 12 - 12])
    assert said(zoo).startswith(f"4.{suffix} cannot be decoded (")
    assert not list(cache.glob("*.safetensors*"))
    assert not list(cache.glob(".*.safetensors*"))


def test_metadata_that_names_a_missing_file_is_told(zoo: Path) -> None:
    describe(zoo, "file_name,label", "0.png,cat", "7.png,dog", "8.png,dog")
    assert said(zoo) == (
        "zoo/metadata.csv names '7.png' and 1 more, where no image is; "
        "images below its folder are expected."
    )


def test_metadata_without_file_names_is_told(zoo: Path) -> None:
    describe(zoo, "animal,label", "0,cat")
    assert said(zoo) == (
        "zoo/metadata.csv has the columns animal, label; a column file_name is expected."
    )


def test_a_label_column_that_is_not_there_is_told_with_the_nearest(zoo: Path) -> None:
    assert (
        "zoo has no metadata.csv or labels.csv or metadata.tsv or labels.tsv; one with a file_name"
        in said(zoo, label="species")
    )
    describe(zoo, "file_name,species", "0.png,cat")
    assert said(zoo, label="specie") == (
        "There is no metadata.csv column 'specie'; did you mean 'species'?"
    )


def test_a_split_that_is_not_there_is_told(zoo: Path) -> None:
    assert said(zoo, split="tset") == "There is no zoo split 'tset'; known are train."
    assert said(zoo, split="test") == (
        "zoo has no test split, only train; pictures are expected in a folder zoo/test, "
        "and those to learn from in zoo/train."
    )
    (zoo / "test").mkdir()
    for file in zoo.glob("*.png"):
        file.rename(zoo / "test" / file.name)
    assert said(zoo) == (
        "zoo has no train split, only test; pictures are expected in a folder zoo/train."
    )


def test_labels_that_will_not_do_are_told(zoo: Path) -> None:
    describe(zoo, "file_name,species", "0.png,", "1.png,")
    assert said(zoo, label="species").startswith("No row of zoo/train is labelled; ")
    describe(zoo, "file_name,species", "0.png,cat", "1.png,")
    assert said(zoo, label="species").startswith("Only class 'cat' of zoo/train is labelled; ")


def test_a_cache_that_cannot_be_written_is_told(
    zoo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(NotSaved, match=r"; set AUXGEN_CACHE to a folder with room\.$"):
        own.load_image_folder(zoo)


def test_rows_are_divided_in_their_order_and_by_seed() -> None:
    every = Dataset(
        x=torch.arange(40, dtype=torch.uint8).reshape(10, 1, 2, 2),
        y=torch.full((10,), -1),
        classes=(),
        name="photos/train",
        fingerprint="",
    )
    train, held = own.split_randomly(every, 0.3, seed=1)
    assert (len(train), len(held)) == (7, 3)
    first = torch.cat((train.x, held.x))[:, 0, 0, 0]
    assert first.sort().values.tolist() == list(range(0, 40, 4))
    assert train.x[:, 0, 0, 0].diff().gt(0).all()
    assert own.split_randomly(every, 0.3, seed=1)[1].fingerprint == held.fingerprint
    assert own.split_randomly(every, 0.3, seed=2)[1].fingerprint != held.fingerprint
    for fraction in (0.0, 0.04, 1.0):
        with pytest.raises(InputError, match="of 10 images was to be held out"):
            own.split_randomly(every, fraction, seed=0)
