"""M1 and M1+M2: which entries of a code are kept, and what the model above sees of it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal

from auxgen.builders import Recipe
from auxgen.data.batches import SemiSupervisedBatch
from auxgen.errors import InputError
from auxgen.methods.m1 import CodeModel
from auxgen.methods.m2 import M2
from auxgen.networks.distributions import Conditional, MaskedNormal, diag_normal

SIZES = {"x": 4, "hidden": [6], "z": 3, "classes": 2, "hidden_above": [5], "prior_rows": 10}
M2_SIZES = {**SIZES, "z_above": 2, "alpha": 1.0}


class Up(nn.Module):
    """Means (x_1, 0.05 x_2, 3 x_3), log standard deviations -1: the second carries little."""

    def forward(self, x: Tensor) -> Tensor:
        mean = x[:, :3] * torch.tensor([1.0, 0.05, 3.0])
        return torch.cat((mean, torch.full_like(mean, -1.0)), -1)


def made(builder: str) -> CodeModel:
    torch.manual_seed(0)
    method = Recipe(builder, SIZES if builder == "m1_classifier" else M2_SIZES).build()
    assert isinstance(method, CodeModel)
    method.q_z = Conditional(Up(), diag_normal)
    return method


def rows(n: int = 400) -> Tensor:
    return torch.randn(n, 4, generator=torch.Generator().manual_seed(0))


def test_entries_whose_mean_hardly_varies_are_dropped() -> None:
    method = made("m1_m2")
    assert method.kept.keep.tolist() == [True, True, True]
    method.select_code_entries(rows())
    assert method.kept.keep.tolist() == [True, False, True]
    assert (method.mean_codes(rows())[:, 1] == 0).all()
    assert (method.sample_codes(rows())[:, 1] == 0).all()
    torch.testing.assert_close(method.mean_codes(rows())[:, 2], 3 * rows()[:, 2])


def test_a_code_that_varies_nowhere_is_refused() -> None:
    with pytest.raises(InputError, match="No entry of the code varies"):
        made("m1_m2").select_code_entries(torch.zeros(10, 4))


def test_the_mask_is_m2_s_own_and_is_saved_with_it() -> None:
    method = made("m1_m2")
    method.select_code_entries(rows())
    assert isinstance(method.above, M2)
    assert method.above.p_x.family is method.kept
    again = made("m1_m2")
    again.load_state_dict(method.state_dict())
    assert again.kept.keep.tolist() == [True, False, True]


def test_what_is_dropped_adds_nothing_to_the_density_of_a_code() -> None:
    family = MaskedNormal(3).double()
    family.keep[1] = False
    parameters = torch.randn(5, 6, dtype=torch.float64)
    code = torch.randn(5, 3, dtype=torch.float64) * family.keep
    mean, log_std = parameters.chunk(2, -1)
    each = Normal(mean, log_std.exp()).log_prob(code)
    torch.testing.assert_close(family(parameters).log_prob(code), each[:, 0] + each[:, 2])
    assert (family(parameters).mean[:, 1] == 0).all()


@pytest.mark.parametrize("builder", ["m1_classifier", "m1_m2"])
def test_the_class_depends_on_nothing_that_is_dropped(builder: str) -> None:
    method, x = made(builder), rows(20)
    before = method.classify(x).probs
    other = x.clone()
    other[:, 1] += 5
    assert not torch.allclose(method.classify(other).probs, before)
    method.select_code_entries(rows())
    torch.testing.assert_close(method.classify(other).probs, method.classify(x).probs)


def test_a_round_is_m2_s_own_on_codes_drawn_once_for_each_row() -> None:
    method, x = made("m1_m2"), rows(8)
    method.select_code_entries(rows())
    y = torch.arange(4) % 2
    torch.manual_seed(1)
    found = next(method.round(SemiSupervisedBatch(x[:4], y, x), torch.tensor(0)))
    torch.manual_seed(1)
    drawn = SemiSupervisedBatch(method.sample_codes(x[:4]), y, method.sample_codes(x))
    expected = next(method.above.round(drawn, torch.tensor(0)))
    torch.testing.assert_close(found.loss, expected.loss)  # pyright: ignore


def test_the_spread_of_a_mean_is_that_of_the_rows_at_hand() -> None:
    """Of two rows at -0.1 and 0.1 it is 0.1; as an estimate for all rows it would be 0.14."""
    method = made("m1_m2")
    x = torch.tensor([[0.1, 0.0, 1.0, 0.0], [-0.1, 0.0, -1.0, 0.0]])
    method.select_code_entries(x, min_spread=0.12)
    assert method.kept.keep.tolist() == [0, 0, 1]


def test_an_entry_is_kept_above_a_spread_of_a_tenth_or_of_what_is_said() -> None:
    method = made("m1_m2")
    x = torch.tensor([[0.15, 0.0, 0.03, 0.0], [-0.15, 0.0, -0.03, 0.0]])  # spreads 0.15, 0, 0.09
    method.select_code_entries(x)
    assert method.kept.keep.tolist() == [1, 0, 0]
    x = torch.tensor([[0.5, 0.0, 1.0, 0.0], [-0.5, 0.0, -1.0, 0.0]])  # spreads 0.5, 0, 3
    method.select_code_entries(x, min_spread=0.5)
    assert method.kept.keep.tolist() == [0, 0, 1]
    with pytest.raises(InputError, match=r"varies by more than 3\.0"):
        method.select_code_entries(x, min_spread=3.0)
