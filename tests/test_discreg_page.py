"""The tables of the page on discriminative regularisation hold the numbers of the files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from paper_rows import pair, read_page, read_result, read_scores, read_table, spread, write_row

PAPER = (-1.1835, -1.0866)
STAGES, TABLE2 = ("vae", "discriminative"), ("without regularisation", "with regularisation")


def list_first_rows() -> Iterator[str]:
    """The table of the first screen: without, with, originals, the paper's."""
    faces, clothes = read_scores("discreg.celeba_36_epochs"), read_scores("discreg.fashion")
    likelihood = [f"{faces[f'{stage}/nll_per_dimension of test']:.3f}" for stage in STAGES]
    paper = pair(*PAPER, digits=4)
    title = "faces: negative log-likelihood, nats per dimension"
    yield write_row(title, [*likelihood, "", paper])
    for label, scores, score in (
        ("faces: attributes found, %", faces, "balanced_accuracy"),
        ("clothes: classes found, %", clothes, "accuracy"),
    ):
        found = [f"{scores[f'{stage}/{score} of reconstructions']:.1f}" for stage in STAGES]
        yield write_row(label, [*found, f"{scores[f'vae/{score} of originals']:.1f}", ""])
    distances = ((faces, "FD(features.celeba)"), (clothes, "FD(features.fashion_mnist)"))
    cells = [pair(*(s[f"{stage}/{name}"] for s, name in distances), digits=1) for stage in STAGES]
    yield write_row("Fréchet distance of samples: faces; clothes", [*cells, "", ""])


def list_face_rows() -> Iterator[str]:
    """Without and with, in each cell: 36 epochs, 12, 12 and adjusted."""
    long, short = read_scores("discreg.celeba_36_epochs"), read_table("discreg.table2")

    def collect(title: str, score: str) -> list[list[float]]:
        return [
            [long[f"{stage}/{score}"] for stage in STAGES],
            *([short[name + end][title]["mean"] for name in TABLE2] for end in ("", ", adjusted")),
        ]

    def write(label: str, columns: list[list[float]], digits: int, paper: str = "") -> str:
        return write_row(label, [paper, *(pair(*values, digits=digits) for values in columns)])

    columns = collect("NLL, test", "nll_per_dimension of test")
    yield write("NLL, test", columns, 4, pair(*PAPER, digits=4))
    columns = collect("feature error at norm6", "feature error at convolutions.norm6")
    yield write("feature error, third layer", columns, 3)
    found = ("attributes found in reconstructions", "balanced_accuracy of reconstructions")
    yield write("attributes found, balanced, %", collect(*found), 1)
    yield write("PSNR, dB", collect("PSNR", "psnr"), 1)
    distance = ("FD of samples, not FID", "FD(features.celeba)")
    yield write("Fréchet distance of samples", collect(*distance), 1)


def list_words_on_sets() -> Iterator[str]:
    """Without and with, and adjusted: of clothes and of CIFAR-10."""
    for name, extractor in (("fashion", "features.fashion_mnist"), ("cifar10", "cifar10-resnet56")):
        run = read_scores(f"discreg.{name}")

        def of_both(score: str, digits: int, end: str = "", run: dict[str, float] = run) -> str:
            return pair(*(run[f"{stage}{end}/{score}"] for stage in STAGES), digits=digits)

        scores = (
            ("NLL, test", "nll_per_dimension of test", 3),
            ("distance of samples", f"FD({extractor})", 1),
        )
        for words, score, digits in scores:
            adjusted = of_both(score, digits, "_adjusted")
            yield f"{words} {of_both(score, digits)}, adjusted {adjusted}"
        if name == "cifar10":
            yield f"classes found {of_both('accuracy of reconstructions', 1)} %"
            yield f"colours explained {of_both('colours explained', 1)} %"


def list_words_on_layers() -> Iterator[str]:
    left_out = ("all, ten times the weight", "all, decoder alone learns")
    for name, columns in read_table("discreg.layers").items():
        if name not in left_out:
            yield f"{name} {spread(columns['classes found in reconstructions'], 1)}"


def list_pattern_rows() -> Iterator[str]:
    """Power on the grid and beside it, PSNR, and the third layer's feature error."""
    columns = ("power on a grid of 2 pixels, originals: 100", "beside the grid", "PSNR")
    for name, scores in read_table("discreg.pattern").items():
        power, beside, psnr = (scores[column]["mean"] for column in columns)
        error = scores["feature error at norm6"]["mean"]
        yield write_row(name, [pair(power, beside), f"{psnr:.1f}", f"{error:.3f}"])


def list_words_on_the_grid() -> Iterator[str]:
    """Of faces: with the authors' decoder, and with resize convolutions."""
    trials = read_result("discreg.pattern.trials")["trials"]
    usual, resized = (
        next(each for each in trials if each["what"].startswith(start))
        for start in ("as in the authors' code", "resize convolutions")
    )
    powers = [each["power on a grid of 2 pixels, originals: 1"] for each in (usual, resized)]
    yield "the power is {:.1f} times the originals', and {:.1f} times with them".format(*powers)


def list_words_on_the_good() -> Iterator[str]:
    """What the first screen says of reconstructions: with the classifier, rather than without."""
    faces, clothes = read_scores("discreg.celeba_36_epochs"), read_scores("discreg.fashion")
    colours = read_scores("discreg.cifar10")
    for words, scores, score in (
        ("finds {} % rather than {}", clothes, "accuracy of reconstructions"),
        ("{} % rather than {}, where chance", faces, "balanced_accuracy of reconstructions"),
        ("{} % of their variance rather than {}", colours, "colours explained"),
        ("of brightness {} rather than {}", colours, "brightness explained"),
    ):
        without, held = (f"{scores[f'{stage}/{score}']:.1f}" for stage in STAGES)
        yield words.format(held, without)
    nll = [faces[f"{stage}/nll_per_dimension of test"] for stage in STAGES]
    worse = f"by {nll[1] - nll[0]:.3f} on test images, {PAPER[1] - PAPER[0]:.3f} in the paper"
    yield f"after 36 epochs {worse}"
    ends = [
        [faces[f"{stage}/{m}(features.celeba)"] for stage in STAGES]
        for m in ("precision", "recall")
    ]
    yield "falls from {:.2f} to {:.2f}; recall is {:.0f} without and {:.3f} with".format(
        *ends[0], *ends[1]
    )


WORDS = [
    *list_words_on_the_good(),
    *list_words_on_sets(),
    *list_words_on_layers(),
    *list_words_on_the_grid(),
]
ROWS = [
    *list_first_rows(),
    *list_pattern_rows(),
    *list_face_rows(),
]


@pytest.mark.parametrize("words", WORDS)
def test_the_page_has_the_words_that_the_files_give(words: str) -> None:
    assert words in " ".join(" ".join(read_page("discreg")).split())


@pytest.mark.parametrize("row", ROWS)
def test_the_page_has_the_row_that_the_files_give(row: str) -> None:
    assert row in read_page("discreg")
