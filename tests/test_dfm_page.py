"""The tables of the page on denoising feature matching hold the numbers of the files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from paper_rows import read_page, read_result, read_table, spread, write_row
from scipy.stats import t as student

DFM = "denoising feature matching"
SHORT = {"GAN": "GAN", "feature matching": "feature matching", DFM: "DFM"}
BOTH = "both kinds of feature matching"
SCORE, FD, MODES = "class score, not IS", "FD, not FID", "modes of 8"
VARIANTS = {
    "GAN": "GAN",
    DFM: "DFM",
    "sigma annealed to 0": "σ annealed to 0",
    "denoiser twice as wide as its input": "r twice as wide",
    "historical averaging": "historical averaging",
    "ten times lambda": "ten times λ",
}
Column = dict[str, Any]


def less(one: Column, other: Column, digits: int) -> str:
    """A difference, seed by seed, with half of its 95 % interval (Student's t)."""
    values = np.subtract(one["values"], other["values"])
    half = student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5
    return f"{values.mean():+.{digits}f} ± {half:.{digits}f}"


def list_first_rows() -> Iterator[str]:
    ring, digits = read_table("dfm.ring_study"), read_table("dfm.table1")
    order = ("GAN", DFM, "feature matching")
    yield write_row("ring, modes of 8", [spread(ring[name][MODES], 1) for name in order])
    yield write_row("digits, class score", [spread(digits[name][SCORE], 2) for name in order])


def list_ring_rows() -> Iterator[str]:
    table, columns = read_table("dfm.ring_study"), (MODES, "high quality")
    for name, short in SHORT.items():
        yield write_row(short, [spread(table[name][column], 1) for column in columns])
    for label, one, other in (
        ("DFM less GAN, 95 % interval", DFM, "GAN"),
        ("feature matching less GAN", "feature matching", "GAN"),
        ("DFM less feature matching", DFM, "feature matching"),
    ):
        yield write_row(label, [less(table[one][c], table[other][c], 1) for c in columns])


def list_digit_rows() -> Iterator[str]:
    table, columns = read_table("dfm.table1"), {SCORE: 2, FD: 1}
    for name, short in {**SHORT, BOTH: "both"}.items():
        yield write_row(short, [spread(table[name][c], digits) for c, digits in columns.items()])
    for label, one, other in (
        ("DFM less GAN, 95 % interval", DFM, "GAN"),
        ("feature matching less GAN", "feature matching", "GAN"),
        ("both less feature matching", BOTH, "feature matching"),
    ):
        cells = [less(table[one][c], table[other][c], digits) for c, digits in columns.items()]
        yield write_row(label, cells)


def list_variant_rows() -> Iterator[str]:
    table = read_table("dfm.ablations")
    for name, short in VARIANTS.items():
        cells = [spread(table[name][SCORE], 2), spread(table[name]["duplicates"], 1)]
        yield write_row(short, cells)


def list_norm_rows() -> Iterator[str]:
    table = read_table("dfm.targets")
    names = {"batch": "paper: batch norm by clean samples", "running": "by running statistics"}
    for norm, label in {**names, "none": "no batch norm"}.items():
        for weight in ("0.03", "10"):
            row = table[f"{norm} norm, weight {weight}"]
            share = row["share of the denoising term"]
            cells = [
                weight,
                spread(row[SCORE], 2),
                spread(row[FD], 1),
                f"{100 * share['mean']:.1f}",
            ]
            yield write_row(label, cells)


def test_the_page_has_the_difference_of_what_g_is_drawn_to() -> None:
    table, text = read_table("dfm.targets"), " ".join(read_page("dfm"))
    one, other = (table[f"{norm} norm, weight 10"] for norm in ("running", "batch"))
    told = f"{less(one[SCORE], other[SCORE], 2)} (FD {less(one[FD], other[FD], 1)})"
    assert f"by running statistics less the paper's: {told}" in text


ROWS = [
    *list_norm_rows(),
    *list_first_rows(),
    *list_ring_rows(),
    *list_digit_rows(),
    *list_variant_rows(),
]


@pytest.mark.parametrize("row", ROWS)
def test_the_page_has_the_row_that_the_files_give(row: str) -> None:
    assert row in read_page("dfm")


def test_the_page_has_the_size_of_the_term() -> None:
    text = " ".join(read_page("dfm"))
    runs = read_result("dfm.gradient_share")["runs"].items()
    shares = {
        name: {rounds: f"{100 * share:.1f}" for rounds, share in run["share"].items()}
        for name, run in runs
    }
    digits, ring = shares["dfm.digits"], shares["dfm.ring"]
    told = f"{digits['50']}, {digits['300']}, {digits['1200']} % after 50, 300, 1200"
    assert f"on digits {told}" in text
    assert f"the ring {ring['50']}, {ring['300']}, {ring['1500']} % after 50, 300, 1500" in text
    means = {name: f"{100 * run['mean']:.1f}" for name, run in runs}
    assert f"{means['dfm.digits']} and {means['dfm.ring']} % in the mean" in text
