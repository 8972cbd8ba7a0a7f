"""The tables of the page on denoising feature matching hold the numbers of the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from paper_rows import pair, read_page, read_result, read_table, spread, write_row
from scipy.stats import t as student

DFM = "denoising feature matching"
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
    order = ("GAN", DFM, "feature matching", BOTH)
    for label, table, column, n in (
        ("ring, modes of 8", ring, MODES, 1),
        ("ring, high quality, %", ring, "high quality", 1),
        ("digits, class score", digits, SCORE, 2),
        ("digits, Frechet distance (FD)", digits, FD, 1),
    ):
        cells = [spread(table[name][column], n) if name in table else "" for name in order]
        yield write_row(label, cells)


def list_difference_rows() -> Iterator[str]:
    """On the ring and on digits; both kinds of feature matching are of digits alone."""
    ring, digits = read_table("dfm.ring_study"), read_table("dfm.table1")
    on_ring = [(ring, MODES, 1), (ring, "high quality", 1)]
    on_digits = [(digits, SCORE, 2), (digits, FD, 1)]
    columns = [*on_ring, *on_digits]
    for label, one, other, shown in (
        ("DFM less GAN", DFM, "GAN", columns),
        ("feature matching less GAN", "feature matching", "GAN", columns),
        ("DFM less feature matching", DFM, "feature matching", on_ring),
        ("both less feature matching", BOTH, "feature matching", on_digits),
    ):
        cells = [
            less(table[one][column], table[other][column], n) if (table, column, n) in shown else ""
            for table, column, n in columns
        ]
        yield write_row(label, cells)


def list_norm_cells(table: Mapping[str, Any], norm: str) -> Iterator[str]:
    """A cell for each column, of weights 0.03 and 10."""
    rows = [table[f"{norm} norm, weight {weight}"] for weight in ("0.03", "10")]
    yield "; ".join(spread(row[SCORE], 2) for row in rows)
    yield "; ".join(spread(row[FD], 1) for row in rows)
    yield pair(*(100 * row["share of the denoising term"]["mean"] for row in rows), digits=1)


def list_variant_rows() -> Iterator[str]:
    table = read_table("dfm.ablations")
    for name, short in VARIANTS.items():
        cells = f"{spread(table[name][SCORE], 2)}; {spread(table[name]['duplicates'], 1)}"
        yield write_row(short, [cells])


def list_norm_rows() -> Iterator[str]:
    table = read_table("dfm.targets")
    names = {"batch": "paper: batch norm of clean samples", "running": "by running statistics"}
    for norm, label in {**names, "none": "no batch norm"}.items():
        yield write_row(label, list(list_norm_cells(table, norm)))


def test_the_page_has_the_difference_of_what_g_is_drawn_to() -> None:
    table, text = read_table("dfm.targets"), " ".join(read_page("dfm"))
    one, other = (table[f"{norm} norm, weight 10"] for norm in ("running", "batch"))
    told = f"{less(one[SCORE], other[SCORE], 2)} (FD {less(one[FD], other[FD], 1)})"
    assert f"by running statistics less the paper's: {told}" in text


ROWS = [
    *list_norm_rows(),
    *list_first_rows(),
    *list_difference_rows(),
    *list_variant_rows(),
]


def test_the_page_counts_the_seeds_that_lose_modes() -> None:
    """Seeds whose last count of modes is below one that they had."""
    rows = {row["name"]: row["curves"][MODES] for row in read_result("dfm.ring_study")["rows"]}
    lost = {
        name: sum(curve[-1][1] < max(modes for _, modes in curve) for curve in curves)
        for name, curves in rows.items()
    }
    assert lost == {"GAN": 3, "feature matching": 0, DFM: 6}
    assert {len(curves) for curves in rows.values()} == {10}


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
