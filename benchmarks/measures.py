"""How long each measure takes, beside a known library that computes the same in the same run.

OMP_NUM_THREADS=1 python benchmarks/measures.py > results/evaluation.measures.json

A table on standard error, one JSON object on standard output: seconds, the peer's seconds, their
ratio, and both values. Seconds are the processor's, which other work on the machine disturbs least;
on one thread they are the clock's on an idle machine. All rows are made up, so nothing is needed
but the development packages. About 3 minutes of one core; `--small` takes seconds.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import ot
import torch
import torch.nn.functional as F
from records import describe_run
from sklearn.metrics import pairwise_distances_chunked, r2_score
from sklearn.neighbors import NearestNeighbors
from torch import Tensor, nn
from torchmetrics.functional.image import (
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.inception import InceptionScore
from torchmetrics.image.kid import KernelInceptionDistance

from auxgen.metrics import inception_score as class_scores
from auxgen.metrics import precision_recall as manifolds
from auxgen.metrics import reconstruction as closeness
from auxgen.metrics import representation
from auxgen.metrics import wasserstein as transport
from auxgen.metrics.frechet import (
    fit_gaussian,
    frechet_distance,
    kernel_distance,
    sample_kernel_distances,
)

QUICK = 1.0
"""Seconds; what takes less is timed thrice, and the least stands."""


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Attributes:
        rows: Rows of features, pictures and codes in each set.
        widths: Of the features.
        points: Rows for exact transport.
        subsets: For the kernel distance.
        size: Rows of a subset.
    """

    rows: int = 10_000
    widths: tuple[int, ...] = (64, 2048)
    points: int = 2000
    subsets: int = 100
    size: int = 1000


SMALL = Sizes(rows=300, widths=(16,), points=100, subsets=5, size=300)


@dataclass(frozen=True)
class Case:
    """A measure on certain rows, and who else computes it.

    Attributes:
        name: What is measured, of what.
        ours: Gives the value.
        peer: Gives the same; None where the library does the work for us.
        by: The peer's name.
    """

    name: str
    ours: Callable[[], Any]
    peer: Callable[[], Any] | None = None
    by: str = ""


class Rows(nn.Module):
    """Features as they are, where torchmetrics wants a network."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.num_features = d

    def forward(self, x: Tensor) -> Tensor:
        return x


def rectified(n: int, d: int, seed: int) -> Tensor:
    """Correlated rows with half of their entries 0, as after a ReLU: (n, d) float32."""
    mixing = torch.randn(d, d, generator=torch.Generator().manual_seed(99)) / d**0.5
    x = torch.randn(n, d, generator=torch.Generator().manual_seed(seed)) @ mixing
    return (x + 0.05 * seed).relu()


def torchmetrics_frechet(real: Tensor, fake: Tensor) -> Tensor:
    metric = FrechetInceptionDistance(Rows(real.shape[1])).set_dtype(torch.float64)
    metric.update(real.double(), real=True)
    metric.update(fake.double(), real=False)
    return metric.compute()


def torchmetrics_kernel(real: Tensor, fake: Tensor, *, subsets: int, size: int) -> Tensor:
    metric = KernelInceptionDistance(Rows(real.shape[1]), subsets=subsets, subset_size=size)
    metric.set_dtype(torch.float64)
    metric.update(real.double(), real=True)
    metric.update(fake.double(), real=False)
    return metric.compute()[0]


def neighbours_precision_recall(real: Tensor, fake: Tensor) -> tuple[float, float]:
    """Radii by scikit-learn's NearestNeighbors, then its distances between the sets in blocks."""
    x, y = real.double().numpy(), fake.double().numpy()
    nearest = [NearestNeighbors(n_neighbors=3, algorithm="brute").fit(z) for z in (x, y)]
    radius, other = (found.kneighbors()[0][:, -1] for found in nearest)
    precise, recalled, start = np.zeros(len(y), dtype=bool), 0, 0
    for block in pairwise_distances_chunked(x, y, working_memory=80):
        precise |= (block <= radius[start : start + len(block), None]).any(0)
        recalled += (block <= other).any(1).sum()
        start += len(block)
    return float(precise.mean()), recalled / len(x)


def torchmetrics_class_score(logits: Tensor) -> Tensor:
    metric = InceptionScore(nn.Identity(), splits=10).set_dtype(torch.float64)
    metric.update(logits)
    return metric.compute()[0]


def pot_w1(x: Tensor, y: Tensor) -> float:
    weights = ot.unif(len(x))
    cost = ot.dist(x.double().numpy(), y.double().numpy(), metric="euclidean")
    return np.asarray(ot.emd2(weights, weights, cost, numItermax=10_000_000)).item()


def pot_sliced(x: Tensor, y: Tensor) -> float:
    one, other = x.double().numpy(), y.double().numpy()
    found = ot.sliced_wasserstein_distance(one, other, n_projections=500, p=1, seed=0)
    return np.asarray(found).item()


def torchmetrics_psnr(x: Tensor, y: Tensor) -> Tensor:
    found = peak_signal_noise_ratio(x, y, data_range=1.0, reduction="none", dim=(1, 2, 3))
    return torch.as_tensor(found).mean()


def torchmetrics_ssim(x: Tensor, y: Tensor) -> Tensor:
    found = partial(
        structural_similarity_index_measure,
        data_range=1.0,
        reduction="none",
        return_full_image=True,
    )
    parts = zip(x.split(256), y.split(256), strict=True)
    return torch.cat([found(a, b)[1][..., 5:-5, 5:-5].flatten(1).mean(1) for a, b in parts]).mean()


def scikit_learn_explained(x: Tensor, y: Tensor) -> tuple[float, float]:
    grids = [F.avg_pool2d(each.double(), each.shape[-1] // 4).numpy() for each in (x, y)]
    grey = [grid.mean(1, keepdims=True) for grid in grids]
    colours = [grid - g for grid, g in zip(grids, grey, strict=True)]
    found = [
        float(
            r2_score(a.reshape(len(a), -1), b.reshape(len(b), -1), multioutput="variance_weighted")
        )
        for a, b in (grey, colours)
    ]
    return found[0], found[1]


def of_features(sizes: Sizes, d: int) -> Iterator[Case]:
    n = sizes.rows
    real, fake = rectified(n, d, 0), rectified(n, d, 1)
    drawn = {"subsets": sizes.subsets, "size": sizes.size}
    on = f"{n} x {d}"
    yield Case(
        f"Fréchet distance, {on}",
        lambda: frechet_distance(fit_gaussian(real), fit_gaussian(fake)),
        partial(torchmetrics_frechet, real, fake),
        "torchmetrics FrechetInceptionDistance, float64",
    )
    yield Case(f"kernel distance, all of {on}", partial(kernel_distance, real, fake))
    yield Case(
        f"kernel distances, {sizes.subsets} x {sizes.size} of {on}",
        lambda: sample_kernel_distances(real, fake, **drawn).mean(),
        partial(torchmetrics_kernel, real, fake, **drawn),
        "torchmetrics KernelInceptionDistance, float64, other subsets",
    )
    yield Case(
        f"precision and recall, {on}",
        partial(manifolds.precision_recall, real, fake),
        partial(neighbours_precision_recall, real, fake),
        "scikit-learn NearestNeighbors",
    )
    yield Case(f"density and coverage, {on}", partial(manifolds.density_coverage, real, fake))


def of_points(sizes: Sizes) -> Iterator[Case]:
    x, y = torch.randn(2, sizes.points, 2, generator=torch.Generator().manual_seed(0))
    yield Case(
        f"W1, {sizes.points} x 2",
        partial(transport.exact_wasserstein_distance, x, y),
        partial(pot_w1, x, y),
        "POT emd2",
    )
    real, fake = rectified(sizes.rows, 64, 0), rectified(sizes.rows, 64, 1)
    yield Case(
        f"sliced W1, 500 directions, {sizes.rows} x 64",
        partial(transport.sliced_wasserstein_distance, real, fake),
        partial(pot_sliced, real, fake),
        "POT sliced_wasserstein_distance, other directions",
    )


def of_classes(sizes: Sizes) -> Iterator[Case]:
    logits = 2 * torch.randn(sizes.rows, 10, generator=torch.Generator().manual_seed(0))
    logits = logits.double()
    yield Case(
        f"class score, {sizes.rows} x 10",
        lambda: class_scores.classifier_scores(logits.softmax(-1)).mean(),
        partial(torchmetrics_class_score, logits),
        "torchmetrics InceptionScore, float64, other groups",
    )


def of_pictures(sizes: Sizes) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(0)
    x, noise = torch.rand(2, sizes.rows, 3, 32, 32, generator=generator)
    y = (x + 0.1 * noise).clamp(0, 1)
    on = f"{sizes.rows} x 3x32x32"
    yield Case(
        f"PSNR, {on}",
        lambda: closeness.psnr(x, y).mean(),
        partial(torchmetrics_psnr, x, y),
        "torchmetrics, float32",
    )
    yield Case(f"L1, {on}", lambda: closeness.mean_absolute_error(x, y).mean())
    yield Case(
        f"SSIM, {on}",
        lambda: closeness.ssim(x, y).mean(),
        partial(torchmetrics_ssim, x, y),
        "torchmetrics, float32, its borders cut off",
    )
    yield Case(
        f"brightness and colours explained, {on}",
        lambda: tuple(closeness.explained_variance(x, y).values()),
        partial(scikit_learn_explained, x, y),
        "scikit-learn r2_score, weighted by variance",
    )


def of_codes(sizes: Sizes) -> Iterator[Case]:
    generator = torch.Generator().manual_seed(0)
    y, y_test = torch.randint(10, (2, sizes.rows), generator=generator)
    centres = torch.randn(10, 32, generator=generator)
    noise = torch.randn(2, sizes.rows, 32, generator=generator)
    codes, test = centres[y] + 1.5 * noise[0], centres[y_test] + 1.5 * noise[1]
    four, on = (codes, y, test, y_test), f"{sizes.rows} x 32"
    yield Case(f"k-NN accuracy, {on}", partial(representation.knn_accuracy, *four))
    yield Case(f"linear probe, {on}", partial(representation.probe_accuracy, *four))
    yield Case(
        f"silhouette, 5000 rows at most of {on}", partial(representation.silhouette, codes, y)
    )
    sd = torch.full_like(codes, 0.5)
    z = codes + sd * torch.randn(codes.shape, generator=generator)
    yield Case(
        f"bounds on I(x; z), {on}", partial(representation.mutual_information_bounds, codes, sd, z)
    )


def cases(sizes: Sizes) -> Iterator[Case]:
    """All of them, made when their turn comes, so that memory holds one's rows."""
    for d in sizes.widths:
        yield from of_features(sizes, d)
    for some in (of_points, of_classes, of_pictures, of_codes):
        yield from some(sizes)


def timed(measure: Callable[[], Any]) -> tuple[float, list[float]]:
    """Seconds of the processor, and what was measured."""

    def once() -> tuple[float, Any]:
        start = time.process_time()
        value = measure()
        return time.process_time() - start, value

    least, value = once()
    if least < QUICK:
        least = min(least, once()[0], once()[0])
    values = value if isinstance(value, tuple) else (value,)
    return least, [float(v) for v in values]


def row(case: Case) -> dict[str, Any]:
    seconds, value = timed(case.ours)
    found: dict[str, Any] = {"seconds": round(seconds, 4), "value": value}
    if case.peer:
        theirs, value = timed(case.peer)
        found |= {"peer": case.by, "peer_seconds": round(theirs, 4), "peer_value": value}
        found["times_faster"] = round(theirs / seconds, 2)
    return found


def told(name: str, found: dict[str, Any]) -> str:
    """A line of the table."""
    beside = ""
    if "peer" in found:
        beside = f"{found['peer_seconds']:10.3f} {found['times_faster']:8.2f}  {found['peer']}"
    return f"{name:52}{found['seconds']:10.3f} {beside}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--small", action="store_true", help="little of everything, in seconds")
    sizes = SMALL if parser.parse_args().small else Sizes()
    warnings.filterwarnings("ignore", "Metric `.*` will save")  # torchmetrics, of its memory
    for case in cases(SMALL) if sizes != SMALL else ():
        row(case)  # so that nobody's first use is timed
    begun, measures = time.monotonic(), {}
    print(f"{'':52}{'seconds':>10} {'peer':>10} {'ratio':>8}", file=sys.stderr)
    for case in cases(sizes):
        measures[case.name] = row(case)
        print(told(case.name, measures[case.name]), file=sys.stderr, flush=True)
    about = {
        **describe_run("measures.py", "torch", "torchmetrics", "scipy", "scikit-learn", "POT"),
        "seconds_are": "of the processor, all threads; the least of three where below a second",
        "seconds_by_the_clock": round(time.monotonic() - begun, 1),
    }
    print(json.dumps({**about, "measures": measures}, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
