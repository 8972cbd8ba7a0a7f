"""Labels along paths through dense places: what lies on one curved cluster gets one label.

Paths go from neighbour to neighbour, and their length is the sum of the distances to a power above
1, so that many short steps are shorter than a few long ones. Bijral, Ratliff & Srebro (2011),
Semi-supervised learning with density based distances, https://arxiv.org/abs/1202.3702.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import require_at_least

UNREACHED = -1


def spread_labels(x: Tensor, y: Tensor, *, neighbours: int = 10, power: float = 3.0) -> Tensor:
    """The label of the labelled row that is nearest to each row along such a path.

    Args:
        x: Rows (n, *event); unknown entries, NaN, count as 0, the mean of standardised rows.
        y: Class indices (n,), -1 for no label.
        neighbours: Rows that a path may go on to from a row, or come from.
        power: Of the distance between neighbours; 1 for lengths as they are.

    Returns:
        Class indices (n,); -1 for a row that no path leads to.

    Raises:
        InputError: `neighbours` is below 1, or `power` below 1.
    """
    from scipy.sparse.csgraph import dijkstra
    from sklearn.neighbors import kneighbors_graph

    require_at_least(1, neighbours=neighbours, power=power)
    known = torch.nonzero(y >= 0).flatten()
    if len(known) == 0 or len(x) == 1:
        return y.clone()
    rows = x.flatten(1).double().nan_to_num(0.0).cpu().numpy()
    graph = kneighbors_graph(rows, min(neighbours, len(rows) - 1), mode="distance")
    graph.data **= power
    sources = dijkstra(
        graph, directed=False, indices=known.cpu().numpy(), min_only=True, return_predecessors=True
    )[2]
    nearest = torch.from_numpy(sources).to(y.device).long()
    return torch.where(nearest >= 0, y[nearest.clamp(min=0)], UNREACHED)
