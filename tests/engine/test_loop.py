"""What the engine does with moves."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from math import cos, isfinite, pi
from pathlib import Path

import pytest
import torch
from laws import experiment, stage
from torch import Tensor, nn

from auxgen.engine.device import Ranks, resolve_device
from auxgen.engine.loop import Training, find_largest_magnitude
from auxgen.engine.settings import Engine, Precision, PrecisionChoice
from auxgen.engine.weights import Weights
from auxgen.errors import Diverged, InputError
from auxgen.functional import schedules
from auxgen.launch import train
from auxgen.method import Gradient, Method, Moves, Step


class Two(Method):
    """Two numbers, each descending a loss that both appear in."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
        with torch.no_grad():
            self.a.weight.fill_(1.0)
            self.b.weight.fill_(2.0)

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"a": (self.a,), "b": (self.b,)}

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        both = (self.a.weight * self.b.weight).squeeze()
        yield Gradient(3 * both, ("a",), {"both": both})
        yield Gradient(5 * (self.a.weight * self.b.weight).squeeze(), ("b",))
        yield Step(("a", "b"))


def sgd(player: str, own: list[nn.Parameter]) -> torch.optim.Optimizer:
    return torch.optim.SGD(own, lr=0.1)


def playing(**settings: object) -> Training:
    return Training(Two(), Engine(10, sgd, **settings), seed=0)  # pyright: ignore


def values(training: Training) -> tuple[float, float]:
    method = training.method
    assert isinstance(method, Two)
    return method.a.weight.item(), method.b.weight.item()


def test_simultaneous_players_step_down_their_own_loss_at_the_same_point() -> None:
    training = playing()
    training.run_round(None)
    assert values(training) == pytest.approx((1 - 0.1 * 3 * 2, 2 - 0.1 * 5 * 1))


def test_each_players_gradient_is_clipped_by_itself() -> None:
    training = playing(max_grad_norm=1.0)
    training.run_round(None)
    assert values(training) == pytest.approx((1 - 0.1, 2 - 0.1), abs=1e-5)
    training = playing(max_grad_norm=4.0, max_grad_value=0.5)
    training.run_round(None)
    assert values(training) == pytest.approx((1 - 0.05, 2 - 0.05))


def test_the_learning_rate_follows_its_schedule() -> None:
    training = playing(
        learning_rate=partial(schedules.staircase_decay, every=1, factor=0.5, floor=0.1)
    )
    a, b = values(training)
    for step in range(3):
        training.run_round(None)
        rate = 0.1 * 0.5**step
        a, b = a - rate * 3 * b, b - rate * 5 * a
        assert values(training) == pytest.approx((a, b))


def test_the_average_has_the_decay_that_is_promised() -> None:
    training, mean = playing(average=0.3), torch.tensor(1.0)
    for step in range(5):
        training.run_round(None)
        decay = min(0.3, (1 + step) / (10 + step))
        mean = decay * mean + (1 - decay) * values(training)[0]
    assert training.build_averaged_method([]).state_dict()["a.weight"].item() == pytest.approx(
        mean.item()
    )


class Shared(Method):
    """A number that descends the sum of a part of weight 1 and a rest of weight 2."""

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.a, self.weight = nn.Linear(2, 1, bias=False), weight
        with torch.no_grad():
            self.a.weight.fill_(1.0)

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"a": (self.a,)}

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        part, rest = self.weight * self.a.weight[0]
        yield Gradient(part + 2 * rest, ("a",), parts={"part": part})
        yield Step(("a",))


@pytest.mark.parametrize(("weight", "share"), [(1.0, 1 / 3), (0.0, 0.0)])
def test_a_part_of_a_loss_has_a_share_of_its_gradient(weight: float, share: float) -> None:
    training = Training(Shared(weight), Engine(10, sgd, log_every=2), seed=0)
    for _ in range(4):
        training.run_round(None)
    assert training.meter.counts["share/part"] == 2
    assert training.meter.compute_means()["share/part"] == pytest.approx(share)
    assert isinstance(training.method, Shared)
    after = 1 - 4 * 0.1 * weight * torch.tensor([[1.0, 2.0]])
    torch.testing.assert_close(training.method.a.weight.detach(), after)


class Halved(Ranks):
    """Stands for two ranks, of which the other one has zeros: a mean is half of what is here."""

    def average(self, tensors: Sequence[Tensor]) -> None:
        for tensor in tensors:
            tensor.mul_(0.5)


class Normalised(Method):
    """One number that descends the mean of its rows, which pass batch norm before."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.norm = nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1, momentum=0.5)
        with torch.no_grad():
            self.a.weight.fill_(1.0)

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"a": (self.a, self.norm)}

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        self.norm(batch)
        yield Gradient(4 * self.a.weight.squeeze(), ("a",))
        yield Step(("a",))


def test_gradients_and_statistics_are_means_over_ranks() -> None:
    training = Training(Normalised(), Engine(10, sgd, recalibration=2), seed=0, ranks=Halved())
    method = training.method
    assert isinstance(method, Normalised)
    rows = torch.tensor([[6.0], [10.0]])  # of mean 8 and variance 8
    training.run_round(rows)
    assert method.a.weight.item() == pytest.approx(1 - 0.1 * 4 / 2)
    assert method.norm.running_mean is not None
    assert method.norm.running_mean.item() == pytest.approx((0.5 * 0 + 0.5 * 8) / 2)
    averaged = training.build_averaged_method([rows, rows + 2])
    assert isinstance(averaged, Normalised)
    assert averaged.norm.running_mean is not None
    assert averaged.norm.running_var is not None
    assert averaged.norm.running_mean.item() == pytest.approx((8 + 10) / 2 / 2)
    assert averaged.norm.running_var.item() == pytest.approx(8 / 2)
    assert method.norm.running_mean.item() == pytest.approx(2)  # a copy's were estimated


def test_a_slow_average_takes_in_blocks_of_rounds_with_their_decay() -> None:
    training = playing(average=0.999)
    exact = {"a": torch.tensor(1.0), "b": torch.tensor(2.0)}
    method = training.method
    assert isinstance(method, Two)
    owned = {"a": method.a.weight, "b": method.b.weight}
    with torch.no_grad():
        for step in range(3000):  # weights that wander about
            for name, weight in owned.items():
                weight.add_(0.01 * torch.randn(weight.shape))
                decay = min(0.999, (1 + step) / (10 + step))
                exact[name] = decay * exact[name] + (1 - decay) * weight.squeeze()
            training.average.update(step)
    for steps in (2996, 3000):  # within a block and at its end
        means = training.average.compute_means(steps)
        for name, mean in exact.items():
            assert means[f"{name}.weight"].item() == pytest.approx(mean.item(), abs=2e-3)


def test_blocks_of_the_average_do_not_depend_on_when_it_is_looked_at() -> None:
    looking, other = playing(average=0.999), playing(average=0.999)
    for training in (looking, other):
        training.step = 2 * 890  # both decays are slow by now
    for _ in range(20):
        for training in (looking, other):
            training.run_round(None)
        looking.build_averaged_method([])
    means = looking.average.compute_means(looking.step)
    for name, mean in other.average.compute_means(other.step).items():
        assert torch.equal(mean, means[name])


def test_a_gradient_is_measured_where_a_limit_or_the_log_needs_it() -> None:
    for settings, expected in (({}, 3), ({"max_grad_norm": 1e9}, 21), ({"log_every": 4}, 6)):
        training = playing(**settings)
        for _ in range(21):
            training.run_round(None)
        assert training.meter.counts["gradient/a"] == expected
        assert training.meter.counts["loss/a"] == 21


@pytest.mark.parametrize(
    ("log_every", "norms", "shares"),
    [(1, 1, 1), (7, 7, 7), (9, 9, 9), (10, 10, 10), (19, 10, 10), (25, 10, 20), (50, 10, 50)],
)
def test_shares_are_logged_about_once_a_line_in_rounds_that_log_norms(
    log_every: int, norms: int, shares: int
) -> None:
    training = playing(log_every=log_every)
    found: dict[str, list[int]] = {"norms": [], "shares": []}
    for training.step in range(120):
        found["norms"] += [training.step] * training.logs_norms()
        found["shares"] += [training.step] * training.logs_shares()
    assert found == {"norms": [*range(0, 120, norms)], "shares": [*range(0, 120, shares)]}


class Drawing(Method):
    """Notes what a forward pass draws and in which precision; with a network that nobody owns."""

    def __init__(self) -> None:
        super().__init__()
        self.own = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
        self.fitted = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
        self.register_buffer("seen", torch.zeros(3, dtype=torch.int64))
        self.noted: list[tuple[float, torch.dtype, bool, bool]] = []

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"own": (self.own,)}

    def round(self, batch: Tensor, step: Tensor) -> Moves:
        y = self.own[0](batch)
        modes = self.own.training, self.fitted.training
        self.noted.append((torch.rand(()).item(), y.dtype, *modes))
        loss = self.fitted(self.own[1](y)).float().square().mean()
        assert torch.is_autocast_enabled("cpu") is (y.dtype == torch.bfloat16)
        yield Gradient(loss, ("own",))
        yield Step(("own",))


BATCH = torch.tensor([[1.0, 2.0], [3.0, 5.0]])


def draw(seed: int = 0, rank: int = 0, rounds: int = 1, outside: int = 0) -> float:
    """What the last round draws; `outside` numbers are drawn before it."""
    training = Training(Drawing(), Engine(9, sgd), seed=seed, ranks=Ranks(rank))
    training.step = rounds - 1
    torch.rand(outside)
    training.run_round(BATCH)
    assert isinstance(training.method, Drawing)
    return training.method.noted[-1][0]


def test_what_a_round_draws_depends_on_seed_rank_and_step_alone() -> None:
    assert draw() == draw(outside=3)
    others = {draw(), draw(seed=1), draw(rank=1), draw(rounds=2), draw(seed=1, rank=1)}
    assert len(others) == 5


def average(rank: int = 0, outside: int = 0) -> list[float]:
    """What the estimate of batch norm's statistics draws."""
    engine = Engine(9, sgd, recalibration=3)
    training = Training(Drawing(), engine, seed=0, ranks=Ranks(rank))
    torch.rand(outside)
    made = training.build_averaged_method([BATCH] * 3)
    assert isinstance(made, Drawing)
    return [note[0] for note in made.noted]


def test_what_an_estimate_of_statistics_draws_depends_on_its_batch_alone() -> None:
    assert average() == average(outside=3)
    drawn = {*average(), *average(rank=1), *(draw(rounds=n) for n in (1, 2, 3))}
    assert len(drawn) == 9  # and is what no round draws


def test_what_nobody_owns_is_fixed_and_an_averaged_method_all_of_it() -> None:
    method = Drawing()
    method.own.eval().requires_grad_(False)
    training = Training(method, Engine(9, sgd, recalibration=1), seed=0)
    assert all(p.requires_grad and p.grad is None for p in method.own.parameters())
    assert not any(p.requires_grad for p in method.fitted.parameters())
    before = copy.deepcopy(method.fitted.state_dict())
    training.run_round(BATCH)
    made = training.build_averaged_method([BATCH])
    assert all(torch.equal(v, before[k]) for k, v in method.fitted.state_dict().items())
    assert isinstance(made, Drawing)
    assert {note[2:] for note in (*method.noted, *made.noted)} == {(True, False)}
    assert not any(module.training for module in made.modules())
    assert not any(p.requires_grad for p in made.parameters())


@pytest.mark.parametrize(
    ("own", "given", "is_bf16"),
    [
        ("auto", None, False),
        ("32", None, False),
        ("bf16", None, True),
        ("bf16", "32", False),
        ("32", "bf16", True),
    ],
)
def test_forward_passes_and_nothing_else_are_in_the_precision(
    own: PrecisionChoice, given: Precision | None, is_bf16: bool
) -> None:
    engine = Engine(9, sgd, precision=own, recalibration=1)
    training = Training(Drawing(), engine, seed=0, precision=given)
    gather = training.accumulate_gradient

    def accumulate_gradient(move: Gradient) -> None:
        assert not torch.is_autocast_enabled("cpu")
        gather(move)

    training.accumulate_gradient = accumulate_gradient
    training.run_round(BATCH)
    training.run_round(BATCH)
    made = training.build_averaged_method([BATCH])
    assert isinstance(training.method, Drawing)
    assert isinstance(made, Drawing)
    notes = [*training.method.noted, *made.noted[-1:]]
    assert len(training.method.noted) == 2
    assert {note[1] for note in notes} == {torch.bfloat16 if is_bf16 else torch.float32}


class Leading(Ranks):
    """Another rank, whose numbers are all 7."""

    def broadcast(self, tensors: Sequence[Tensor]) -> None:
        for tensor in tensors:
            tensor.fill_(7)


@torch.no_grad()
def test_all_ranks_begin_with_what_the_first_one_has_and_end_with_its_counts() -> None:
    training = Training(Drawing(), Engine(9, sgd, recalibration=1), seed=0, ranks=Leading())
    assert all(tensor.eq(7).all() for tensor in training.method.state_dict().values())
    training.method.load_state_dict(Drawing().state_dict())
    made = training.build_averaged_method([BATCH])
    for buffer in made.buffers():
        assert bool(buffer.eq(7).all()) is not buffer.is_floating_point()


class Explaining(Weights):
    @contextmanager
    def explain_errors(self) -> Iterator[None]:
        try:
            yield
        except ZeroDivisionError as error:
            raise InputError("explained") from error


def test_errors_of_a_round_are_explained_by_how_weights_are_held() -> None:
    training = Training(Drawing(), Engine(9, sgd), seed=0, hold_weights=Explaining)

    def fail(batch: object) -> None:
        raise ZeroDivisionError

    training.carry_out_moves = fail
    with pytest.raises(InputError, match="explained"):
        training.run_round(BATCH)


def test_the_step_is_a_number_on_the_device() -> None:
    training = playing()
    training.device, training.step = "meta", 3
    assert training.make_step_tensor().is_meta


@pytest.mark.parametrize("harm", ["weights", "moments"])
def test_a_state_that_is_not_finite_is_seen_without_a_norm_of_its_gradient(harm: str) -> None:
    engine = Engine(10, lambda player, own: torch.optim.Adam(own, fused=True))
    training = Training(Two(), engine, seed=0)
    for _ in range(4):
        training.run_round(None)
    assert all(map(isfinite, training.meter.compute_means().values()))
    training.meter.reset()
    copied = copy.deepcopy(training)
    copied.run_round(None)
    own = copied.player_parameters["b"][0]
    with torch.no_grad():
        broken = own if harm == "weights" else copied.optimizers["b"].state[own]["exp_avg_sq"]
        broken.fill_(torch.inf)
    means = copied.meter.compute_means()
    assert [name for name, value in means.items() if not isfinite(value)] == [f"{harm}/b"]
    assert copied.meter.find_first_bad()[:2] == (f"{harm}/b", torch.inf)
    training.run_round(None)
    assert all(map(isfinite, training.meter.compute_means().values())), "the copy alone is broken"


def test_terms_are_means_since_they_were_last_read() -> None:
    training, seen = playing(), []
    for _ in range(3):
        seen.append(values(training)[0] * values(training)[1])
        training.run_round(None)
    assert training.meter.compute_means()["both"] == pytest.approx(sum(seen) / 3)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (schedules.constant, [1, 1, 1]),
        (partial(schedules.linear_warm_up, steps=10), [0, 0.5, 1]),
        (partial(schedules.linear_warm_up, steps=0), [1, 1, 1]),
        (partial(schedules.staircase_decay, every=5, factor=0.5, floor=0.0), [1, 0.5, 0.0625]),
        (partial(schedules.staircase_decay, every=5, factor=0.5, floor=0.1), [1, 0.5, 0.1]),
        (partial(schedules.cosine_decay, steps=10), [1, 0.5, 0]),
        (partial(schedules.hold_then_cosine, steps=10, hold=0.5), [1, 1, 0]),
        (partial(schedules.hold_then_cosine, steps=10, hold=1.0), [1, 1, 0]),
        (partial(schedules.rise_then_cosine, steps=10, rise=0.4), [0.25, (1 + cos(pi / 6)) / 2, 0]),
        (partial(schedules.rise_then_cosine, steps=10, rise=0.0), [1, 0.5, 0]),
        (partial(schedules.rise_then_cosine, steps=0, rise=0.2, floor=0.1), [1, 0.1, 0.1]),
    ],
)
def test_schedules_are_functions_of_the_step(
    schedule: schedules.Schedule, expected: list[float]
) -> None:
    found = [schedule(torch.tensor(step)).item() for step in (0, 5, 20)]
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_term_that_is_not_finite_ends_training_by_name_and_is_not_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auxgen.networks.distributions.VALIDATE", False)
    first = r"^classification of stage sdgm, which trains model, became nan in round 1, before"
    stages = experiment(steps=30)
    with torch.no_grad():
        stages["sdgm"].method.q_y.network.head.bias.fill_(float("nan"))  # pyright: ignore
    with pytest.raises(Diverged, match=first):
        train(stages, run=tmp_path / "run", device="cpu", quiet=True)
    assert not list((tmp_path / "run" / "checkpoints").iterdir())


def test_a_gradient_that_is_not_finite_is_seen_before_it_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = nn.utils.get_total_norm

    def poison(gradients: list[Tensor], norm_type: float = 2.0) -> Tensor:
        gradients[0].fill_(float("inf"))
        return measure(gradients, norm_type)

    monkeypatch.setattr(nn.utils, "get_total_norm", poison)
    stages = {"vae": stage("vae", steps=1, save_every=0.0)}
    with pytest.raises(Diverged, match="gradient/vae"):
        train(stages, run=tmp_path / "run", device="cpu", quiet=True)
    assert not list((tmp_path / "run" / "checkpoints").iterdir())


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="no device 'cuda:99'"):
        resolve_device("cuda:99")
    with pytest.raises(InputError, match="no device 'tpu9'"):
        resolve_device("tpu9")


def test_a_run_that_exists_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(InputError, match="exists already"):
        train(experiment(), run=tmp_path / "run", device="cpu", quiet=True)
    assert not list((tmp_path / "run").iterdir())


@pytest.mark.parametrize("worst", [float("nan"), float("inf"), -float("inf"), -7.0])
def test_the_largest_magnitude_of_all_entries_is_found(worst: float) -> None:
    tensors = [torch.linspace(-3, 3, 7).view(7, 1), torch.tensor([1.0, worst]), torch.tensor(2)]
    found = find_largest_magnitude(tensors)
    torch.testing.assert_close(found, torch.tensor(abs(worst)), equal_nan=True)


def test_of_no_entries_the_largest_magnitude_is_zero() -> None:
    empty = torch.empty(0, 3, device="meta")
    assert find_largest_magnitude([empty]).device == empty.device
    assert find_largest_magnitude([torch.empty(0)]) == 0
