"""The tables of the page on ADGM and SDGM hold the numbers of the files under results/."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from paper_rows import read_page, read_result, read_scores, read_table, spread, write_row

ERROR, BOUND = "test error", "log p(x), 5,000 weights"
M1 = "M1, classifier of the labelled codes"


def list_error_rows() -> Iterator[str]:
    """The table of the first screen."""
    moons, mnist = read_table("adgm.half_moons"), read_table("adgm.mnist_100")
    start, equal = read_table("adgm.mnist_100.m2"), read_table("adgm.table2")
    digits = read_table("adgm.digits")

    def pair_up(table: Any, *names: str, digits: int = 1) -> str:
        return "; ".join(spread(table[name][ERROR], digits) for name in names)

    sdgm, m2 = spread(moons["SDGM"][ERROR], 2), spread(moons["M2"][ERROR], 1)
    m1 = "; ".join(f"{equal[name][ERROR]['mean']:.2f}" for name in ("M1+M2", M1))
    svm = "3.33 (0.14); 11.82 (0.25), a transductive SVM"
    models = pair_up(digits, "SDGM", "ADGM", "M2")
    alone = pair_up(digits, "Same classifier, labelled rows alone")
    spreading = (f"Label spreading, {by}" for by in ("rbf kernel", "7 nearest neighbours"))
    own, same = pair_up(moons, "ADGM", digits=2), "the same"
    for label, ours, paper, file in (
        ("half-moons, 6 labels: ADGM (10)", own, "close to 0", "half_moons"),
        ("half-moons: SDGM; M2 (10)", f"{sdgm}; {m2}", "", same),
        (
            "MNIST, 100 labels: ADGM (3)",
            pair_up(mnist, "ADGM", digits=2),
            "0.96 (0.02)",
            "mnist_100",
        ),
        ("MNIST: SDGM (3)", pair_up(mnist, "SDGM", digits=2), "1.32 (0.07)", same),
        ("MNIST: M2 with the ADGM's start (3)", pair_up(start, "M2", digits=2), "", "mnist_100.m2"),
        ("MNIST: M1+M2; M1, then a classifier (1)", m1, svm, "table2"),
        ("digits, 50 labels: SDGM; ADGM; M2 (5)", models, "", "digits"),
        ("digits: the same classifier, labelled rows alone", alone, "", same),
        ("digits: label spreading, rbf; 7 neighbours", pair_up(digits, *spreading), "", same),
    ):
        yield write_row(
            label, [ours, paper, file if file == same else f"`results/adgm.{file}.json`"]
        )


def list_half_moons_rows() -> Iterator[str]:
    """With the KL at its full weight from the start."""
    full, figure = read_table("adgm.half_moons_full_weight"), read_table("adgm.figure2")
    for label, score, digits in (
        ("ADGM (10 seeds)", full["ADGM"], 2),
        ("SDGM (10)", full["SDGM"], 2),
        ("M2 (10)", full["M2"], 1),
        ("M2, 100 epochs (5)", figure["M2, 100 epochs"], 1),
        ("ADGM, a deterministic (5)", figure["ADGM, deterministic a"], 1),
        ("ADGM, p(a) = N(0, I) (5)", figure["ADGM, p(a) sees nothing"], 1),
    ):
        assert f"({len(score[ERROR]['values'])}" in label
        yield write_row(label, [spread(score[ERROR], digits)])


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
    *list_confidence_rows(),
    *list_likelihood_rows(),
]


@pytest.mark.parametrize("row", ROWS)
def test_the_page_has_the_row_that_the_files_give(row: str) -> None:
    assert row in read_page("adgm")


def read_text() -> str:
    """The page on one line, single spaces between words."""
    return " ".join(" ".join(read_page("adgm")).split())


def test_the_page_says_what_the_method_is_good_for_as_the_files_do() -> None:
    wine = next(j for j in read_result("own_data")["journeys"] if j["name"] == "wine")
    assert f"with 50 of 178 wines labelled, {wine['right']:.1f} % of the others" in read_text()
    assert "178 rows of 13 numbers, 50 with a label" in wine["data"]
    digits, redrawn = read_table("adgm.digits"), read_table("adgm.figure3")
    alone = digits["Same classifier, labelled rows alone"][ERROR]["mean"]
    few = f"{digits['SDGM'][ERROR]['mean']:.1f} % errors on digits with 5 labels a class"
    assert f"{few}, {alone:.1f} % without the unlabelled" in read_text()
    told = {m: redrawn[m]["analogies told as the class asked for"]["mean"] for m in redrawn}
    assert f"asked for in {told['ADGM']:.1f} %" in read_text()
    assert f"in {told['SDGM']:.1f} % (SDGM) and {told['ADGM']:.1f} %" in read_text()
    photos = read_result("pretrained_features")["scores"]["4 labels a class"]
    sdgm, plain = (photos[m]["accuracy"]["mean"] for m in ("SDGM", "logistic regression"))
    shown = f"an SDGM has {100 * sdgm:.1f} % right, logistic regression {100 * plain:.1f} %"
    assert shown in read_text()


def test_the_page_has_the_errors_under_equal_settings_and_of_starts() -> None:
    for table in (read_table("adgm.table2"), read_table("adgm.figure5")):
        names = ("SDGM", "M2", "ADGM", "ADGM, deterministic a")
        own, m2, adgm, still = (f"{table[name][ERROR]['mean']:.2f}" for name in names)
        told = f"SDGM has {own}, M2 {m2}, ADGM {adgm}, ADGM with a deterministic a {still} %"
        assert told in read_text()
    starts = {row["start"]: row["rounds"] for row in read_result("adgm.kl_start")["rows"]}

    def end(start: str) -> str:
        return f"{starts[start]['3000']['validation_error']:.1f}"

    narrow, fall = ", q(a|x) narrow at first", "falls from 3 to 1 over 4 epochs"
    rising, full = end("rises from 0 over 5 epochs"), end("1 throughout")
    text = read_text()
    assert f"{rising} % if the weight rises from 0 over 5 epochs, {full} if it is 1" in text
    assert f"{end(fall)} if it falls from 3 over 4 epochs" in text
    one, three = end(f"1 throughout{narrow}"), end(f"the same{narrow}")
    long = end(f"falls from 5 to 1 over 12 epochs{narrow}")
    assert f"narrow at first 1 has {one}, 3 has {three}, and 5 over 12 epochs {long} (" in text


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
