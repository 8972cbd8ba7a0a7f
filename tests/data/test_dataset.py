"""Parts of a data set: some rows of all classes, whatever the order in which they stand."""

from __future__ import annotations

import pytest
import torch

from auxgen.data.dataset import Dataset


def make_rows(y: list[int]) -> Dataset:
    """Rows that tell where they stood."""
    x = torch.arange(float(len(y)))[:, None]
    return Dataset(x, torch.tensor(y, dtype=torch.int64), ("a", "b", "c"), "rows", "")


@pytest.mark.parametrize(
    ("y", "n", "expected"),
    [
        ([0, 0, 0, 1, 1, 1, 2, 2, 2], 3, [0, 3, 6]),
        ([-1, -1, 0, 0, 2, 2], 4, [0, 1, 3, 4]),
        ([0, 1, 1], 3, [0, 1, 2]),
        ([0, 1, 1], 7, [0, 1, 2]),
        ([0, 0, 1, 0], 2, [0, 1]),
        ([-1, -1, -1, -1], 2, [0, 1]),
        ([1, 1, 1, 1], 2, [0, 1]),
        ([2], 1, [0]),
        ([], 2, []),
    ],
)
def test_a_part_of_rows_that_are_sorted_by_class_is_of_all_of_them(
    y: list[int], n: int, expected: list[int]
) -> None:
    assert make_rows(y).take_some(n).x.flatten().tolist() == expected
