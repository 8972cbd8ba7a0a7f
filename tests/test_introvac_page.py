"""The tables of the page on IntroVAC hold the numbers of the files under results/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from paper_rows import pair, read_page, read_result, read_scores, read_table, spread, write_row

BOTH, ALL = ("vac", "introvac"), ("vae", "vac", "introvac")
TITLES = {"vae": "VAE, linear probe", "vac": "VAC", "introvac": "IntroVAC"}
NAMES = {"glasses": "Eyeglasses", "facial hair": "FacialHair"}
COMES = "told to have it at some distance up to 6"


def list_introvac_rows() -> Iterator[str]:
    table1, figure6 = read_table("introvac.table1"), read_table("introvac.figure6")
    draws = read_table("introvac.draws")

    def mean(model: str, column: str, digits: int) -> str:
        return f"{table1[model][column]['mean']:.{digits}f}"

    models = ("VAE", "VAC", "IntroVAC")
    fd = [mean(model, "FD of reconstructions, not FID", 2) for model in models]
    yield write_row("Fréchet distance of reconstructions", [*fd, "63.9; 25.5 (FID)"])
    error = [mean(model, "mean absolute error", 4) for model in models]
    yield write_row("mean absolute error of pixels", [*error, ""])

    def seen(attribute: str, way: str, model: str, column: str) -> Mapping[str, Any]:
        return figure6[f"{NAMES[attribute]}{way}: {TITLES[model]}"][column]

    added = [pair(*(seen(name, "", model, COMES)["mean"] for name in NAMES)) for model in ALL]
    yield write_row("glasses; facial hair can be added, %", [*added, "pictures"])
    kept = [
        pair(*(draws[f"{c}: {TITLES[m]}"]["draws that are kept"]["mean"] for c in NAMES.values()))
        for m in BOTH
    ]
    yield write_row("draws that show these on request, %", ["", *kept, "pictures"])

    ways = ("", ", others kept")
    for attribute, verb in (("glasses", "come"), ("facial hair", "comes")):
        cells = ["; ".join(spread(seen(attribute, w, m, COMES)) for w in ways) for m in ALL]
        yield write_row(f"{attribute} {verb}, %", cells)
        back = [spread(seen(attribute, "", m, "told of their reconstructions")) for m in ALL]
        what = "wearers" if attribute == "glasses" else "faces with it"
        yield write_row(f"seen in reconstructions of {what}, %", back)


def list_code_draw_rows() -> Iterator[str]:
    pictures = read_result("introvac.code_draws")["pictures"]
    ways = ("prior", "codes' Gaussian")
    back = pictures["reconstructions of draws of q(z|x)"]
    plain = [pictures[f"samples by the {way}"] for way in ways]
    yield write_row("FD of samples", [f"{each['FD']:.1f}" for each in (*plain, back)])
    unlike = [f"{each['unlike any face, %']:.1f}" for each in (*plain, back)]
    yield write_row("samples unlike any face, %", unlike)

    def both(way: str, what: str, kept: str, digits: int) -> str:
        draws = (pictures[f"draws with {name} by the {way}{kept}"] for name in NAMES.values())
        return pair(*(each[what] for each in draws), digits=digits)

    for label, what, kept, digits in (
        ("FD of draws with glasses; facial hair", "FD", "", 1),
        ("draws that the model keeps, %", "kept, %", ", kept", 0),
        ("seen in those by a judge, %", "seen, %", ", kept", 0),
    ):
        yield write_row(label, [*(both(way, what, kept, digits) for way in ways), ""])


def list_trial_rows() -> Iterator[str]:
    trials = {
        trial["name"]: trial["scores"] for trial in read_result("introvac.trials.code")["trials"]
    }
    each = [trials[f"beta_reg {reg}, latent 64"] for reg in ("3", "0.75")]
    close = [pair(t["l1"], t["reconstruction FD"], digits=(4, 1)) for t in each]
    yield write_row("mean absolute error; FD of reconstructions", close)
    yield write_row("nats in the code", [f"{t['nats']:.0f}" for t in each])
    accuracy = [f"{t['attribute_balanced_accuracy']:.1f}" for t in each]
    yield write_row("balanced accuracy of the attributes, %", accuracy)
    seen = [pair(*(t[f"{name} seen in edits"] for name in NAMES.values())) for t in each]
    yield write_row("glasses; facial hair seen in edits by 4, %", seen)


def list_game_rows() -> Iterator[str]:
    trials = {t["name"]: t["scores"] for t in read_result("introvac.trials.game")["trials"]}
    each = [trials[f"beta_ec 1.67{g}"] for g in ("", ", beta_g 0.5", ", beta_g 0.1")]
    told = [pair(t["fakes told"], t["fakes ordered"], digits=1) for t in each]
    yield write_row("told rightly; ordered, %", told)
    fd = [f"{t['reconstruction FD']:.1f}" for t in each]
    yield write_row("FD of reconstructions", fd)
    played = read_table("introvac.game")
    models = ("attributes alone", "the paper's weights", "even game")
    rows = [played[name] for name in ("VAC", *(f"IntroVAC, {model}" for model in models))]

    def both(row: Mapping[str, Any], *columns: str, digits: int) -> str:
        return pair(*(row[column]["mean"] for column in columns), digits=digits)

    told = [both(row, "fakes told", "fakes ordered", digits=1) for row in rows[2:]]
    yield write_row("told rightly; ordered, %", ["", "", *told])
    for label, form, digits in (
        ("FD of edits: glasses; facial hair", "FD of edits, {} added", 1),
        (
            "comes within a distance of 6, %: glasses; facial hair",
            "{} comes up to a distance of 6",
            0,
        ),
    ):
        columns = [form.format(name) for name in NAMES.values()]
        yield write_row(label, [both(row, *columns, digits=digits) for row in rows])
    for label, column, digits in (
        ("FD of reconstructions", "FD of reconstructions, not FID", 1),
        ("mean absolute error of pixels", "mean absolute error", 4),
    ):
        yield write_row(label, [f"{row[column]['mean']:.{digits}f}" for row in rows])


ROWS = [
    *list_introvac_rows(),
    *list_code_draw_rows(),
    *list_trial_rows(),
    *list_game_rows(),
]


@pytest.mark.parametrize("row", ROWS)
def test_the_page_has_the_row_that_the_files_give(row: str) -> None:
    assert row in read_page("introvac")


def test_the_page_says_that_the_game_was_not_played() -> None:
    """All scores of fakes in the files: told by half, and ordered as the page says."""
    one = read_result("introvac.eye_and_facial")["scores"]
    runs = [{key: score["value"] for key, score in one[name].items()} for name in one]
    runs += [read_scores(f"introvac.{name}") for name in ("eyefacial_64", "fashion", "own.blanks")]
    assert {run["introvac/fakes told"] for run in runs} == {50.0}
    page = " ".join(read_page("introvac"))
    places = [page.index(f"{run['introvac/fakes ordered']:.1f}") for run in runs]
    assert places == sorted(places)


def test_the_page_s_numbers_in_sentences_are_those_of_the_files() -> None:
    """Draws by attribute, a third classifier's agreement, and where codes lie."""
    page = " ".join(read_page("introvac"))
    draws, equal = read_table("introvac.draws"), read_table("introvac.equal_effect")
    for column, form in (("Eyeglasses", "in {} % of IntroVAC's, {}"), ("FacialHair", "in {}, {}")):
        shown = draws[f"{column}: IntroVAC"]
        parts = [spread(shown[of]) for of in ("all draws", "draws that are kept")]
        assert form.format(*parts) in page
        assert spread(shown["prior samples"]) in page
        rows = [equal[f"{column}, told to have it: {TITLES[m]}, others kept"] for m in ALL]
        probe, vac, own = (spread(row["told"]) for row in rows)
        between = " (probe)" if column == "Eyeglasses" else ""
        assert f"{probe}{between}, {vac} and {own} %" in page
    codes = read_result("introvac.code_draws")["codes"]
    chains = read_result("introvac.code_draws")["pictures"]
    radius = [chains[f"draws with {name} by the prior"]["radius, mean"] for name in NAMES.values()]
    assert f"their radius is {codes['radius, mean']:.1f}" in page
    assert (
        f"of the prior {codes['radius of the prior']:.1f} and of the chains {radius[0]:.1f}" in page
    )
    assert f"and {radius[1]:.1f}; their mean is" in page
    assert f"{codes['distance of their mean from 0']:.1f} from 0" in page
    ends = [
        codes[f"{end} variance along an axis of their covariance"]
        for end in ("smallest", "largest")
    ]
    assert f"from {ends[0]:.2f} to {ends[1]:.0f}" in page
    shares = codes["share of the longest axes in the attributes' directions"]
    assert f"lie to {100 * shares[0]:.0f} % in the" in page
    order = chains["samples by the prior"]["rank correlation of that with distance from faces"]
    assert f"(rank correlation {order:.2f})" in page


@pytest.mark.parametrize(
    ("name", "extractor", "digits"),
    [("eyefacial_64", "features.celeba", 1), ("fashion", "features.fashion_mnist", 2)],
)
def test_the_page_s_numbers_of_single_runs_are_those_of_the_files(
    name: str, extractor: str, digits: int
) -> None:
    page, scores = " ".join(read_page("introvac")), read_scores(f"introvac.{name}")

    def list_values(score: str, digits: int) -> str:
        *first, last = (f"{scores[f'{m}/{score}']:.{digits}f}" for m in ALL)
        return f"{', '.join(first)} and {last}"

    vae, vac, own = (f"{scores[f'{m}/reconstruction FD({extractor})']:.{digits}f}" for m in ALL)
    assert f"{vae} (VAE), {vac} (VAC) and {own} (IntroVAC)" in page
    added = {"eyefacial_64": NAMES.values(), "fashion": ("LongSleeves", "HighShaft")}[name]
    for attribute in added:
        assert f"for {list_values(f'{attribute} flipped', 0)} %" in page
    if name == "eyefacial_64":
        assert f"of samples {list_values(f'FD({extractor})', digits)}" in page


def test_the_page_says_what_the_method_is_good_for_as_the_files_do() -> None:
    """Edits of photographs beside edited reconstructions and the mean difference; clothes."""
    page = " ".join(" ".join(read_page("introvac")).split())
    ours, control, whole = (
        "mean difference, made personal by ours",
        "mean difference",
        "reconstruction",
    )
    edits = read_result("photo_edits")["attributes"]
    effects = {name: each["at_equal_effect"] for name, each in edits.items()}
    lost = {way: [e[way]["likeness lost"] for e in effects.values()] for way in (ours, whole)}
    assert f"it stays {sum(lost[whole]) / sum(lost[ours]):.0f} times nearer" in page
    for name in NAMES.values():
        less = effects[name][f"likeness lost more than by {control}"][ours]
        assert less["likeness lost"] < -2 * less["likeness lost se"]
        share = less["likeness lost"] / effects[name][control]["likeness lost"]
        assert round(share, 1) == -0.1
    assert "for glasses and facial hair a tenth nearer than with the mean difference" in page
    smile = effects["Smiling"][f"likeness lost more than by {control}"][ours]
    assert abs(smile["likeness lost"]) < smile["likeness lost se"]
    clothes = read_scores("introvac.fashion")
    sleeves, shaft = (clothes[f"introvac/{n} flipped"] for n in ("LongSleeves", "HighShaft"))
    assert f"adds long sleeves to {sleeves:.0f} % and a high shaft to {shaft:.0f} %" in page
    wrong = read_result("introvac.own.blanks")["scores"]["introvac/attribute_error"]
    assert f"{wrong['value']:.1f} ± {wrong['spread']:.1f} % are predicted wrong" in page
