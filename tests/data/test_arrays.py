"""Arrays, held-out rows and label draws: `auxgen.data.arrays`, `splits` and `labels`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from auxgen.data import labels
from auxgen.data import user as own
from auxgen.data.dataset import Dataset
from auxgen.errors import InputError

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 6, 8, 3), dtype=np.uint8)
VECTORS = np.random.default_rng(0).normal(size=(4, 2))


@pytest.mark.parametrize("form", [np.asarray, torch.from_numpy])
def test_images_may_be_grey_channels_first_or_last_and_numpy_or_torch(form: Any) -> None:
    first = torch.from_numpy(IMAGES).permute(0, 3, 1, 2)
    torch.testing.assert_close(own.load_arrays(form(IMAGES)).x, first)
    torch.testing.assert_close(own.load_arrays(form(first.numpy())).x, first)
    torch.testing.assert_close(own.load_arrays(form(IMAGES[..., 0])).x, first[:, :1])
    torch.testing.assert_close(own.load_arrays(form(IMAGES / 255)).x, first)


def test_vectors_become_points_of_their_own_precision() -> None:
    found = own.load_arrays(VECTORS)
    assert found.x.dtype == torch.float64
    assert own.load_arrays(VECTORS.astype(np.float32)).x.dtype == torch.float32
    assert own.load_arrays(VECTORS * 1e300).x.isfinite().all()
    assert found.kind == "points"
    assert found.y.tolist() == [-1] * 4
    assert found.classes == ()
    assert own.load_arrays(VECTORS.tolist()).fingerprint == found.fingerprint
    assert own.load_arrays(VECTORS + 1).fingerprint != found.fingerprint


@pytest.mark.parametrize(
    ("y", "names", "classes", "indices"),
    [
        ([1, 0, -1, 1], None, ("0", "1"), [1, 0, -1, 1]),
        ([10, 9, -1, 10], None, ("9", "10"), [1, 0, -1, 1]),
        (["b", "a", "", None], None, ("a", "b"), [1, 0, -1, -1]),
        ([1.0, 0.0, float("nan"), 1.0], ("no", "yes"), ("no", "yes"), [1, 0, -1, 1]),
        (["yes", "no", None, "yes"], ("no", "yes"), ("no", "yes"), [1, 0, -1, 1]),
        (torch.tensor([1, 0, -1, 1]), ("no", "yes"), ("no", "yes"), [1, 0, -1, 1]),
        (np.array([True, False, True, True]), None, ("0", "1"), [1, 0, 1, 1]),
    ],
)
def test_labels_may_be_numbers_or_words_with_blanks(
    y: Any, names: Any, classes: tuple[str, ...], indices: list[int]
) -> None:
    found = own.load_arrays(VECTORS, y, names)
    assert (found.classes, found.y.tolist()) == (classes, indices)


BAD = VECTORS.copy()
BAD[1, 1], BAD[3, 0] = np.inf, np.nan
HOLED = IMAGES / 255
HOLED[2, 1, 0, 1] = np.nan


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (
            BAD,
            "x has 2 NaN or infinite entries, the first at [1, 1]; finite numbers are expected.",
        ),
        (
            HOLED,
            "x has 1 NaN or infinite entries, the first at [2, 1, 0, 1]; "
            "finite numbers are expected.",
        ),
        (
            IMAGES + 0.5,
            "x holds images of float64 from 0.5 to 255.5; "
            "uint8, or floats from 0 to 1, are expected.",
        ),
        (
            IMAGES.repeat(2, -1),
            "x has shape (4, 6, 8, 6); images with 1 or 3 channels are expected.",
        ),
        (
            IMAGES[:, :, 0, 0],
            "x is uint8 of shape (4, 6); images (n, h, w), or vectors as floats, are expected.",
        ),
        (VECTORS[0], "x has shape (2,); images or vectors (n, d) are expected."),
        (VECTORS[:0], "x of shape (0, 2) is empty; one row or more is expected."),
        (np.array([["a"]]), "x holds <U1 values; numbers are expected."),
    ],
)
def test_arrays_that_cannot_be_used_are_told(x: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        own.load_arrays(x)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("y", "names", "said"),
    [
        ([0, 1], None, "y has shape (2,); one label for each of 4 rows is expected."),
        ([-1] * 4, None, "No row of arrays is labelled; rows of two classes or more are expected."),
        ([0, 0, -1, 0], None, "Only class '0' of arrays is labelled; two or more are expected."),
        ([0, 1, -2, 0], None, "Label -2 is out of range; -1 (blank) or more is expected."),
        (
            [0, 1, 2, 0],
            ("a", "b"),
            "Label 2 is out of range; -1 (blank) to 1 are expected, for 2 names were given.",
        ),
        (
            [0, 1, 0, 0],
            ("a", "b", "c"),
            "No row of arrays is labelled 'c'; label at least one, or leave out that class.",
        ),
        (["cat", "dgo", "", ""], ("cat", "dog"), "There is no name of a class 'dgo'; "),
        ([0.5, 1, 0, 0], None, "Label 0.5 is no class; strings or whole numbers are expected."),
        ([0, 1, 0, 0], ("a", "a"), "names holds 'a' more than once; each class once is expected."),
    ],
)
def test_labels_that_cannot_be_used_are_told(y: Any, names: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        own.load_arrays(VECTORS, y, names)
    assert str(caught.value).startswith(said)


def some(y: list[int]) -> Dataset:
    """Rows that are their own numbers."""
    x = torch.arange(len(y), dtype=torch.float32)[:, None]
    return Dataset(x, torch.tensor(y), ("a", "b", "c"), "some", "")


def test_the_check_finds_labels_out_of_range() -> None:
    with pytest.raises(InputError, match=r"^Label 3 of some is out of range; -1 \(blank\) to 2 "):
        labels.check_labels(some([0, 1, 3]))
    with pytest.raises(InputError, match=r"^Label -2 of some is out of range"):
        labels.check_labels(some([0, 1, -2]))
    labels.check_labels(some([0, 1, 2, -1]))


def test_held_out_rows_are_labelled_stratified_and_seeded() -> None:
    every = some([0] * 50 + [1] * 30 + [2] * 20 + [-1] * 40)
    train, test = own.split_stratified(every, 0.2, seed=3)
    assert test.y.bincount().tolist() == [10, 6, 4]
    assert len(train) == 120
    both = torch.cat([train.x, test.x]).flatten().sort().values
    torch.testing.assert_close(both, every.x.flatten())
    assert test.fingerprint == own.split_stratified(every, 0.2, seed=3)[1].fingerprint
    assert test.fingerprint != own.split_stratified(every, 0.2, seed=4)[1].fingerprint


def test_every_class_is_on_both_sides_of_a_holdout() -> None:
    train, test = own.split_stratified(some([0] * 50 + [1, 1, 2, 2]), 0.1, seed=0)
    assert set(test.y.tolist()) == set(train.y.tolist()) == {0, 1, 2}


@pytest.mark.parametrize(
    ("y", "fraction", "said"),
    [
        ([0, 0, 1, 1], 1.0, "A fraction of 1.0 was given; one between 0 and 1 is expected."),
        ([-1, -1], 0.5, "No row of some is labelled; a test set needs labels."),
        (
            [0, 0, 1],
            0.5,
            "Class 'b' has 1 labelled row; 2 are expected, one for each side: label another row of "
            "it, or leave the label of this one blank.",
        ),
    ],
)
def test_a_holdout_that_cannot_be_is_told(y: list[int], fraction: float, said: str) -> None:
    with pytest.raises(InputError) as caught:
        own.split_stratified(some(y), fraction, seed=0)
    assert str(caught.value) == said


def test_a_label_draw_is_balanced_sorted_without_repeats_and_seeded() -> None:
    y = torch.randint(-1, 5, (500,), generator=torch.Generator().manual_seed(0))
    rows = labels.sample_rows_per_class(y, 10, seed=1)
    assert y[rows].bincount().tolist() == [10] * 5
    assert rows.dtype == torch.int64
    assert (rows.diff() > 0).all()
    assert rows.equal(labels.sample_rows_per_class(y, 10, seed=1))
    assert not rows.equal(labels.sample_rows_per_class(y, 10, seed=2))


def test_a_label_draw_leaves_the_global_generator_alone_and_contains_smaller_draws() -> None:
    y = torch.arange(100) % 4
    state = torch.get_rng_state()
    small, large = (
        labels.sample_rows_per_class(y, 3, seed=0),
        labels.sample_rows_per_class(y, 9, seed=0),
    )
    assert set(small.tolist()) < set(large.tolist())
    assert state.equal(torch.get_rng_state())


@pytest.mark.parametrize(
    ("y", "per_class", "said"),
    [
        ([0, 0, 1], 2, "Class 1 has 1 labelled rows; 2 per class are expected."),
        ([0, 1], 0, "0 labels per class were requested; 1 or more is expected."),
        ([-1], 1, "No row is labelled; labels of two classes or more are expected."),
    ],
)
def test_a_label_draw_that_cannot_be_is_told(y: list[int], per_class: int, said: str) -> None:
    with pytest.raises(InputError) as caught:
        labels.sample_rows_per_class(torch.tensor(y), per_class, seed=0)
    assert str(caught.value) == said
