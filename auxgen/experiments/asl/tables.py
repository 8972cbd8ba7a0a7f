"""All tables and figures of the paper, and two tables of ours: the densities, and codes on demand.

    auxgen reproduce asl.figure3                5 seeds, about an hour of one CPU core
    auxgen reproduce asl.table1
    auxgen reproduce asl.cells                  densities by decoders of one VAE, 3 seeds
    auxgen reproduce asl.table1 --budget paper --device cuda

Rows of images are stages of one run, and so are those of a toy: tables with one folder as --out
share their runs. What a figure shows is among the pictures of each run. The paper's distances are
FIDs, in the features of Inception; ours are in those of a network that was trained on the same set,
for CIFAR-10 cifar10-resnet56, so ratios between models can be compared, and numbers cannot.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from ..common import RESNET56, Means, Reproduction, TableRow, format_claims
from .pictures import IMAGE_MODEL_TITLES
from .toy_tables import ASL_TITLES, SEEDS, TOY_FIGURES, make_densities, make_toy_figure

MI_ASL_TITLE = {"mi_asl": "MI-ASL"}
FD, FD_OF_SAMPLES = "FD, not FID", "FD of samples, not FID"
FASHION_FD = "FD(features.fashion_mnist)"
CIFAR10_FD = f"FD({RESNET56})"
CELEBA_FD = "FD(features.celeba)"

IMAGE_SETS = {"fashion": ("Fashion-MNIST", FASHION_FD), "cifar10": ("CIFAR-10", CIFAR10_FD)}
PAPER_FIDS = {
    "fashion": ("47.19 (0.35)", "43.88 (0.35)", "38.39 (0.50)", "26.00 (0.28)"),
    "cifar10": ("99.34 (0.25)", "89.91 (0.26)", "86.51 (0.21)", "87.19 (0.28)"),
}
"""In the order of IMAGE_MODEL_TITLES, with the spread."""


def make_table1(budget: str) -> Reproduction:
    """Distances of the four models on Fashion-MNIST, and at the paper's budget on CIFAR-10."""
    rows: list[TableRow] = []
    for data in ["fashion"] if budget == "cpu" else IMAGE_SETS:
        title, score = IMAGE_SETS[data]
        columns = {FD: score, "its sd over sets of samples": f"{score} resampling sd"}
        titles = {stage: f"{title}: {model}" for stage, model in IMAGE_MODEL_TITLES.items()}
        fids = [f"FID {fid}" for fid in PAPER_FIDS[data]]
        paper = dict(zip(IMAGE_MODEL_TITLES, fids, strict=True))
        rows += _make_image_rows(data, titles, columns, budget, paper)
    title = "Frechet distance of samples from test images"
    return Reproduction(title, rows, check_asl_frechet_distances, SEEDS)


def check_asl_frechet_distances(means: Means) -> str:
    """Whether both ASL are at least 15 % below the VAE on Fashion-MNIST."""
    fd = {title: means[f"Fashion-MNIST: {title}", FD] for title in IMAGE_MODEL_TITLES.values()}
    saved = {title: 100 * (1 - fd[title] / fd["VAE"]) for title in ("VAE-ASL", "MI-ASL")}
    claims = [
        (f"the distance of {title} is at least 15 % below the VAE's ({less:.0f} %)", less >= 15)
        for title, less in saved.items()
    ]
    order = [fd["MI-ASL"], fd["VAE-ASL"], fd["two-stage VAE"], fd["VAE"]]
    return format_claims([*claims, ("the order is the paper's", order == sorted(order))])


CELL_TITLES = {
    "vae": "N(0, I); VAE's decoder",
    "vae_gaussian": "one Gaussian; VAE's decoder",
    "two_stage": "second VAE; VAE's decoder",
    "vae_flow": "flow; VAE's decoder",
    "asl_normal": "N(0, I); after regression",
    "asl_gaussian": "one Gaussian; after regression",
    "asl_second": "second VAE; after regression",
    "vae_asl": "flow; after regression",
}
"""By stage: a VAE, a two-stage VAE and VAE-ASL are three of them."""


def make_cells(data: str, budget: str) -> Reproduction:
    """Densities of a VAE's codes by decoders of them, one VAE a seed.

    The two-stage VAE and VAE-ASL of table 1 differ in both; here each is changed alone.
    """
    title, score = IMAGE_SETS[data]
    columns = {FD: score, "its sd over sets of samples": f"{score} resampling sd"}
    rows = _make_image_rows(data, CELL_TITLES, columns, budget, options={"cells": True})
    name = CELL_TITLES
    pairs = [(name[f"asl_{d}"], name[v]) for d, v in (("normal", "vae"), ("second", "two_stage"))]
    pairs += [
        (name["asl_gaussian"], name["vae_gaussian"]),
        (name["vae_asl"], name["vae_flow"]),
        (name["two_stage"], name["vae_gaussian"]),
        (name["vae_flow"], name["vae_gaussian"]),
        (name["vae_flow"], name["two_stage"]),
    ]
    title = f"Frechet distance of samples from test images, {title}"
    return Reproduction(title, rows, _check_cells, SEEDS, differences=pairs)


def _check_cells(means: Means) -> str:
    """How much of the way from two-stage VAE to VAE-ASL is the density's, decoder kept."""
    second, flow, both = (
        means[CELL_TITLES[stage], FD] for stage in ("two_stage", "vae_flow", "vae_asl")
    )
    gaussian = means[CELL_TITLES["vae_gaussian"], FD]
    claims = [
        (
            f"the second VAE is nearer than one Gaussian ({second:.2f}, {gaussian:.2f})",
            second < gaussian,
        ),
        (
            f"ASL's regression is nearer than the VAE's decoder, with the flow ({both:.2f}, "
            f"{flow:.2f})",
            both < flow,
        ),
    ]
    return format_claims(claims)


ENCODER_TITLES = {"vae_unit": "VAE encoder, scale 1", "vae": "VAE encoder", "mi": "MI encoder"}
NEIGHBOURS = "10-NN accuracy of drawn codes"


def make_figure4(budget: str) -> Reproduction:
    """What the codes of three encoders of Fashion-MNIST say of classes.

    Picture "codes of all encoders", a t-SNE map. The paper does not say which scale p(x|u) of its
    VAE has, and what codes say depends on it: one VAE here learns it, and one has 1.
    """
    columns = {
        NEIGHBOURS: "knn_accuracy",
        "silhouette of drawn codes": "silhouette",
        "10-NN accuracy of means": "knn_accuracy_of_means",
        "silhouette of means": "silhouette_of_means",
        "noise of codes": "code_noise",
    }
    paper = {"vae": "no clusters to be seen", "mi": "clusters"}
    rows = _make_image_rows("fashion", ENCODER_TITLES, columns, budget, paper)
    title = "What codes of Fashion-MNIST tell of classes"
    return Reproduction(title, rows, check_code_neighbours, SEEDS)


def check_code_neighbours(means: Means) -> str:
    """Whether codes of the MI encoder are better by two points than those of each VAE."""
    ours = means["MI encoder", NEIGHBOURS]
    titles = [ENCODER_TITLES[vae] for vae in ("vae_unit", "vae")]
    gains = {title: ours - means[title, NEIGHBOURS] for title in titles}
    return format_claims(
        [
            (f"the MI encoder is at least 2 % above the {title} ({points:+.1f})", points >= 2)
            for title, points in gains.items()
        ]
    )


def make_given(budget: str) -> Reproduction:
    """Codes of a classifier; both budgets are the same."""
    del budget
    scores = {
        FD_OF_SAMPLES: f"asl/{FASHION_FD}",
        "10-NN accuracy of codes": "asl/knn_accuracy",
        "PSNR of reconstructions": "asl/psnr",
    }
    options = {"encoder": "features.fashion_mnist"}
    row = TableRow("ASL on a classifier's features", "asl.given", scores, options)
    title = "ASL of Fashion-MNIST on an encoder without a decoder"
    return Reproduction(title, [row], seeds=SEEDS)


def _make_image_rows(
    data: str,
    stages: Mapping[str, str],
    columns: Mapping[str, str],
    budget: str,
    paper: Mapping[str, str] = MappingProxyType({}),
    options: Mapping[str, Any] = MappingProxyType({}),
) -> list[TableRow]:
    """A row for each stage of the runs of asl.DATA, which all rows share."""
    first = next(iter(columns))
    return [
        TableRow(
            title,
            f"asl.{data}",
            {column: f"{stage}/{score}" for column, score in columns.items()},
            {"budget": budget, **options},
            {first: paper[stage]} if stage in paper else {},
        )
        for stage, title in stages.items()
    ]


def _make_image_figure(
    title: str, data: str, stages: Mapping[str, str], columns: Mapping[str, str], budget: str
) -> Reproduction:
    """A figure, which is among the pictures of its runs, with numbers for what it shows."""
    return Reproduction(title, _make_image_rows(data, stages, columns, budget), seeds=SEEDS)


CLOTHES_SAMPLES = {FD_OF_SAMPLES: FASHION_FD}
CLOTHES = {
    "FD of reconstructions, not FID": f"reconstruction {FASHION_FD}",
    "PSNR": "psnr",
    "SSIM": "ssim",
}
FACE_SAMPLES = {FD_OF_SAMPLES: CELEBA_FD}
FACES = {**FACE_SAMPLES, "FD of reconstructions": f"reconstruction {CELEBA_FD}", "PSNR": "psnr"}
FACE_ENDS = {"PSNR of reconstructions": "psnr"}
CLASS_SAMPLES = {
    "accuracy of samples": "accuracy_on_demand",
    "accuracy of test images": "accuracy_of_real",
    **CLOTHES_SAMPLES,
}
IMAGE_FIGURES: Mapping[str, tuple[str, str, Mapping[str, str], Mapping[str, str]]] = {
    # picture "reconstructions beside VAE-ASL's"
    "figure5": ("Reconstructions of Fashion-MNIST", "fashion", ASL_TITLES, CLOTHES),
    # picture "samples of all four"
    "figure6": ("Samples of Fashion-MNIST", "fashion", IMAGE_MODEL_TITLES, CLOTHES_SAMPLES),
    # both of these pictures
    "figure7": ("Faces by MI-ASL", "celeba", MI_ASL_TITLE, FACES),
    # picture "samples of all four", and so figure 10
    "figure9": ("Samples of CIFAR-10", "cifar10", IMAGE_MODEL_TITLES, {FD_OF_SAMPLES: CIFAR10_FD}),
    "figure10": ("Samples of CelebA", "celeba", ASL_TITLES, FACE_SAMPLES),
    # picture "interpolations": straight lines through the codes of MI-ASL; the number says how near
    # both ends of a line are to their images
    "figure11": ("Interpolations of CelebA", "celeba", MI_ASL_TITLE, FACE_ENDS),
    # curves of encoder, regression and density in report.html, under the stages mi and mi_asl:
    # loss/encoder, error, nll
    "figure12": ("Losses on CelebA", "celeba", MI_ASL_TITLE, FACE_SAMPLES),
    # p(u|y) in place of p(u), which the paper does not have. A classifier that took no part in
    # training says whether samples show the classes that they were drawn for; its accuracy on the
    # test images themselves is the most that can be expected.
    "on_demand": ("Clothes by class", "fashion", {"on_demand": "MI-ASL by class"}, CLASS_SAMPLES),
}
"""Title, images, titles of rows by stage, and scores by column."""

TABLES: Mapping[str, Callable[[str], Reproduction]] = MappingProxyType(
    {
        "table1": make_table1,
        "cells": partial(make_cells, "fashion"),
        "cells_cifar10": partial(make_cells, "cifar10"),
        "figure4": make_figure4,
        "densities": make_densities,
        "given": make_given,
        **{name: partial(make_toy_figure, *figure) for name, figure in TOY_FIGURES.items()},
        **{name: partial(_make_image_figure, *figure) for name, figure in IMAGE_FIGURES.items()},
    }
)
