"""The message about a round that does not fit in memory, with a batch that does."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..data.batches import get_batch_size, resize_batches
from ..engine.device import Ranks
from ..engine.loop import Training
from ..engine.memory import attempt, count_rows, cut_rows, find_fitting_rows
from ..errors import OutOfMemory
from ..stage import Stage
from .commands import BATCH_WORDS, TrainCommand


@dataclass(frozen=True)
class MemoryReport:
    """What is known of a stage whose next round does not fit.

    Attributes:
        run: The run's folder, which may not be there yet.
        name: The stage's name.
        stage: The stage.
        device: Where it is trained.
        ranks: The processes that train it.
        command: What a person types to train it; None where it has no name.
    """

    run: Path
    name: str
    stage: Stage
    device: str
    ranks: Ranks
    command: TrainCommand | None

    def make_error(
        self, full: str, training: Training | None = None, saved: int | None = None
    ) -> OutOfMemory:
        """The error, once smaller batches have been tried.

        Args:
            full: Whose memory is full.
            training: What did not fit; None for a copy that begins.
            saved: Step of the checkpoint that is kept; None where there is none.
        """
        step = 0 if training is None else training.step
        rows = self._count_rows(step)
        tried = 0 if training is not None and training.weights.are_shared else rows
        found = attempt(partial(self._find_fitting_rows, training, rows)).result if tried else None
        size = f", whose batch has {rows:,} rows" if rows else ""
        kept = "" if saved is None else f"; the checkpoint of step {saved} is kept"
        what = f"The memory of {full} is full in round {step + 1:,} of stage {self.name}"
        advice = self._advise(found, rows, saved) if found else self._describe_none(full, tried)
        return OutOfMemory(f"{what}{size}{kept}: {advice}")

    def _count_rows(self, step: int) -> int:
        """Rows of a batch, 0 where they are not known."""
        known = get_batch_size(self.stage.batches)
        return known or count_rows(attempt(partial(self._get_batch, step)).result)

    def _find_fitting_rows(self, training: Training | None, rows: int) -> int | None:
        if training is None:
            method, engine = copy.deepcopy(self.stage.method), self.stage.engine
            training = Training(method, engine, seed=0, device=self.device, precision="32")
        return find_fitting_rows(training, partial(self._get_cut_batch, training.step), rows)

    def _get_cut_batch(self, step: int, rows: int) -> Any:
        smaller = resize_batches(self.stage.batches, rows)
        return cut_rows(self._get_batch(step, smaller), rows)

    def _get_batch(self, step: int, batches: Callable[..., Any] | None = None) -> Any:
        stream = batches or self.stage.batches
        return stream(step, self.ranks.rank, self.ranks.size, self.device)

    def _advise(self, found: int, rows: int, saved: int | None) -> str:
        """What to do where a batch of so many rows fits."""
        option = self.command and self.command.find_option(BATCH_WORDS, {rows}, self.name)
        if self.command is None or option is None:
            return f"a round with {found:,} fits, so make the batch that small."
        batch = {option: max(1, self.command.options[option] * found // rows)}
        write = self.command.format_anew
        if saved is not None:
            write = partial(self.command.format_from_checkpoint, f"{self.run}@{saved}")
        return f"a round with {found:,} fits; train with: {write(self.run, batch)}"

    def _describe_none(self, full: str, rows: int) -> str:
        """What to do where none fits."""
        sizes = self.command.list_sizes() if self.command else []
        smaller = " or ".join(sizes) or "the networks or the rows"
        cpu = ", or train with --device cpu" if full == "the device" else ""
        if rows:
            return f"no smaller batch that was tried fits either, so make {smaller} smaller{cpu}."
        return f"make the batch, {smaller} smaller{cpu}."


def require_memory(work: Callable[[], Any], report: MemoryReport) -> Any:
    """What work returns that plays rounds of a copy.

    Raises:
        OutOfMemory: It fills the memory.
    """
    done = attempt(work)
    if done.full:
        raise report.make_error(done.full)
    return done.result
