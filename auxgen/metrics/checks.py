"""Checks of a person's sets before they are measured: an error of one sentence where they fail."""

from torch import Tensor

from ..errors import InputError

DIFFERENT_WIDTHS = "The real rows have {} features and the fake ones {}"
"""Sentence of the error for sets of two widths."""


def check_features(x: Tensor, name: str = "features", *, min_rows: int = 2) -> Tensor:
    """Rows of numbers: x (n, d) -> the same in float64, without a graph.

    Raises:
        InputError: x is no matrix, has fewer than `min_rows` rows, or numbers that are not finite.
    """
    if x.ndim != 2 or x.shape[1] == 0:
        raise InputError(f"The {name} have the shape {tuple(x.shape)}; expected (rows, width).")
    if len(x) < min_rows:
        raise InputError(f"The {name} have {len(x)} rows; {min_rows} or more are expected.")
    if broken := int((~x.isfinite()).any(-1).sum()):
        raise InputError(
            f"The {name} have NaN or infinity in {broken} of {len(x)} rows; "
            "finite numbers are expected."
        )
    return x.detach().double()


def check_real_and_fake(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Two sets of one width: real (n, d), fake (m, d) -> both in float64.

    Raises:
        InputError: A set fails `check_features`, or the widths differ.
    """
    sets = check_features(real, "real rows"), check_features(fake, "fake rows")
    check_equal_numbers(real.shape[1], fake.shape[1], DIFFERENT_WIDTHS)
    return sets


def check_equal_numbers(first: int, second: int, sentence: str) -> None:
    """Check that two numbers, which fill the gaps of a sentence, are equal.

    Raises:
        InputError: They differ.
    """
    if first != second:
        raise InputError(f"{sentence.format(first, second)}; equal numbers are expected.")


def check_class_indices(y: Tensor, n: int, name: str = "labels") -> Tensor:
    """A class index for each of n rows: y (n,) -> int64.

    Raises:
        InputError: There is not one for each row, they are no integers, or some are -1, no label.
    """
    if y.shape != (n,) or y.is_floating_point():
        raise InputError(
            f"The {name} have the shape {tuple(y.shape)} and the type {y.dtype}; "
            f"expected {n} class indices, one for each row."
        )
    if unlabelled := int((y < 0).sum()):
        raise InputError(
            f"The {name} are negative in {unlabelled} of {n} rows; only labelled rows are expected."
        )
    return y.long()


def check_probabilities(probs: Tensor) -> Tensor:
    """Rows that sum to one: probs (n, k) -> the same in float64.

    Raises:
        InputError: probs fail `check_features`, or a row is no distribution.
    """
    probs = check_features(probs, "class probabilities")
    if wrong := int(((probs < 0).any(-1) | ((probs.sum(-1) - 1).abs() > 1e-3)).sum()):
        raise InputError(
            f"The class probabilities of {wrong} of {len(probs)} rows are negative or do not sum "
            "to 1; a distribution in each row is expected."
        )
    return probs


def _check_pictures(x: Tensor) -> Tensor:
    """Pictures in [0, 1]: x (n, channels, height, width) -> the same without a graph.

    Raises:
        InputError: x has another shape, no entries, whole numbers, or values outside [0, 1].
    """
    if x.ndim != 4 or x.numel() == 0:
        raise InputError(
            f"The pictures have the shape {tuple(x.shape)}; "
            "expected (rows, channels, height, width), none of them 0."
        )
    if not x.is_floating_point():
        raise InputError(f"The pictures have the type {x.dtype}; floats in [0, 1] are expected.")
    low, high = (end.item() for end in x.aminmax())
    if not (low >= 0 and high <= 1):  # in this form NaN is refused as well
        raise InputError(
            f"The pictures lie in [{low:.4g}, {high:.4g}]; values in [0, 1] are expected."
        )
    return x.detach()


def check_picture_sets(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Two sets of pictures (n, c, h, w) in [0, 1] with as many channels, of any size and number.

    Raises:
        InputError: A set has another shape, no entries, whole numbers or values outside [0, 1], or
            the channels differ.
    """
    sets = _check_pictures(x), _check_pictures(y)
    sentence = "The pictures have {} channels in one set and {} in the other"
    check_equal_numbers(x.shape[1], y.shape[1], sentence)
    return sets


def check_picture_pairs(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Two sets of pictures of one shape, each row beside its own.

    Raises:
        InputError: The sets fail `check_picture_sets`, or differ in number or size.
    """
    pairs = check_picture_sets(x, y)
    if x.shape != y.shape:
        raise InputError(
            f"The pictures have the shapes {tuple(x.shape)} and {tuple(y.shape)}; "
            "equal shapes are expected, each picture beside its own."
        )
    return pairs
