"""Rounds as compiled programs (torch.compile), where the machine has a compiler and they pay."""

import copy
import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..errors import InputError, find_full_memory, take_first_line
from ..method import Gradient, Method, Moves, Step
from ..networks.distributions import Conditional
from ..rng import use_seed
from .loop import PlayMoves, Training, play_round
from .settings import Engine, Precision
from .timing import Clock, choose_clock, time_in_turn

Compilation = Literal["no", "round", "networks"]
"""What is compiled: the forward and backward pass of whole rounds, or those of each network."""
COMPILERS = ("g++", "clang++")
OPTIONS: dict[str, Any] = {"fallback_random": True}
"""The draws of a compiled round are those of a round that is not."""


def require_compiler(device: str) -> None:
    """Check that there is what torch.compile needs.

    Raises:
        InputError: There is not.
    """
    if device.startswith("cuda"):
        if importlib.util.find_spec("triton") is None:
            raise InputError(
                "--compile needs Triton on a GPU, which is not installed; pip install triton, or "
                "train without --compile."
            )
    elif shutil.which(os.environ.get("CXX", "")) is None and not any(map(shutil.which, COMPILERS)):
        raise InputError(
            f"--compile needs a C++ compiler, and neither {' nor '.join(COMPILERS)} is there; "
            "install one, name it in CXX, or train without --compile."
        )


def compute_loss(method: Method, batch: Any, step: Tensor) -> tuple[Tensor, Mapping[str, Tensor]]:
    """The loss of a round that has one gradient, and its terms."""
    gradient, *_ = list(method.round(batch, step))
    assert isinstance(gradient, Gradient)
    return gradient.loss, gradient.terms


class CompiledRounds:
    """Plays rounds of one gradient, whose forward and backward pass are one program each."""

    def __init__(self, gradient: Gradient, steps: Sequence[Step]) -> None:
        self.players, self.steps = gradient.players, steps
        self.compute_loss = torch.compile(
            compute_loss, fullgraph=True, dynamic=False, options=OPTIONS
        )

    def __call__(self, method: Method, batch: Any, step: Tensor) -> Moves:
        loss, terms = self.compute_loss(method, batch, step)
        yield Gradient(loss, self.players, terms)
        yield from self.steps


class CompiledNetworks:
    """Plays rounds whose networks are programs; what is between them is not compiled."""

    def __init__(self) -> None:
        self.programs: dict[str, Callable[..., Any]] = {}
        self.method: Method | None = None

    def __call__(self, method: Method, batch: Any, step: Tensor) -> Moves:
        if self.method is not method:
            self.method, self.programs = method, {}
        with self.use_programs(method):
            yield from method.round(batch, step)

    @contextmanager
    def use_programs(self, method: Method) -> Iterator[None]:
        """Inside, calls of networks are calls of their programs."""
        networks = find_networks(method)
        for name, network in networks.items():
            if name not in self.programs:
                compiled = torch.compile(network._call_impl, dynamic=False, options=OPTIONS)
                self.programs[name] = compiled
            network._compiled_call_impl = self.programs[name]
        try:
            yield
        finally:
            for network in networks.values():
                network._compiled_call_impl = None


def find_networks(method: Method) -> dict[str, nn.Module]:
    """Networks that are functions of tensors, by name: what a method and its conditionals hold."""
    found: dict[str, nn.Module] = {}
    waiting: list[tuple[str, nn.Module]] = [("", method)]
    while waiting:
        name, module = waiting.pop()
        for own, child in module.named_children():
            full = f"{name}.{own}".removeprefix(".")
            if isinstance(child, Method | Conditional | nn.ModuleList | nn.ModuleDict):
                waiting.append((full, child))
            elif any(True for _ in child.parameters()):
                found[full] = child
    return found


def compile_rounds(
    method: Method, batch: Any, device: str, kind: Compilation | None = None
) -> tuple[Compilation, PlayMoves]:
    """What is compiled, and what plays such rounds of the method; it compiles at its first one.

    Args:
        method: The method; it stays as it is.
        batch: A batch of the stage.
        device: Where it is trained.
        kind: What is compiled; None for what `choose_kind` says.
    """
    if kind == "no":
        return kind, play_round
    moves = _list_moves(method, batch, device)
    kind = kind or choose_kind(moves)
    play = CompiledNetworks() if kind == "networks" else CompiledRounds(*split_moves(moves))
    return kind, play


def _list_moves(method: Method, batch: Any, device: str) -> list[Gradient | Step]:
    """The moves of a round of a copy, which are not carried out.

    It is needed before compiling, too: what Python finds out once, as which formula a KL divergence
    has, is not part of a program.
    """
    with use_seed(0, torch.device(device)), torch.enable_grad():
        tried = copy.deepcopy(method).to(device)
        return list(tried.round(batch, torch.zeros((), dtype=torch.int64, device=device)))


def split_moves(moves: Sequence[Gradient | Step]) -> tuple[Gradient, list[Step]]:
    """The only gradient of a round, and the steps after it.

    Raises:
        ValueError: The round has other moves.
    """
    gradient, *rest = moves
    steps = [move for move in rest if isinstance(move, Step)]
    if not isinstance(gradient, Gradient) or len(steps) < len(rest):
        raise ValueError("A whole round is compiled where it has one gradient.")
    return gradient, steps


def choose_kind(moves: Sequence[Gradient | Step]) -> Compilation:
    """Whole rounds where they have one gradient; else weights change between their losses.

    A gradient that is logged by parts needs them apart.
    """
    gradients = [move for move in moves if isinstance(move, Gradient)]
    return "round" if len(gradients) == 1 and not gradients[0].parts else "networks"


@dataclass(frozen=True)
class CompiledTimes:
    """What compiling a stage's rounds comes to.

    Attributes:
        kind: What was compiled.
        eager: Seconds of a round without.
        compiled: Seconds of a round with.
        failure: Why it could not be compiled; "" where it could.
    """

    kind: Compilation
    eager: float = 0.0
    compiled: float = 0.0
    failure: str = ""

    @property
    def pays(self) -> bool:
        """Whether compiled rounds are faster."""
        return not self.failure and self.compiled < self.eager

    def choose(self) -> Compilation:
        """What was compiled where it pays, else nothing."""
        return self.kind if self.pays else "no"

    def describe(self) -> str:
        """What was chosen, and why, in words."""
        if self.failure:
            return f"trains without --compile: {self.failure}"
        compiled, eager = f"{1000 * self.compiled:.3g}", f"{1000 * self.eager:.3g}"
        if self.pays:
            what = {"round": "rounds", "networks": "networks", "no": ""}[self.kind]
            return f"has compiled {what}: one takes {compiled} ms a round, {eager} as it is"
        return (
            f"trains without --compile, which does not pay here: a round takes {compiled} ms "
            f"compiled, {eager} as it is"
        )


def measure_compilation(
    method: Method,
    batches: Sequence[Any],
    engine: Engine,
    *,
    device: str,
    precision: Precision,
    accumulate: int = 1,
    clock: Clock | None = None,
) -> tuple[CompiledTimes, PlayMoves]:
    """Compile rounds of a copy and time them beside others; returns what played them as well.

    Args:
        method: What would be trained; its weights and the random state stay as they are.
        batches: Batches of the stage, played in turn.
        engine: How it would be trained.
        device: Where.
        precision: Precision of forward passes.
        accumulate: Equal parts in which a batch is played.
        clock: Seconds, as for `precision.measure_round_times`.
    """
    kind, play_compiled = compile_rounds(method, batches[0], device)

    def make_trial(play_moves: PlayMoves) -> Callable[[int], None]:
        how: dict[str, Any] = {"device": device, "precision": precision, "accumulate": accumulate}
        training = Training(copy.deepcopy(method), engine, seed=0, play_moves=play_moves, **how)
        return partial(training.play_rounds, batches)

    with use_seed(0, torch.device(device)), torch.enable_grad():
        eager, compiled = make_trial(play_round), make_trial(play_compiled)
        eager(len(batches))  # an error here is the method's own
        try:
            with torch._dynamo.config.patch(fail_on_recompile_limit_hit=True):
                compiled(len(batches))
                times = time_in_turn(eager, compiled, clock or choose_clock(device))
        except RuntimeError as error:
            if find_full_memory(error):
                raise
            why = f"its rounds cannot be compiled ({take_first_line(error)})"
            return CompiledTimes(kind, failure=why), play_round
    return CompiledTimes(kind, *times), play_compiled
