"""Draws of rows that have some attributes and have not others, by Langevin Monte Carlo."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from dataclasses import dataclass
from functools import partial
from statistics import mean

import torch
from torch import Tensor

from ..data.dataset import Preprocessor
from ..errors import InputError, require_at_least, unknown_name
from ..functional.langevin import Chains, conditional_energy, run_langevin_chains
from ..method import Describes, HasAttributeWeights, HasPrior, require
from ..methods.vac import VariationalClassifier
from ..rng import get_device
from .codes import decode_to_rows

MAX_ROUNDS = 10
"""Times that as many chains as draws are wanted are run, before one gives up."""


@dataclass(frozen=True, eq=False)
class ConditionalDraws:
    """n raw rows, and what the chains that led to them were like.

    Attributes:
        x: Raw rows (n, *shape), on the CPU.
        z: Their codes (n, d).
        chains: How many were run.
        acceptance: Share of proposals that were taken.
        effective_size: Independent draws that the second half of a chain is worth, mean over chains, by
            the logit that was asked for and forgets the slowest.
        kept_share: Share of the chains' ends that the model tells to be as wanted, once decoded.
    """

    x: Tensor
    z: Tensor
    chains: int
    acceptance: float
    effective_size: float
    kept_share: float


@torch.no_grad()
def sample_where(
    method: object,
    space: Preprocessor,
    required: Mapping[str, bool],
    n: int,
    *,
    alpha: float = 0.05,
    steps: int = 500,
    corrected: bool = True,
    rejecting: bool = True,
    real: bool = False,
) -> ConditionalDraws:
    """n rows decoded from draws of p(z|y), one from each chain (IntroVAC, section 4.3).

    Args:
        method: Tells attributes by a linear map of its code.
        space: How it sees raw rows.
        required: Attributes that rows shall have, or shall not.
        n: Draws.
        alpha: Step size; the paper's is 0.0002.
        steps: Of each chain, which starts from p(z); the paper's are 5000.
        corrected: With a Metropolis step, which the paper has not.
        rejecting: Keep only rows that the model, when it sees them, tells to be as wanted.
        real: Ask of the code also that it is told to be no fake's.

    Raises:
        InputError: There is no such attribute, the model tells none by its code, or hardly any
            draw is told to be as wanted.
    """
    require_at_least(1, n=n)
    require_at_least(8, steps=steps)
    places = [
        _find_attribute_index(space, name, require(method, HasAttributeWeights).attribute_weights())
        for name in required
    ]
    answers = torch.tensor([float(yes) for yes in required.values()])
    weight, y = _build_conditions(method, places, answers, real)
    energy = partial(conditional_energy, weight=weight, bias=torch.zeros_like(y), y=y)
    found: list[Tensor] = []
    codes: list[Tensor] = []
    runs: list[Chains] = []
    for _ in range(MAX_ROUNDS):
        start = require(method, HasPrior).p_z().sample((n,))
        run = run_langevin_chains(
            energy,
            start,
            alpha=alpha,
            steps=steps,
            corrected=corrected,
            observe=lambda z: z @ weight.T,
        )
        runs.append(run)
        x = decode_to_rows(method, space, run.z, None)
        good = satisfies_conditions(method, space, x, required) if rejecting else x.new_ones(n) > 0
        found.append(x[good])
        codes.append(run.z.cpu()[good])
        if sum(map(len, found)) >= n:
            break
    x, z, chains = torch.cat(found), torch.cat(codes), n * len(runs)
    if len(x) < n:
        raise InputError(
            f"Of {chains} draws {len(x)} are told to be {_format_conditions(required)}, and {n} are wanted; ask "
            "for fewer, or for attributes that go together."
        )
    acceptance = mean(run.acceptance for run in runs)
    effective = mean(run.effective_draws for run in runs)
    return ConditionalDraws(x[:n], z[:n], chains, acceptance, effective, len(x) / chains)


def _build_conditions(
    method: object, places: list[int], answers: Tensor, real: bool
) -> tuple[Tensor, Tensor]:
    """Weights (m, d) and answers (m,) that are conditioned on, where the model lies."""
    weight = require(method, HasAttributeWeights).attribute_weights()[places].detach()
    if real:
        if not isinstance(method, VariationalClassifier):
            raise InputError(f"{type(method).__name__} tells no fakes; VAC or IntroVAC is wanted.")
        weight = torch.cat((weight, method.fake_weight().detach()[None]))
        answers = torch.cat((answers, torch.zeros(1)))
    return weight, answers.to(weight)


@torch.no_grad()
def satisfies_conditions(
    method: object, space: Preprocessor, raw: Tensor, required: Mapping[str, bool]
) -> Tensor:
    """Which raw rows (n, *shape) the model tells to be as wanted: -> (n,)."""
    device = get_device(method)
    parts = [space.transform(part.to(device)) for part in raw.split(256)]
    probs = torch.cat([require(method, Describes).attributes(x).probs.cpu() for x in parts])
    places = [_find_attribute_index(space, name, probs.T) for name in required]
    return ((probs[:, places] > 0.5) == torch.tensor(list(required.values()))).all(1)


def _find_attribute_index(space: Preprocessor, name: str, each: Sized) -> int:
    """An attribute's index; without names, attributes are called by their numbers.

    Raises:
        InputError: There is no such attribute.
    """
    names = space.attributes or tuple(str(k) for k in range(len(each)))
    if name not in names:
        raise unknown_name("attribute", name, names)
    return names.index(name)


def parse_conditions(text: str) -> dict[str, bool]:
    """What a person types, "Eyeglasses=1,FacialHair=0", as answers by name.

    Raises:
        InputError: A part is no name with 0 or 1, or a name stands there twice.
    """
    answers: dict[str, bool] = {}
    for part in text.split(","):
        name, _, answer = part.strip().rpartition("=")
        if not name or answer not in ("0", "1"):
            raise InputError(f"--where takes names with 0 or 1 such as Smiling=1, not {part!r}.")
        if name in answers:
            raise InputError(f"--where names {name!r} twice; once is wanted.")
        answers[name] = answer == "1"
    return answers


def _format_conditions(answers: Mapping[str, bool]) -> str:
    """Answers in words, as they are typed."""
    return ",".join(f"{name}={int(yes)}" for name, yes in answers.items())
