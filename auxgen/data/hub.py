"""Image sets as the Hugging Face hub holds them; a folder of the same files is read alike."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError, take_first_line, unknown_name
from .cache import UndecodedDataset, make_undecoded_dataset
from .decoding import EncodedPicture, PictureReader, decode_blocks
from .frame import Frame
from .survey import survey_pictures

SPLIT_ALIASES = {"training": "train", "testing": "test", "validation": "valid", "val": "valid"}
SPLIT_ALIASES |= {"dev": "valid", "unlabelled": "unlabeled"}
"""Other names of the splits."""


def fetch_commit(hub: str) -> str | None:
    """The commit that the hub's repository is at; None where HF_HUB_OFFLINE forbids asking.

    Raises:
        InputError: The hub does not answer, or has no such set.
    """
    from huggingface_hub import HfApi, constants

    if constants.HF_HUB_OFFLINE:
        return None
    try:
        return HfApi().dataset_info(hub, timeout=10).sha
    except Exception as error:  # the network's, the hub's and the client's are of many kinds
        raise make_missing_set_error(hub, error) from error


def make_missing_set_error(where: str, error: Exception) -> InputError:
    """The sentence for a set that is not to be had."""
    error = error.__cause__ if isinstance(error.__cause__, Exception) else error
    reason = take_first_line(error)
    if Path(where).is_dir():
        return InputError(
            f"{where} is no image set ({reason}); parquet files as on the Hugging Face hub, or "
            "image files, are expected."
        )
    root = os.environ.get("AUXGEN_DATA") or "which is not set"
    return InputError(
        f"Image set {where!r} is not in AUXGEN_DATA ({root}), and not to be had from the Hugging "
        f"Face hub ({reason}); check the name and the network, or set AUXGEN_DATA to a folder "
        "that has a copy."
    )


def prepare_hub_dataset(
    where: str, split: str, config: str | None, revision: str | None, frame: Frame
) -> UndecodedDataset:
    """The set at `where`, a hub id or a folder, before it is decoded.

    Args:
        where: As `datasets.load_dataset` takes it.
        split: Our name of the split.
        config: The set's configuration, where it has several.
        revision: A commit of the hub's repository; None for what is on this machine.
        frame: What becomes of every picture.

    Raises:
        InputError: The set or its split is not there, or it has no column of images.
    """
    data = load_hub_split(where, split, config, revision)
    columns = _find_columns(data, where)
    known = data.select_columns([*columns["label"], *columns["flags"]]).with_format("arrow")[:]
    encoded = _make_picture_reader(data, columns["image"][0], f"{where} ({split})")
    # splits are read one by one, so that their pictures together cannot say what is white
    survey = survey_pictures(encoded, replace(frame, integer_white=65535))
    classes, y = _read_label_column(data, known, columns["label"])
    return make_undecoded_dataset(
        decode_blocks(encoded, survey.shape, survey.frame),
        (len(data), *survey.shape),
        y,
        classes,
        f"{where}/{split}",
        {name: known[name].to_numpy(zero_copy_only=False) for name in columns["flags"]},
        frame=survey.frame,
        notes=survey.notes,
    )


def load_hub_split(where: str, split: str, config: str | None, revision: str | None) -> Any:
    """The `datasets.Dataset` of a split.

    Raises:
        InputError: It is not there.
    """
    from datasets import get_dataset_split_names, load_dataset

    try:
        splits = get_dataset_split_names(where, config, revision=revision)
        theirs = {SPLIT_ALIASES.get(s, s): s for s in splits}
        if split not in theirs:
            raise unknown_name(f"{Path(where).name} split", split, theirs)
        return load_dataset(where, config, split=theirs[split], revision=revision)
    except InputError:
        raise
    except Exception as error:  # datasets has many kinds of errors, and raises its readers' too
        raise make_missing_set_error(where, error) from error


def _find_columns(data: Any, where: str) -> dict[str, list[str]]:
    """The columns by what they hold: the image, the label if there is one, the 0/1 attributes."""
    from datasets import ClassLabel, Image, Value

    named = data.features
    images = [k for k, f in named.items() if isinstance(f, Image)]
    if not images:
        raise InputError(
            f"{where} has the columns {', '.join(named)}; a column of images is expected."
        )
    return {
        "image": images[:1],
        "label": [k for k, f in named.items() if isinstance(f, ClassLabel)][:1],
        "flags": [k for k, f in named.items() if isinstance(f, Value) and f.dtype == "bool"],
    }


def _read_label_column(
    data: Any, known: Any, column: Sequence[str]
) -> tuple[tuple[str, ...], np.ndarray]:
    """Names of the classes, and y (n,); no names and all blank without a label column."""
    if not column:
        return (), np.full(len(data), -1)
    return tuple(data.features[column[0]].names), known[column[0]].fill_null(-1).to_numpy()


def _make_picture_reader(data: Any, column: str, where: str) -> PictureReader:
    """The encoded images of a column."""
    from datasets import Image

    encoded = data.select_columns([column]).cast_column(column, Image(decode=False))

    def read(rows: slice) -> list[EncodedPicture]:
        return [
            EncodedPicture(f"Row {i} of {where}", b"" if p is None else p["bytes"] or p["path"])
            for i, p in enumerate(encoded[rows][column], rows.start)
        ]

    return PictureReader(len(data), read)
