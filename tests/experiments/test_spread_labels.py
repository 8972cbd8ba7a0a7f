"""Labels along dense paths in the training of people's rows and of half-moons."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from auxgen.data.batches import SemiSupervisedBatches
from auxgen.data.toys import make_moons
from auxgen.experiments import registry
from auxgen.experiments.option_values import build_experiment
from auxgen.score import Score
from auxgen.stage import Stage


def build(name: str, **options: object) -> Stage:
    (stage,) = build_experiment(registry.find_experiment(name), options).values()
    return stage


def get_batches(stage: Stage) -> SemiSupervisedBatches:
    assert isinstance(stage.batches, SemiSupervisedBatches)
    return stage.batches


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two arcs in a file, of which twenty rows in 300 have a label; a cell is blank."""
    moons = make_moons(300, noise=0.05, seed=0)
    lines = ["across,up,arc"]
    for i, ((across, up), arc) in enumerate(zip(moons.x.tolist(), moons.y.tolist(), strict=True)):
        lines.append(f"{'' if i == 7 else across},{up},{'ab'[arc] if i % 15 == 0 else ''}")
    file = tmp_path_factory.mktemp("arcs") / "arcs.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_rows_of_a_table_learn_from_guesses_and_a_person_is_told(table: Path) -> None:
    given = {"data": table, "label": "arc", "steps": 2}
    plain, spread = build("adgm.own", **given), build("adgm.own", **given, spread_labels=True)
    few, many = get_batches(plain), get_batches(spread)
    assert len(few.x) < 20 < 250 < len(many.x)
    assert set(many.y.tolist()) == {0, 1}
    assert spread.method.alpha == plain.method.alpha  # that of a person's own labels
    (note,) = [n for n in spread.data["train"].notes if "--spread-labels" in n]
    assert note.startswith(f"{len(many.x) - len(few.x):,} rows without a label")
    assert not any("--spread-labels" in n for n in plain.data["train"].notes)
    known = {tuple(x): y for x, y in zip(many.x.tolist(), many.y.tolist(), strict=True)}
    for x, y in zip(few.x.tolist(), few.y.tolist(), strict=True):
        assert known[tuple(x)] == y


@pytest.mark.parametrize("seed", [0, 14])
def test_random_labels_of_half_moons_are_spread_to_nearly_all(seed: int) -> None:
    stage = build("adgm.half_moons", label_placement="drawn", spread_labels=True, seed=seed)
    batches, truth = get_batches(stage), stage.data["train"].y
    assert len(batches.x) == len(truth) + 6
    assert (batches.y[: len(truth)] == truth).double().mean() > 0.99
    error = stage.evaluations["peer_dense_paths_error"](stage.method)
    assert isinstance(error, Score)
    assert error.value < 1
    assert len(stage.facts["labelled"]) == 6
    assert torch.equal(batches.x_unlabelled[-6:], batches.x[-6:])
