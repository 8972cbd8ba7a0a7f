"""The precision is measured, which changes nothing, and is kept for as long as the run."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, replace
from math import inf, nan
from pathlib import Path

import pytest
import torch
from laws import experiment, mark_all_but_a_sample, stage
from safetensors.torch import load_file
from torch import Tensor

from auxgen.engine import precision, timing
from auxgen.engine.loop import Training
from auxgen.engine.precision import (
    RoundTimes,
    find_round_times,
    measure_round_times,
    time_rounds,
)
from auxgen.engine.settings import Engine, Precision, adam
from auxgen.engine.timing import REPEATS, choose_clock
from auxgen.errors import InputError
from auxgen.launch import resume, train
from auxgen.method import Method, Moves
from auxgen.runs import runtime
from auxgen.runs.folder import Run
from auxgen.stage import Experiment, Stage

FASTER, SLOWER = RoundTimes(2.0, 1.0), RoundTimes(1.0, 2.0)


@pytest.mark.parametrize(
    ("float32", "bfloat16", "expected"),
    [
        (1.0, 1.0, "32"),
        (1.149, 1.0, "32"),
        (1.15, 1.0, "bf16"),
        (9.0, 1.0, "bf16"),
        (1.0, 9.0, "32"),
        (1.0, inf, "32"),
        (0.0, inf, "32"),
    ],
)
def test_bfloat16_is_taken_where_it_is_clearly_faster(
    float32: float, bfloat16: float, expected: str
) -> None:
    times = RoundTimes(float32, bfloat16)
    assert times.choose() == expected
    assert {"32": "float32", "bf16": "bfloat16"}[expected] in times.describe()


class Machine:
    """A machine on which time passes only while rounds are played, as `noise` says."""

    def __init__(self, float32: float, bfloat16: float, noise: Iterator[float]) -> None:
        self.now, self.log, self.noise = 0.0, [], noise
        self.seconds = {"32": float32, "bf16": bfloat16}

    def clock(self) -> float:
        return self.now

    def player(self, name: str) -> Callable[[int], None]:
        def play(rounds: int) -> None:
            self.log.append((name, rounds))
            self.now += rounds * self.seconds[name] * next(self.noise)

        return play

    def times(self) -> RoundTimes:
        return time_rounds(self.player("32"), self.player("bf16"), self.clock)


def calm() -> Iterator[float]:
    while True:
        yield 1.0


def disturbed() -> Iterator[float]:
    """Other programs take up to three times as long, at different times for the two."""
    while True:
        yield from (3.0, 2.5, 1.0, 2.0, 1.5, 1.0, 2.0)


@pytest.mark.parametrize("noise", [calm, disturbed])
def test_samples_are_interleaved_and_the_least_counts(noise: Callable[[], Iterator[float]]) -> None:
    machine = Machine(0.002, 0.001, noise())
    times = machine.times()
    assert times.float32 == pytest.approx(0.002)
    assert times.bfloat16 == pytest.approx(0.001)
    assert [name for name, _ in machine.log] == ["32", "bf16"] * (1 + REPEATS)
    assert len({rounds for _, rounds in machine.log[2:]}) == 1
    assert machine.log[-1][1] > 1  # short rounds are played several at a time


def test_rounds_that_bfloat16_makes_far_slower_are_not_repeated() -> None:
    machine = Machine(0.08, 0.7, calm())
    assert machine.times().choose() == "32"
    assert machine.log == [("32", 1), ("bf16", 1)] * 2


def test_long_rounds_are_measured_three_times() -> None:
    machine = Machine(20.0, 15.0, calm())
    assert machine.times().choose() == "bf16"
    assert machine.log == [("32", 1), ("bf16", 1)] * 4


def list_batches(of: Stage) -> list[object]:
    return [of.batches(step, 0, 1, "cpu") for step in range(2)]


def measured(of: Stage, clock: Callable[[], float] | None = None) -> RoundTimes:
    return measure_round_times(of.method, list_batches(of), of.engine, device="cpu", clock=clock)


def hopeless_clock() -> Callable[[], float]:
    """A clock that reads as if bfloat16 took nine times as long, so that little is played."""
    each = (0.0, 1.0, 1.0, 10.0)
    read = iter([0.0, *each, *(10 + second for second in each)])
    return lambda: next(read)


class Fails(Method):
    """A method whose rounds go wrong in one precision."""

    def __init__(self, dtype: torch.dtype, failure: str) -> None:
        super().__init__()
        self.layer, self.dtype, self.failure = torch.nn.Linear(2, 2), dtype, failure
        self.words = "not implemented"

    def players(self) -> dict[str, tuple[torch.nn.Module, ...]]:
        return {"all": (self.layer,)}

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        from auxgen.method import descend

        y = self.layer(batch)
        if y.dtype == self.dtype and self.failure == "error":
            raise RuntimeError(self.words)
        wrong = nan if y.dtype == self.dtype else 1.0
        yield from descend(y.float().square().mean() * wrong, "all")


def test_both_precisions_have_played_a_round_before_any_is_timed() -> None:
    method, played = Fails(torch.float64, "never"), list[torch.dtype]()
    method.layer.register_forward_hook(lambda *given: played.append(given[2].dtype))
    batches, engine = [torch.ones(3, 2)], Engine(10, adam(1e-3))
    measure_round_times(method, batches, engine, device="cpu", clock=hopeless_clock())
    assert played == [torch.float32, torch.bfloat16] * 3  # the first ones, and two samples


@pytest.mark.parametrize("failure", ["error", "nan"])
def test_float32_is_taken_where_bfloat16_fails(failure: str) -> None:
    method, engine = Fails(torch.bfloat16, failure), Engine(10, adam(1e-3))
    times = measure_round_times(method, [torch.ones(3, 2)], engine, device="cpu")
    assert times.bfloat16 == inf
    assert "fail in bfloat16" in times.describe()


def test_an_error_in_float32_is_the_methods_own() -> None:
    method, engine = Fails(torch.float32, "error"), Engine(10, adam(1e-3))
    with pytest.raises(RuntimeError, match="not implemented"):
        measure_round_times(method, [torch.ones(3, 2)], engine, device="cpu")


def test_memory_that_is_full_is_no_failure_of_bfloat16() -> None:
    method, engine = Fails(torch.bfloat16, "error"), Engine(10, adam(1e-3))
    method.words = "DefaultCPUAllocator: can't allocate memory: you tried"
    with pytest.raises(RuntimeError, match="allocate memory"):
        measure_round_times(method, [torch.ones(3, 2)], engine, device="cpu")


def test_a_real_measurement_takes_real_time() -> None:
    times = measured(stage("sdgm"))
    assert 1e-5 < times.float32 < 1
    assert 1e-5 < times.bfloat16 < 10


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[RoundTimes]:
    """What was measured, in a cache of its own; the machine is `SLOWER` in bfloat16."""
    found: list[RoundTimes] = []

    def measure(*_: object, **__: object) -> RoundTimes:
        found.append(SLOWER)
        return SLOWER

    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(precision, "measure_round_times", measure)
    return found


def find(of: Stage, **given: object) -> RoundTimes:
    found = {"batches": list_batches(of), "engine": of.engine, "sizes": {"k": 1}, **given}
    return find_round_times(of.method, device="cpu", **found)  # pyright: ignore


def test_a_machine_is_measured_once_for_the_same_sizes(
    counted: list[RoundTimes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [find(stage("sdgm")), find(stage("sdgm"))] == [SLOWER, SLOWER]
    assert len(counted) == 1
    find(stage("adgm"))  # other weights
    find(stage("sdgm"), sizes={"k": 2})
    half = [{"x": torch.zeros(5, 6)}]
    find(stage("sdgm"), batches=half)
    assert len(counted) == 4
    for module, name in ((torch, "__version__"), (precision, "describe_hardware")):
        monkeypatch.setattr(module, name, "9" if name == "__version__" else lambda _: "9")
        find(stage("sdgm"))
    monkeypatch.setattr(precision, "describe_instructions", lambda _: "9")
    find(stage("sdgm"))
    assert len(counted) == 7


def test_times_come_from_the_cache_to_the_last_bit_and_nobody_changes_them(
    counted: list[RoundTimes], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = RoundTimes(0.1, 1 / 3)
    monkeypatch.setattr(precision, "measure_round_times", lambda *_, **__: times)
    assert [find(stage("sdgm")), find(stage("sdgm"))] == [times, times]
    with pytest.raises(FrozenInstanceError):
        times.float32 = 0.2  # pyright: ignore[reportAttributeAccessIssue]


def test_the_order_of_arguments_is_no_other_size(counted: list[RoundTimes]) -> None:
    find(stage("sdgm"), sizes={"a": 1, "b": {"c": [2], "d": Path("x")}})
    find(stage("sdgm"), sizes={"b": {"d": Path("x"), "c": [2]}, "a": 1})
    assert len(counted) == 1


@pytest.mark.parametrize(
    ("threads", "expected"),
    [(1, timing.time.process_time), (2, timing.time.perf_counter)],
)
def test_what_other_programs_take_counts_only_where_threads_share_the_work(
    threads: int, expected: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert choose_clock("cpu") is expected


def test_a_gpu_is_waited_for_before_its_clock_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(torch.cuda, "synchronize", asked.append)
    monkeypatch.setattr(timing.time, "perf_counter", lambda: asked.append("read") or 3.0)
    assert choose_clock("cuda:1")() == 3.0
    assert asked == ["cuda:1", "read"]


def test_a_damaged_file_in_the_cache_is_replaced(counted: list[RoundTimes], tmp_path: Path) -> None:
    find(stage("sdgm"))
    (file,) = (tmp_path / "cache" / "precision").glob("*.safetensors")
    file.write_bytes(b"no times")
    assert find(stage("sdgm")) == find(stage("sdgm")) == SLOWER
    assert len(counted) == 2


def test_without_a_cache_it_is_measured_anew(
    counted: list[RoundTimes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path / "file"))
    assert [find(stage("sdgm")), find(stage("sdgm"))] == [SLOWER, SLOWER]
    assert len(counted) == 2


@pytest.fixture
def on_machine(monkeypatch: pytest.MonkeyPatch) -> Callable[[RoundTimes], list[str]]:
    """Makes short stages be measured, as on a machine of these times, and lists the methods."""

    def set_times(times: RoundTimes) -> list[str]:
        asked: list[str] = []

        def find(method: Method, *_: object, **__: object) -> RoundTimes:
            asked.append(type(method).__name__)
            return times

        monkeypatch.setattr(runtime, "MIN_STEPS", 1)
        monkeypatch.setattr(runtime, "find_round_times", find)
        return asked

    return set_times


OnMachine = Callable[[RoundTimes], list[str]]


def fixed(chosen: str, old: Precision = "32") -> Experiment:
    made = experiment()["sdgm"]
    engine = replace(made.engine, precision=chosen, old_precision=old)  # pyright: ignore
    return {"sdgm": replace(made, engine=engine)}


def trained(stages: Experiment, path: Path, **given: object) -> Run:
    return train(stages, run=path, device="cpu", quiet=True, **given)  # pyright: ignore


def weights(run: Run) -> dict[str, Tensor]:
    return load_file(run.path / "sdgm" / "model.safetensors")


def same(a: Run, b: Run) -> bool:
    return all(torch.equal(weights(a)[key], value) for key, value in weights(b).items())


@pytest.mark.parametrize(("times", "chosen"), [(SLOWER, "32"), (FASTER, "bf16")])
def test_a_measured_run_has_the_bits_of_the_precision_it_chose(
    times: RoundTimes, chosen: Precision, on_machine: OnMachine, tmp_path: Path
) -> None:
    asked = on_machine(times)
    run = trained(experiment(), tmp_path / "auto")
    assert asked == ["SDGM"]
    assert Run(run.path).config["precisions"] == {"sdgm": chosen}
    assert Run(run.path).config["precision"] == "auto"
    other: Precision = "bf16" if chosen == "32" else "32"
    assert same(run, trained(experiment(), tmp_path / chosen, precision=chosen))
    assert not same(run, trained(experiment(), tmp_path / other, precision=other))
    assert len(asked) == 1  # what is fixed is not measured


def test_the_choice_is_told(
    on_machine: OnMachine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    on_machine(RoundTimes(0.0206, 0.0271))
    train(experiment(), run=tmp_path / "run", device="cpu")
    said = "sdgm trains in float32: here a round takes 20.6 ms in float32, 27.1 in bfloat16\n"
    assert said in capsys.readouterr().err
    trained(experiment(), tmp_path / "quiet")
    assert capsys.readouterr().err == ""


def test_a_run_continues_in_its_precision_wherever_it_is(
    on_machine: OnMachine, tmp_path: Path
) -> None:
    on_machine(FASTER)
    run = trained(experiment(), tmp_path / "run")
    whole = weights(run)
    (run.path / "sdgm" / "model.safetensors").unlink()  # it trains anew
    asked = on_machine(SLOWER)
    resume(run.path, experiment=experiment(), device="cpu", quiet=True)
    assert asked == []
    assert all(torch.equal(weights(run)[key], value) for key, value in whole.items())


@pytest.mark.parametrize("old", ["32", "bf16"])
def test_a_run_of_a_version_that_measured_nothing_continues_as_it_began(
    old: Precision, on_machine: OnMachine, tmp_path: Path
) -> None:
    on_machine(SLOWER if old == "bf16" else FASTER)
    run = trained(fixed("auto", old), tmp_path / "run", precision=old)
    whole, config = weights(run), json.loads((run.path / "run.json").read_text())
    del config["precisions"]
    (run.path / "run.json").write_text(json.dumps({**config, "precision": None}))
    (run.path / "sdgm" / "model.safetensors").unlink()
    resume(run.path, experiment=fixed("auto", old), device="cpu", quiet=True)
    assert all(torch.equal(weights(run)[key], value) for key, value in whole.items())


def test_the_stages_own_precision_holds_unless_train_is_given_another(
    on_machine: OnMachine, tmp_path: Path
) -> None:
    asked = on_machine(SLOWER)
    chosen = [
        trained(fixed("bf16"), tmp_path / "own"),
        trained(fixed("bf16"), tmp_path / "given", precision="32"),
        trained(experiment(), tmp_path / "stage", precision={"sdgm": "bf16"}),
        trained(fixed("bf16"), tmp_path / "other", precision={"no such stage": "32"}),
    ]
    assert [run.config["precisions"]["sdgm"] for run in chosen] == ["bf16", "32", "bf16", "bf16"]
    assert asked == []


def test_a_short_stage_is_not_measured(tmp_path: Path) -> None:
    run = trained(experiment(), tmp_path / "run")
    assert run.config["precisions"] == {"sdgm": "32"}


@pytest.mark.parametrize("wrong", ["16", None, {"sdgm": "fp16"}])
def test_an_unknown_precision_is_refused_before_a_run_is_made(
    wrong: object, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="There is no precision"):
        trained(experiment(), tmp_path / "run", precision=wrong)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", mark_all_but_a_sample())
def test_measuring_changes_neither_weights_nor_random_state(name: str) -> None:
    of, untouched = stage(name), stage(name)
    state = copy.deepcopy(of.method.state_dict())
    modes = [module.training for module in of.method.modules()]
    needs = [parameter.requires_grad for parameter in of.method.parameters()]
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    assert measured(of, hopeless_clock()).choose() == "32"
    assert torch.equal(torch.random.get_rng_state(), before)
    assert [module.training for module in of.method.modules()] == modes
    assert [parameter.requires_grad for parameter in of.method.parameters()] == needs
    assert all(parameter.grad is None for parameter in of.method.parameters())
    assert all(torch.equal(of.method.state_dict()[key], state[key]) for key in state)
    after, expected = (
        play(each, "auto" if each is of else "32").method.state_dict() for each in (of, untouched)
    )
    assert all(torch.equal(after[key], expected[key]) for key in expected)


def play(of: Stage, chosen: str) -> Training:
    training = Training(of.method, replace(of.engine, precision=chosen), seed=0)  # pyright: ignore
    for step in range(3):
        training.run_round(of.batches(step, 0, 1, "cpu"))
    return training
