"""What is drawn, how often, and where its gradient goes; and the terms of losses in the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
import torch
from laws import make_rows, stage
from torch import Tensor

from auxgen.method import Gradient

DRAWS: dict[str, tuple[Callable[[Any], Tensor], set[str]]] = {
    "sdgm": (lambda m: m.decode_draw(torch.zeros(3, 2), torch.arange(3)).mean, {"p_x"}),
    "vae_asl": (lambda m: m.sample(3) + m.sample_p_x(3).mean, {"p_x"}),
    "conditional_asl": (lambda m: m.sample(3, torch.arange(3)), {"p_x"}),
    "two_stage_vae": (lambda m: m.sample(3), {"p_x"}),
    "flow": (lambda m: m.sample(3), set()),
    "auxiliary_fit": (lambda m: m.sample(3), set()),
    "m1_m2": (lambda m: m.sample_codes(torch.zeros(3, 6)), set()),
}
"""Of a method, what is drawn, and the networks that its gradient reaches."""


@pytest.mark.parametrize("name", DRAWS)
def test_a_draw_carries_no_gradient_past_itself(name: str) -> None:
    draw, expected = DRAWS[name]
    method = stage(name).method.eval()
    drawn = draw(method)
    if drawn.requires_grad:
        drawn.sum().backward()
    found = {key.partition(".")[0] for key, p in method.named_parameters() if p.grad is not None}
    assert found == expected


@pytest.mark.parametrize("name", ["vae_asl", "two_stage_vae"])
def test_what_is_learned_from_codes_leads_no_gradient_to_their_encoder(name: str) -> None:
    method, x = stage(name).method, make_rows(name, 5)
    for move in method.round(x, torch.tensor(0)):
        if isinstance(move, Gradient):
            move.loss.backward()
    assert all(p.grad is None for key, p in method.named_parameters() if key.startswith("q_u"))


@pytest.mark.parametrize("name", ["iwae", "avae", "vae_asl", "two_stage_vae"])
def test_a_bound_draws_once(name: str) -> None:
    """It leaves the generator of random numbers where one importance weight leaves it."""
    method, x = cast(Any, stage(name).method.eval()), make_rows(name, 5)
    states = []
    for compute in (lambda: method.elbo(x), lambda: method.log_weights(x, 1)):
        torch.manual_seed(5)
        compute()
        states.append(torch.get_rng_state())
    assert torch.equal(*states)


def weigh_losses(method: Any, t: Any) -> dict[str, Callable[[], Tensor]]:
    """A loss by its terms, as the log shows them, of methods by name; at step 2."""
    return {
        "vae": lambda: t["distortion"] + t["rate"],
        "avae": lambda: t["distortion"] + 0.4 * (t["rate_z"] + t["rate_a"]),
        "m2": lambda: t["labelled"] + 2 * t["classification"] + t["unlabelled"] + t["prior"],
        "auxiliary_fit": lambda: method.cooling(torch.tensor(2)) * t["energy"] - t["entropy"],
        "flow": lambda: t["nll"],
        "two_stage_vae": lambda: t["nll"],
        "informative_encoder": lambda: method.weight * t["discrepancy"] - t["information"],
        "stacked_adjusted_vae": lambda: t["distortion"] + t["rate"],
        "stacked_feature_autoencoder": lambda: t["error"],
        "classifier": lambda: t["cross_entropy"] + t["prior"],
        "image_classifier": lambda: t["cross_entropy"],
    }


@pytest.mark.parametrize("name", weigh_losses(None, None))
def test_the_log_has_the_terms_of_a_loss_by_their_names(name: str) -> None:
    method, batch = stage(name).method, stage(name).batches(0, 0, 1, "cpu")
    move = next(method.round(batch, torch.tensor(2)))
    assert isinstance(move, Gradient)
    torch.testing.assert_close(move.loss, weigh_losses(method, move.terms)[name]())
