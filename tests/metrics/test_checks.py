"""What a set must be before it is measured, on both sides of each condition."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from auxgen.errors import InputError
from auxgen.metrics import checks


def test_features_are_given_back_in_float64_without_a_graph() -> None:
    x = torch.arange(6.0).view(2, 3).requires_grad_()
    found = checks.check_features(x)
    assert (found.dtype, found.requires_grad) == (torch.float64, False)
    assert found.tolist() == x.tolist()
    assert checks.check_features(x[:1], min_rows=1).shape == (1, 3)
    assert checks.check_features(x[:, :1]).shape == (2, 1)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(5), r"shape \(5,\)"),
        (torch.zeros(5, 2, 2), r"shape \(5, 2, 2\)"),
        (torch.zeros(5, 0), r"shape \(5, 0\)"),
        (torch.zeros(1, 2), "1 rows; 2 or more"),
        (torch.tensor([[torch.nan, torch.inf], [0, 0], [0, 0]]), "NaN or infinity in 1 of 3"),
        (torch.tensor([[-torch.inf, 0.0], [0, 0], [torch.nan] * 2]), "in 2 of 3 rows"),
    ],
)
def test_features_that_are_no_matrix_of_finite_numbers_are_refused(x: Tensor, message: str) -> None:
    with pytest.raises(InputError, match=f"The codes have .*{message}"):
        checks.check_features(x, "codes")


def test_two_sets_have_one_width() -> None:
    x, y = torch.zeros(2, 3), torch.ones(4, 3)
    found = checks.check_real_and_fake(x, y)
    assert [each.tolist() for each in found] == [x.tolist(), y.tolist()]
    with pytest.raises(InputError, match=r"real rows have 3 features and the fake ones 2; equal"):
        checks.check_real_and_fake(x, y[:, :2])
    for sets, name in (((x[:1], y), "real"), ((x, y[:1]), "fake")):
        with pytest.raises(InputError, match=f"The {name} rows have 1 rows"):
            checks.check_real_and_fake(*sets)


def test_class_indices_are_given_back_in_int64() -> None:
    for y in (torch.tensor([0, 1, 2]).int(), torch.tensor([True, False, True])):
        found = checks.check_class_indices(y, 3)
        assert found.dtype == torch.int64
        assert found.tolist() == y.tolist()


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (torch.zeros(2, dtype=torch.long), r"shape \(2,\)"),
        (torch.zeros(3, 1, dtype=torch.long), r"shape \(3, 1\)"),
        (torch.zeros(3), "type torch.float32"),
        (torch.tensor([0, -1, 1]), "negative in 1 of 3 rows"),
        (torch.tensor([-1, -1, 0]), "negative in 2 of 3 rows"),
    ],
)
def test_what_is_no_class_index_for_each_row_is_refused(y: Tensor, message: str) -> None:
    with pytest.raises(InputError, match=f"The labels .*{message}"):
        checks.check_class_indices(y, 3)


def test_rows_of_probabilities_sum_to_1_within_a_thousandth() -> None:
    good = [[0.0, 1.0], [0.5, 0.5009], [0.25, 0.7491]]
    found = checks.check_probabilities(torch.tensor(good))
    torch.testing.assert_close(found, torch.tensor(good).double(), rtol=0, atol=1e-7)
    for bad in ([0.5, 0.502], [0.5, 0.498], [-0.25, 1.25], [0.0, 0.0]):
        with pytest.raises(InputError, match="of 1 of 4 rows are negative or do not sum to 1"):
            checks.check_probabilities(torch.tensor([*good, bad]))
    with pytest.raises(InputError, match="of 2 of 3 rows"):
        checks.check_probabilities(torch.tensor([[1.0, 1.0], [-1.0, 2.0], [0.0, 1.0]]))


def test_pictures_are_given_back_without_a_graph() -> None:
    x = torch.tensor([0.0, 1.0]).view(1, 1, 1, 2).requires_grad_()
    for found in checks.check_picture_pairs(x, x):
        assert not found.requires_grad
        assert torch.equal(found, x)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(2, 8, 8), r"shape \(2, 8, 8\)"),
        (torch.zeros(2, 0, 8, 8), r"shape \(2, 0, 8, 8\)"),
        (torch.zeros(1, 1, 2, 2, dtype=torch.long), "type torch.int64"),
        (torch.tensor([0.5, 1.01]).view(1, 1, 1, 2), r"\[0.5, 1.01\]"),
        (torch.tensor([-0.01, 0.5]).view(1, 1, 1, 2), r"\[-0.01, 0.5\]"),
        (torch.tensor([torch.nan, 0.5]).view(1, 1, 1, 2), "nan"),
    ],
)
def test_what_are_no_pictures_is_refused_on_either_side(x: Tensor, message: str) -> None:
    good = torch.zeros(1, 1, 4, 4)
    for sets in ((x, good), (good, x)):
        with pytest.raises(InputError, match=message):
            checks.check_picture_sets(*sets)
