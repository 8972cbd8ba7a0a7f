"""Times of rounds that take turns, so that what else the machine does disturbs both alike."""

import time
from collections.abc import Callable
from math import ceil

import torch

REPEATS = 7
SAMPLE_SECONDS = 0.02
"""A sample plays as many rounds as take about so long."""
MIN_REPEATS, LIMIT_SECONDS = 3, 10.0
"""After so long, so many samples of each are enough."""
HOPELESS = 2.0
"""Where the second way takes so many times as long in two samples, no more are taken."""

Clock = Callable[[], float]
PlayRounds = Callable[[int], None]
"""Plays so many rounds."""


def time_in_turn(first: PlayRounds, second: PlayRounds, clock: Clock) -> tuple[float, float]:
    """Seconds of a round each way: the least of repeated, interleaved samples.

    Args:
        first, second: Each has played one round before, so that its kernels are chosen and its
            memory is reserved.
        clock: Seconds, when what was asked of the device is done.
    """

    def sample(play: PlayRounds, rounds: int) -> float:
        start = clock()
        play(rounds)
        return (clock() - start) / rounds

    start = clock()
    these, those = [sample(first, 1)], [sample(second, 1)]
    rounds = max(1, ceil(SAMPLE_SECONDS / max(these[0], 1e-6)))
    for repeat in range(REPEATS):
        is_hopeless = repeat > 0 and min(those) > HOPELESS * min(these)
        if is_hopeless or (repeat >= MIN_REPEATS and clock() - start > LIMIT_SECONDS):
            break
        these.append(sample(first, rounds))
        those.append(sample(second, rounds))
    return min(these), min(those)


def choose_clock(device: str) -> Clock:
    """Processor time on one thread of a CPU, which other programs do not disturb, else the clock's.

    That of a GPU waits for what was asked of it.
    """
    if device.startswith("cuda"):

        def read_clock() -> float:
            torch.cuda.synchronize(device)
            return time.perf_counter()

        return read_clock
    return time.process_time if torch.get_num_threads() == 1 else time.perf_counter
