"""How many random numbers something took, and states that lie as many further on.

With it, ranks that each play some of many batches draw what a single process would draw. A state is
one of `rng.get_random_state`: that of the CPU, the Mersenne Twister MT19937, and that of a GPU, a
seed and an offset.
"""

from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

State = tuple[Tensor, ...]
WORDS = 624
_FIRST_WORD, _LEFT, _NEXT = 24, 8, 16
"""Bytes in torch's state of a CPU at which its words, those left of them and the next one stand."""
_SAMPLES = _FIRST_WORD + 8 * WORDS
"""Behind the words stand normal samples that are kept for the next draw, 0 where there is none."""
MOST = 2**28
"""Random numbers that are looked through for a state."""
_PATTERN, _FIRST_CHUNK, _CHUNK = 8, 2**12, 2**20


def count_draws(before: State, after: State) -> tuple[int, ...] | None:
    """Random numbers between two states, of the CPU and of a GPU; None where it is not known.

    It is not known where a sample is kept for the next draw, or the seed was set in between.
    """
    if any(state[0][_SAMPLES:].any() for state in (before, after)):
        return None
    of_cpu = 0 if torch.equal(before[0], after[0]) else _count_words(before[0], after[0])
    if of_cpu is None:
        return None
    of_gpu = [
        b.view(torch.int64) - a.view(torch.int64)
        for a, b in zip(before[1:], after[1:], strict=True)
    ]
    if any(int(seed) for seed, _ in of_gpu):
        return None
    return of_cpu, *(int(offset) for _, offset in of_gpu)


def skip_draws(state: State, counts: tuple[int, ...], times: int = 1) -> State:
    """The state that lies so many random numbers further on, as `count_draws` counts them."""
    skipped = [each.clone() for each in state]
    if counts[0] and times:
        words = _make_generator(state[0])
        words.random_raw(counts[0] * times, output=False)
        _write_words(words, skipped[0])
    for each, count in zip(skipped[1:], counts[1:], strict=True):
        each.view(torch.int64)[1] += count * times
    return tuple(skipped)


def _count_words(before: Tensor, after: Tensor) -> int | None:
    """Numbers from one state of a CPU to another, which gives what the first one gives then."""
    sought = _make_generator(after).random_raw(_PATTERN)
    words, seen, kept, size = _make_generator(before), 0, np.empty(0, np.uint64), _FIRST_CHUNK
    while seen < MOST:
        found = np.concatenate([kept, words.random_raw(size)])
        for place in np.flatnonzero(found[: len(found) - _PATTERN + 1] == sought[0]):
            if np.array_equal(found[place : place + _PATTERN], sought):
                return seen - len(kept) + int(place)
        kept, seen, size = found[1 - _PATTERN :], seen + size, min(2 * size, _CHUNK)
    return None


def _make_generator(state: Tensor) -> np.random.MT19937:
    """NumPy's generator of the same numbers."""
    content = state.numpy()
    left = int(content[_LEFT : _LEFT + 4].view(np.int32)[0])
    following = int(content[_NEXT : _NEXT + 8].view(np.uint64)[0])
    key = content[_FIRST_WORD:_SAMPLES].view(np.uint64).astype(np.uint32)
    made = np.random.MT19937()
    # with one left, the words are all used: a seed has set them, or the last one was drawn
    place = WORDS if left == 1 else following
    made.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": place}}
    return made


def _write_words(words: np.random.MT19937, state: Tensor) -> None:
    """Put NumPy's generator into a state of torch, which is changed."""
    own = cast(Any, words.state)["state"]
    content = state.numpy()
    content[_FIRST_WORD:_SAMPLES].view(np.uint64)[:] = own["key"]
    content[_NEXT : _NEXT + 8].view(np.uint64)[0] = own["pos"]
    content[_LEFT : _LEFT + 4].view(np.int32)[0] = WORDS + 1 - own["pos"]
