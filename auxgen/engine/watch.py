"""What a person sees of training: terms, progress, signals, and what became non-finite."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from ..errors import Diverged


class Meter:
    """Running sums of named terms on their device; a non-finite value stays in its sum."""

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.counts: dict[str, int] = {}

    def add(self, terms: Mapping[str, Tensor]) -> None:
        for name, value in terms.items():
            value = value.detach()
            self.sums[name] = self.sums[name] + value if name in self.sums else value
            self.counts[name] = self.counts.get(name, 0) + 1

    def means(self) -> dict[str, float]:
        """Mean of each term since the last reset; the one wait for the device."""
        if not self.sums:
            return {}
        values = torch.stack([value.float() for value in self.sums.values()]).tolist()
        return {n: v / self.counts[n] for n, v in zip(self.sums, values, strict=True)}

    def reset(self) -> None:
        self.sums, self.counts = {}, {}


def diagnose(means: Mapping[str, float], stage: str, step: int, saved: int | None) -> None:
    """Raise Diverged where a mean is not finite."""
    bad = [name for name, value in means.items() if not isfinite(value)]
    if bad:
        back = (
            "nothing was saved yet" if saved is None else f"the checkpoint of step {saved} is good"
        )
        raise Diverged(
            f"{', '.join(bad)} of stage {stage} became {means[bad[0]]} at or before step {step}; "
            f"{back}: try a smaller learning rate, a smaller max_grad_norm or --precision 32."
        )


@dataclass
class Stop:
    """Whether a signal asked training to stop; the second one stops at once."""

    asked: bool = False
    by: str = ""

    def hear(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.asked:
            raise KeyboardInterrupt
        self.asked, self.by = True, signal.Signals(number).name


@contextmanager
def signals() -> Iterator[Stop]:
    """SIGINT and SIGTERM set a flag, which is read after the round."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {s: signal.signal(s, stop.hear) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass
class Progress:
    """A bar on a terminal; elsewhere a line at each tenth of the way."""

    stage: str
    steps: int
    start: int
    quiet: bool = False
    said: int = field(init=False)
    since: float = field(init=False)

    def __post_init__(self) -> None:
        self.said, self.since = 10 * self.start // max(self.steps, 1), time.monotonic()
        hidden = self.quiet or not sys.stderr.isatty()
        self.bar = tqdm(
            total=self.steps,
            initial=self.start,
            desc=self.stage,
            disable=hidden,
            unit="step",
            dynamic_ncols=True,
        )

    def advance(self) -> None:
        self.bar.update()

    def tell(self, step: int, means: Mapping[str, float]) -> None:
        shown = {n: f"{v:.4g}" for n, v in means.items() if not n.startswith("gradient/")}
        self.bar.set_postfix(shown, refresh=False)
        if self.bar.disable and not self.quiet and 10 * step // self.steps > self.said:
            self.said = 10 * step // self.steps
            pace = (time.monotonic() - self.since) / max(step - self.start, 1)
            terms = "  ".join(f"{n} {v}" for n, v in shown.items())
            left = f"{pace * (self.steps - step):.0f} s left"
            print(f"{self.stage}  step {step}/{self.steps}  {terms}  {left}", file=sys.stderr)

    def close(self) -> None:
        self.bar.close()


class Metrics:
    """RUN/metrics.jsonl: one object per logged step and stage."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def write(self, line: Mapping[str, object]) -> None:
        with self.file.open("a") as out:
            out.write(json.dumps(line) + "\n")

    def lines(self) -> list[dict[str, Any]]:
        """What was written, less a last line that a kill cut short."""
        if not self.file.exists():
            return []
        found = []
        for line in self.file.read_text().splitlines():
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:
                continue
        return found

    def forget_after(self, stage: str, step: int) -> None:
        """Drop what a killed run logged of a stage after the step that it goes on from."""
        kept = [o for o in self.lines() if o["stage"] != stage or o["step"] <= step]
        whole = self.file.with_suffix(".partial")
        whole.write_text("".join(json.dumps(line) + "\n" for line in kept))
        whole.replace(self.file)
