"""Image sets by name: known ones, any of the Hugging Face hub's, and folders; decoded once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F

from ..errors import InputError, unknown_name
from . import hub
from .cache import (
    compute_files_digest,
    load_newest_dataset,
    load_or_create_dataset,
    make_cache_file,
)
from .dataset import Dataset, Preprocessor, add_fingerprint
from .frame import Frame
from .official.formats import OfficialFormat, load_official_dataset, make_missing_files_error
from .official.norb import NORB_PAIRS, NORB_SINGLES
from .official.stl10 import STL10
from .official.svhn import SVHN
from .splits import split_stratified
from .user import load_framed_images
from .walking import has_image_files

DATA_SUFFIXES = frozenset({".parquet", ".arrow"})
DIGITS_TEST_ROWS = 500
FULL_FRAME = Frame()
AREA_FRAME = Frame(filter="box")
"""Pictures made smaller by the mean over areas."""
NEAREST_FRAME = Frame(filter="nearest")
"""Pictures made smaller by leaving out pixels."""


@dataclass(frozen=True)
class DatasetSource:
    """Where a set is from.

    Attributes:
        hub: Its id on the Hugging Face hub; None where no copy there can be read.
        config: Configuration of the hub's data set.
        frame: That its pictures have by default.
        folders: Of AUXGEN_DATA that may hold it, the first that is there; none for its own name.
        official: The files that its authors publish, if they can be read.
    """

    hub: str | None
    config: str | None = None
    frame: Frame = FULL_FRAME
    folders: tuple[str, ...] = ()
    official: OfficialFormat | None = None


KNOWN_SETS: Mapping[str, DatasetSource] = {
    "mnist": DatasetSource("ylecun/mnist"),
    "fashion_mnist": DatasetSource("zalando-datasets/fashion_mnist"),
    "cifar10": DatasetSource("uoft-cs/cifar10"),
    "svhn": DatasetSource("ufldl-stanford/svhn", "cropped_digits", official=SVHN),
    "celeba": DatasetSource("flwrlabs/celeba", frame=Frame(size=64, crop=148)),
    # nearest, as Maaloe et al.'s code makes 32x32 of them
    "small_norb": DatasetSource(None, frame=NEAREST_FRAME, official=NORB_PAIRS),
    "small_norb_single": DatasetSource(
        None, frame=NEAREST_FRAME, folders=("small_norb",), official=NORB_SINGLES
    ),
    "stl10": DatasetSource("tanganke/stl10", frame=AREA_FRAME, official=STL10),
    # shorter side to 32, then the centre (Warde-Farley and Bengio 2017, section 5.3)
    "imagenet32": DatasetSource(
        "ILSVRC/imagenet-1k", None, replace(AREA_FRAME, size=32), ("imagenet32", "imagenet")
    ),
    "tiny_imagenet": DatasetSource("zh-plus/tiny-imagenet", frame=AREA_FRAME),
}


def load_image_dataset(
    name: str, split: str = "train", *, size: int | None = None, crop: int | None = None
) -> Dataset:
    """The rows of an image set: x uint8 (n, c, h, w).

    Args:
        name: "digits" (scikit-learn's 1797 of 8x8, needs no network), a name in KNOWN_SETS, an id
            "owner/name" or "owner/name:configuration" of the hub, or a folder. A folder of that
            name in AUXGEN_DATA comes first, then the hub.
        split: "train", "test" or "valid", by whatever name the set calls it; "extra" and
            "unlabeled" of sets that have them.
        size: Side in pixels of the square that pictures are resized to.
        crop: Side in pixels of the square cut from their centres before.

    Raises:
        InputError: The set or split is not there, or its pictures cannot be read or differ in size.
        NotSaved: The cache cannot be written.
    """
    split = hub.SPLIT_ALIASES.get(split, split)
    if name == "digits":
        return load_sklearn_digits(split, size, crop)
    place, _, config = name.partition(":")
    source = KNOWN_SETS.get(name) or DatasetSource(place, config or None)
    sides = {k: v for k, v in (("size", size), ("crop", crop)) if v is not None}
    frame = replace(source.frame, **sides)
    folder = find_local_folder(place, source.folders)
    if folder is None and name not in KNOWN_SETS and place.count("/") != 1:
        raise unknown_name("image set or folder", name, ["digits", *KNOWN_SETS])
    if folder is None:
        return _load_from_hub(name, source, split, frame)
    if source.official is not None and _has_official_files(source.official, folder):
        return load_official_dataset(name, source.official, folder, split, frame)
    if find_data_files(folder):
        return _load_from_folder(name, folder, split, source.config, frame)
    return replace(load_framed_images(folder, split, frame), name=f"{name}/{split}")


def load_images_in_frame(name: str, space: Preprocessor) -> Dataset:
    """The training rows of a set or folder, its pictures framed as those of a model were.

    Raises:
        InputError: As `load_image_dataset`.
    """
    frame, side = space.frame or FULL_FRAME, space.shape[-1]
    if name == "digits" or name in KNOWN_SETS:
        return load_image_dataset(name, size=side)
    return load_image_dataset(name, size=side, crop=frame.crop)


def get_image_side(dataset: Dataset) -> int:
    """Height and width of square images.

    Raises:
        InputError: They differ.
    """
    height, width = dataset.x.shape[2:]
    if height != width:
        raise InputError(
            f"Images of {dataset.name} have {height} x {width} pixels; square ones are expected."
        )
    return height


def find_local_folder(name: str, folders: tuple[str, ...] = ()) -> Path | None:
    """The set's folder in AUXGEN_DATA, or that folder itself; None if neither is there."""
    places = [Path(name).expanduser()] if name not in KNOWN_SETS else []
    if root := os.environ.get("AUXGEN_DATA"):
        places = [Path(root).expanduser() / folder for folder in folders or (name,)] + places
    return next((p for p in places if name and p.is_dir()), None)


def _has_official_files(official: OfficialFormat, folder: Path) -> bool:
    """Whether a folder has official files, or nothing else that could be the set either."""
    return official.has_files_in(folder) or not (find_data_files(folder) or has_image_files(folder))


def find_data_files(folder: Path) -> list[Path]:
    """The files under a folder in which `datasets` keeps rows; none in a folder of image files."""
    return [p for p in folder.rglob("*") if p.suffix in DATA_SUFFIXES]


def _load_from_folder(
    name: str, folder: Path, split: str, config: str | None, frame: Frame
) -> Dataset:
    """A set that lies in a folder as it would on the hub; its card tells of configurations."""
    cards = [card for card in [folder / "README.md"] if card.is_file()]
    if not any(f"config_name: {config}" in c.read_text(encoding="utf-8") for c in cards):
        config = None
    place = str(folder.resolve())
    state = compute_files_digest([*find_data_files(folder), *cards], folder)
    file = make_cache_file(f"{name}/{split}", f"{place} {config} {split} {frame}", state)
    prepare = partial(hub.prepare_hub_dataset, place, split, config, None, frame)
    return load_or_create_dataset(file, prepare)


def _load_from_hub(name: str, source: DatasetSource, split: str, frame: Frame) -> Dataset:
    """A set of the hub at its present commit; offline, as it was last seen."""
    where, config = source.hub, source.config
    if where is None:
        assert source.official is not None
        raise make_missing_files_error(name, source.official, split)
    file = make_cache_file(f"{name}/{split}", f"hub {where} {config} {split} {frame}", "")
    last = load_newest_dataset(file)
    try:
        commit = hub.fetch_commit(where)
    except InputError:
        if last is None:
            raise
        commit = None
    if commit is None and last is not None:
        return last
    prepare = partial(hub.prepare_hub_dataset, where, split, config, commit, frame)
    return load_or_create_dataset(replace(file, state=commit or "offline"), prepare)


def load_sklearn_digits(split: str, size: int | None = None, crop: int | None = None) -> Dataset:
    """scikit-learn's handwritten digits, 0..16 stretched to 0..255; a stratified split of our own.

    1297 rows for training and 500 for tests, the same ones always.
    """
    from sklearn.datasets import load_digits

    frame = Frame(size, filter="bilinear")
    if crop is not None:
        raise InputError(
            f"A crop of {crop} was given; digits have 8x8 pixels, and none is expected."
        )
    grey, y = load_digits(return_X_y=True)
    x = torch.from_numpy(grey).reshape(-1, 1, 8, 8) * 255 / 16
    if size is not None:
        x = F.interpolate(x, (size, size), mode="bilinear", antialias=True)
    y = torch.from_numpy(y).to(torch.int64)
    every = Dataset(x.round().to(torch.uint8), y, tuple("0123456789"), "digits", "", frame=frame)
    train, test = split_stratified(every, DIGITS_TEST_ROWS / len(every), seed=0)
    parts = {"train": train, "test": test}
    if split not in parts:
        raise unknown_name("digits split", split, parts)
    return add_fingerprint(replace(parts[split], name=f"digits/{split}"))
