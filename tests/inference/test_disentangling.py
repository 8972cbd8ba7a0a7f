"""Ways that keep others, of linear models whose answers are known."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, Distribution

from auxgen.data.dataset import Dataset, Preprocessor
from auxgen.functional.directions import Direction, fit_linear_probe
from auxgen.inference import disentangling as ways
from auxgen.inference.codes import decode_to_rows, embed_rows
from auxgen.inference.disentangling import (
    compute_disentangled_direction,
    find_disentangled_directions,
    measure_responses,
)
from auxgen.networks.distributions import categorical, normal

SPACE = Preprocessor(kind="points", shape=(4,), attributes=("Hat",))


class Linear:
    """Codes are half the row, rows are a mixture of the code: they are no inverses."""

    def __init__(self, mixture: Tensor) -> None:
        self.mixture = mixture

    def encode(self, x: Tensor) -> Distribution:
        return normal(x / 2, torch.ones_like(x), 1)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        x = z @ self.mixture.to(z).T
        return normal(x, torch.ones_like(x), 1)


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_responses_are_those_of_a_linear_model() -> None:
    mixture, z = drawn(4, 4), drawn(5, 4, seed=1)
    read = [
        Direction.from_weight("Scarf", drawn(4, seed=2), 0.3),
        Direction.from_weight("Red", drawn(4, seed=3)),
    ]
    found = measure_responses(Linear(mixture), SPACE, z, read)
    weights = torch.stack([probe.scale * probe.vector for probe in read])
    through = weights @ mixture / 2
    logits = z @ through.T + torch.tensor([0.3, 0.0], dtype=torch.float64)
    for i in range(4):
        up, down = ((logits + sign * through[:, i]).sigmoid() for sign in (1, -1))
        assert torch.allclose(found[i].double(), (up - down) / 2, atol=1e-6)


def test_a_small_share_leaves_others_as_they_are_in_what_is_decoded() -> None:
    """Their probes are correlated with the own one; a plain projection leaves others changed.

    They are so weak that probabilities are linear in the code, and changes have two ways alone.
    """
    mixture, z, w = drawn(4, 4), drawn(6, 4, seed=1), drawn(4, seed=2)
    own = Direction.from_weight("Hat", w, 0.7)
    read = [Direction.from_weight(f"{k}", 0.01 * (w + drawn(4, seed=k))) for k in (3, 4)]
    model = Linear(mixture)
    way = compute_disentangled_direction(
        own, measure_responses(model, SPACE, z, read), torch.eye(4), 1e-6
    )

    def changed(along: Direction) -> float:
        ends = (decode_to_rows(model, SPACE, along.move(z, d), None) for d in (0.0, 3.0))
        before, after = (embed_rows(model, SPACE, x) for x in ends)
        return max(float((p.logit(after) - p.logit(before)).abs().max()) for p in read)

    assert changed(way) < 0.01 * changed(own.project_out(*read))
    assert changed(way) < 0.01 * changed(own)
    risen = own.logit(way.move(z, 3.0)) - own.logit(z)
    assert risen.min() > 0
    assert torch.allclose(risen, torch.full_like(risen, 3 * way.scale))


def test_it_is_the_projection_where_nothing_is_lost_between_code_and_picture() -> None:
    own, read = (
        Direction.from_weight("Hat", drawn(4)),
        [Direction.from_weight("Red", 0.01 * drawn(4, seed=1))],
    )
    same = Linear(2 * torch.eye(4, dtype=torch.float64))
    changes = measure_responses(same, SPACE, drawn(6, 4, seed=2), read)
    projected = own.project_out(*read)
    assert compute_disentangled_direction(own, changes, torch.eye(4), 1e-6).cosine_similarity(
        projected
    ) == pytest.approx(1, abs=1e-5)
    assert compute_disentangled_direction(own, changes, torch.eye(4), 1e-6).scale == pytest.approx(
        projected.scale, rel=1e-3
    )
    assert compute_disentangled_direction(own, changes, torch.eye(4), 1e10).cosine_similarity(
        own
    ) == pytest.approx(1, abs=1e-9)
    assert compute_disentangled_direction(own, 0 * changes, torch.eye(4), 1.0) is own


def test_no_way_of_the_same_rise_costs_less() -> None:
    own, changes, share = Direction.from_weight("Hat", drawn(5)), drawn(5, 7, 3, seed=1), 0.4
    moment = torch.einsum("ink,jnk->ij", changes, changes) / 7
    spread = torch.cov(drawn(5, 40, seed=2))
    moment = moment + share * (moment @ spread).trace() / 5 * spread.inverse()

    def cost(v: Tensor) -> float:
        v = v / (own.vector @ v)
        return float(v @ moment @ v)

    best = compute_disentangled_direction(own, changes, spread, share).vector
    for k in range(50):
        assert cost(best) <= cost(best + 0.1 * drawn(5, seed=10 + k)) + 1e-12
    far = Direction.from_weight("Hat", spread @ own.vector)
    assert compute_disentangled_direction(own, changes, spread, 1e10).cosine_similarity(
        far
    ) == pytest.approx(1, abs=1e-9)


def test_a_model_s_directions_are_turned_by_rows_without_the_attribute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of 60 rows 30 have no hat, and every third of these is looked at."""
    monkeypatch.setattr(ways, "ROWS", 10)
    x = drawn(60, 4).float()
    scarf = (x[:, 0] + 0.1 * drawn(60, seed=1).float() > 0).float()
    hat = (torch.arange(60) % 2).float()
    rows = Dataset(x, torch.full((60,), -1), (), "hats", "", hat[:, None], ("Hat",))
    others = Dataset(x, rows.y, (), "scarves", "", scarf[:, None], ("Scarf",))
    first = Direction.from_weight("Hat", torch.tensor([1.0, 1.0, 0.0, 0.0]))

    def own(method: object) -> Mapping[str, Direction]:
        return {"Hat": first}

    model = Linear(2 * torch.eye(4) + 0.3 * drawn(4, 4, seed=5).float())
    found = find_disentangled_directions(model, space=SPACE, own=own, rows=rows, others=others)[
        "Hat"
    ]
    codes = x / 2
    changes = measure_responses(model, SPACE, codes[::6], [fit_linear_probe("Scarf", codes, scarf)])
    expected = compute_disentangled_direction(
        first, changes, torch.cov(codes.double().T), ways.LENGTH_WEIGHT
    )
    assert found.name == "Hat, others kept"
    assert torch.allclose(found.vector, expected.vector, atol=1e-6)
    assert abs(float(found.vector[0])) < 0.7 * float(found.vector[1])


def test_a_code_of_one_number_has_one_way() -> None:
    x = drawn(60, 1).float()
    answers = (x + 0.5 * drawn(60, 1, seed=1).float() > 0).float()
    y = torch.full((60,), -1)
    hats, scarves = (Dataset(x, y, (), n, "", answers, (n,)) for n in ("Hat", "Scarf"))
    own = {"Hat": Direction.from_weight("Hat", torch.tensor([2.0]))}
    space, model = Preprocessor(kind="points", shape=(1,)), Linear(2 * torch.eye(1))
    found = find_disentangled_directions(
        model, space=space, own=lambda _: own, rows=hats, others=scarves
    )["Hat"]
    assert torch.equal(found.vector, torch.ones(1))
    assert found.scale == 2


def test_a_model_of_classes_decodes_each_row_with_its_own() -> None:
    """A class adds to the third entry; a probe of the third reads less of those nearer to 1."""

    class OfClasses(Linear):
        def classify(self, x: Tensor) -> Categorical:
            return categorical(torch.stack([x[:, 3], -x[:, 3]], 1))

        def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
            assert y is not None
            x = super().decode(z).mean + torch.eye(4)[2] * 4 * y[:, None]
            return normal(x, torch.ones_like(x), 1)

    x = drawn(40, 4).float()
    y = (x[:, 3] < 0).long()
    scarf = (x[:, 2] > 0).float()
    others = Dataset(x, torch.full((40,), -1), (), "scarves", "", scarf[:, None], ("Scarf",))
    model, own = OfClasses(torch.eye(4)), Direction.from_weight("Hat", torch.tensor([1.0, 0, 1, 0]))
    probe = fit_linear_probe("Scarf", x / 2, scarf)
    lacking = own.logit(x / 2) <= own.logit(x / 2).median()  # the rows have no such answer
    expected = measure_responses(model, SPACE, x[lacking] / 2, [probe], y[lacking])
    found = find_disentangled_directions(
        model, space=SPACE, own=lambda _: {"Hat": own}, rows=others, others=others
    )
    way = compute_disentangled_direction(
        own, expected, torch.cov((x / 2).double().T), ways.LENGTH_WEIGHT
    )
    assert torch.allclose(found["Hat"].vector, way.vector, atol=1e-6)
