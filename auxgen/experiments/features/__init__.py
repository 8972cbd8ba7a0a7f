"""Feature extractors that are trained here, for distances between sets of pictures."""

from collections.abc import Mapping
from typing import Any

from ..about import About

_MEASURED = {
    "celeba": (
        "the 40 attributes of CelebA, for its features",
        "error 11.2 % and balanced accuracy 69.6 %, means over attributes",
        "7 minutes of a CPU core",
    ),
    "celeba_32": (
        "the 40 attributes of CelebA at 32 x 32, to judge edits by",
        "error 10.7 % and balanced accuracy 73.4 %, means over attributes",
        "13 minutes by the clock on a CPU core shared with other jobs",
    ),
    "cifar10": ("CIFAR-10, for its features", "test error 16.5 %", "9 minutes of a CPU core"),
    "digits": ("8x8 digits, for its features", "test error 0.2 % (1 of 500)", "15 s of a CPU core"),
    "fashion_mnist": (
        "Fashion-MNIST, for its features",
        "test error 8.1 %",
        "3 minutes of a CPU core",
    ),
    "mnist": ("MNIST, for its features", "test error 0.60 %", "2 minutes of a CPU core"),
}
"""What each is trained on and for, our numbers of one seed, and the time."""

EXPERIMENTS = {
    name: About(
        f"A residual network on {task}",
        "none: not in a paper",
        f"{numbers}, 1 seed (results/features.{name}.json)",
        time,
        f"sets:{name}",
    )
    for name, (task, numbers, time) in _MEASURED.items()
} | {
    "own": About(
        "A residual network on your own labelled images, for its features",
        "none: not in a paper",
        "yours",
        "minutes on a CPU core",
        "sets:own",
    ),
}

BEFORE_OPTIONS: Mapping[str, Mapping[str, Any]] = {"own": {"least_steps": 0}}
"""What runs did that were begun before they had these options."""
