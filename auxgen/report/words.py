"""Names of scores, stages and terms as a person would say them; unknown ones stay readable."""

import re

_STAGES = {"supervised": "labels alone", "pretrained": "before the game"}
_ABBREVIATIONS = {
    "m2", "m1", "vae", "iwae", "avae", "adgm", "sdgm", "dgm", "gan", "dfm", "asl", "mi", "vac",
    "fd", "kd", "cs", "psnr", "ssim", "nll", "mmd", "knn", "rbf", "fid", "kid", "auroc", "elbo",
}  # fmt: skip
_SCORES = {
    "test_error": "wrong predictions",
    "accuracy_of_surest": "right, among the surest rows",
    "calibration_error": "calibration error",
    "brier": "Brier score, 0 is best",
    "elbo": "evidence lower bound on log p(x)",
    "importance_bound": "importance-weighted bound on log p(x)",
    "held_out_label_nll": "negative log-likelihood of held-out labels",
    "held_out_loss": "loss of training on held-out rows",
    "held_out_elbo": "evidence lower bound on log p(x) of held-out rows",
    "fd": "Fr\u00e9chet distance",
    "kd": "kernel distance",
    "cs": "class score",
    "nll": "negative log-likelihood",
}
_TERMS = {
    "labelled": "bound of labelled rows, in nats: falls as the model explains them",
    "unlabelled": "bound of unlabelled rows, in nats: falls as the model explains them",
    "classification": "cross-entropy of the labels: 0 when all are learned",
    "cross_entropy": "cross-entropy of the labels: 0 when all are learned",
    "prior": "cost of the weights under their prior",
    "reconstruction": "cost of reconstructing rows",
    "kl": "nats that the codes carry",
}


def name_stage(stage: str) -> str:
    """A stage in words: "SDGM", "labels alone"."""
    return _STAGES.get(stage) or _spell(stage)


def name_metric(metric: str) -> str:
    """A measure in words: "wrong predictions", "Fr\u00e9chet distance (features.digits)"."""
    if metric in _SCORES:
        return _SCORES[metric]
    found = re.fullmatch(r"peer_(.+)_error", metric)
    if found:
        return f"wrong predictions of {name_peer(metric)}"
    base, bracket, rest = metric.partition("(")
    return _SCORES.get(base, _spell(base)) + (f" {bracket}{rest}" if bracket else "")


def name_peer(metric: str) -> str:
    """The simple method whose error a score is: "label spreading, RBF"."""
    name = metric.removeprefix("peer_").removesuffix("_error")
    kind, kernel = re.fullmatch(r"(.+?)(_rbf|_knn)?", name).groups()  # pyright: ignore[reportOptionalMemberAccess]
    return _spell(kind) + (f", {_spell(kernel[1:])}" if kernel else "")


def name_score(score: str) -> str:
    """A score, "<stage>/<metric>", in words."""
    stage, _, metric = score.rpartition("/")
    if metric.startswith("peer_"):  # measured beside a stage, and not of it
        return name_metric(metric)
    return f"{name_metric(metric)} ({name_stage(stage)})" if stage else name_metric(metric)


def explain_term(term: str) -> str:
    """A curve in words: a term of the objective, a loss or the size of a gradient."""
    kind, _, player = term.partition("/")
    if kind == "loss" and player:
        return f"all that {_spell(player)} makes small"
    if kind == "gradient" and player:
        return f"size of the gradient of {_spell(player)}"
    return _TERMS.get(term) or name_metric(term)


def _spell(name: str) -> str:
    """Words for underscores, and capitals for abbreviations."""
    words = name.replace("_", " ").split(" ")
    return " ".join(word.upper() if word in _ABBREVIATIONS else word for word in words)
