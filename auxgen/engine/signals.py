"""Signals that ask training to stop: they set a flag, which is read between rounds."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


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
