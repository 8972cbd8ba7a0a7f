"""The log of a stage: lines of RUN/metrics.jsonl, and what trackers are given of them."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..engine.device import Ranks
from ..engine.trackers import open_trackers
from .metrics_file import MetricsFile


class StageLog:
    """What one stage logs; of several ranks, the first one alone writes.

    Its lines count the seconds of training, and go on from those of the last line where a run is
    resumed.
    """

    def __init__(self, run: Path, stage: str, ranks: Ranks, trackers: Sequence[str]) -> None:
        self.stage, self.writes = stage, ranks.is_first
        self.metrics = MetricsFile(run / "metrics.jsonl")
        self.start_time = time.monotonic()
        self.trackers = open_trackers(trackers if ranks.is_first else (), run)

    def go_on_from(self, step: int) -> None:
        """Drop what a killed run logged of the stage after this step, and count on its seconds."""
        self.metrics.discard_after(self.stage, step)
        own = [o["seconds"] for o in self.metrics.read_lines() if o["stage"] == self.stage]
        self.start_time -= own[-1] if own else 0.0

    def write(self, step: int, kind: str, values: Mapping[str, float]) -> None:
        """Write named numbers of a step: "terms", "scores", or of its "end"."""
        if not self.writes:
            return
        seconds = round(time.monotonic() - self.start_time, 2)
        line = {"stage": self.stage, "step": step, "seconds": seconds}
        self.metrics.append_line({**line, kind: values})
        for tracker in self.trackers:
            tracker.log_terms(self.stage, step, values)

    def sync(self) -> None:
        """Wait until the disk has all lines."""
        if self.writes:
            self.metrics.sync()

    def close(self) -> None:
        """Close the trackers."""
        for tracker in self.trackers:
            tracker.close()
