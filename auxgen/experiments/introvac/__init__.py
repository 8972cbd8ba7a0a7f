"""Maggipinto, Terzi & Susto (2020), IntroVAC."""

from collections.abc import Mapping
from typing import Any

from ..about import About, Renamed

EXPERIMENTS = {
    "digits": About(
        shows="Directions of digits, a loop and a round top: VAE, VAC and IntroVAC in seconds",
        paper="none: not in the paper",
        ours="a loop and a round top come for all test digits tried; FD of reconstructions 1.12 "
        "(VAC), 2.06 (IntroVAC), 1 seed (results/introvac.digits.json)",
        time="a minute and a half of a CPU core for all models and scores",
        module="classes:digits",
    ),
    "eye": About(
        shows="Figures 4 and 8: glasses added to faces, and faces drawn with glasses",
        paper="pictures without numbers",
        ours="at 32 x 32, 60 epochs, 1 seed: glasses come for 100 % "
        "(results/introvac.figure4.json)",
        time="about 8 minutes of a CPU core at 32 x 32 (cpu); hours on a GPU (paper), not run yet",
        module="celeba:eye",
    ),
    "eyefacial": About(
        shows="Table 1, figures 6 and 9: glasses and facial hair added to faces, singly and both",
        paper="FID of reconstructions 63.9 (VAC), 25.5 (IntroVAC), of a set not named",
        ours="at 32 x 32, 60 epochs, 3 seeds: FD of reconstructions 9.3 (VAC), 7.1 (IntroVAC) "
        "(results/introvac.table1.json)",
        time="10 minutes of a CPU core at 32 x 32 (cpu), of the tables' 60 epochs 35; hours on a "
        "GPU (paper), not run yet",
        module="celeba:eyefacial",
    ),
    "facial": About(
        shows="Figures 5, 7 and 8: facial hair added to faces, VAC beside IntroVAC",
        paper="pictures without numbers",
        ours="at 32 x 32, 60 epochs, 1 seed: facial hair comes for 99 % "
        "(results/introvac.figure5.json)",
        time="about 8 minutes of a CPU core at 32 x 32 (cpu); hours on a GPU (paper), not run yet",
        module="celeba:facial",
    ),
    "fashion": About(
        shows="Directions of clothes: long sleeves, high shafts; most answers are blank",
        paper="none: not in the paper",
        ours="attributes come for 100 and 99 % of negatives, 1 seed "
        "(results/introvac.fashion.json)",
        time="about 5 minutes of a CPU core for all four models",
        module="classes:fashion",
    ),
    "own": About(
        shows="Your own folder of images, with columns of attributes that may have blanks",
        paper="none: not in the paper",
        ours="yours",
        time="about 10 minutes of a CPU core for 6,000 images at 32 x 32",
    ),
    "plane": About(
        shows="Figure 3: two-dimensional codes of digits, and the direction of having a loop",
        paper="a drawing without numbers",
        ours="error of the attribute 0.74 ± 0.26 % (results/introvac.figure3.json)",
        time="30 s of a CPU core",
        module="classes:plane",
    ),
}
TABLES = (
    *("digits", "draws", "edit_rates", "equal_effect"),
    *(f"figure{n}" for n in range(3, 10)),
    *("game", "table1"),
)


def _replace_digit_epochs(epochs: Any) -> dict[str, Any]:
    """give --introvac-epochs and --vac-epochs, or a factor on all passes with --scale-epochs."""
    return {"introvac_epochs": epochs, "vac_epochs": epochs}


def _replace_plane_epochs(epochs: Any) -> dict[str, Any]:
    """give --vac-epochs and --pretraining-epochs, or a factor on both with --scale-epochs."""
    return {"vac_epochs": epochs, "pretraining_epochs": 0.1 * epochs}


def _replace_fashion_epochs(epochs: Any) -> dict[str, Any]:
    """the factor on all passes is --scale-epochs, which no longer raises --pretraining-epochs."""
    return {"scale_epochs": epochs} | ({"pretraining_epochs": epochs} if epochs > 1 else {})


def _replace_width(width: Any) -> dict[str, Any]:
    """give the channels of each block with --widths."""
    return {"widths": [width]}


def _replace_judge(name: Any) -> dict[str, Any]:
    """give one or more classifiers with --scorers."""
    return {"scorers": [name]}


_FACES: Renamed = {
    "epochs": "scale_epochs",
    "split": "test_split",
    "judge": "scorers",
    "witness": "second_scorer",
}

_FIXED_RATE: Mapping[str, Any] = {"beta_reg": 3.0}
BEFORE_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    **dict.fromkeys(("eye", "eyefacial", "facial"), _FIXED_RATE),
    "own": {"least_steps": 0, **_FIXED_RATE},
}
"""What runs did that were begun before they had these options."""

RENAMED_OPTIONS: Mapping[str, Renamed] = {
    "digits": {
        "epochs": _replace_digit_epochs,
        "pretraining": "pretraining_epochs",
        "width": _replace_width,
        "judge": _replace_judge,
    },
    **dict.fromkeys(("eye", "eyefacial", "facial"), _FACES),
    "fashion": {
        "epochs": _replace_fashion_epochs,
        "rows": "train_rows",
        "split": "test_split",
        "judge": _replace_judge,
    },
    "own": {"epochs": "scale_epochs", "delta": "edit_distance", "judge": _replace_judge},
    "plane": {"epochs": _replace_plane_epochs, "judge": _replace_judge},
}
