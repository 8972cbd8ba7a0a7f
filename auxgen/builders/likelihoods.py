"""Families of p(x|.) by name, and networks that several builders share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from ..data.dataset import Preprocessor
from ..data.families import COUNTS, FAMILIES
from ..errors import InputError, unknown_name
from ..networks.columns import BetaProportions, Bits, Levels, TruncatedProportions
from ..networks.counts import CountKind, Counts, LibraryCounts
from ..networks.distributions import (
    Conditional,
    Family,
    FixedScaleNormal,
    FreeScaleNormal,
    LearnedScaleNormal,
    bernoulli,
    bounded_normal,
    observed_normal,
)
from ..networks.mixed import Block, MixedFamily, Observed, one_of_texts
from ..networks.mlp import MLP, initialize_near_deterministic

Likelihood = (
    Literal["bernoulli", "gaussian", "gaussian_fixed", "gaussian_scalar", "gaussian_pixel"]
    | Mapping[str, Any]
    | Sequence[Mapping[str, Any]]
)
"""A family by name; or one for each of several blocks of entries, see `describe_likelihood`; or, as
tables had it, {"numbers": m, "texts": [k_1, k_2, ...]}: Gaussians of the first m entries, then a
category for each group of k entries of 0 and 1."""
Widths = Sequence[int | None]
Sizes = Mapping[str, Any]
"""Sizes of networks by name, as JSON has them."""


def get_likelihood(name: Likelihood, x: int, scale: float) -> tuple[int, Family]:
    """Number of outputs of the head of p(x|.), and the family that they parameterise.

    Raises:
        InputError: There is no such likelihood, or it has another width.
    """
    if isinstance(name, Mapping):
        numbers, texts = int(name["numbers"]), [int(k) for k in name["texts"]]
        if numbers + sum(texts) != x or min(numbers, *texts, 0) < 0:  # before they are listed
            raise InputError(f"The likelihood has {name}; expected parts of {x} entries.")
        name = _list_table_blocks(numbers, texts)
    if not isinstance(name, str):
        try:
            blocks = [_make_block(known, scale) for known in name]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"The likelihood is not a list of blocks: {error!r}.") from error
        entries = sorted(entry for block in blocks for entry in block.entries)
        if entries != list(range(x)):
            got = f"The likelihood names {len(entries)} entries"
            raise InputError(f"{got}; expected each of {x} entries once.")
        return sum(block.parameters for block in blocks), MixedFamily(blocks)
    families: dict[str, tuple[int, Callable[[], Family]]] = {
        "bernoulli": (x, lambda: bernoulli),
        "gaussian": (2 * x, lambda: observed_normal),
        "gaussian_fixed": (x, lambda: FixedScaleNormal(scale)),
        "gaussian_scalar": (x, lambda: LearnedScaleNormal(scale)),
        "gaussian_pixel": (x, lambda: FreeScaleNormal(x, scale)),
    }
    if name not in families:
        raise unknown_name("likelihood", name, families)
    heads, make = families[name]
    return heads, make()


def _list_table_blocks(numbers: int, texts: Sequence[int]) -> list[dict[str, Any]]:
    """Blocks of Gaussians of the first entries, and of texts of those that follow."""
    ends = np.cumsum([numbers, *texts]).tolist()
    blocks = [{"family": "gaussian", "entries": list(range(numbers))}] if numbers else []
    for k, end in zip(texts, ends[1:], strict=True):
        blocks.append({"family": "categorical", "entries": list(range(end - k, end))})
    return blocks


def _make_block(known: Mapping[str, Any], scale: float) -> Block:
    """A block of entries from its description; `scale` is the deviation of Gaussians at the start.

    Raises:
        InputError: There is no such family.
    """
    name, entries = known["family"], tuple(int(i) for i in known["entries"])
    shift, scales = known.get("shift", ()), known.get("scale", ())
    k = len(entries)
    if name in COUNTS:
        kind = CountKind("negative_binomial" in name, "zero_inflated" in name)
        if "library" in known:
            size = kind.parameters * (k - 1)
            return Block(entries, size, LibraryCounts(shift, scales, kind, known["library"]))
        return Block(entries, kind.parameters * k, Counts(shift, scales, kind))
    families: dict[str, tuple[int, Callable[[], Family]]] = {
        "gaussian": (2 * k, lambda: observed_normal),
        "gaussian_fixed": (k, lambda: Observed(FixedScaleNormal(scale))),
        "gaussian_scalar": (k, lambda: Observed(LearnedScaleNormal(scale))),
        "gaussian_pixel": (k, lambda: Observed(FreeScaleNormal(k, scale))),
        "bernoulli": (k, lambda: Bits(shift, scales)),
        "discretized_logistic": (2 * k, lambda: Levels(shift, scales, known["top"])),
        "beta": (2 * k, lambda: BetaProportions(shift, scales)),
        "truncated_gaussian": (2 * k, lambda: TruncatedProportions(shift, scales)),
        "categorical": (k, lambda: one_of_texts),
    }
    if name not in families:
        raise unknown_name("likelihood", name, [*families, *COUNTS])
    parameters, make = families[name]
    return Block(entries, parameters, make())


def describe_likelihood(
    space: Preprocessor, families: Sequence[str], x: np.ndarray
) -> list[dict[str, Any]]:
    """Blocks of entries of a row as a model sees it, JSON-able, and the family of each.

    A block has "family", "entries", and where the family has units of its own "shift" and "scale",
    which turn what the model sees into them: seen * scale + shift. Counts that share a library
    size have that entry as their last one and the typical size as "library"; levels have the
    highest one, from 0 on, as "top".

    Args:
        space: How the model sees rows.
        families: The family of each entry of a raw row that is no text, see `data.families`.
        x: Raw rows of training (n, d), NaN where unknown.
    """
    kept = range(x.shape[1]) if space.kept is None else space.kept
    kept = [i for i in kept if i < len(families)]
    shift, scale = np.array(space.shift), np.array(space.scale)
    blocks: list[dict[str, Any]] = []
    for family in FAMILIES:
        own = [i for i, raw in enumerate(kept) if families[raw] == family]
        if not own:
            continue
        block: dict[str, Any] = {"family": family, "entries": own}
        if family in COUNTS and space.library:
            block["entries"] = own = [*own, len(kept)]
            block["library"] = space.count_entries.typical
        shifts, scales = shift[own], scale[own]
        if family in ("bernoulli", "discretized_logistic"):
            values = x[:, [kept[i] for i in own]]
            low, high = np.nanmin(values, 0), np.nanmax(values, 0)
            unit = np.where(high > low, high - low, 1.0) if family == "bernoulli" else 1.0
            shifts, scales = (shifts - low) / unit, scales / unit
            if family == "discretized_logistic":
                block["top"] = (high - low).tolist()
        if not family.startswith("gaussian"):
            block |= {"shift": shifts.tolist(), "scale": scales.tolist()}
        blocks.append(block)
    first = len(kept) + bool(space.library)
    ends = np.cumsum([first, *space.categories]).tolist()
    for k, end in zip(space.categories, ends[1:], strict=True):
        blocks.append({"family": "categorical", "entries": list(range(end - k, end))})
    return blocks


def make_conditional(
    inputs: Widths,
    hidden: Sequence[int],
    heads: int,
    family: Family = bounded_normal,
    *,
    batch_norm: bool = False,
    log_std: float | None = None,
) -> Conditional:
    """An `MLP` with a family, by default a Gaussian with bounded log standard deviations.

    Args:
        inputs: Widths of the inputs, see `MLP`.
        heads: Width of the output.
        family: Output -> distribution.
        log_std: Approximate log standard deviations at the start, see
            `initialize_near_deterministic`; as torch starts layers when None.
    """
    network = MLP(inputs, hidden, heads, batch_norm=batch_norm)
    if log_std is not None:
        network = initialize_near_deterministic(network, log_std=log_std)
    return Conditional(network, family)
