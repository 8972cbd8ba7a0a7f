"""The tables of the page on discriminative regularisation hold the numbers of the files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from paper_rows import pair, read_page, read_result, read_scores, read_table, spread, write_row

PAPER = {"train": (-1.2092, -1.1147), "valid": (-1.1779, -1.0804), "test": (-1.1835, -1.0866)}
STAGES, TABLE2 = ("vae", "discriminative"), ("without regularisation", "with regularisation")
LAYERS = {"first": "norm2", "second": "norm4", "third": "norm6"}


def list_first_rows() -> Iterator[str]:
    """The table of the first screen: without, with, originals, the paper's."""
    faces, clothes = read_scores("discreg.celeba_36_epochs"), read_scores("discreg.fashion")
    likelihood = [f"{faces[f'{stage}/nll_per_dimension of test']:.3f}" for stage in STAGES]
    paper = pair(*PAPER["test"], digits=4)
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
    """Without and with, in each cell: 36 epochs, 12, 12 and adjusted, 32 x 32."""
    long, small = (read_scores(f"discreg.celeba_{name}") for name in ("36_epochs", "32"))
    short, others = read_table("discreg.table2"), read_result("discreg.celeba")
    explained = next(v for k, v in others.items() if k.startswith("explained"))["test"]
    ends = ("", ", adjusted")

    def collect(title: str, score: str, small_score: str = "") -> list[list[float]]:
        return [
            [long[f"{stage}/{score}"] for stage in STAGES],
            *([short[name + end][title]["mean"] for name in TABLE2] for end in ends),
            [small[f"{stage}/{small_score or score}"] for stage in STAGES],
        ]

    def write(label: str, columns: list[list[float]], digits: int, paper: str = "") -> str:
        return write_row(label, [paper, *(pair(*values, digits=digits) for values in columns)])

    likelihoods = {
        split: collect(f"NLL, {split}", f"nll_per_dimension of {split}") for split in PAPER
    }
    for split, columns in likelihoods.items():
        yield write(f"NLL, {split}", columns, 4, pair(*PAPER[split], digits=4))
    gaps = ["; ".join(f"{b - a:+.4f}" for a, b in PAPER.values())]
    runs = zip(*likelihoods.values(), strict=True)
    gaps += ["; ".join(f"{b - a:+.3f}" for a, b in splits) for splits in runs]
    yield write_row("difference: train; valid; test", gaps)
    for name, layer in LAYERS.items():
        title = f"feature error at {layer}"
        columns = collect(title, f"feature error at convolutions.{layer}")
        yield write(f"feature error, {name} layer", columns, 3)
    found = ("attributes found in reconstructions", "balanced_accuracy of reconstructions")
    yield write("attributes found, balanced, %", collect(*found), 1)
    yield write("PSNR, dB", collect("PSNR", "psnr"), 1)
    for what in ("brightness", "colours"):
        columns = [[run[f"{stage}/{what} explained"] for stage in STAGES] for run in (long, small)]
        columns[1:1] = [
            [explained[name + end][what] for name in ("without", "with")] for end in ends
        ]
        yield write(f"{what} explained, %", columns, 1)
    distance = ("FD of samples, not FID", "FD(features.celeba)", "FD(features.celeba_32)")
    yield write("Fréchet distance of samples", collect(*distance), 1)


def list_regularised_rows() -> Iterator[str]:
    """Without and with, in each cell: clothes, clothes adjusted, CIFAR-10, CIFAR-10 adjusted."""
    runs = [read_scores(f"discreg.{name}") for name in ("fashion", "cifar10")]
    extractors = ("features.fashion_mnist", "cifar10-resnet56")
    layers = [[f"convolutions.{norm}" for norm in LAYERS.values()]]
    layers.append(["relu1_1", "relu2_1", "relu3_1"])

    def write(label: str, scores: Sequence[str], digits: int) -> str:
        cells = [
            pair(*(run[f"{stage}{end}/{score}"] for stage in STAGES), digits=digits)
            for run, score in zip(runs, scores, strict=True)
            for end in ("", "_adjusted")
        ]
        return write_row(label, cells)

    for split in PAPER:
        yield write(f"NLL, {split}", [f"nll_per_dimension of {split}"] * 2, 3)
    for i, name in enumerate(LAYERS):
        scores = [f"feature error at {each[i]}" for each in layers]
        yield write(f"feature error, {name} layer", scores, 2)
    yield write("classes found, %", ["accuracy of reconstructions"] * 2, 1)
    yield write("PSNR, dB", ["psnr"] * 2, 1)
    yield write("Fréchet distance of samples", [f"FD({e})" for e in extractors], 1)
    yield write("precision of samples", [f"precision({e})" for e in extractors], 2)
    yield write("recall of samples", [f"recall({e})" for e in extractors], 2)


def list_layer_rows() -> Iterator[str]:
    for name, columns in read_table("discreg.layers").items():
        wanted = {
            "classes found in reconstructions": 1,
            "FD of samples, not FID": 1,
            "NLL, nats per dimension": 3,
        }
        yield write_row(
            name, [spread(columns[column], digits) for column, digits in wanted.items()]
        )


ROWS = [*list_first_rows(), *list_face_rows(), *list_regularised_rows(), *list_layer_rows()]


@pytest.mark.parametrize("row", ROWS)
def test_the_page_has_the_row_that_the_files_give(row: str) -> None:
    assert row in read_page("discreg")
