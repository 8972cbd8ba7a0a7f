"""The tables of the page on ADGM and SDGM hold the numbers of the files under results/."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from paper_rows import read_page, read_result, read_scores, read_table, spread, write_row

ERROR, BOUND = "test error", "log p(x), 5,000 weights"


def list_error_rows() -> Iterator[str]:
    """The table of the first screen."""
    moons, mnist = read_table("adgm.half_moons"), read_table("adgm.mnist_100")
    digits = read_table("adgm.digits")
    for label, score, digits_shown, paper, file in (
        ("half-moons, 6 labels: ADGM (10)", moons["ADGM"], 2, "close to 0", "half_moons"),
        ("MNIST, 100 labels: ADGM (3)", mnist["ADGM"], 2, "0.96 (0.02)", "mnist_100"),
        ("MNIST, 100 labels: SDGM (3)", mnist["SDGM"], 2, "1.32 (0.07)", ""),
        ("digits, 50 labels: SDGM (5)", digits["SDGM"], 1, "", "digits"),
    ):
        where = f"`adgm.{file}.json`" if file else "the same"
        yield write_row(label, [spread(score[ERROR], digits_shown), paper, where])


def list_half_moons_rows() -> Iterator[str]:
    today, full = read_table("adgm.half_moons"), read_table("adgm.half_moons_full_weight")
    figure = read_table("adgm.figure2")
    for label, score, digits in (
        ("ADGM, 10 epochs", today["ADGM"], 2),
        ("SDGM", today["SDGM"], 2),
        ("ADGM, KL at full weight from the start", full["ADGM"], 2),
        ("SDGM, the same", full["SDGM"], 2),
        ("M2, the same", full["M2"], 1),
        ("M2, the same, 100 epochs", figure["M2, 100 epochs"], 1),
        ("ADGM, the same, a deterministic", figure["ADGM, deterministic a"], 1),
        ("ADGM, the same, p(a) = N(0, I)", figure["ADGM, p(a) sees nothing"], 1),
    ):
        values = score[ERROR]["values"]
        ends = f"{min(values) + 1e-9:.{digits}f}, {max(values) + 1e-9:.{digits}f}"
        yield write_row(label, [spread(score[ERROR], digits), ends, str(len(values))])


def list_potential_rows() -> Iterator[str]:
    """Both modes: 30 % of q(z) on the lesser side, and a bound of 1.3 nats."""
    for name, columns in read_table("adgm.potential").items():
        bounds = columns["bound on log Z"]["values"]
        shares = columns["share of the lesser mode"]["values"]
        both = sum(b >= 1.3 and s >= 30 for b, s in zip(bounds, shares, strict=True))
        mean = f"{columns['bound on log Z']['mean']:.3f}"
        label = name.replace("q(z|a)", r"q(z\|a)")
        ends = f"{min(bounds):.3f}, {max(bounds):.3f}"
        yield write_row(label, [mean, ends, f"{both} of {len(bounds)}"])


def list_mnist_rows() -> Iterator[str]:
    equal, own = read_table("adgm.table2"), read_table("adgm.mnist_100")

    def cell(name: str) -> str:
        return f"{equal[name][ERROR]['mean']:.2f}"

    for name, cost, paper in (
        ("ADGM", "200 epochs, 59 minutes of a core", "0.96 (0.02)"),
        ("SDGM", "80 epochs, 24 minutes", "1.32 (0.07)"),
    ):
        yield write_row(name, [cell(name), f"{spread(own[name][ERROR], 2)} ({cost})", paper])
    start = spread(read_table("adgm.mnist_100.m2")["M2"][ERROR], 2)
    yield write_row(
        "MNIST, 100 labels: M2 with the ADGM's start (3)", [start, "", "`adgm.mnist_100.m2.json`"]
    )
    told = f"{start} (the ADGM's start, 200 epochs)"
    yield write_row("M2", [cell("M2"), told, ""])
    yield write_row("ADGM, a deterministic", [cell("ADGM, deterministic a"), "not run", ""])
    yield write_row("M1+M2", [f"{cell('M1+M2')} (20 epochs a stage)", "", "3.33 (0.14)"])
    m1 = f"{cell('M1, classifier of the labelled codes')} (20 epochs)"
    yield write_row("M1, then a classifier", [m1, "", "11.82 (0.25), a transductive SVM"])


def list_start_rows() -> Iterator[str]:
    starts = {row["start"]: row["rounds"] for row in read_result("adgm.kl_start")["rows"]}
    narrow = ", q(a|x) narrow at first"
    for label, start in (
        ("rises from 0 over 5 epochs", "rises from 0 over 5 epochs"),
        ("1 throughout", "1 throughout"),
        (f"1 throughout{narrow}", f"1 throughout{narrow}"),
        ("falls from 3 over 4 epochs", "falls from 3 to 1 over 4 epochs"),
        (f"the same{narrow}", f"the same{narrow}"),
        (f"falls from 5 over 12 epochs{narrow}", f"falls from 5 to 1 over 12 epochs{narrow}"),
    ):
        errors = [starts[start][f"{n}000"]["validation_error"] for n in (1, 2, 3)]
        yield write_row(label.replace("|", r"\|"), [f"{error:.1f}" for error in errors])


def list_confidence_rows() -> Iterator[str]:
    scores = read_scores("adgm.mnist_100.adgm")
    errors = {k: v["spread"] for k, v in read_result("adgm.mnist_100.adgm")["scores"].items()}
    ends = ("", "_tempered")
    names = [f"adgm/label_nll{end}" for end in ends]
    cells = [f"{scores[name]:.3f} ± {errors[name]:.3f}" for name in names]
    yield write_row(r"$-\log q(y\|x)$ of test labels, nats", cells)
    gaps = [f"{scores[f'adgm/calibration_error{end}']:.2f}" for end in ends]
    yield write_row("expected calibration error, %", gaps)


def list_likelihood_rows() -> Iterator[str]:
    table = read_table("adgm.table1")

    def cell(name: str, digits: int = 2) -> str:
        return spread(table[name][BOUND], digits)

    missing = ["not run"]
    vae = [cell("VAE, L=1"), cell("VAE, L=2"), cell("VAE, L=1, codes of 2", 1)]
    yield write_row("VAE", [*vae, "-86.76; -85.33"])
    iwae = [cell("IWAE, L=1"), *missing * 2, "-84.78; -82.90"]
    yield write_row("IWAE, 5 weights (paper: 50)", iwae)
    avae = [cell("AVAE, L=1"), cell("AVAE, L=2"), cell("AVAE, L=1, codes of 2", 1)]
    yield write_row("AVAE, p(a) of z", [*avae, "-84.59; -82.97"])
    seeing = [cell("AVAE, L=1, a sees x"), cell("AVAE, L=2, a sees x"), *missing, ""]
    yield write_row("AVAE, p(a) of z and x", seeing)


ROWS = [
    *list_error_rows(),
    *list_half_moons_rows(),
    *list_potential_rows(),
    *list_mnist_rows(),
    *list_start_rows(),
    *list_confidence_rows(),
    *list_likelihood_rows(),
]


@pytest.mark.parametrize("row", ROWS)
def test_the_page_has_the_row_that_the_files_give(row: str) -> None:
    assert row in read_page("adgm")


def test_the_page_has_the_times_and_gradients_of_live_classes() -> None:
    found, page = read_result("adgm.live_classes"), " ".join(read_page("adgm"))
    told = page.partition("**Classes that are ruled out.**")[2].partition("  ")[0]
    shares = {n: f"{each['of_all_10'] + 1e-9:.2f}" for n, each in found["rounds"].items()}
    for name in ("straightforward, 10 classes", "10 of 10 classes live", "3 of 10 classes live"):
        assert shares[name] in told
    assert f"{shares['1.2 of 10 classes live']} with 1.2" in told
    assert f"{shares['3 of 1,000 classes live']} with 3 of 1,000" in told
    live = found["estimates"]["batch norm, q sharp"]["q from 0.0001 on"]
    assert f"{live['live_classes']:.1f} stay" in told
    assert f"by {100 * live['gradient_off_at_means']:.1f} %" in told
    drawn = [
        found["estimates"][f"batch norm, q {q}"]["3, one of them drawn"] for q in ("sharp", "flat")
    ]
    off = " to ".join(f"{100 * each['gradient_off']:.0f}" for each in drawn)
    errors = " to ".join(f"{each['standard_errors']:.0f}" for each in reversed(drawn))
    assert f"{off} % ({errors} standard errors)" in page
