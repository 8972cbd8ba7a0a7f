"""Confidence of class probabilities: temperature, selection and out-of-distribution rows."""

from math import exp, log

import torch
from torch import Tensor

from ..errors import InputError

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.01, 100.0
"""Bounds of the temperature: where all labels are predicted, or none, no temperature is best."""


def negative_log_likelihood(log_probs: Tensor, y: Tensor) -> Tensor:
    """-log p(y), mean over rows, nats: log_probs (n, k) normalised, y (n,) -> ()."""
    return -log_probs.gather(-1, y.unsqueeze(-1)).mean()


def apply_temperature(log_probs: Tensor, temperature: float) -> Tensor:
    """log of probabilities in proportion to p^(1/T), in the same order: (n, k) -> (n, k)."""
    return (log_probs / temperature).log_softmax(-1)


def fit_temperature(log_probs: Tensor, y: Tensor) -> float:
    """Temperature with the least negative log-likelihood (Guo et al., ICML 2017, section 4.2).

    In b = 1 / T the mean of -log p(y) is convex, with slope E_b[l] - l_y and curvature Var_b[l],
    so that Newton's steps in log b, kept between two bounds that close in, find its one minimum.

    log_probs (n, k), normalised or not, y (n,) of rows whose labels the model did not learn -> T,
    between 0.01 and 100.

    Raises:
        InputError: There is no row.
    """
    if len(y) == 0:
        raise InputError("A temperature needs labelled rows, and there are none.")
    logits = log_probs.double().clamp(min=-1e6)
    low, high, at = -log(MAX_TEMPERATURE), -log(MIN_TEMPERATURE), 0.0
    for _ in range(100):
        b = exp(at)
        slope, curvature = nll_derivatives(logits, y, b)
        if abs(slope) * b < 1e-12 or high - low < 1e-12:
            break
        low, high = (low, at) if slope > 0 else (at, high)
        # the derivatives in log b are b * slope and b * bend
        bend = b * curvature + slope
        step = at - slope / bend if bend > 0 else low
        at = step if low < step < high else (low + high) / 2
    return exp(-at)


def fit_temperature_of_few(
    log_probs: Tensor, y: Tensor, *, center: float = 1.0, worth: float = 1.0
) -> float:
    """Temperature of a handful of held-out rows, held near `center` by a prior on log T.

    It is where the sum of -log p(y) over rows and worth (log T - log center)^2 is least, in nats:
    with no rows T is `center`, with many rows it is that of `fit_temperature`.

    log_probs (n, k), normalised or not, y (n,) -> T, between 0.01 and 100.
    """
    from scipy.optimize import minimize_scalar

    logits = log_probs.double().clamp(min=-1e6)

    def compute_cost(log_t: float) -> float:
        drawn_in = worth * (log_t - log(center)) ** 2
        if len(y) == 0:
            return drawn_in
        nll = negative_log_likelihood(apply_temperature(logits, exp(log_t)), y)
        return len(y) * nll.item() + drawn_in

    bounds = (log(MIN_TEMPERATURE), log(MAX_TEMPERATURE))
    found = minimize_scalar(compute_cost, bounds=bounds, method="bounded")
    return exp(float(found.x))  # pyright: ignore[reportAttributeAccessIssue]


def nll_derivatives(logits: Tensor, y: Tensor, b: float) -> tuple[float, float]:
    """First and second derivative of the mean of -log p(y) with respect to b: logits (n, k)."""
    probs = (b * logits).softmax(-1)
    mean = (probs * logits).sum(-1)
    own = logits.gather(-1, y.unsqueeze(-1)).squeeze(-1)
    variance = (probs * (logits - mean.unsqueeze(-1)).square()).sum(-1)
    return (mean - own).mean().item(), variance.mean().item()


def select_most_confident(probs: Tensor, share: float) -> Tensor:
    """Indices of the rows with the most probable classes, a share of all: (n, k) -> (m,), m >= 1.

    Among equally confident rows the first ones come first.

    Raises:
        InputError: The share is not above 0 and at most 1.
    """
    if not 0 < share <= 1:
        raise InputError(f"The share is {share}; a number above 0 and at most 1 is expected.")
    order = probs.amax(-1).sort(descending=True, stable=True).indices
    return order[: max(1, round(share * len(probs)))]


def auroc(inside: Tensor, outside: Tensor) -> float:
    """P(inside > outside) + P(inside = outside) / 2 of scores (n,) and (m,), from 0 to 1."""
    from sklearn.metrics import roc_auc_score

    belongs = torch.cat((torch.ones(len(inside)), torch.zeros(len(outside))))
    return float(roc_auc_score(belongs.numpy(), torch.cat((inside, outside)).cpu().numpy()))
