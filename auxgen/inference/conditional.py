"""Samples that have some attributes and lack others, by Langevin Monte Carlo."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import ceil
from statistics import mean

import torch
from torch import Tensor

from ..data.dataset import Preprocessor
from ..errors import InputError, require_at_least, unknown_name
from ..functional.langevin import Chains, conditional_energy, run_langevin_chains
from ..method import Describes, HasAttributeWeights, HasPrior, require
from ..methods.vac import VariationalClassifier
from .batched import map_raw_rows
from .code_moments import CodeMoments
from .codes import decode_to_rows

MAX_ROUNDS = 10
"""Rounds of n chains that are run to find n draws, at most."""
MIN_CHAINS = 640
"""Chains that few draws are looked for in, in however many rounds: fewer of them are to be had."""


@dataclass(frozen=True, eq=False)
class ConditionalDraws:
    """n raw rows, and statistics of the chains that led to them.

    Attributes:
        x: Raw rows (n, *shape), on the CPU.
        z: Their codes (n, d).
        chains: Number of chains that were run.
        acceptance: Share of proposals that were accepted.
        effective_size: Number of independent draws to which the second half of a chain is
            equivalent, a mean over chains, for the required logit that mixes most slowly.
        kept_share: Share of the chains' ends that, once decoded, the model classifies as required.
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
    moments: CodeMoments | None = None,
) -> ConditionalDraws:
    """Decode n draws of p(z|y), one from each chain (IntroVAC, section 4.3).

    Args:
        required: Attributes that the rows must have (True) or lack (False).
        alpha: Step size; 0.0002 in the paper.
        steps: Steps of each chain, which starts from p(z); 5000 in the paper.
        corrected: Whether there is a Metropolis step, which the paper lacks.
        rejecting: Whether to drop rows that the model itself, given the row, classifies otherwise.
        real: Whether codes must also be classified as those of real rows, not of fakes.
        moments: A Gaussian of codes that takes the place of p(z), which is the paper's: the codes
            of rows may lie elsewhere.

    Raises:
        InputError: There is no such attribute, the model predicts none by its code, or too few
            draws satisfy its classifier.
    """
    require_at_least(1, n=n)
    require_at_least(8, steps=steps)
    weights = require(method, HasAttributeWeights).attribute_weights().detach()
    weight = weights[[_find_attribute_index(space, name, len(weights)) for name in required]]
    y = torch.tensor([float(yes) for yes in required.values()]).to(weight)
    if real:
        weight = torch.cat((weight, _get_fake_weight(method)[None]))
        y = torch.cat((y, y.new_zeros(1)))
    bias = torch.zeros_like(y)
    if moments is not None:  # chains are of u in z = mean + factor u, whose prior is N(0, I)
        moments = CodeMoments(*(each.to(weight) for each in moments))
        weight, bias = weight @ moments.factor, weight @ moments.mean
    energy = partial(conditional_energy, weight=weight, bias=bias, y=y)
    run_chains = partial(run_langevin_chains, energy, alpha=alpha, steps=steps, corrected=corrected)
    rows: list[Tensor] = []
    codes: list[Tensor] = []
    runs: list[Chains] = []
    for _ in range(max(MAX_ROUNDS, ceil(MIN_CHAINS / n))):
        start = require(method, HasPrior).p_z().sample((n,))
        run = run_chains(start, observe=lambda z: z @ weight.T)
        runs.append(run)
        z = run.z if moments is None else moments.place(run.z)
        x = decode_to_rows(method, space, z, None)
        good = satisfies_conditions(method, space, x, required) if rejecting else x.new_ones(n) > 0
        rows.append(x[good])
        codes.append(z.cpu()[good])
        if sum(map(len, rows)) >= n:
            break
    x, z, chains = torch.cat(rows), torch.cat(codes), n * len(runs)
    if len(x) < n:
        conditions = ",".join(f"{name}={int(yes)}" for name, yes in required.items())
        raise InputError(
            f"Of {chains} draws the model classifies {len(x)} as {conditions}; expected {n}: ask "
            "for fewer, or for attributes that go together."
        )
    acceptance = mean(run.acceptance for run in runs)
    effective = mean(run.effective_draws for run in runs)
    return ConditionalDraws(x[:n], z[:n], chains, acceptance, effective, len(x) / chains)


def _get_fake_weight(method: object) -> Tensor:
    """Weight (d,) of the classifier of fakes."""
    if not isinstance(method, VariationalClassifier):
        raise InputError(
            f"{type(method).__name__} cannot recognise fakes; a VAC or IntroVAC is needed."
        )
    return method.fake_weight().detach()


def satisfies_conditions(
    method: object, space: Preprocessor, raw: Tensor, required: Mapping[str, bool]
) -> Tensor:
    """Whether the model classifies raw rows as required: (n, *shape) -> (n,) bool."""
    describer = require(method, Describes)
    probs = map_raw_rows(lambda x: describer.attributes(x).probs, method, space, raw)
    places = [_find_attribute_index(space, name, probs.shape[1]) for name in required]
    return ((probs[:, places] > 0.5) == torch.tensor(list(required.values()))).all(1)


def _find_attribute_index(space: Preprocessor, name: str, k: int) -> int:
    """The index of one of k attributes; attributes without names are called by their numbers."""
    names = space.attributes or tuple(map(str, range(k)))
    if name not in names:
        raise unknown_name("attribute", name, names)
    return names.index(name)


def parse_conditions(text: str) -> dict[str, bool]:
    """Whether attributes are required, from what a person types: "Eyeglasses=1,FacialHair=0".

    Raises:
        InputError: A part is not a name with 0 or 1, or a name appears twice.
    """
    answers: dict[str, bool] = {}
    for part in text.split(","):
        name, _, answer = part.strip().rpartition("=")
        if not name or answer not in ("0", "1"):
            raise InputError(f"--where takes names with 0 or 1 such as Smiling=1, not {part!r}.")
        if name in answers:
            raise InputError(f"--where names {name!r} twice; expected each name once.")
        answers[name] = answer == "1"
    return answers
