"""The progress of a stage, as a person sees it: a bar or lines, and how long all rounds take."""

import sys
import time
from collections.abc import Mapping
from functools import partial

from tqdm import tqdm

from ..terminal import redraws_lines

TIMED_ROUNDS = 30
"""Rounds from which the time of all is estimated."""
TOLD_WELL = 1.5
"""An estimate that was printed is printed anew where it is wrong by more than this factor."""


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
        """`told_seconds` is the estimate for all rounds that was printed before the first one."""
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
        """Print how long all rounds will take, if that is long and no good estimate was printed."""
        told = self.told_seconds
        if seconds <= 10 or (told and max(seconds / told, told / seconds) <= TOLD_WELL):
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
