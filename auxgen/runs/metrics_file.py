"""RUN/metrics.jsonl: what a run logs, a line at a time."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..files import make_save_error, write_file
from ..partial_files import sync_to_disk


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
