"""Table 1: log-likelihood of MNIST, by models of one and two stochastic layers."""

from collections.abc import Mapping
from typing import Any

from ..common import Means, Reproduction, TableRow, format_verdict

BOUND = "log p(x), 5,000 weights"
SEES_X_SUFFIX, COLD_SUFFIX, SMALL_CODE_SUFFIX = ", a sees x", ", no warm-up", ", codes of 2"
TABLE1_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "": {},
    SEES_X_SUFFIX: {"a_sees_x": True},
    COLD_SUFFIX: {"warm_up_share": 0.0},
    SMALL_CODE_SUFFIX: {"latent": 2},
}
TABLE1_MODELS = (
    ("vae", 1, "", "-86.76 (IWAE, IW=1)"),
    ("iwae", 1, "", "-84.78 (IWAE, IW=50)"),
    ("avae", 1, "", "-84.59"),
    ("avae", 1, SEES_X_SUFFIX, ""),
    ("vae", 2, "", "-85.33 (IWAE, IW=1)"),
    ("iwae", 2, "", "-82.90 (IWAE, IW=50)"),
    ("avae", 2, "", "-82.97"),
    ("avae", 2, SEES_X_SUFFIX, ""),
    ("vae", 1, COLD_SUFFIX, ""),
    ("avae", 1, COLD_SUFFIX, ""),
    ("vae", 2, COLD_SUFFIX, ""),
    ("avae", 2, COLD_SUFFIX, ""),
    ("vae", 1, SMALL_CODE_SUFFIX, ""),
    ("avae", 1, SMALL_CODE_SUFFIX, ""),
)
"""Model, stochastic layers, end of the row's name, and the paper's number."""


def make_table1(budget: str) -> Reproduction:
    """Log-likelihood of MNIST by one and two stochastic layers of each model.

    With a warm-up and without; small codes are for the budget of a CPU alone.
    """
    rows = []
    for model, layers, suffix, paper in TABLE1_MODELS:
        if suffix == SMALL_CODE_SUFFIX and budget == "paper":
            continue
        name = f"{model.upper()}, L={layers}{suffix}"
        scores = {BOUND: f"{model}/importance_bound", "evidence lower bound": f"{model}/elbo"}
        if model == "avae":
            scores["log q(a|.) - log p(a|.)"] = "avae/auxiliary_rate"
        options = {"budget": budget, "model": model, "stochastic_layers": layers}
        options |= TABLE1_OPTIONS[suffix]
        rows.append(TableRow(name, "adgm.table1", scores, options, {BOUND: paper}))
    return Reproduction("Log-likelihood of binarised MNIST", rows, check_avae_gain, seeds=3)


def check_avae_gain(means: Means) -> str:
    """Whether each AVAE is above the VAE of the same size."""
    each = []
    for name in (n for n, column in means if column == BOUND and n.startswith("AVAE")):
        size = name.removeprefix("AVAE, ").removesuffix(SEES_X_SUFFIX)
        ours, other = means[name, BOUND], means[f"VAE, {size}", BOUND]
        holds = format_verdict(ours > other)
        each.append(f"{name}: {holds} ({ours:.2f} nats against {other:.2f})")
    return f"Above a VAE of the same size: {'; '.join(each)}."
