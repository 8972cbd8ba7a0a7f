"""Ranks that share the rows of a measure: each maps its batches, and all know every output."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar, final

import torch
import torch.distributed as dist

from ..context import set_within
from ..errors import Interrupted, UserError
from ..rng import get_random_state, set_random_state
from .device import Ranks, notice_lost_rank, work_alone
from .random_steps import count_draws, skip_draws
from .signals import StopSignal

Part = TypeVar("Part")
Output = TypeVar("Output")

PATIENCE = timedelta(days=30)
"""How long ranks wait for each other: one may train an extractor, or compute what is not shared. A
rank that ends is noticed at once."""


@final
class Exchange:
    """Messages of Python objects between ranks that wait for each other as long as it takes."""

    def __init__(self, ranks: Ranks, stop: StopSignal | None = None) -> None:
        """All ranks call it together; a signal that `stop` has caught ends all at a message."""
        self.ranks, self.stop = ranks, stop
        self.group: Any = None
        if ranks.size > 1:
            with notice_lost_rank():
                self.group = dist.new_group(timeout=PATIENCE, backend="gloo")

    def gather(self, own: Output) -> list[Output]:
        """What each rank gives, in the order of the ranks.

        Raises:
            RankLost: Another rank has ended.
            Interrupted: A signal asked a rank to stop.
        """
        if self.group is None:
            return [own]
        stopped_by = "" if self.stop is None else self.stop.name
        found: list[tuple[str, Output]] = [(stopped_by, own)] * self.ranks.size
        with notice_lost_rank():
            dist.all_gather_object(found, (stopped_by, own), group=self.group)
        if any(name for name, _ in found):
            raise Interrupted(f"Stopped by {stopped_by or 'another rank'}; nothing was written.")
        return [each for _, each in found]

    def run_on_first(self, work: Callable[[], object]) -> None:
        """Let the first rank work as if it were the only one; its error is that of all ranks.

        Raises:
            UserError: The work ended with one.
        """
        refused = None
        if self.ranks.is_first:
            try:
                with work_alone(), share_nothing():
                    work()
            except UserError as error:
                refused = error
        told = self.gather((str(refused), refused.status) if refused else None)[0]
        if refused is not None:
            raise refused
        if told is not None:
            sentence, status = told
            error = UserError(sentence)
            error.status = status
            raise error

    def close(self) -> None:
        """Free what the messages need; all ranks have had the last one."""
        if self.group is not None:
            dist.destroy_process_group(self.group)


_EXCHANGE: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


@contextmanager
def share_rows(ranks: Ranks, stop: StopSignal | None = None) -> Iterator[Exchange]:
    """Inside, ranks that do the same work share the batches of `map_parts`."""
    exchange = Exchange(ranks, stop)
    with set_within(_EXCHANGE, exchange):
        yield exchange
    exchange.close()


def share_nothing() -> AbstractContextManager[None]:
    """Inside, a rank does all that it is asked for by itself, and others need not do the same."""
    return set_within(_EXCHANGE, None)


def get_exchange() -> Exchange | None:
    """The messages by which work is shared here; None where nothing is."""
    return _EXCHANGE.get()


def map_parts(
    function: Callable[[Part], Output],
    parts: Sequence[Part],
    device: torch.device,
    *,
    is_seeded: bool = False,
) -> list[Output]:
    """The function's outputs for parts of some rows, which ranks share inside `share_rows`.

    Outputs and the random state at the end are those of a single process.

    Args:
        function: A function of a part, whose output is on the CPU.
        parts: The same ones on every rank, of equal size but for the last.
        device: Where the function draws.
        is_seeded: Whether the function draws the same for a part whatever came before.
    """
    exchange = _EXCHANGE.get()
    with share_nothing():
        if exchange is None or exchange.ranks.size == 1 or len(parts) < 2:
            return [function(part) for part in parts]
        start, size = get_random_state(device), exchange.ranks.size
        own = range(exchange.ranks.rank, len(parts), size)
        play = _play_seeded if is_seeded else _play_share
        share = play(function, parts, device, own) if own else _Share({}, None)
        shares = exchange.gather((share, get_random_state(device)))
        if not _agree([share for share, _ in shares[: len(parts)]]):  # others have no part
            set_random_state(start, device)
            return [function(part) for part in parts]
        set_random_state(shares[(len(parts) - 1) % size][1], device)
        joined = {i: output for share, _ in shares for i, output in share.outputs.items()}
        return [joined[i] for i in range(len(parts))]


class _Share(NamedTuple):
    """Outputs by the number of the part, and how many random numbers a part took.

    The numbers are () where they do not matter, and None where the parts took different ones, so
    that nobody knows where a part's draws begin.
    """

    outputs: Mapping[int, Any]
    counts: tuple[int, ...] | None


def _agree(shares: Sequence[_Share]) -> bool:
    """Whether all parts took as many random numbers."""
    counts = {share.counts for share in shares}
    return len(counts) == 1 and None not in counts


def _play_seeded(
    function: Callable[[Any], Any], parts: Sequence[Any], device: torch.device, own: Sequence[int]
) -> _Share:
    """Own parts, of which none depends on those before."""
    del device
    return _Share({i: function(parts[i]) for i in own}, ())


def _play_share(
    function: Callable[[Any], Any], parts: Sequence[Any], device: torch.device, own: Sequence[int]
) -> _Share:
    """Own parts, each from the random state that the parts before it leave.

    The first own part tells how many numbers a part takes.
    """
    start, first, last = get_random_state(device), own[0], len(parts) - 1
    outputs = {first: function(parts[first])}
    counts = count_draws(start, get_random_state(device))
    if first == last and counts is not None and any(counts):  # it may have fewer rows
        set_random_state(start, device)
        function(parts[0])
        counts = count_draws(start, get_random_state(device))
    if counts is None:
        return _Share(outputs, None)
    for i in own[1:] if first == 0 or not any(counts) else own:
        begin = skip_draws(start, counts, i)
        set_random_state(begin, device)
        outputs[i] = function(parts[i])
        if i < last and count_draws(begin, get_random_state(device)) != counts:
            return _Share(outputs, None)
    return _Share(outputs, counts)
