"""Image sets by name: known ones, any of the Hugging Face hub's, and folders; decoded once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import torch
import torch.nn.functional as F
from PIL import Image

from ..errors import InputError, unknown
from . import hub
from . import user as own
from .cache import Key, kept, newest
from .dataset import Examples
from .decoding import Frame
from .fingerprints import of_files, stamped
from .folders import images_in
from .official import layout
from .official.layout import Official
from .official.norb import PAIRS, SINGLES
from .official.stl10 import STL10
from .official.svhn import SVHN

DATA_FILES = frozenset({".parquet", ".arrow"})
DIGITS_TEST = 500
WHOLE = Frame()
AREAS = Frame(filter=Image.Resampling.BOX)
"""Pictures made smaller by the mean over areas."""
POINTS = Frame(filter=Image.Resampling.NEAREST)
"""Pictures made smaller by leaving out pixels."""


@dataclass(frozen=True)
class Source:
    """Where a set is from.

    Attributes:
        hub: Its id on the Hugging Face hub; None where no copy there can be read.
        config: Of the hub's set.
        frame: That its pictures have by default.
        folders: Of AUXGEN_DATA that may hold it, the first that is there; none for its own name.
        official: The files that its authors publish, if they can be read.
    """

    hub: str | None
    config: str | None = None
    frame: Frame = WHOLE
    folders: tuple[str, ...] = ()
    official: Official | None = None


KNOWN: Mapping[str, Source] = MappingProxyType(
    {
        "mnist": Source("ylecun/mnist"),
        "fashion_mnist": Source("zalando-datasets/fashion_mnist"),
        "cifar10": Source("uoft-cs/cifar10"),
        "svhn": Source("ufldl-stanford/svhn", "cropped_digits", official=SVHN),
        "celeba": Source("flwrlabs/celeba", frame=Frame(size=64, crop=148)),
        # nearest, as Maaloe et al.'s code makes 32x32 of them
        "small_norb": Source(None, frame=POINTS, official=PAIRS),
        "small_norb_single": Source(None, frame=POINTS, folders=("small_norb",), official=SINGLES),
        "stl10": Source("tanganke/stl10", frame=AREAS, official=STL10),
        # shorter side to 32, then the centre (Warde-Farley and Bengio 2017, section 5.3)
        "imagenet32": Source(
            "ILSVRC/imagenet-1k",
            frame=replace(AREAS, size=32),
            folders=("imagenet32", "imagenet"),
        ),
        "tiny_imagenet": Source("zh-plus/tiny-imagenet", frame=AREAS),
    }
)


def load(
    name: str, split: str = "train", *, size: int | None = None, crop: int | None = None
) -> Examples:
    """The rows of an image set: x uint8 (n, c, h, w).

    Args:
        name: "digits" (scikit-learn's 1797 of 8x8, needs no network), a name in KNOWN, a hub id
            "owner/name" or "owner/name:configuration", or a folder. A folder of that name in
            AUXGEN_DATA comes first, then the hub.
        split: "train", "test" or "valid", by whatever name the set calls it; "extra" and
            "unlabeled" of sets that have them.
        size: Side in pixels of the square that pictures are resized to.
        crop: Side in pixels of the square cut from their centres before.

    Raises:
        InputError: The set or split is not there, or its pictures cannot be read or differ in size.
        NotSaved: The cache cannot be written.
    """
    split = hub.SPLITS.get(split, split)
    if name == "digits":
        return digits(split, size, crop)
    place, _, config = name.partition(":")
    source = KNOWN.get(name) or Source(place, config or None)
    sides = {k: v for k, v in (("size", size), ("crop", crop)) if v is not None}
    frame = replace(source.frame, **sides)
    folder = at_home(place, source.folders)
    if folder is None and name not in KNOWN and place.count("/") != 1:
        raise unknown("image set or folder", name, ["digits", *KNOWN])
    if folder is None:
        return from_hub(name, source, split, frame)
    if source.official is not None and is_official(source.official, folder):
        return layout.load(name, source.official, folder, split, frame)
    if data_files(folder):
        return from_folder(name, folder, split, source.config, frame)
    return replace(own.framed(folder, split=split, frame=frame), name=f"{name}/{split}")


def side(rows: Examples) -> int:
    """Height and width of square images.

    Raises:
        InputError: They differ.
    """
    height, width = rows.x.shape[2:]
    if height != width:
        raise InputError(
            f"Images of {rows.name} have {height} x {width} pixels; square ones are wanted."
        )
    return height


def at_home(name: str, folders: tuple[str, ...] = ()) -> Path | None:
    """The set's folder in AUXGEN_DATA, or that folder itself; None if neither is there."""
    places = [Path(name).expanduser()] if name not in KNOWN else []
    if root := os.environ.get("AUXGEN_DATA"):
        places = [Path(root).expanduser() / folder for folder in folders or (name,)] + places
    return next((p for p in places if name and p.is_dir()), None)


def is_official(official: Official, folder: Path) -> bool:
    """Whether a folder has official files, or nothing else that could be the set either."""
    return official.within(folder) or not (data_files(folder) or any(images_in(folder)))


def data_files(folder: Path) -> list[Path]:
    """The files under a folder in which `datasets` keeps rows; none in a folder of image files."""
    return [p for p in folder.rglob("*") if p.suffix in DATA_FILES]


def from_folder(name: str, folder: Path, split: str, config: str | None, frame: Frame) -> Examples:
    """A set that lies in a folder as it would on the hub; its card tells of configurations."""
    card = folder / "README.md"
    cards = [card] if card.is_file() else []
    if not any(f"config_name: {config}" in c.read_text(encoding="utf-8") for c in cards):
        config = None
    made = f"{folder.resolve()} {config} {split} {frame}"
    key = Key(f"{name}/{split}", made, of_files([*data_files(folder), *cards], folder))
    place = str(folder.resolve())
    return kept(key, lambda: hub.draft(place, split=split, config=config, state=None, frame=frame))


def from_hub(name: str, source: Source, split: str, frame: Frame) -> Examples:
    """A set of the hub at its present commit; offline, as it was last seen."""
    if source.hub is None:
        assert source.official is not None
        raise layout.absent(name, source.official, split)
    where, made = source.hub, f"hub {source.hub} {source.config} {split} {frame}"
    last = newest(Key(f"{name}/{split}", made, ""))
    try:
        state = hub.commit(where)
    except InputError:
        if last is None:
            raise
        state = None
    if state is None and last is not None:
        return last
    return kept(
        Key(f"{name}/{split}", made, state or "offline"),
        lambda: hub.draft(where, split=split, config=source.config, state=state, frame=frame),
    )


def digits(split: str, size: int | None = None, crop: int | None = None) -> Examples:
    """scikit-learn's handwritten digits, 0..16 stretched to 0..255; a stratified split of our own.

    1297 rows for training and 500 for tests, the same ones always.
    """
    from sklearn.datasets import load_digits

    Frame(size)
    if crop is not None:
        raise InputError(f"A crop of {crop} was given; digits have 8x8 pixels, and none is wanted.")
    grey, y = load_digits(return_X_y=True)
    x = torch.from_numpy(grey).reshape(-1, 1, 8, 8) * 255 / 16
    if size is not None:
        x = F.interpolate(x, (size, size), mode="bilinear", antialias=True)
    every = Examples(
        x=x.round().to(torch.uint8),
        y=torch.from_numpy(y).to(torch.int64),
        classes=tuple("0123456789"),
        name="digits",
        fingerprint="",
    )
    train, test = own.holdout(every, DIGITS_TEST / len(every), seed=0)
    parts = {"train": train, "test": test}
    if split not in parts:
        raise unknown("digits split", split, parts)
    return stamped(replace(parts[split], name=f"digits/{split}"))
