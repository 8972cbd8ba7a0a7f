"""What is unknown of a table's rows, filled in from p(x_unknown | x_known)."""

from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ..data.dataset import Preprocessor
from ..errors import require_at_least
from ..method import Completes, Decodes, Encodes, require
from ..rng import get_device
from .batched import map_batches

_ENTRIES_AT_ONCE = 4_000_000
"""Numbers of p(x|.), over draws, rows and entries, that are in memory at once."""
_RECONSTRUCTIONS = 20


@torch.no_grad()
def fill_rows(
    method: object, space: Preprocessor, raw: Tensor, draws: int, *, mean: bool = True
) -> Tensor:
    """Rows with what is unknown filled in: raw (n, d), NaN where unknown -> (n, d).

    Draws of all else are weighed by p(x_known,.) / q(.|x_known), as MIWAE does (Mattei & Frellsen,
    ICML 2019, arXiv:1812.02633, eq. 11); with many of them the result is that of
    p(x_unknown|x_known).

    Args:
        draws: Draws of all else.
        mean: Whether to fill in means, of which those of texts are probabilities; or one draw.

    Raises:
        InputError: The model cannot do so.
    """
    require_at_least(1, draws=draws)
    raw = _hide_blank_texts(space, raw)
    fill = partial(_fill_batch, require(method, Completes), space, draws=draws, mean=mean)
    size = max(1, _ENTRIES_AT_ONCE // (draws * max(1, len(space.classes)) * max(1, space.width)))
    filled = map_batches(fill, space.transform(raw), device=get_device(method), batch_size=size)
    return torch.where(raw.isnan(), filled.to(raw), raw)


def reconstruct_holes(method: object, x: Tensor) -> Tensor:
    """Rows (n, width) whose unknown entries, NaN, are those of their reconstruction.

    Entries start at their means (Rezende, Mohamed & Wierstra, ICML 2014, appendix F, with means
    in place of draws).

    Raises:
        InputError: The model cannot encode or decode.
    """
    encoder, decoder = require(method, Encodes), require(method, Decodes)

    def reconstruct(x: Tensor) -> Tensor:
        return decoder.decode(encoder.encode(x).mean).mean

    holes, x = x.isnan(), x.nan_to_num(0.0)
    for _ in range(_RECONSTRUCTIONS):
        x = torch.where(holes, map_batches(reconstruct, x, device=get_device(method)), x)
    return x


def _hide_blank_texts(space: Preprocessor, raw: Tensor) -> Tensor:
    """Rows (n, d) in which the entries of a text are unknown where its cell is blank."""
    raw = raw.clone()
    for entries, blank in _list_texts(space, raw.shape[1]):
        if blank is not None:
            raw[raw[:, entries.start + blank] == 1, entries] = torch.nan
    return raw


def _fill_batch(
    method: Completes, space: Preprocessor, x: Tensor, *, draws: int, mean: bool
) -> Tensor:
    """Raw rows of x (b, d), with the entries that are NaN filled in."""
    log_w, p_x = method.weigh_draws(x, draws)
    log_w, means = _list_by_row(log_w.unsqueeze(-1)).squeeze(-1), _list_by_row(p_x.mean)
    texts = _list_texts(space, x.shape[1])
    for entries, blank in texts:
        if blank is not None:  # what is filled in is no blank cell
            place = entries.start + blank
            chance = torch.log1p(-means[..., place].clamp(max=1 - 1e-6))
            log_w = log_w + torch.where(x[:, place].isnan(), chance.T, 0.0).T
            means[..., place] = 0.0
            means[..., entries] /= means[..., entries].sum(-1, keepdim=True)
    if mean:
        weights = log_w.softmax(-1).unsqueeze(-1)
        if not space.counts:
            filled = (weights * means).sum(1)
            return space.inverse_transform(torch.where(x.isnan(), filled, x))
        each = torch.where(
            x.isnan().unsqueeze(1), means, x.unsqueeze(1)
        )  # not a mean of logarithms
        raw = space.inverse_transform(each.flatten(0, 1)).unflatten(0, each.shape[:2])
        return (weights * raw.flatten(2)).sum(1).view(len(x), *space.shape)
    chosen = log_w.softmax(-1).multinomial(1).unsqueeze(-1).expand(-1, 1, x.shape[1])
    means = means.gather(1, chosen).squeeze(1)
    filled = _list_by_row(p_x.sample()).gather(1, chosen).squeeze(1)
    for entries, _ in texts:
        drawn = means[:, entries].multinomial(1).squeeze(1)
        filled[:, entries] = one_hot(drawn, entries.stop - entries.start).to(filled)
    return space.inverse_transform(torch.where(x.isnan(), filled, x))


def _list_by_row(values: Tensor) -> Tensor:
    """(k, b, d) or, one for each class too, (k, b, c, d) -> (b, k, d) or (b, k c, d)."""
    return values.movedim(1, 0).flatten(1, -2).clone()


def _list_texts(space: Preprocessor, width: int) -> list[tuple[slice, int | None]]:
    """For each category its entries, among `width`, and which of them is the blank text's."""
    found: list[tuple[slice, int | None]] = []
    start = width - sum(space.categories)
    for column in space.table.categories if space.table else ():
        entries = slice(start, start + len(column.texts))
        found.append((entries, column.texts.index("") if "" in column.texts else None))
        start = entries.stop
    return found
