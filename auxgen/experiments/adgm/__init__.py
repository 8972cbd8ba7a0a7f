"""Maaløe, Sønderby, Sønderby & Winther (2016), Auxiliary Deep Generative Models."""

from collections.abc import Mapping
from typing import Any

from ..about import About, Renamed

EXPERIMENTS = {
    "digits": About(
        shows="Handwritten digits from 5 labels a class; the demo",
        paper="none: not in the paper",
        ours="SDGM 7.8 %, the classifier alone 13.3 %, label spreading 6.9 %, 5 label draws "
        "(results/adgm.digits.json)",
        time="under 3 minutes on 2 CPU cores",
    ),
    "half_moons": About(
        shows="Figure 2c: two moons learned from six labels",
        paper="close to 0 % after 10 epochs; without a more than 100 epochs",
        ours="ADGM 0.09 % after 10 epochs, 13 seeds, 0 above 1 % "
        "(results/adgm.half_moons_start.json)",
        time="about 20 s on a CPU core",
        module="toys:half_moons",
    ),
    "m1_m2": About(
        shows="Table 2: M1 and M1+M2 on MNIST with 100 labels",
        paper="M1+TSVM 11.82 %, M1+M2 3.33 %",
        ours="M1+M2 12.7 %, M1 under a classifier 21.1 % at budget cpu, 1 label draw "
        "(results/adgm.m1_m2.json); budget paper not run yet",
        time="minutes of one CPU core (cpu); an hour on a GPU (paper)",
        module="m2:m1_and_m2",
    ),
    "m2_pyro": About(
        shows="M2 by the protocol of Pyro's tutorial: 100 to 3,000 labels of MNIST",
        paper="Pyro: accuracy 93.19, 94.37, 94.87, 95.82 % from 100, 600, 1000, 3000 labels",
        ours="93.90, 94.77, 95.35, 96.14 %, 5 label draws (results/adgm.m2_pyro.json)",
        time="2 to 10 minutes of one CPU core a run (cpu); a GPU (paper), not run yet",
        module="m2:m2_pyro",
    ),
    "mnist_100": About(
        shows="Table 2: MNIST with 100 labels",
        paper="ADGM 0.96 %, SDGM 1.32 %",
        ours="ADGM 2.14 %, SDGM 2.25 %, M2 with --warp 1.5 1.27 % at budget cpu, 3 label draws "
        "each (results/adgm.mnist_100.json, adgm.mnist_100.warp.json); budget paper not run yet",
        time="24 minutes of one CPU core, an hour for the ADGM (cpu); hours on a GPU (paper)",
        module="table2:mnist_100",
    ),
    "norb": About(
        shows="Table 2: small NORB with 1,000 labels",
        paper="SDGM 9.40 %, ADGM 10.06 %; single images about 13 %",
        ours="",
        time="not measured; a GPU for hours (paper)",
        module="table2:norb",
    ),
    "own": About(
        shows="Your own folder of images or table, its label column with blanks",
        paper="none: not in the paper",
        ours="yours",
        time="minutes on 2 CPU cores",
    ),
    "potential": About(
        shows="Figure 2a, b: a density of two modes, by an auxiliary variable",
        paper='a picture of both modes; one mode is "the most frequent solution"',
        ours="both modes in 10 of 10 seeds, bound 1.68 nats of 1.88 (results/adgm.potential.json)",
        time="about 10 s on a CPU core",
        module="toys:potential",
    ),
    "svhn": About(
        shows="Table 2: SVHN with 1,000 labels",
        paper="SDGM 16.61 %, ADGM 22.86 %; without the extra images 29.82 %",
        ours="",
        time="not measured; a GPU for hours (paper)",
        module="table2:svhn",
    ),
    "table1": About(
        shows="Table 1: log-likelihood of MNIST, with and without auxiliary variables",
        paper="AVAE -84.59 nats with one layer, -82.97 with two; 5,000 samples",
        ours="budget cpu, 3 seeds, by version 0.1, which favoured the AVAE: VAE -100.86, AVAE "
        "-100.63 nats with one layer (results/adgm.table1.json); budget paper not run yet",
        time="minutes of one CPU core for each model (cpu); hours on a GPU (paper)",
    ),
}
_FIGURES = {"figure2", "figure3", "figure4", "figure5"}
_STUDIES = {"half_moons_labels", "half_moons_tail", "table2"}
TABLES = tuple(sorted(EXPERIMENTS.keys() - {"own"} | _FIGURES | _STUDIES))


def _divide_by_ten(labels: int) -> dict[str, Any]:
    """give the labels of one class as 'labels_per_class': 10, 60, 100 or 300."""
    return {"labels_per_class": labels // 10}


def _divide_by_five(labels: int) -> dict[str, Any]:
    """give the labels of one class as 'labels_per_class': 200 for 1,000."""
    return {"labels_per_class": labels // 5}


def _share_of_run(warm_up: float, old: Mapping[str, Any]) -> dict[str, Any]:
    """give the share of the run as 'warm_up_share'."""
    usual = 200 if old.get("budget") == "paper" else 96 if old.get("labels", 100) == 100 else 16
    return {"warm_up_share": warm_up / (old.get("epochs") or usual)}


def _choose_preset(plain_start: bool) -> dict[str, Any]:
    """give 'equal' as 'preset' for the same start of all models."""
    return {"preset": "equal" if plain_start else "own"}


def _hold_out_sixth(held_out: bool) -> dict[str, Any]:
    """give the number of rows as 'held_out_rows', such as 10000."""
    return {"held_out_rows": 10_000 if held_out else 0}


BEFORE_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "half_moons": {"warm_up": 0.0, "warm_up_from": 0.0},
    "own": {"pixel_deviation": "learned"},
    "table1": {"upper_a_sees_x": False, "encoder_layers": 2, "log_std_z": None},
}
"""What runs did that were begun before they had these options."""

RENAMED_OPTIONS: Mapping[str, Renamed] = {
    "*": {"beta": "classification_weight", "samples": "draws"},
    "digits": {"warm_up": "warm_up_steps"},
    "half_moons": {"noise": "data_noise", "labels": "label_placement"},
    "m2_pyro": {"labels": _divide_by_ten, "warm_up": _share_of_run},
    "mnist_100": {
        "monitor": "monitor_epochs",
        "plain_start": _choose_preset,
        "held_out": _hold_out_sixth,
    },
    "norb": {"labels": _divide_by_five},
    "potential": {
        "draws": "batch",
        "spread": "mean_spread",
        "log_std": "log_std_z",
        "start": "energy_from",
    },
    "table1": {"layers": "stochastic_layers", "k": "iwae_weights", "held_out": _hold_out_sixth},
}
