"""Compiled rounds are the same rounds, are used where they pay, and stay for as long as the run."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest
import torch
from laws import experiment, mark_all_but_a_sample, stage
from torch import Tensor
from torch.optim import SGD

from auxgen.engine import compilation
from auxgen.engine.checkpoint import find_checkpoints, load_checkpoint, save_checkpoint
from auxgen.engine.compilation import (
    CompiledTimes,
    choose_kind,
    compile_rounds,
    find_networks,
    measure_compilation,
    require_compiler,
    split_moves,
)
from auxgen.engine.loop import PlayMoves, Training, play_round
from auxgen.engine.settings import Engine
from auxgen.errors import InputError
from auxgen.launch import resume, train
from auxgen.method import Gradient, Step
from auxgen.networks import distributions
from auxgen.runs import runtime
from auxgen.runs.folder import Run

FASTER, SLOWER = CompiledTimes("round", 2.0, 1.0), CompiledTimes("round", 1.0, 2.0)
FAILED = CompiledTimes("networks", failure="its rounds cannot be compiled (why)")


def train_copy(name: str, play_moves: PlayMoves, rounds: int = 3) -> dict[str, Tensor]:
    """Weights and statistics after some rounds of a copy."""
    own = stage(name)
    training = Training(copy.deepcopy(own.method), own.engine, seed=0, play_moves=play_moves)
    training.play_rounds([own.batches(step, 0, 1, "cpu") for step in range(2)], rounds)
    return training.method.state_dict()


def compile_law(name: str, kind: Any = None) -> PlayMoves:
    own = stage(name)
    batch = own.batches(0, 0, 1, "cpu")
    return compile_rounds(own.method, batch, "cpu", kind)[1]


@pytest.fixture
def compiler_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch.compile gives back the function, so that what is around it is all that is tested."""
    monkeypatch.setattr(torch, "compile", lambda function, **options: function)


def test_programs_are_whole_of_fixed_shapes_and_draw_as_uncompiled_rounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[dict[str, Any]] = []

    def note(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
        asked.append(options)
        return function

    monkeypatch.setattr(torch, "compile", note)
    train_copy("vae", compile_law("vae", "round"), rounds=1)
    same = {"dynamic": False, "options": {"fallback_random": True}}
    assert asked == [{"fullgraph": True, **same}]
    train_copy("vae", compile_law("vae", "networks"), rounds=2)
    assert len(asked) > 1  # each network once
    assert all(options == same for options in asked[1:])
    assert len(asked) - 1 == len(find_networks(stage("vae").method))


def test_both_ways_play_all_batches_before_they_are_timed(
    compiler_of_nothing: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, played = stage("vae"), list[tuple[bool, int]]()
    batches = [own.batches(step, 0, 1, "cpu") for step in range(3)]
    play = Training.play_rounds

    def note(self: Training, given: Any, rounds: int) -> None:
        assert torch.is_grad_enabled()
        played.append((self.play_moves is not play_round, rounds))
        if self.play_moves is not play_round:
            assert torch._dynamo.config.fail_on_recompile_limit_hit
        play(self, given, rounds)

    monkeypatch.setattr(Training, "play_rounds", note)
    monkeypatch.setattr(compilation, "time_in_turn", lambda first, second, clock: (2.0, 1.0))
    state = torch.get_rng_state()
    with torch.no_grad():
        times, found = measure_compilation(
            own.method, batches, own.engine, device="cpu", precision="32"
        )
    assert played == [(False, 3), (True, 3)]
    assert times == CompiledTimes("round", 2.0, 1.0)
    assert found is not play_round
    assert torch.equal(torch.get_rng_state(), state)
    with pytest.raises(FrozenInstanceError):
        times.eager = 3.0  # pyright: ignore[reportAttributeAccessIssue]


def test_memory_that_is_full_is_no_failure_to_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*given: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")

    monkeypatch.setattr(torch, "compile", lambda function, **options: fill)
    own = stage("vae")
    batches = [own.batches(0, 0, 1, "cpu")]
    with pytest.raises(RuntimeError, match="allocate memory"):
        measure_compilation(own.method, batches, own.engine, device="cpu", precision="32")


@pytest.mark.parametrize("name", mark_all_but_a_sample())
def test_what_is_around_a_program_changes_no_bit(name: str, compiler_of_nothing: None) -> None:
    plain = train_copy(name, play_round)
    for kind in {None, "networks"}:
        found = train_copy(name, compile_law(name, kind))
        for key, value in plain.items():
            assert torch.equal(value, found[key]), (kind, key)


@pytest.mark.parametrize("name", mark_all_but_a_sample())
def test_networks_have_every_parameter_of_a_network_once_and_are_left_as_they_were(
    name: str, compiler_of_nothing: None
) -> None:
    method = stage(name).method
    networks = find_networks(method)
    inside = [id(p) for network in networks.values() for p in network.parameters()]
    assert len(set(inside)) == len(set(inside) & {id(p) for p in method.parameters()})
    train_copy(name, compile_law(name, "networks"))
    assert all(network._compiled_call_impl is None for network in networks.values())


def test_a_round_is_whole_where_it_has_one_gradient() -> None:
    one, two = Gradient(torch.zeros(()), ("a",)), Step(("a",))
    assert choose_kind([one, two]) == "round"
    assert choose_kind([one, two, one, two]) == choose_kind([one, one, two]) == "networks"
    logged = Gradient(torch.zeros(()), ("a",), parts={"part": torch.zeros(())})
    assert choose_kind([logged, two]) == "networks"
    assert split_moves([one, two, two]) == (one, [two, two])
    with pytest.raises(ValueError, match="one gradient"):
        split_moves([one, one, two])


@pytest.mark.parametrize(
    ("times", "chosen", "words"),
    [
        (FASTER, "round", "has compiled rounds: one takes 1e+03 ms a round, 2e+03 as it is"),
        (SLOWER, "no", "does not pay here: a round takes 2e+03 ms compiled, 1e+03 as it is"),
        (CompiledTimes("networks", 1.0, 1.0), "no", "does not pay here"),
        (CompiledTimes("networks", 2.0, 1.9), "networks", "has compiled networks: one takes"),
        (FAILED, "no", "cannot be compiled"),
    ],
)
def test_it_is_compiled_where_that_pays_and_told(
    times: CompiledTimes, chosen: str, words: str
) -> None:
    assert times.choose() == chosen
    assert words in times.describe()


def test_a_failure_to_compile_leaves_rounds_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(function: Callable[..., Any], **options: object) -> Callable[..., Any]:
        def fail(*given: object) -> None:
            raise RuntimeError("no such operation")

        return fail

    monkeypatch.setattr(torch, "compile", refuse)
    own = stage("vae")
    batches = [own.batches(0, 0, 1, "cpu")]
    before = copy.deepcopy(own.method.state_dict())
    times, play = measure_compilation(own.method, batches, own.engine, device="cpu", precision="32")
    assert "no such operation" in times.describe()
    assert play is play_round
    assert all(torch.equal(v, before[k]) for k, v in own.method.state_dict().items())


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)


@pytest.mark.parametrize(("device", "word"), [("cpu", "C[+][+]"), ("cuda", "Triton")])
def test_a_machine_without_a_compiler_is_told_before_anything_is_made(
    device: str, word: str, no_compiler: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(compilation.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=rf"--compile needs (a )?{word}"):
        require_compiler(device)
    with pytest.raises(InputError, match="without --compile"):
        train(experiment(method="vae"), run=tmp_path / "run", device="cpu", compile=True)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("device", "there"), [("cpu", "g++"), ("cpu", "clang++"), ("cpu", "mine"), ("cuda:0", "triton")]
)
def test_one_compiler_is_enough(device: str, there: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "mine")
    find = {there: there}.get
    monkeypatch.setattr(shutil, "which", find)
    monkeypatch.setattr(compilation.importlib.util, "find_spec", find)
    require_compiler(device)


def pretend(monkeypatch: pytest.MonkeyPatch, times: CompiledTimes) -> list[str]:
    """Measure nothing: what is found instead, and the names of what was compiled."""
    made: list[str] = []

    def compile_nothing(*given: object) -> tuple[object, PlayMoves]:
        made.append(str(given[-1]))
        return given[-1], play_round

    def measure(*given: object, **more: object) -> tuple[CompiledTimes, PlayMoves]:
        return times, compile_nothing("measured")[1]

    monkeypatch.setattr(runtime, "MIN_STEPS", 0)
    monkeypatch.setattr(runtime, "measure_compilation", measure)
    monkeypatch.setattr(runtime, "compile_rounds", compile_nothing)
    return made


@pytest.mark.parametrize("times", [FASTER, SLOWER])
def test_a_run_keeps_what_was_chosen_and_resumes_with_it(
    times: CompiledTimes,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = pretend(monkeypatch, times)
    stages = experiment(method="vae")
    run = train(stages, run=tmp_path / "run", device="cpu", precision="32", compile=True)
    assert times.describe() in capsys.readouterr().err
    config = Run(run.path).config
    assert config["compile"] is True
    assert config["compiled"] == {"vae": times.choose()}
    shutil.rmtree(run.path / "vae")  # as if it were stopped before its end
    resume(run.path, device="cpu", experiment=experiment(method="vae"))
    assert made == (["measured", "round"] if times.pays else ["measured"])


def test_a_run_that_was_compiled_goes_on_without_a_compiler_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = pretend(monkeypatch, FASTER)
    run = train(experiment(method="vae"), run=tmp_path / "run", device="cpu", compile=True)
    shutil.rmtree(run.path / "vae")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    resume(run.path, device="cpu", experiment=experiment(method="vae"))
    assert "vae goes on uncompiled, and not bit for bit" in capsys.readouterr().err
    assert made == ["measured"]


def test_a_short_stage_is_not_compiled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = train(experiment(method="vae"), run=tmp_path / "run", device="cpu", compile=True)
    assert "trains without --compile: it has fewer than 200 rounds" in capsys.readouterr().err
    assert Run(run.path).config["compiled"] == {"vae": "no"}


@pytest.fixture
def no_argument_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As people train: what checks the arguments of distributions cannot be compiled."""
    monkeypatch.setattr(distributions, "VALIDATE", False)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what torch itself calls
@pytest.mark.usefixtures("no_argument_checks")
@pytest.mark.parametrize("name", ["vae", "m2", "gan"])
@pytest.mark.parametrize("precision", ["32", "bf16"])
def test_compiled_rounds_give_the_same_weights_within_a_hundred_thousandth(
    name: str, precision: Any
) -> None:
    """In bfloat16 within a hundredth: programs round less often.

    Plain gradient descent trains. Adam gives a gradient that is zero but for rounding, as that of a
    bias before batch norm, the size of its learning rate.
    """
    own = stage(name)
    engine = Engine(100, lambda player, own: SGD(own, 1e-2), precision=precision)
    batches = [own.batches(step, 0, 1, "cpu") for step in range(2)]
    found = []
    for play in (play_round, compile_law(name)):
        torch.manual_seed(0)
        training = Training(copy.deepcopy(own.method), engine, seed=0, play_moves=play)
        training.play_rounds(batches, 5)
        found.append(training.method.state_dict())
    tolerance = {"32": 1e-5, "bf16": 1e-2}[precision]
    for key, value in found[0].items():
        torch.testing.assert_close(found[1][key], value, rtol=tolerance, atol=tolerance)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what torch itself calls
@pytest.mark.usefixtures("no_argument_checks")
@pytest.mark.parametrize("name", ["vae", "gan"])
def test_a_compiled_stage_goes_on_from_a_checkpoint_to_the_same_bits(
    name: str, tmp_path: Path
) -> None:
    own = stage(name)
    batches = [own.batches(step, 0, 1, "cpu") for step in range(2)]

    def begin() -> Training:
        """A training of another process, which compiles anew."""
        torch.compiler.reset()
        play = compile_law(name)
        return Training(copy.deepcopy(own.method), own.engine, seed=0, play_moves=play)

    whole = begin()
    whole.play_rounds(batches, 3)
    save_checkpoint(tmp_path, name, "id", whole)
    whole.play_rounds(batches, 3)
    again = begin()
    load_checkpoint(find_checkpoints(tmp_path, name)[-1], name, "id", again)
    again.play_rounds(batches, 3)
    for key, value in whole.method.state_dict().items():
        assert torch.equal(again.method.state_dict()[key], value), key
