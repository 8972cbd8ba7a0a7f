"""The paper's table and figures, and the study of layers: rows that are stages of one run.

    auxgen reproduce discreg.table2
    auxgen reproduce discreg.figure2 --budget paper --device cuda

Each run has the pictures of figures 2 to 6: "samples with and without" (figures 2, 3 and 4),
"reconstructions with and without" (5), "interpolations with and without" (6); figure 7 is "panels".
"""

from collections.abc import Callable, Mapping
from functools import partial

from ...networks.stacked import STRIDED_LAYERS
from ..common import Reproduction, TableRow, format_claims
from . import pattern
from .classifiers import VGG_LAYERS
from .evaluations import NLL
from .layers import TITLES

Means = Mapping[tuple[str, str], float]
"""Means over seeds by row and column."""

SEEDS, FACE_SEEDS = 3, 2
SPLITS = ("train", "valid", "test")
VAES = {"vae": "without regularisation", "discriminative": "with regularisation"}
ALL_VAES = VAES | {f"{stage}_adjusted": f"{name}, adjusted" for stage, name in VAES.items()}
"""Titles of rows by stage."""

ERRORS = {
    f"feature error at {layer.split('.')[-1]}": f"feature error at {layer}"
    for layer in STRIDED_LAYERS
}
"""Scores by title, as in all columns here."""
NLL_COLUMNS = {f"NLL, {split}": f"{NLL} of {split}" for split in SPLITS}
FACE_COLUMNS = {"PSNR of reconstructions": "psnr", "SSIM of reconstructions": "ssim"}
VGG_COLUMNS = {
    **NLL_COLUMNS,
    **{f"feature error at {layer}": f"feature error at {layer}" for layer in VGG_LAYERS},
    "colours explained": "colours explained",
    **FACE_COLUMNS,
}
"""Scores of runs by VGG-19."""
FOUND = "attributes found in reconstructions"
EACH, BOUND = "NLL, test, nats an image", "ELBO, test, nats an image"
TABLE2_COLUMNS = {
    **NLL_COLUMNS,
    EACH: "nll of test",
    BOUND: "elbo",
    **ERRORS,
    FOUND: "balanced_accuracy of reconstructions",
    "attributes found in originals": "balanced_accuracy of originals",
    "PSNR": "psnr",
    "SSIM": "ssim",
    "FD of samples, not FID": "FD(features.celeba)",
}
TABLE2_PAPER = {
    "vae": {"NLL, train": "-1.2092", "NLL, valid": "-1.1779", "NLL, test": "-1.1835"},
    "discriminative": {"NLL, train": "-1.1147", "NLL, valid": "-1.0804", "NLL, test": "-1.0866"},
}
CONTROL, BLURRED = "taught by the layer", "taught by the layer, blurred"
GRID = "power on a grid of 2 pixels, originals: 100"
PSNR, HIGH = "PSNR", "power of high frequencies in what is wrong"


def _make_stage_rows(
    experiment: str,
    columns: Mapping[str, str],
    budget: str,
    stages: Mapping[str, str],
    paper: Mapping[str, Mapping[str, str]] | None = None,
) -> list[TableRow]:
    """A row for each stage of the runs of discreg.EXPERIMENT, which all rows share.

    Columns are scores by title, stages are titles by stage, and the paper's numbers are by stage
    and column.
    """
    return [
        TableRow(
            title,
            f"discreg.{experiment}",
            {column: f"{stage}/{score}" for column, score in columns.items()},
            {"budget": budget},
            (paper or {}).get(stage, {}),
        )
        for stage, title in stages.items()
    ]


def make_figure(
    subject: str, experiment: str, columns: Mapping[str, str], budget: str
) -> Reproduction:
    """Figures 2 to 6: pictures of the runs, before and after adjusting, with numbers for them."""
    rows = _make_stage_rows(experiment, columns, budget, ALL_VAES)
    seeds = 1 if experiment == "celeba" else SEEDS  # hours each, and a seed is enough for pictures
    return Reproduction(f"{subject} with and without regularisation", rows, seeds=seeds)


def make_figure7(budget: str) -> Reproduction:
    """The control, and the blurred layer."""
    stages = {"identity": CONTROL, "blurred": BLURRED}
    columns = {PSNR: "psnr", HIGH: "high_frequency"}
    rows = _make_stage_rows("artefacts", columns, budget, stages)
    title = "100 images known through one layer of a classifier"
    return Reproduction(title, rows, check_blur_claims, SEEDS)


def check_blur_claims(means: Means) -> str:
    """Whether the blur costs 5 dB, and leaves a pattern of high frequencies."""
    less = means[CONTROL, PSNR] - means[BLURRED, PSNR]
    more = means[BLURRED, HIGH] / means[CONTROL, HIGH]
    nearer = f"the control is at least 5 dB nearer ({less:.1f} dB)"
    pattern = f"the blur leaves more power in high frequencies ({more:.1f} times)"
    return format_claims([(nearer, less >= 5), (pattern, more > 1)])


def make_layers(budget: str) -> Reproduction:
    """All variants of the study of layers, on Fashion-MNIST."""
    columns = {
        "classes found in reconstructions": "accuracy of reconstructions",
        "FD of samples, not FID": "FD(features.fashion_mnist)",
        "NLL, nats per dimension": f"{NLL} of test",
        "PSNR": "psnr",
        **ERRORS,
    }
    rows = _make_stage_rows("layers", columns, budget, TITLES)
    return Reproduction("Which layers help", rows, seeds=SEEDS)


def make_pattern(budget: str) -> Reproduction:
    """All variants of the study of the pattern, on Fashion-MNIST."""
    columns = {
        GRID: "power on a grid of 2 pixels",
        "beside the grid": "power beside a grid of 2 pixels",
        "PSNR": "psnr",
        "SSIM": "ssim",
        **ERRORS,
    }
    rows = _make_stage_rows("pattern", columns, budget, pattern.TITLES)
    return Reproduction("Where the pattern comes from", rows, check_pattern_claims, seeds=1)


def check_pattern_claims(means: Means) -> str:
    """Whether regularisation makes a pattern, and resize convolutions take it away."""
    plain, usual, resized = (means[pattern.TITLES[n], GRID] for n in ("vae", "all", "resized"))
    return format_claims(
        [
            (
                f"the classifier makes a pattern ({usual / plain:.1f} times the power)",
                usual > plain,
            ),
            (f"resize convolutions leave less ({resized / usual:.3f} of it)", resized < usual),
        ]
    )


def make_table2(budget: str) -> Reproduction:
    """Table 2: negative log-likelihood of faces, in nats per dimension, 100 importance weights.

    The regularised VAE is worse on it, which is the paper's point: likelihood does not measure what
    a person sees. The other columns are what it is better at. The paper does not say which of the
    authors' models its numbers are of, before or after adjusting; they stand beside those before.
    """
    rows = _make_stage_rows("celeba", TABLE2_COLUMNS, budget, ALL_VAES, TABLE2_PAPER)
    title = "Likelihood of faces, and what classifiers see"
    return Reproduction(title, rows, check_likelihood_claims, FACE_SEEDS)


def check_likelihood_claims(means: Means) -> str:
    """Whether regularisation costs likelihood and buys features, as the paper has it."""
    without, with_ = VAES["vae"], VAES["discriminative"]
    gaps = [means[with_, f"NLL, {s}"] - means[without, f"NLL, {s}"] for s in SPLITS]
    worse = f"NLL is worse with regularisation ({min(gaps):+.3f} to {max(gaps):+.3f})"
    moderate = all(0.05 <= gap <= 0.15 for gap in gaps)
    bounded = all(means[row, EACH] <= -means[row, BOUND] for row in (without, with_))
    saved = min(1 - means[with_, error] / means[without, error] for error in ERRORS)
    more = means[with_, FOUND] - means[without, FOUND]
    return format_claims(
        [
            (worse, min(gaps) > 0),
            ("by 0.05 to 0.15 nats per dimension, the paper's size", moderate),
            ("NLL is at most minus the ELBO", bounded),
            (f"every feature error is at least 20 % lower ({saved:.0%})", saved >= 0.2),
            (f"more attributes are found in reconstructions ({more:+.1f} points)", more > 0),
        ]
    )


FIGURES = {
    "figure2": ("Samples of CIFAR-10", "cifar10", VGG_COLUMNS),
    "figure3": ("Samples of SVHN", "svhn", VGG_COLUMNS),
    "figure4": ("Samples of faces", "celeba", FACE_COLUMNS),
    "figure5": ("Reconstructions of faces", "celeba", FACE_COLUMNS),
    "figure6": ("Interpolations of faces", "celeba", FACE_COLUMNS),
}
"""What each shows, the experiment in this paper, and the columns."""
TABLES: Mapping[str, Callable[[str], Reproduction]] = {
    **{name: partial(make_figure, *shown) for name, shown in FIGURES.items()},
    "figure7": make_figure7,
    "layers": make_layers,
    "pattern": make_pattern,
    "table2": make_table2,
}
