"""What is going on while a fault happens, and what a person does after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from laws import METHODS
from PIL import Image

from auxgen.experiments.common import Reproduction, TableRow

TRAINED = str(Path(__file__).parent / "trained.py")
"""The experiments of these tests."""
TABLE = (
    "\n".join(["x,y,kind", *(f"{i % 7},{i % 5 - i % 2},{'ab'[i % 2]}" for i in range(60))]) + "\n"
)


@dataclass(frozen=True)
class Scenario:
    """Commands in a folder below that of the data.

    Attributes:
        command: What is disturbed; a run that it trains is continued, anything else is done again.
        before: Commands that are carried out undisturbed before it.
        run: The run that `command` trains, if it is train.
        ranks: Processes that carry out each command together.
    """

    command: Sequence[str]
    before: Sequence[Sequence[str]] = ()
    run: str = ""
    ranks: int = 1

    def go_on(self, folder: Path) -> list[str]:
        """The command by which a person goes on."""
        if self.run and (folder / self.run).exists():
            return ["train", "--resume", self.run, "--device", "cpu"]
        return list(self.command)


def train(*words: str) -> list[str]:
    """The command that trains the run `run` on the CPU."""
    return ["train", *words, "--run", "run", "--device", "cpu"]


SMALL = train(TRAINED, "--method", "sdgm", "--steps", "2")
QUICK = [
    "--steps",
    "4",
    "--hidden",
    "8",
    "--latent",
    "2",
    "--batch",
    "20",
    "--test-fraction",
    "0.5",
]
OWN = train("adgm.own", "--data", "../table.csv", "--label", "kind", *QUICK)
PHOTOS = train("adgm.own", "--data", "../photos", *QUICK)
FITTED = ["--density", "mixture", "--components", "3", "--steps", "2", "--width", "8"]
RING = {"steps": 4, "width": 8}
REPRODUCED = Reproduction(
    "Two GANs of a ring",
    [
        TableRow(name, "dfm.ring", {"modes": f"{name}/modes"}, {**RING, "objective": name})
        for name in ("gan", "fm")
    ],
)
"""A table of runs that take no time, in place of dfm.ring_study."""
SCENARIOS = {
    **{f"train {name}": Scenario(train(TRAINED, "--method", name), run="run") for name in METHODS},
    "train stages that share networks": Scenario(train(TRAINED, "--method", "sharing"), run="run"),
    "train on two ranks": Scenario(train(TRAINED, "--method", "sharing"), run="run", ranks=2),
    "train with looks": Scenario(train(TRAINED, "--method", "stopping"), run="run"),
    "train a table": Scenario([*OWN, "--stop-early", "2"], run="run"),
    "train photos, decoded first": Scenario(PHOTOS, run="run"),
    "train fitted stages": Scenario(train("asl.moons", *FITTED), run="run"),
    "evaluate": Scenario(["evaluate", "run"], [OWN]),
    "report": Scenario(["report", "run"], [OWN, ["evaluate", "run"]]),
    "export": Scenario(["export", "run", "model"], [OWN]),
    "predict": Scenario(["predict", "run", "../table.csv", "--out", "rows.csv"], [OWN]),
    "embed": Scenario(["embed", "run", "../table.csv", "--out", "codes.npz"], [OWN]),
    "sample": Scenario(["sample", "run", "--out", "drawn.csv"], [OWN]),
    "fill": Scenario(["fill", "run", "../table.csv", "--out", "filled.csv"], [OWN]),
    "reproduce": Scenario(
        ["reproduce", "dfm.ring_study", "--seeds", "1", "--out", "tables", "--device", "cpu"]
    ),
}


def write_data(folder: Path) -> None:
    """Write the data of all scenarios: a table, and photos in folders of their classes."""
    (folder / "table.csv").write_text(TABLE)
    rng = np.random.default_rng(0)
    for i in range(12):
        photo = folder / "photos" / "ab"[i % 2] / f"{i}.png"
        photo.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(256, size=(8, 8), dtype=np.uint8)).save(photo)
