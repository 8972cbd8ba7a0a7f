"""Rounds of two ways take turns, as often as they must and no longer."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auxgen.engine.timing import time_in_turn


class Machine:
    """A machine on which time passes only while rounds are played."""

    def __init__(self) -> None:
        self.now = 100.0
        self.played: list[tuple[str, int]] = []

    def make_player(self, name: str, seconds: float) -> Callable[[int], None]:
        def play(rounds: int) -> None:
            self.played.append((name, rounds))
            self.now += rounds * seconds

        return play


@pytest.mark.parametrize(
    ("first", "second", "rounds", "repeats"),
    [
        (2**-9, 2**-10, 11, 7),  # 20 ms, rounded up, seven times
        (0.0, 0.0, 20_000, 7),  # as if a round took a microsecond
        (0.25, 0.5, 1, 7),  # twice as long is not hopeless
        (0.25, 0.625, 1, 1),
        (1.25, 1.25, 1, 4),  # the fourth begins after ten seconds sharp, no fifth after 12.5
        (1.5, 2.0, 1, 3),
        (64.0, 64.0, 1, 3),
        (64.0, 256.0, 1, 1),
    ],
)
def test_samples_take_turns_seven_times_or_until_more_are_of_no_use(
    first: float, second: float, rounds: int, repeats: int
) -> None:
    machine = Machine()
    ways = machine.make_player("first", first), machine.make_player("second", second)
    assert time_in_turn(*ways, lambda: machine.now) == pytest.approx((first, second), rel=1e-9)
    assert machine.played == [
        *(("first", 1), ("second", 1)),
        *(("first", rounds), ("second", rounds)) * repeats,
    ]
