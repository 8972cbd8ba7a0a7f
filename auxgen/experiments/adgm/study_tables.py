"""Tables of what the ADGM's paper does not have, in the same form.

    auxgen reproduce adgm.digits

Digits, half-moons with labels in other places, and M2 by the protocol of Pyro's tutorial.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..common import Means, Reproduction, TableRow, format_verdict

ERROR, VALIDATION_ERROR = "test error", "validation error"
MODEL_TITLES = {
    "adgm": "ADGM",
    "sdgm": "SDGM",
    "m2": "M2",
    "adgm_deterministic": "ADGM, deterministic a",
    "adgm_uninformed": "ADGM, p(a) sees nothing",
}


def make_error_row(
    name: str, experiment: str, options: Mapping[str, Any], paper: str = ""
) -> TableRow:
    """A model's error."""
    scores = {ERROR: f"{options['model']}/test_error"}
    return TableRow(name, experiment, scores, options, {ERROR: paper})


def make_half_moons_row(name: str, model: str, paper: str = "", **options: Any) -> TableRow:
    """A model's error on half-moons, and how many runs are above 1 %."""
    row = make_error_row(name, "adgm.half_moons", {"model": model, **options}, paper)
    return replace(row, failed_above={ERROR: 1.0})


def format_claim(claim: str, holds: bool, numbers: str) -> str:
    """A claim, whether it holds, and the numbers that say so."""
    return f"{claim}: {format_verdict(holds)} ({numbers})."


CLASSIFIER_ALONE = "Same classifier, labelled rows alone"
DIGITS_BASELINES = {
    CLASSIFIER_ALONE: "supervised/test_error",
    "Label spreading, 7 nearest neighbours": "supervised/peer_label_spreading_knn_error",
    "Label spreading, rbf kernel": "supervised/peer_label_spreading_rbf_error",
}


def make_digits(budget: str) -> Reproduction:
    """Five label draws of each model beside the classifier alone and label spreading."""
    del budget
    name, models = "adgm.digits", ("sdgm", "adgm", "m2")
    rows = [make_error_row(model.upper(), name, {"model": model}) for model in models] + [
        TableRow(title, name, {ERROR: score}, {"model": "sdgm"})
        for title, score in DIGITS_BASELINES.items()
    ]
    return Reproduction("Digits from 5 labels a class", rows, _check_sdgm_gain_over_classifier)


def _check_sdgm_gain_over_classifier(means: Means) -> str:
    """Whether SDGM's error is at most two thirds of the classifier's alone."""
    ours, alone = means["SDGM", ERROR], means[CLASSIFIER_ALONE, ERROR]
    return format_claim(
        "SDGM's error is at most two thirds of the same classifier's trained on the labelled rows "
        "alone",
        ours <= 2 / 3 * alone,
        f"{ours:.2f} % against {alone:.2f} %",
    )


ENDS, INSIDE = "at the ends and in the middle", "at 0.15, 0.5, 0.85 of the arc"
AT_RANDOM, SPREAD = "at random", "at random, labels spread along dense paths"
DENSE_PATHS = "at random, the nearest label along dense paths alone"


def make_half_moons_labels(budget: str) -> Reproduction:
    """The ADGM with labelled points in other places than the authors', and what helps there."""
    del budget
    rows = [
        make_half_moons_row(ENDS, "adgm", "close to 0 % in 10 epochs"),
        make_half_moons_row(INSIDE, "adgm", label_placement="inside"),
        make_half_moons_row(AT_RANDOM, "adgm", label_placement="drawn"),
        make_half_moons_row(SPREAD, "adgm", label_placement="drawn", spread_labels=True),
        TableRow(
            DENSE_PATHS,
            "adgm.half_moons",
            {ERROR: "adgm/peer_dense_paths_error"},
            {"model": "adgm", "label_placement": "drawn"},
        ),
    ]
    title = "Half-moons: where the six labels lie"
    return Reproduction(title, rows, _check_label_placements, seeds=20)


def _check_label_placements(means: Means) -> str:
    """Whether the authors' places are the easiest."""
    ends, inside, drawn = (means[name, ERROR] for name in (ENDS, INSIDE, AT_RANDOM))
    spread, alone = (means[name, ERROR] for name in (SPREAD, DENSE_PATHS))
    where = "The error is less with labels at the ends and in the middle than elsewhere"
    numbers = f"{ends:.2f} % against {inside:.2f} % inside and {drawn:.2f} % at random"
    helps = "Spread along dense paths, random labels are enough for an error of 3 %"
    both = f"{spread:.2f} %, and {alone:.2f} % without a model"
    return " ".join(
        [
            format_claim(where, ends < min(inside, drawn), numbers),
            format_claim(helps, spread <= 3, both),
        ]
    )


PYRO_ACCURACIES = {100: 93.19, 600: 94.37, 1000: 94.87, 3000: 95.82}
"""Accuracies of Pyro's tutorial in per cent, by number of labels."""


def format_label_count(count: int) -> str:
    """A row's name, by number of labels."""
    return f"{count} labels"


def make_m2_pyro(budget: str) -> Reproduction:
    """M2 from every number of labels under several draws."""
    scores = {ERROR: "m2/test_error", VALIDATION_ERROR: "m2/validation_error"}
    rows = [
        TableRow(
            format_label_count(count),
            "adgm.m2_pyro",
            scores,
            {"budget": budget, "labels_per_class": count // 10},
            {ERROR: f"{100 - accuracy:.2f} % (Pyro)"},
        )
        for count, accuracy in PYRO_ACCURACIES.items()
    ]
    return Reproduction("M2 by the protocol of Pyro's tutorial", rows, check_pyro_accuracies)


def check_pyro_accuracies(means: Means) -> str:
    """Accuracy beside the tutorial's."""
    each = []
    for count, theirs in PYRO_ACCURACIES.items():
        name = format_label_count(count)
        ours = 100 - means[name, ERROR]
        holds = format_verdict(ours >= theirs)
        each.append(f"{name}: {holds} ({ours:.2f} % right against {theirs:.2f})")
    return f"At or above the tutorial's accuracy: {'; '.join(each)}."
