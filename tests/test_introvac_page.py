"""The tables of the page on IntroVAC hold the numbers of the files under results/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from paper_rows import pair, read_page, read_result, read_scores, read_table, spread, write_row

BOTH, ALL = ("vac", "introvac"), ("vae", "vac", "introvac")
TITLES = {"vae": "VAE, linear probe", "vac": "VAC", "introvac": "IntroVAC"}
EFFECTS = {"+3": "logit risen by 3", "seen": "told to have it"}
NAMES = {"glasses": "Eyeglasses", "facial hair": "FacialHair"}
COMES, RISING = "told to have it at some distance up to 6", "steps at which the mean logit rises"


def list_introvac_rows() -> Iterator[str]:
    table1, figure6 = read_table("introvac.table1"), read_table("introvac.figure6")
    draws, equal = read_table("introvac.draws"), read_table("introvac.equal_effect")

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
    rising = ["; ".join(spread(seen("glasses", w, m, RISING)) for w in ways) for m in ALL]
    yield write_row("steps at which their logit rises, %", rising)

    for attribute, column in NAMES.items():
        for effect, title in EFFECTS.items():
            rows = [equal[f"{column}, {title}: {TITLES[m]}, others kept"] for m in ALL]
            for what, digits, unit in (("likeness lost", 3, ""), ("others changed", 1, ", %")):
                since = (f"{what} since the original", what)
                cells = [pair(*(r[of]["mean"] for of in since), digits=digits) for r in rows]
                yield write_row(f"{attribute} {effect}: {what}{unit}", cells)
            if effect == "seen":
                third = [spread(row["told"]) for row in rows]
                yield write_row(f"{attribute} seen: by the third classifier too, %", third)
        for m in BOTH:
            shown = draws[f"{column}: {TITLES[m]}"]
            cells = [
                spread(shown[of]) for of in ("prior samples", "all draws", "draws that are kept")
            ]
            yield write_row(f"{attribute}, {TITLES[m]}", cells)


def list_one_attribute_rows() -> Iterator[str]:
    scores = read_result("introvac.eye_and_facial")["scores"]

    def value(name: str, model: str, of: str) -> float:
        column = {"eye": "Eyeglasses", "facial": "FacialHair"}[name]
        return scores[name][f"{model}/{of.format(column)}"]["value"]

    def both(model: str, of: str, digits: int = 0) -> str:
        return pair(value("eye", model, of), value("facial", model, of), digits=digits)

    fd = [both(m, "reconstruction FD(features.celeba)", 2) for m in ALL]
    yield write_row("Eye; Facial: FD of reconstructions", fd)
    for name, label in (("eye", "glasses come"), ("facial", "facial hair comes")):
        comes = ("{} flipped", "{}, others kept flipped")
        cells = [pair(*(value(name, m, of) for of in comes)) for m in ALL]
        yield write_row(f"{label}, plain; kept, %", cells)
    for label, of in (
        ("glasses; hair in draws kept, %", "{} in draws kept"),
        ("in prior samples, %", "{} in prior samples"),
    ):
        yield write_row(label, ["", *(both(m, of) for m in BOTH)])


def list_64_pixel_rows() -> Iterator[str]:
    scores = read_scores("introvac.eyefacial_64")

    def three(of: str, digits: int) -> list[str]:
        each = [f"{scores[f'{m}/{of}']:.{digits}f}" for m in ALL]
        return [each[0], "", *each[1:]]

    reconstruction = three("reconstruction FD(features.celeba)", 1)
    yield write_row("FD(features.celeba) of reconstructions", reconstruction)
    yield write_row("FD of samples", three("FD(features.celeba)", 1))
    comes = [pair(*(scores[f"{m}/{c} flipped"] for c in NAMES.values())) for m in ALL]
    yield write_row("glasses; facial hair come up to 6, %", [comes[0], "", *comes[1:]])
    models = ("VAE, linear probe", "VAE, difference of means", "VAC", "IntroVAC")
    for attribute, column in NAMES.items():
        edits = [f"introvac/{column} told, {model}: " for model in models]
        reached = [f"{scores[edit + 'reached']:.0f}" for edit in edits]
        yield write_row(f"{attribute} seen up to 30, %", reached)
        for label, of, digits in (
            ("likeness lost since the original; reconstruction", "likeness lost", 3),
            ("others changed, %", "others changed", 1),
        ):
            since = (f"{of} since the original", of)
            cells = [
                pair(*(scores[edit + each] for each in since), digits=digits) for edit in edits
            ]
            yield write_row(label, cells)


def list_clothes_rows() -> Iterator[str]:
    scores = read_scores("introvac.fashion")

    def both(model: str, of: str) -> str:
        return pair(*(scores[f"{model}/{name} {of}"] for name in ("LongSleeves", "HighShaft")))

    fd = [f"{scores[f'{m}/reconstruction FD(features.fashion_mnist)']:.2f}" for m in ALL]
    yield write_row("FD(features.fashion_mnist) of reconstructions", fd)
    flipped = [both(m, "flipped") for m in ALL]
    yield write_row("long sleeves; a high shaft come, %", flipped)
    errors = [
        pair(*(scores[f"{m}/{of}"] for of in ("attribute_error", "probe")), digits=1) for m in BOTH
    ]
    yield write_row("error of the attributes; of a probe, %", ["", *errors])
    kept = [both(m, "in draws kept") for m in BOTH]
    yield write_row("long sleeves; a high shaft in draws kept, %", ["", *kept])
    yield write_row("in prior samples, %", ["", *(both(m, "in prior samples") for m in BOTH)])


ROWS = [
    *list_introvac_rows(),
    *list_one_attribute_rows(),
    *list_64_pixel_rows(),
    *list_clothes_rows(),
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
