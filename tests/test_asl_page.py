"""The tables of the page on ASL hold the numbers of the files under results/."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

import pytest
from paper_rows import pair, read_page, read_result, read_table, spread, write_row

MODELS = ("VAE", "two-stage VAE", "VAE-ASL", "MI-ASL")
PAPER = {"VAE": 47.19, "two-stage VAE": 43.88, "VAE-ASL": 38.39, "MI-ASL": 26.00}
TOYS = ("ring", "grid", "moons", "circle", "pinwheel", "swiss_roll")
W1 = "1-Wasserstein distance"


def list_distance_rows() -> Iterator[str]:
    table = read_table("asl.table1")
    fd = {model: table[f"Fashion-MNIST: {model}"]["FD, not FID"] for model in MODELS}
    yield write_row("our FD, 3 seeds", [spread(fd[model], 2) for model in MODELS])
    shares = [
        pair(fd[model]["mean"] / fd["VAE"]["mean"], PAPER[model] / PAPER["VAE"], digits=2)
        for model in MODELS[1:]
    ]
    yield write_row("share of the VAE's: ours; paper's", ["1", *shares])


def list_toy_rows() -> Iterator[str]:
    table = read_table("asl.figure3")
    for toy in TOYS:
        each = [table[f"{toy}: {m}"][W1] for m in ("true", "VAE", "flow", "VAE-ASL", "MI-ASL")]
        medians = [f"{median(column['values']):.3f}" for column in each]
        yield write_row(toy.replace("_", " "), medians)


def list_code_rows() -> Iterator[str]:
    table = read_table("asl.figure4")
    encoders = [table[name] for name in ("VAE encoder, scale 1", "VAE encoder", "MI encoder")]
    for label, column in (
        ("10-NN accuracy, %", "10-NN accuracy of drawn codes"),
        ("of means of codes, %", "10-NN accuracy of means"),
    ):
        yield write_row(label, [spread(each[column], 1) for each in encoders])
    noise = [each["noise of codes"]["mean"] for each in encoders]
    yield write_row("noise of a code", pair(*noise, digits=(2, 2, 3)).split("; "))


ROWS = [*list_distance_rows(), *list_toy_rows(), *list_code_rows()]


@pytest.mark.parametrize("row", ROWS)
def test_the_page_has_the_row_that_the_files_give(row: str) -> None:
    assert row in read_page("asl")


def test_the_page_says_what_the_method_is_good_for_as_the_files_do() -> None:
    text = " ".join(" ".join(read_page("asl")).split())
    table = read_table("asl.table1")
    fd = {model: table[f"Fashion-MNIST: {model}"]["FD, not FID"]["mean"] for model in MODELS}
    for model in ("VAE-ASL", "MI-ASL"):
        assert f"at {100 * fd[model] / fd['VAE']:.0f} % of its Frechet distance" in text
    drawn = read_table("asl.on_demand")["MI-ASL by class"]
    right, real = (drawn[f"accuracy of {of}"] for of in ("samples", "test images"))
    assert f"asked for in {spread(right, 1)} %, in test images in {real['mean']:.1f} %" in text
    given = read_result("asl.given")["rows"][0]["columns"]
    column = {name: score["mean"] for name, score in given.items()}
    assert f"FD {column['FD of samples, not FID']:.2f}, in the encoder's own features" in text
    assert f"10-NN accuracy {column['10-NN accuracy of codes']:.1f} %" in text
    assert f"PSNR {column['PSNR of reconstructions']:.1f} dB" in text


def test_ratios_on_toys_are_the_file_s() -> None:
    table, text = read_table("asl.figure3"), " ".join(read_page("asl"))
    ring, moons, circle = (
        f"{table[f'{toy}: MI-ASL'][W1]['mean'] / table[f'{toy}: true'][W1]['mean']:.2f}"
        for toy in ("ring", "moons", "circle")
    )
    assert f"MI-ASL is {ring}, {moons} and {circle} times as far as another true set" in text
    apart = table["ring: true"][W1]["values"]
    assert f"on the ring they are {min(apart):.3f} to {max(apart):.3f} apart by seed" in text
