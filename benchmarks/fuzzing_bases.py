"""Valid artefacts, runs, pictures and tables, from which changed ones are made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import auxgen
from auxgen.estimators import GenerativeModel, SemiSupervisedClassifier
from auxgen.model import Model

OWN_METHOD = '''
import torch
from torch import nn

from auxgen import Engine, Method, Stage
from auxgen.data.batches import InMemoryBatches
from auxgen.engine.settings import adam
from auxgen.method import descend


class Mean(Method):
    def __init__(self):
        super().__init__()
        self.mean = nn.Parameter(torch.zeros(2))

    def players(self):
        return {"mean": (self,)}

    def round(self, batch, step):
        loss = (batch - self.mean).square().mean()
        yield from descend(loss, "mean", error=loss)

    def sample(self, n):
        return self.mean.expand(n, -1)


def experiment(*, seed: int = 0, steps: int = 3):
    """The mean of rows.

    Args:
        seed: Of the rows.
        steps: Rounds.
    """
    rows = torch.arange(20.0).view(10, 2)
    return {"mean": Stage(Mean(), InMemoryBatches(rows, 5, seed), Engine(steps, adam(0.1)), {})}
'''
COMMITTEE_ROWS = np.array([[0.0, 1.0], [3.0, -1.0]])


@dataclass
class Bases:
    """What inputs are made from.

    Attributes:
        folder: Where all lie.
        artefacts: Each with the estimator that wrote it: "committee", "density" or None.
        runs: Of a table, of pictures, of an experiment, of two stages, and of one's own file.
        pictures: A folder of pictures with a sheet.
        sheet: The cells of the sheet.
        table: The cells of a table.
        table_model: Trained on the table.
        picture_model: Trained on the pictures.
    """

    folder: Path
    artefacts: list[tuple[Path, str | None]]
    runs: list[Path]
    pictures: Path
    sheet: list[list[str]]
    table: list[list[str]]
    table_model: Model
    picture_model: Model


def make_bases(folder: Path) -> Bases:
    """Train the smallest models: of a table, pictures, columns of their own families, attributes,
    two stages, a committee, a density, and a method of one's own file."""
    rng = np.random.default_rng(0)
    table, sheet = write_table(folder, rng), write_pictures(folder / "pictures", rng)
    (folder / "own.py").write_text(OWN_METHOD)
    small: dict[str, Any] = {"steps": 2, "hidden": 4, "latent": 2, "precision": "32"}
    faces: dict[str, Any] = {"size": 32, "widths": (4, 4, 4), "latent": 2, "least_steps": 0}
    faces |= {"vac_epochs": 6.0, "model": "vac", "precision": "32"}
    rows, pictures = folder / "rows.csv", folder / "pictures"
    families = {"likelihood": ("auto",), "label": "label", "data": rows}
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "table": ("adgm.own", {"data": rows, "label": "label", **small}),
        "pictures": ("adgm.own", {"data": pictures, "size": 8, **small}),
        "moons": ("adgm.half_moons", {"epochs": 0.01, "precision": "32"}),
        "families": ("adgm.own", {**families, **small}),
        "attributes": ("introvac.own", {"data": pictures, **faces}),
        "stages": ("asl.moons", {"density": "mixture", "steps": 2, "precision": "32"}),
        "own": (str(folder / "own.py"), {}),
    }
    runs, models, artefacts = [], {}, []
    for name, (experiment, options) in asked.items():
        runs.append(folder / f"{name}-run")
        auxgen.train(experiment, run=runs[-1], device="cpu", quiet=True, **options)
        if name != "own":  # whose artefact nothing could build
            models[name] = auxgen.load(runs[-1])
            artefacts.append((models[name].save(folder / f"{name}-artefact"), None))
    artefacts += [(fit_committee(folder / "committee", rng), "committee")]
    artefacts += [(fit_density(folder / "density", rng), "density")]
    kept = runs[: list(asked).index("attributes")] + runs[-2:]  # faces take seconds for each
    return Bases(
        folder, artefacts, kept, pictures, sheet, table, models["table"], models["pictures"]
    )


def write_table(folder: Path, rng: np.random.Generator) -> list[list[str]]:
    """rows.csv, with numbers, words, days, and a label for two thirds of the rows."""
    table = [["x", "colour", "when", "label"]]
    for i in range(24):
        kind = i % 2
        colour, label = ("red", "blue")[int(rng.random() < 0.5)], ("a", "b")[kind]
        number = f"{rng.normal() + 3 * kind:.3f}"
        table.append([number, colour, f"2024-01-{i + 1:02}", label if i % 3 else ""])
    (folder / "rows.csv").write_text("\n".join(map(",".join, table)))
    return table


def write_pictures(folder: Path, rng: np.random.Generator) -> list[list[str]]:
    """Pictures of noise with a class and an attribute."""
    folder.mkdir()
    sheet = [["file_name", "label", "Round"]]
    for i in range(8):
        pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
        sheet.append([f"{i}.png", ("a", "b")[i % 2] if i < 6 else "", str(i % 2)])
    (folder / "metadata.csv").write_text("\n".join(map(",".join, sheet)))
    return sheet


def fit_committee(folder: Path, rng: np.random.Generator) -> Path:
    x = rng.normal(size=(24, 2)) + 3 * (np.arange(24)[:, None] % 2)
    y = np.where(np.arange(24) < 12, np.arange(24) % 2, -1)
    model = SemiSupervisedClassifier("committee", steps=2, hidden=4, latent=2, random_state=0)
    return model.fit(x, y).save(folder)


def fit_density(folder: Path, rng: np.random.Generator) -> Path:
    model = GenerativeModel("vae", steps=2, hidden=4, latent=2, random_state=0)
    return model.fit(rng.normal(size=(24, 2))).save(folder)


def load_estimator(kind: str, folder: Path) -> Any:
    """The estimator of a kind that an artefact says it is."""
    return {"committee": SemiSupervisedClassifier, "density": GenerativeModel}[kind].load(folder)
