"""Random numbers are counted and skipped as torch draws them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from auxgen.engine import random_steps
from auxgen.engine.random_steps import count_draws, skip_draws
from auxgen.rng import get_random_state, set_random_state

CPU = torch.device("cpu")
DRAWS: dict[str, Callable[[int], Tensor]] = {
    "uniform": torch.rand,
    "normal": lambda n: torch.randn(16 + n),
    "double": lambda n: torch.rand(n, dtype=torch.float64),
    "bits": lambda n: torch.full((n,), 0.3).bernoulli(),
    "integers": lambda n: torch.randint(9, (n,)),
    "order": torch.randperm,
}


@pytest.fixture(autouse=True, scope="module")
def look_through_few() -> Iterator[None]:
    """So that a test that would never find a state fails at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(random_steps, "MOST", min(random_steps.MOST, 2**22))
        yield


@pytest.mark.parametrize("n", [1, 623, 624, 4088, 4089, 4096, 100_000, 3_000_000])
def test_numbers_are_counted_however_many_there_are(n: int) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        start = get_random_state(CPU)
        torch.rand(n)
        end = get_random_state(CPU)
    assert count_draws(start, end) == (n,)
    again = skip_draws(start, (n,))
    with torch.random.fork_rng():
        set_random_state(again, CPU)
        found = torch.rand(9)
        set_random_state(end, CPU)
        assert torch.equal(found, torch.rand(9))


def test_no_more_numbers_are_looked_through_than_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(random_steps, "MOST", 2**12)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        start = get_random_state(CPU)
        for n, counts in ((4000, (4000,)), (5000, None)):
            set_random_state(start, CPU)
            torch.rand(n)
            assert count_draws(start, get_random_state(CPU)) == counts


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(DRAWS)), st.integers(0, 1300), st.integers(1, 2000), st.integers(0, 4)
)
def test_a_state_after_as_many_numbers_is_that_of_torch(
    name: str, before: int, n: int, times: int
) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(before)
        torch.rand(before)
        start = get_random_state(CPU)
        DRAWS[name](n)
        counts = count_draws(start, get_random_state(CPU))
        assert counts is not None
        set_random_state(start, CPU)
        for _ in range(times):
            DRAWS[name](n)
        expected = torch.rand(700)
        set_random_state(skip_draws(start, counts, times), CPU)
        assert torch.equal(torch.rand(700), expected)


def test_what_takes_no_number_takes_none() -> None:
    state = get_random_state(CPU)
    assert count_draws(state, state) == (0,)
    assert torch.equal(skip_draws(state, (0,), 3)[0], state[0])


def test_a_sample_that_is_kept_and_another_seed_are_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(random_steps, "MOST", 2**15)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        start = get_random_state(CPU)
        torch.randn(1)
        assert count_draws(start, get_random_state(CPU)) is None
        torch.manual_seed(1)
        assert count_draws(start, get_random_state(CPU)) is None


def test_a_gpu_counts_by_its_offset() -> None:
    cpu = get_random_state(CPU)[0]

    def make(seed: int, offset: int) -> tuple[Tensor, Tensor]:
        return cpu, torch.tensor([seed, offset]).view(torch.uint8)

    assert count_draws(make(5, 8), make(5, 20)) == (0, 12)
    assert skip_draws(make(5, 8), (0, 12), 3)[1].view(torch.int64).tolist() == [5, 44]
    assert count_draws(make(5, 8), make(6, 20)) is None
