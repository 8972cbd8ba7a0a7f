"""What a person's sets must be before they are measured: one sentence where they are not."""

from __future__ import annotations

from torch import Tensor

from ..errors import InputError


def check_features(x: Tensor, name: str = "features", *, min_rows: int = 2) -> Tensor:
    """Rows of numbers: x (n, d) -> the same in float64, without a graph.

    Raises:
        InputError: Not a matrix, fewer than `min_rows` rows, or numbers that are not finite.
    """
    if x.ndim != 2 or x.shape[1] == 0:
        raise InputError(f"The {name} have the shape {tuple(x.shape)}; wanted is (rows, width).")
    if len(x) < min_rows:
        raise InputError(f"The {name} have {len(x)} rows; {min_rows} or more are wanted.")
    broken = int((~x.isfinite()).any(-1).sum())
    if broken:
        raise InputError(
            f"The {name} have NaN or infinity in {broken} of {len(x)} rows; "
            "finite numbers are wanted."
        )
    return x.detach().double()


def check_real_and_fake(real: Tensor, fake: Tensor, *, min_rows: int = 2) -> tuple[Tensor, Tensor]:
    """Two sets of one width: real (n, d), fake (m, d) -> both in float64.

    Raises:
        InputError: As `check_features`, or the widths differ.
    """
    sets = (
        check_features(real, "real rows", min_rows=min_rows),
        check_features(fake, "fake rows", min_rows=min_rows),
    )
    check_same_width(real.shape[1], fake.shape[1])
    return sets


def check_same_width(real: int, fake: int) -> None:
    """Rows to be compared have as many features.

    Raises:
        InputError: They have not.
    """
    if real != fake:
        raise InputError(
            f"The real rows have {real} features and the fake ones {fake}; as many are wanted."
        )


def check_class_indices(y: Tensor, n: int, name: str = "labels") -> Tensor:
    """A class index for each of n rows: y (n,) -> int64.

    Raises:
        InputError: Not one for each row, not integers, or -1 for no label among them.
    """
    if y.shape != (n,) or y.is_floating_point():
        raise InputError(
            f"The {name} have the shape {tuple(y.shape)} and the type {y.dtype}; "
            f"wanted are {n} class indices, one for each row."
        )
    unlabelled = int((y < 0).sum())
    if unlabelled:
        raise InputError(
            f"The {name} are negative in {unlabelled} of {n} rows; wanted are labelled rows alone."
        )
    return y.detach().long()


def check_probabilities(probs: Tensor, *, min_rows: int = 2) -> Tensor:
    """Rows that sum to one: probs (n, k) -> the same in float64.

    Raises:
        InputError: As `check_features`, or a row is no distribution.
    """
    probs = check_features(probs, "class probabilities", min_rows=min_rows)
    wrong = int(((probs < 0).any(-1) | ((probs.sum(-1) - 1).abs() > 1e-3)).sum())
    if wrong:
        raise InputError(
            f"The class probabilities of {wrong} of {len(probs)} rows are negative or do not sum "
            "to 1; wanted is a distribution in each row."
        )
    return probs


def check_pictures(x: Tensor, name: str = "pictures") -> Tensor:
    """Pictures in [0, 1]: x (n, channels, height, width) -> the same without a graph.

    Raises:
        InputError: Another shape, none of them, whole numbers, or values outside [0, 1].
    """
    if x.ndim != 4 or x.numel() == 0:
        raise InputError(
            f"The {name} have the shape {tuple(x.shape)}; "
            "wanted is (rows, channels, height, width), none of them 0."
        )
    if not x.is_floating_point():
        raise InputError(f"The {name} have the type {x.dtype}; wanted are floats in [0, 1].")
    low, high = (end.item() for end in x.aminmax())
    if not (low >= 0 and high <= 1):  # so that NaN is refused too
        raise InputError(f"The {name} lie in [{low:.4g}, {high:.4g}]; wanted is [0, 1].")
    return x.detach()


def check_picture_sets(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Two sets of pictures with as many channels, of any size and number.

    Raises:
        InputError: As `check_pictures`, or the channels differ.
    """
    sets = check_pictures(x), check_pictures(y)
    if x.shape[1] != y.shape[1]:
        raise InputError(
            f"The pictures have {x.shape[1]} channels in one set and {y.shape[1]} in the other; "
            "as many are wanted."
        )
    return sets


def check_picture_pairs(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Two sets of pictures of one shape, each row beside its own.

    Raises:
        InputError: As `check_picture_sets`, or number or size differ.
    """
    pairs = check_picture_sets(x, y)
    if x.shape != y.shape:
        raise InputError(
            f"The pictures have the shapes {tuple(x.shape)} and {tuple(y.shape)}; "
            "wanted is one shape, each picture beside its own."
        )
    return pairs
