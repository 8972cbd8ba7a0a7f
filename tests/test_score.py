"""What scores say of themselves: the interval of a share, and a sentence about few rows."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from auxgen.score import describe_few_rows, get_interval, wilson_interval


@pytest.mark.parametrize("n", [1, 2, 6, 10, 29, 540, 10_000])
def test_the_interval_of_a_share_is_that_of_scipy_and_never_of_width_0(n: int) -> None:
    for right in {0, 1, n // 3, n // 2, n - 1, n}:
        expected = binomtest(right, n).proportion_ci(method="wilson")
        low, high = wilson_interval(right / n, n)
        assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)
        assert 0 <= low <= right / n <= high <= 1
        assert high - low > 1e-4


def test_a_share_that_was_measured_before_there_were_intervals_gets_one() -> None:
    score = {"value": 0.0, "unit": "%", "n": 10, "spread": 0.0}
    old = {**score, "spread_is": "binomial standard error"}
    assert get_interval(old) == pytest.approx((0, 27.753), abs=1e-3)
    assert get_interval({**old, "interval": [1, 2]}) == (1.0, 2.0)
    for other in (score, {**score, "spread_is": "standard error over rows"}, {**old, "n": 0}):
        assert get_interval(other) is None


def test_few_rows_are_said_once_for_all_scores() -> None:
    assert describe_few_rows({"a": 30, "b": 500}) == ""
    sentence = describe_few_rows({"s/error": 6, "s/surest": 5, "s/elbo": 500})
    assert sentence.startswith("CAUTION: only 5 to 6 rows measured by s/error, s/surest:")
    assert "only 1 row measured" in describe_few_rows({"a": 1})
