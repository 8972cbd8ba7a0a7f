"""What a person sees of training: terms, progress, signals, and what became non-finite."""

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from math import isfinite
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import torch
from torch import Tensor
from tqdm import tqdm

from ..errors import Diverged
from ..files import make_save_error, write_file
from ..partial_files import sync_to_disk
from ..terminal import redraws_lines


class BadTerm(NamedTuple):
    """The first term that was not finite: its value, its round (from 0), and whom it trains."""

    name: str
    value: float
    step: int
    players: str


class Meter:
    """Running sums of named terms on their device; a non-finite value stays in its sum.

    The values themselves are kept too, until the sums are found to be finite.
    """

    def __init__(self, measure_state: Callable[[], Mapping[str, Tensor]] = dict) -> None:
        """`measure_state` gives numbers of what training goes on with, by name: finite or not."""
        self.measure_state = measure_state
        self.sums: dict[str, Tensor] = {}
        self.counts: dict[str, int] = {}
        self.values: list[tuple[str, int, str, Tensor]] = []

    def add(self, terms: Mapping[str, Tensor], step: int = 0, players: str = "") -> None:
        """Add terms of a round; `players` are those that the terms train."""
        for name, value in terms.items():
            value = value.detach()
            self.values.append((name, step, players, value))
            self.sums[name] = self.sums[name] + value if name in self.sums else value
            self.counts[name] = self.counts.get(name, 0) + 1

    def compute_means(self) -> dict[str, float]:
        """Mean of each term since the last reset; the one wait for the device.

        A number of the state is among them where it is not finite, and only there.
        """
        if not self.sums:
            return {}
        state = self.measure_state()
        values = [value.float() for value in (*self.sums.values(), *state.values())]
        numbers = dict(zip((*self.sums, *state), torch.stack(values).tolist(), strict=True))
        means = {name: numbers[name] / count for name, count in self.counts.items()}
        return means | {name: numbers[name] for name in state if not isfinite(numbers[name])}

    def find_first_bad(self) -> BadTerm:
        """The first term since the last reset that was not finite, where a mean is not."""
        numbers = torch.stack([value.float() for *_, value in self.values]).tolist()
        for (name, step, players, _), number in zip(self.values, numbers, strict=True):
            if not isfinite(number):
                return BadTerm(name, number, step, players)
        name, step, players, _ = self.values[-1]  # each is finite, and their sum is not
        means = self.compute_means()
        name = next((n for n, value in means.items() if not isfinite(value)), name)
        return BadTerm(name, means[name], step, players)

    def reset(self) -> None:
        self.sums, self.counts, self.values = {}, {}, []


REMEDIES = "try a smaller learning rate, a smaller max_grad_norm or --precision 32 in a new run"
"""What helps where no cause is known."""


def check_finite(
    meter: Meter,
    means: Mapping[str, float],
    stage: str,
    saved: int | None,
    find_cause: Callable[[BadTerm], str] = lambda bad: f"{REMEDIES}.",
) -> None:
    """Raise Diverged where a mean is not finite; `find_cause` says why, and what to do.

    What it says ends the sentence, with a full stop or with a command to paste.
    """
    names = [name for name, value in means.items() if not isfinite(value)]
    if not names:
        return
    bad = meter.find_first_bad()
    back = f"the last checkpoint is of step {saved}"
    back = "nothing was saved yet" if saved is None else back
    trains = "" if bad.players in bad.name else f", which trains {bad.players},"
    among = f", before {len(names) - 1} others" if len(names) > 1 else ""
    raise Diverged(
        f"{bad.name} of stage {stage}{trains} became {bad.value} in round {bad.step + 1:,}{among}; "
        f"{back}: {find_cause(bad)}"
    )


@dataclass
class StopSignal:
    """The signal that asked training to stop, "" before it comes; the second one stops at once."""

    name: str = ""

    def handle_signal(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.name:
            raise KeyboardInterrupt
        self.name = signal.Signals(number).name


@contextmanager
def catch_signals() -> Iterator[StopSignal]:
    """SIGINT and SIGTERM set a flag, which is read after the round."""
    stop, is_main = StopSignal(), threading.current_thread() is threading.main_thread()
    caught = (signal.SIGINT, signal.SIGTERM) if is_main else ()  # other threads may catch none
    before = {number: signal.signal(number, stop.handle_signal) for number in caught}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) == stop.handle_signal:  # nobody else has set another
                signal.signal(number, handler)


TIMED_ROUNDS = 30
"""Rounds from which the time of all is estimated."""
TOLD_WELL = 1.5
"""A time that was told before is told anew where it is wrong by more than this factor."""


def format_duration(seconds: float) -> str:
    """A length of time in its two largest units."""
    minutes, s = divmod(round(seconds), 60)
    hours, m = divmod(minutes, 60)
    if hours:
        return f"{hours} h {m} min"
    return f"{m} min {s} s" if m else f"{s} s"


class ProgressReporter:
    """A bar on a terminal; elsewhere a line at each tenth of the way."""

    def __init__(
        self,
        stage: str,
        steps: int,
        start_step: int,
        quiet: bool,
        told_seconds: float | None = None,
    ) -> None:
        """`told_seconds` is the time of all rounds that a person was told before the first one."""
        self.stage, self.steps, self.start_step = stage, steps, start_step
        self.last_reported_tenth = 10 * start_step // max(steps, 1)
        self.start_time = time.monotonic()
        self.is_quiet, self.advanced, self.told_seconds = quiet, 0, told_seconds
        self.has_lines = not quiet and not redraws_lines()
        bar = partial(tqdm, desc=stage, unit="step", dynamic_ncols=True)
        self.bar = bar(total=steps, initial=start_step, disable=quiet or self.has_lines)

    def advance(self) -> None:
        self.bar.update()
        self.advanced += 1
        if self.advanced == TIMED_ROUNDS and not self.is_quiet:
            self.tell_time((time.monotonic() - self.start_time) / self.advanced * self.steps)

    def tell_time(self, seconds: float) -> None:
        """Say how long all rounds will take, where that is long and was not told well before."""
        told = self.told_seconds
        if seconds <= 10 or (told and 1 / TOLD_WELL < seconds / told < TOLD_WELL):
            return
        line = f"{self.stage}: {self.steps:,} rounds, about {format_duration(seconds)}"
        if told:
            line += f", not {format_duration(told)}: the first rounds were timed anew"
        self.bar.write(line, file=sys.stderr)

    def update(self, step: int, means: Mapping[str, float]) -> None:
        shown = {n: f"{v:.4g}" for n, v in means.items() if not n.startswith("gradient/")}
        self.bar.set_postfix(shown, refresh=False)
        tenth = 10 * step // self.steps
        if self.has_lines and tenth > self.last_reported_tenth:
            self.last_reported_tenth = tenth
            pace = (time.monotonic() - self.start_time) / max(step - self.start_step, 1)
            terms = "  ".join(f"{n} {v}" for n, v in shown.items())
            left = f"{pace * (self.steps - step):.0f} s left"
            print(f"{self.stage}  step {step}/{self.steps}  {terms}  {left}", file=sys.stderr)

    def close(self) -> None:
        self.bar.close()


class MetricsFile:
    """RUN/metrics.jsonl: one object per logged step and stage."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def append_line(self, line: Mapping[str, object]) -> None:
        """Add a line.

        Raises:
            NotSaved: The device is full or refuses.
        """
        try:
            with self.file.open("a") as out:
                out.write(json.dumps(line) + "\n")
        except OSError as error:
            raise make_save_error(self.file, 0.0, error) from error

    def sync(self) -> None:
        """Wait until the disk has all lines, before a checkpoint says that they were written.

        Raises:
            NotSaved: The device is full or refuses.
        """
        try:
            if self.file.exists():
                sync_to_disk(self.file)
        except OSError as error:
            raise make_save_error(self.file, 0.0, error) from error

    def read_lines(self) -> list[dict[str, Any]]:
        """What was written, less a last line that a kill cut short."""
        found = []
        for line in self.file.read_text().splitlines() if self.file.exists() else ():
            with suppress(json.JSONDecodeError):
                found.append(json.loads(line))
        return found

    def discard_after(self, stage: str, step: int) -> None:
        """Drop what a killed run logged of a stage after the step that it goes on from.

        How the stage ended is dropped too: it goes on, and will end again.
        """
        lines = self.read_lines()
        kept = [o for o in lines if o["stage"] != stage or (o["step"] <= step and "end" not in o)]
        write_file(self.file, "".join(json.dumps(line) + "\n" for line in kept).encode())
