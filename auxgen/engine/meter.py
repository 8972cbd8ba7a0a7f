"""Terms of the loss while a method trains: their means, and the first that is not finite."""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import Diverged


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

    def add(self, terms: Mapping[str, Tensor], step: int, players: str) -> None:
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
    others = len(names) - 1
    among = f", before {others} other{'s' if others > 1 else ''}" if others else ""
    raise Diverged(
        f"{bad.name} of stage {stage}{trains} became {bad.value} in round {bad.step + 1:,}{among}; "
        f"{back}: {find_cause(bad)}"
    )
