"""Where one row or picture makes a run diverge it is named, and none where several do or none."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from laws import semi_supervised, stage
from PIL import Image
from torch import Tensor, nn

from auxgen.cli.main import run_command
from auxgen.data.augmentation import identity
from auxgen.data.batches import (
    InMemoryBatches,
    SemiSupervisedBatch,
    SemiSupervisedBatches,
    ViewedBatch,
)
from auxgen.data.user import load_image_folder, load_table, split_stratified
from auxgen.engine.loop import Training
from auxgen.engine.settings import Engine, adam
from auxgen.errors import Diverged
from auxgen.method import Gradient, Method, Moves, Step
from auxgen.networks.distributions import skip_argument_checks
from auxgen.runs.bad_row import CHECKED_ROUNDS, BatchReader, NumberedBatch, find_bad_row
from auxgen.stage import Stage


@pytest.fixture(autouse=True)
def as_people_run_it() -> Iterator[None]:
    """Distributions that do not check their parameters, as outside of tests."""
    with skip_argument_checks():
        yield


class Logarithm(Method):
    """A method whose loss has the logarithm of what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(1, 1)

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"net": (self.net,)}

    def round(self, batch: Any, step: Tensor) -> Moves:
        del step
        parts = [batch] if isinstance(batch, Tensor) else [batch.x, batch.x_unlabelled]
        means = torch.cat([part.log().flatten(1).mean(1) for part in parts])
        loss = (self.net(means[:, None]) ** 2).mean()
        yield Gradient(loss, ("net",), {"log": loss})
        yield Step(("net",))

    def sample(self, n: int) -> Tensor:
        return torch.ones(n, 1)


def make_stage(batches: Any, **rest: Any) -> Stage:
    return Stage(Logarithm(), batches, Engine(40, adam(1e-3), log_every=4), **rest)


def search(made: Stage) -> int | None:
    training = Training(made.method, made.engine, seed=0)
    played: list[int] = []
    kept = Training.run_round

    def run_round(self: Training, batch: object) -> None:
        played.append(1)
        kept(self, batch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Training, "run_round", run_round)
        found = find_bad_row(training, BatchReader(made, lambda s: made.batches(s, 0, 1, "cpu")))
    assert len(played) <= 10 + CHECKED_ROUNDS
    assert training.step == 0
    return found


def make_rows(bad: tuple[int, ...], n: int = 40) -> Tensor:
    x = torch.rand(n, 3, generator=torch.Generator().manual_seed(0)) + 0.5
    x[list(bad)] = 0.0
    return x


@pytest.mark.parametrize("row", range(40))
def test_any_single_row_is_found(row: int) -> None:
    assert search(make_stage(InMemoryBatches(make_rows((row,)), 40, 0))) == row
    assert search(make_stage(InMemoryBatches(make_rows((row,)), 100, 0))) == row  # some rows twice


@pytest.mark.parametrize("bad", [(), (3, 4), (0, 39), tuple(range(40))])
def test_none_is_found_where_none_is_alone(bad: tuple[int, ...]) -> None:
    assert search(make_stage(InMemoryBatches(make_rows(bad), 40, 0))) is None


@pytest.mark.parametrize("row", [0, 2, 5, 30])
@pytest.mark.parametrize("knows", [True, False])
def test_a_labelled_row_is_one_with_the_same_row_unlabelled(row: int, knows: bool) -> None:
    x, labelled = make_rows((row,)), torch.arange(0, 12, 2)
    y = torch.arange(6) % 2
    batches = SemiSupervisedBatches(x[labelled], y, x, 6, 40, 0)
    facts = {"labelled_rows": labelled.tolist()} if knows else {}
    twice = row in labelled.tolist() and not knows  # two rows then, and neither alone
    assert search(make_stage(batches, facts=facts)) == (None if twice else row)


def test_a_stream_of_ones_own_has_rows_by_place() -> None:
    made = make_stage(lambda step, rank, ranks, device: make_rows((7,)))
    assert search(made) == 7
    assert BatchReader(made, lambda s: s).name_row(7) == "row 8 of the batch"


def test_what_cannot_be_told_apart_is_left_alone() -> None:
    for batch in (None, {"x": torch.ones(3)}, (torch.ones(3), torch.ones(4)), torch.ones(())):
        made = make_stage(lambda *rest, b=batch: b)
        assert BatchReader(made, lambda s, b=batch: b).read(0) is None
        assert search(made) is None


def test_rows_give_way_to_others_of_their_group() -> None:
    batch = SemiSupervisedBatch(torch.arange(4.0), torch.arange(4), torch.arange(10.0, 13.0))
    numbered = NumberedBatch(
        batch, [[0, 1], [2]], [torch.tensor([5, 6, 7, 5]), torch.tensor([1, 5, 2])]
    )
    without = numbered.leave_out(torch.tensor([5, 9]))
    assert without.x.tolist() == [1, 1, 2, 2]
    assert without.y.tolist() == [1, 1, 2, 2]
    assert without.x_unlabelled.tolist() == [10, 10, 12]
    assert torch.equal(numbered.leave_out(torch.tensor([5, 6, 7])).x, batch.x)  # no other is left
    assert sorted(numbered.list_numbers().tolist()) == [1, 2, 5, 6, 7]


def test_views_of_a_row_give_way_with_it() -> None:
    made = stage("sdgm")
    assert isinstance(made.batches, SemiSupervisedBatches)
    batches = replace(made.batches, corruption=identity, view=lambda x, _: 1 - x)
    reader = BatchReader(replace(made, batches=batches), lambda s: batches(s, 0, 1, "cpu"))
    found = reader.read(3)
    assert found is not None
    known, unknown = found.rows
    left = found.leave_out(torch.stack((known[0], unknown[0])))
    assert isinstance(left, ViewedBatch)
    assert not torch.equal(left.x, batches(3, 0, 1, "cpu").x)
    assert not torch.equal(left.x_unlabelled, batches(3, 0, 1, "cpu").x_unlabelled)
    assert torch.equal(left.seen, 1 - left.x)
    assert torch.equal(left.seen_unlabelled, 1 - left.x_unlabelled)


@pytest.mark.parametrize("name", ["sdgm", "vae", "gan", "introvac", "image_classifier", "m1_m2"])
def test_every_kind_of_batch_can_be_read(name: str) -> None:
    made = stage(name)
    found = BatchReader(made, lambda s: made.batches(s, 0, 1, "cpu")).read(3)
    assert found is not None
    again = found.leave_out(found.list_numbers()[:3])
    assert type(again) is type(found.batch)
    before = semi_supervised()(0, 0, 1, "cpu")
    assert isinstance(before, SemiSupervisedBatch)


OWN = '''
from pathlib import Path
import sys
sys.path.insert(0, "{here}")
from test_bad_row import Logarithm
from auxgen.data.batches import InMemoryBatches
from auxgen.data.user import load_image_folder, load_table
from auxgen.engine.settings import Engine, adam
from auxgen.stage import Stage

def experiment(*, data: Path, seed: int = 0, lr: float = 1e-3):
    """A logarithm of what is in a table or in pictures."""
    rows = load_table(data, label=None) if data.suffix else load_image_folder(data)
    x = rows.raw_rows().float()
    engine = Engine(40, adam(lr), log_every=4)
    batches = InMemoryBatches(x, 8, seed)
    return {{"model": Stage(Logarithm(), batches, engine, data={{"train": rows}})}}
'''


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(OWN.format(here=Path(__file__).parent))
    return Path("mine.py")


def diverge(*words: str) -> str:
    with pytest.raises(Diverged) as told:
        run_command(["train", *words, "--device", "cpu"])
    return str(told.value)


def write_table(value: float) -> None:
    x = np.random.default_rng(0).random((30, 2)) + 0.5
    x[16, 1] = value
    lines = [",".join(f"{v:g}" for v in row) for row in x]
    Path("numbers.csv").write_text("\n".join(["a,b", *lines[:5], ",", *lines[5:]]) + "\n")


@pytest.mark.parametrize("value", [-1.0, 0.0])
def test_the_row_of_a_table_is_named_as_it_is_counted(value: float, own: Path) -> None:
    write_table(value)  # a blank line before it counts
    told = diverge(str(own), "--data", "numbers.csv", "--run", "a")
    assert "row 18 of numbers.csv is to blame: without it the same rounds are finite" in told
    write_table(1.0)
    run_command(shlex.split(told.partition("train with: ")[2])[1:])
    assert (Path("a-2") / "model" / "model.safetensors").exists()


def test_a_picture_is_named_by_its_file(own: Path) -> None:
    rng = np.random.default_rng(0)
    for i in range(24):
        pixels = rng.integers(1, 256, (8, 8), dtype=np.uint8)
        pixels[2, 3] *= i != 13
        file = Path("my pictures") / ("cat" if i % 2 else "dog") / f"{i:02} it's.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(file)
    told = diverge(str(own), "--data", "my pictures", "--run", "a")
    assert "the picture cat/13 it's.png is to blame: without it" in told
    Path("my pictures/cat/13 it's.png").unlink()
    run_command(shlex.split(told.partition("train with: ")[2])[1:])


def test_rows_keep_their_source_when_they_are_chosen(tmp_path: Path) -> None:
    rows = pd.DataFrame({"a": np.arange(20.0) ** 2, "kind": np.arange(20) % 2})
    rows.to_csv(tmp_path / "t.csv", index=False)
    found = load_table(tmp_path / "t.csv", label="kind")
    for part in (*split_stratified(found, 0.3, 0), found[3:9], found[torch.tensor([4, 2])]):
        assert part.source is not None
        names = [part.source.name_row(i) for i in range(len(part))]
        assert names == [f"row {int(a**0.5) + 1} of t.csv" for a in part.x[:, 0].tolist()]


def test_pictures_keep_their_source_when_they_come_from_the_cache(tmp_path: Path) -> None:
    for i in range(4):
        Image.fromarray(np.full((8, 8), 20 * i, np.uint8)).save(tmp_path / f"{i}.png")
    for _ in range(2):
        found = load_image_folder(tmp_path)
        assert found.source is not None
        assert [found.source.name_row(i) for i in range(4)] == [
            f"the picture {i}.png" for i in range(4)
        ]
