"""What an experiment is made of: named stages in order, their scores, and the tables of a paper."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from .builders import Recipe
from .data.dataset import Dataset, Preprocessor
from .engine.settings import Engine
from .method import Method
from .score import Evaluation

PictureWriter = Callable[[Any, Path], None]
"""A method in eval mode, and where its PNG goes."""


class BatchStream(Protocol):
    """A stream of batches: a function of the step, so that a position is a number."""

    def __call__(self, step: int, rank: int, ranks: int, device: str) -> Any:
        """The batch of rank `rank` of `ranks` at `step`, on the device."""
        ...


@dataclass(frozen=True)
class Monitor:
    """Evaluations of the moving average while it trains, written to the run's metrics.

    Attributes:
        every: Steps between evaluations.
        evaluations: By name.
        milestones: Further evaluations, by name, after single steps.
    """

    every: int
    evaluations: Mapping[str, Evaluation]
    milestones: Mapping[int, Mapping[str, Evaluation]] = field(default_factory=dict)

    def find_due(self, step: int) -> dict[str, Evaluation]:
        """The evaluations after so many steps, by name."""
        regular = {} if step % self.every else self.evaluations
        return {**regular, **self.milestones.get(step, {})}


@dataclass(frozen=True)
class EarlyStopping:
    """Looks of the moving average at held-out rows, which end a stage and choose its weights.

    Attributes:
        every: Rounds between looks; there is one after the last round, too.
        patience: Looks in a row without a better one that end the stage.
        score: Name of what is measured, in the run's metrics.
        evaluation: What is measured: one score.
        measured: The same in words, for a person.
        larger_is_better: Whether the best value is the largest one.
    """

    every: int
    patience: int
    score: str
    evaluation: Evaluation
    measured: str
    larger_is_better: bool = False

    def is_due(self, step: int, steps: int) -> bool:
        """Whether there is a look after so many rounds of so many."""
        return step % self.every == 0 or step == steps


@dataclass(frozen=True)
class Stage:
    """A method and how it is trained and measured.

    Attributes:
        method: What is trained. Stages share networks by reference.
        batches: What it is trained on.
        engine: How.
        evaluations: What is measured when it is trained, by name.
        monitor: What is measured meanwhile.
        stopping: By what it may end before its last round; None for never.
        recipe: The builder and its arguments that made `method`; without it the stage leaves
            weights but no artefact.
        space: How the method sees raw rows; goes into the artefact.
        start: Called once when the stage begins (copy weights, recalibrate, mask).
        pictures: Draw the trained method, by name: (method, file) -> a PNG.
        data: Raw rows by split ("train", "test", "valid"), for measures that a person asks for by
            name.
        facts: JSON-able facts that belong to the run, such as the indices of the labelled rows.
    """

    method: Method
    batches: BatchStream
    engine: Engine
    evaluations: Mapping[str, Evaluation] = field(default_factory=dict)
    monitor: Monitor | None = None
    stopping: EarlyStopping | None = None
    recipe: Recipe | None = None
    space: Preprocessor | None = None
    start: Callable[[Method], None] | None = None
    pictures: Mapping[str, PictureWriter] = field(default_factory=dict)
    data: Mapping[str, Dataset] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


Experiment = Mapping[str, Stage]
"""Named stages, trained in order."""


def list_recipe_notes(stages: Experiment) -> list[str]:
    """A note on each stage that leaves weights but no artefact, as no builder makes its method."""
    return [
        f"{name}: no builder makes it, so that its run keeps weights and no model that loads by "
        "itself; give its Stage a recipe=Recipe(builder, arguments) for one."
        for name, stage in stages.items()
        if stage.recipe is None
    ]
