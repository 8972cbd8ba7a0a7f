"""What a person asks of training is refused where it cannot be done."""

import pytest

from auxgen.engine.device import Ranks
from auxgen.errors import InputError
from auxgen.runs.runtime import RuntimeSettings, check_settings, check_sharding, read_settings


@pytest.mark.parametrize(
    ("ranks", "compiles", "told"),
    [(1, False, "there is one; start several with: torchrun"), (2, True, "expected one of them")],
)
def test_weights_are_not_shared_by_one_rank_or_in_compiled_rounds(
    ranks: int, compiles: bool, told: str
) -> None:
    settings = RuntimeSettings("cpu", compiles=compiles, shards_weights=True)
    with pytest.raises(InputError, match=told):
        check_sharding(settings, Ranks(0, ranks))
    check_sharding(RuntimeSettings("cpu", shards_weights=True), Ranks(0, 2))
    check_sharding(RuntimeSettings("cpu", compiles=compiles), Ranks(0, ranks))


def test_settings_are_checked_before_anything_is_built() -> None:
    check_settings(RuntimeSettings("cpu", {"vae": "bf16"}, accumulate=2))
    with pytest.raises(InputError, match="no precision '16'"):
        check_settings(RuntimeSettings("cpu", {"vae": "16"}))  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="accumulate is 0"):
        check_settings(RuntimeSettings("cpu", accumulate=0))


def test_a_run_goes_on_as_its_file_says_and_an_old_run_as_then() -> None:
    known = {"precision": "32", "accumulate": 4, "compile": True, "shard_weights": True}
    expected = RuntimeSettings("auto", "32", accumulate=4, compiles=True, shards_weights=True)
    assert read_settings(known) == expected
    assert read_settings({}) == RuntimeSettings("auto", None)
