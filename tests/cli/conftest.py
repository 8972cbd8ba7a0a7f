"""A person's own small experiment, and the command line carried out in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from laws import MODEL

from auxgen.builders import Recipe, artefact
from auxgen.cli.main import main
from auxgen.data.dataset import Preprocessor

OWN = '''
from dataclasses import replace
from typing import Literal

from laws import stage

from auxgen.score import Score


def experiment(
    *,
    seed: int = 0,
    steps: int = 4,
    lr: float = 0.01,
    rows: int | None = None,
    model: Literal["adgm", "sdgm"] = "sdgm",
    widths: tuple[int, ...] = (8,),
    loud: bool = False,
):
    """A model of six numbers.

    Args:
        seed: Of everything.
        steps: Rounds to play.
    """
    made = stage(model, steps)
    score = Score(12.5, "%", 10, f"{rows or 10} test rows", 0.5)
    return {model: replace(made, evaluations={"test_error": lambda method: score})}
'''


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit status, and what it printed."""

    status: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture
def auxgen(capsys: pytest.CaptureFixture[str]) -> Command:
    """Carry out a command line."""

    def carry_out(*args: str | Path) -> Outcome:
        capsys.readouterr()
        status = left_with([str(arg) for arg in args])
        outcome = capsys.readouterr()
        return Outcome(status, outcome.out, outcome.err)

    return carry_out


def left_with(args: Sequence[str]) -> int:
    try:
        main(args)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 0
    return 0


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """The file of a person's own experiment."""
    file = tmp_path / "small.py"
    file.write_text(OWN)
    return file


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained run of it."""
    folder = tmp_path_factory.mktemp("own")
    file, made = folder / "small.py", folder / "run"
    file.write_text(OWN)
    assert left_with(["train", str(file), "--run", str(made), "--device", "cpu"]) == 0
    return made


def assert_refused(outcome: Outcome, *words: str, status: int = 2) -> None:
    """One sentence on stderr, below the note that a person's own file is run."""
    lines = [line for line in outcome.err.splitlines() if not line.startswith("running your file")]
    assert len(lines) == 1, outcome.err
    assert all(word in lines[0] for word in words), lines[0]
    assert outcome.status == status
    assert not outcome.out


@pytest.fixture(scope="session")
def eight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained artefact of grey images of 8 x 8 pixels and three classes."""
    made = Recipe("sdgm", {**MODEL, "x": 64, "a": 2})
    space = Preprocessor(kind="images", shape=(1, 8, 8), classes=("cat", "dog", "owl"))
    folder = tmp_path_factory.mktemp("artefact") / "eight"
    artefact.save_model(folder, made.build().eval(), made, space, {"experiment": "test"})
    return folder
