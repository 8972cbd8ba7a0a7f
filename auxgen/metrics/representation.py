"""Information in codes: about labels, in each unit, and about the rows themselves."""

from math import log
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import InputError, require_at_least
from . import checks

BLOCK = 64
"""Codes whose densities under all posteriors are in memory at once: 5 MB for 10,000 rows."""


def knn_accuracy(
    codes_train: Tensor, y_train: Tensor, codes_test: Tensor, y_test: Tensor, *, k: int = 10
) -> Tensor:
    """Accuracy of the majority class of the k nearest training rows, in per cent.

    Distances are Euclidean between codes as they are; a tie goes to the lowest class. Codes are
    (n, d) for training and (m, d) for test, class indices (n,) and (m,) -> ().

    Raises:
        InputError: The widths differ, a number is not finite, a row has no label, or there are
            fewer than k training rows.
    """
    from sklearn.neighbors import KNeighborsClassifier

    require_at_least(1, k=k)
    train, y, test, y_test = _check_splits(codes_train, y_train, codes_test, y_test, min_rows=k)
    classifier = KNeighborsClassifier(n_neighbors=k).fit(train.numpy(), y.numpy())
    return _percent_correct(classifier.predict(test.numpy()), y_test)


def probe_accuracy(
    codes_train: Tensor, y_train: Tensor, codes_test: Tensor, y_test: Tensor
) -> Tensor:
    """Accuracy of logistic regression (C = 1) on standardised codes, in per cent.

    Mean and standard deviation are those of the training codes. Arguments as for `knn_accuracy`.

    Raises:
        InputError: The codes do not suit `knn_accuracy`, or the training rows have one class.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train, y, test, y_test = _check_splits(codes_train, y_train, codes_test, y_test, min_rows=2)
    if len(y.unique()) < 2:
        raise InputError("The training labels have one class; two or more are expected.")
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    probe.fit(train.numpy(), y.numpy())
    return _percent_correct(probe.predict(test.numpy()), y_test)


def silhouette(codes: Tensor, y: Tensor, *, rows: int = 5000, seed: int = 0) -> Tensor:
    """Mean of (b - a) / max(a, b), in [-1, 1] (Rousseeuw 1987): codes (n, d), y (n,) -> ().

    a and b are a row's mean distances to its own class and to the nearest other class. At most
    `rows` rows are drawn, without replacement, since time grows with their square.

    Raises:
        InputError: A number is not finite, a row has no label, or there is one class, or one for
            every row.
    """
    from sklearn.metrics import silhouette_score

    codes = checks.check_features(codes, "codes").cpu()
    y = checks.check_class_indices(y, len(codes)).cpu()
    drawn = torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))[:rows]
    codes, y = codes[drawn], y[drawn]
    classes = len(y.unique())
    if not 1 < classes < len(y):
        raise InputError(
            f"There are {classes} classes among {len(y)} rows; "
            "two or more are expected, and fewer than rows."
        )
    return torch.tensor(silhouette_score(codes.numpy(), y.numpy()), dtype=torch.float64)


def kl_per_unit(mean: Tensor, sd: Tensor) -> Tensor:
    """E_x KL(q(z_i|x) || N(0, 1)) of diagonal Gaussians, nats: mean, sd (n, d) -> (d,).

    Raises:
        InputError: The shapes differ, a number is not finite, or an sd is not positive.
    """
    mean, sd = _check_posteriors(mean, sd, min_rows=1)
    return (0.5 * (mean.square() + sd.square() - 1) - sd.log()).mean(0)


def count_active_units(kl: Tensor, threshold: float = 0.01) -> int:
    """Number of units whose mean KL exceeds the threshold, in nats: (d,) -> 0 to d."""
    return int((kl > threshold).sum())


def count_active_units_by_variance(mean: Tensor, threshold: float = 0.01) -> int:
    """Number of units with Var_x(E[z_i|x]) above the threshold (Burda et al. 2016).

    mean E[z|x] (n, d), threshold in squared units of z -> 0 to d.

    Raises:
        InputError: There are fewer than two rows, or a number is not finite.
    """
    return int((checks.check_features(mean, "posterior means").var(0) > threshold).sum())


class MutualInformationBounds(NamedTuple):
    """Estimates of I(x; z) in nats, both (), whose expectations lie below and above it.

    Attributes:
        lower: At most log n, which it reaches where codes identify their rows; I may be far above.
        upper: Tight only where log n is above I.
    """

    lower: Tensor
    upper: Tensor


def mutual_information_bounds(mean: Tensor, sd: Tensor, z: Tensor) -> MutualInformationBounds:
    """Bounds on I(x; z) from one draw z_i ~ q(z|x_i) = N(mean_i, sd_i^2) for each of n rows.

    lower: mean_i log q(z_i|x_i) - log (1/n) sum_j q(z_i|x_j)
    upper: mean_i log q(z_i|x_i) - log (1/(n-1)) sum_{j != i} q(z_i|x_j)
    (Poole et al. 2019, the bounds for tractable conditionals), with mean, sd, z (n, d).

    Raises:
        InputError: There are fewer than two rows, the shapes differ, a number is not finite, or an
            sd is not positive.
    """
    mean, sd = _check_posteriors(mean, sd, min_rows=2)
    z = checks.check_features(z, "codes")
    if z.shape != mean.shape:
        raise InputError(
            f"The codes have the shape {tuple(z.shape)} and the posteriors "
            f"{tuple(mean.shape)}; one code for each is expected."
        )
    n, centre = len(z), mean.mean(0)  # squares of numbers near 0 lose less to round-off
    mean, z = mean - centre, z - centre
    own = _log_normal_density((z - mean) / sd, sd)
    parts = []
    for start in range(0, n, BLOCK):
        log_q = _log_posterior_density(z[start : start + BLOCK], mean, sd)
        log_q.diagonal(start).fill_(-torch.inf)
        parts.append(log_q.logsumexp(1))
    others = torch.cat(parts)
    return MutualInformationBounds(
        lower=(own - torch.logaddexp(own, others)).mean() + log(n),
        upper=(own - others).mean() + log(n - 1),
    )


def _log_normal_density(standardised: Tensor, sd: Tensor) -> Tensor:
    """log N of rows (z - mean) / sd, but for its constant, which cancels: (n, d) twice -> (n,)."""
    return -(0.5 * standardised.square() + sd.log()).sum(-1)


def _log_posterior_density(z: Tensor, mean: Tensor, sd: Tensor) -> Tensor:
    """As log q(z_i|x_j), by products of matrices: z (b, d), mean and sd (n, d) -> (b, n)."""
    weight = sd.pow(-2)
    constant = _log_normal_density(mean / sd, sd)
    return constant + z @ (mean * weight).T - 0.5 * z.square() @ weight.T


def _check_posteriors(mean: Tensor, sd: Tensor, *, min_rows: int) -> tuple[Tensor, Tensor]:
    """Valid diagonal Gaussians: mean, sd (n, d) -> the same in float64."""
    mean = checks.check_features(mean, "posterior means", min_rows=min_rows)
    sd = checks.check_features(sd, "posterior standard deviations", min_rows=min_rows)
    if mean.shape != sd.shape:
        raise InputError(
            f"The posterior means have the shape {tuple(mean.shape)} and their standard "
            f"deviations {tuple(sd.shape)}; equal shapes are expected."
        )
    if (sd <= 0).any():
        raise InputError(
            f"The smallest posterior standard deviation is {sd.min():.4g}; "
            "a number above 0 is expected."
        )
    return mean, sd


def _check_splits(
    codes_train: Tensor, y_train: Tensor, codes_test: Tensor, y_test: Tensor, *, min_rows: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Valid labelled codes of two splits, on the CPU."""
    train = checks.check_features(codes_train, "training codes", min_rows=min_rows).cpu()
    test = checks.check_features(codes_test, "test codes", min_rows=1).cpu()
    sentence = "The training codes have {} units and the test codes {}"
    checks.check_equal_numbers(train.shape[1], test.shape[1], sentence)
    y = checks.check_class_indices(y_train, len(train), "training labels").cpu()
    return train, y, test, checks.check_class_indices(y_test, len(test), "test labels").cpu()


def _percent_correct(predicted: object, y: Tensor) -> Tensor:
    """Share of correct rows, in per cent: (m,), (m,) -> ()."""
    return 100 * (torch.as_tensor(predicted) == y).double().mean()
