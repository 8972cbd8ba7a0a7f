"""Toys whose truth is known: another seed draws fresh true samples, any number of them.

All points are float32, all draws independent, and the same for the same seed on every machine.
"""

from collections.abc import Sequence
from math import log, pi, sqrt, tau

import torch
from torch import Tensor

from .dataset import Dataset, add_fingerprint


def make_moons(n: int, noise: float = 0.1, seed: int = 0) -> Dataset:
    """Two half-moons: top (cos t, sin t), bottom (1 - cos t, 1 - sin t - 0.5), t ~ U(0, pi).

    The curves are scikit-learn's `make_moons`; y is the arc, of either with probability 1/2.

    Args:
        n: Points, x (n, 2).
        noise: Standard deviation of the Gaussian noise on both coordinates.
    """
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(2, (n,), generator=generator)
    t = pi * torch.rand(n, generator=generator)
    x = _compute_arc_points(t, y) + noise * torch.randn(n, 2, generator=generator)
    return _make_points(x, y, ("top", "bottom"), f"moons/{seed}")


def make_labelled_moons(places: Sequence[float] = (0.0, 0.5, 1.0)) -> Dataset:
    """Labelled points on each arc of the half-moons, without noise.

    Args:
        places: Where on an arc, from 0 at its one end to 1 at its other; three in the paper.
    """
    t = pi * torch.tensor(places).repeat(2)
    y = torch.arange(2).repeat_interleave(len(places))
    return _make_points(_compute_arc_points(t, y), y, ("top", "bottom"), "moons/labelled")


def _compute_arc_points(t: Tensor, y: Tensor) -> Tensor:
    """Points on the two arcs: angles t (n,), arcs y (n,) -> (n, 2)."""
    top = torch.stack([t.cos(), t.sin()], 1)
    return torch.where(y[:, None] == 0, top, torch.tensor([1.0, 0.5]) - top)


def compute_ring_centres(modes: int = 8, radius: float = 2.0) -> Tensor:
    """Centres evenly on a circle: (modes, 2)."""
    angle = tau * torch.arange(modes) / modes
    return radius * torch.stack([angle.cos(), angle.sin()], 1)


def compute_grid_centres(side: int = 5, spacing: float = 1.0) -> Tensor:
    """Centres on a square grid about the origin: (side^2, 2)."""
    line = spacing * (torch.arange(side) - (side - 1) / 2)
    return torch.cartesian_prod(line, line)


def _make_mixture(
    n: int, centres: Tensor, *, sd: float, seed: int, name: str = "mixture"
) -> Dataset:
    """Equal parts of isotropic Gaussians about centres (k, d): x (n, d), y the component."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(len(centres), (n,), generator=generator)
    x = centres[y] + sd * torch.randn(n, centres.shape[1], generator=generator)
    return _make_points(x, y, tuple(map(str, range(len(centres)))), f"{name}/{seed}")


def _mixture_log_prob(x: Tensor, centres: Tensor, *, sd: float) -> Tensor:
    """log p(x) of `_make_mixture`: x (n, d) -> (n,), in nats."""
    k, d = centres.shape
    squares = (x[:, None] - centres.to(x)).square().sum(-1) / sd**2
    return torch.logsumexp(-squares / 2, 1) - log(k) - d * log(sd * sqrt(tau))


def make_ring(
    n: int, seed: int = 0, *, modes: int = 8, radius: float = 2.0, sd: float = 0.05
) -> Dataset:
    """Gaussians on a circle; y is the Gaussian. Density: `ring_log_prob`."""
    return _make_mixture(n, compute_ring_centres(modes, radius), sd=sd, seed=seed, name="ring")


def ring_log_prob(x: Tensor, *, modes: int = 8, radius: float = 2.0, sd: float = 0.05) -> Tensor:
    """log p(x) of `make_ring`: x (n, 2) -> (n,), in nats."""
    return _mixture_log_prob(x, compute_ring_centres(modes, radius), sd=sd)


def make_grid(
    n: int, seed: int = 0, *, side: int = 5, spacing: float = 1.0, sd: float = 0.05
) -> Dataset:
    """Gaussians on a square grid; y is the Gaussian. Density: `grid_log_prob`."""
    return _make_mixture(n, compute_grid_centres(side, spacing), sd=sd, seed=seed, name="grid")


def grid_log_prob(x: Tensor, *, side: int = 5, spacing: float = 1.0, sd: float = 0.05) -> Tensor:
    """log p(x) of `make_grid`: x (n, 2) -> (n,), in nats."""
    return _mixture_log_prob(x, compute_grid_centres(side, spacing), sd=sd)


def make_circle(n: int, seed: int = 0, *, radius: float = 1.0, sd: float = 0.01) -> Dataset:
    """A thin circle: angle ~ U(0, 2 pi), signed radius ~ N(radius, sd^2); see `circle_log_prob`."""
    generator = torch.Generator().manual_seed(seed)
    angle = tau * torch.rand(n, generator=generator)
    r = radius + sd * torch.randn(n, generator=generator)
    x = r[:, None] * torch.stack([angle.cos(), angle.sin()], 1)
    return _make_points(x, None, (), f"circle/{seed}")


def circle_log_prob(x: Tensor, *, radius: float = 1.0, sd: float = 0.01) -> Tensor:
    """log p(x) of `make_circle`: x (n, 2) -> (n,), in nats.

    p(x) = [N(|x|; radius, sd^2) + N(-|x|; radius, sd^2)] / (2 pi |x|): the signed radius is |x| or
    -|x|, and the angle is uniform.
    """
    r = x.norm(dim=-1)
    both = torch.stack([r, -r])
    radial = torch.logsumexp(-((both - radius) / sd).square() / 2, 0) - log(sd * sqrt(tau))
    return radial - torch.log(tau * r)


def make_pinwheel(
    n: int,
    seed: int = 0,
    *,
    arms: int = 5,
    radial: float = 0.3,
    tangential: float = 0.05,
    rate: float = 0.25,
) -> Dataset:
    """Arms of a pinwheel (Johnson et al., NIPS 2016, arXiv:1603.06277); y is the arm.

    (a, b) ~ N((1, 0), diag(radial^2, tangential^2)), turned by the arm's angle + rate exp(a).
    """
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(arms, (n,), generator=generator)
    scale = torch.tensor([radial, tangential])
    a, b = (torch.randn(n, 2, generator=generator) * scale + torch.tensor([1.0, 0.0])).unbind(1)
    angle = tau * y / arms + rate * a.exp()
    x = torch.stack([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], 1)
    return _make_points(x, y, tuple(map(str, range(arms))), f"pinwheel/{seed}")


def make_swiss_roll(n: int, seed: int = 0, *, noise: float = 0.0, dimensions: int = 3) -> Dataset:
    """A rolled sheet (t cos t, 21 u, t sin t), t ~ U(3 pi / 2, 9 pi / 2), u ~ U(0, 1).

    As scikit-learn's `make_swiss_roll`; in 2 dimensions without the middle coordinate.

    Args:
        n: Points, x (n, dimensions).
        noise: Standard deviation of the Gaussian noise on every coordinate.
        dimensions: 3 or 2.
    """
    generator = torch.Generator().manual_seed(seed)
    t = 1.5 * pi * (1 + 2 * torch.rand(n, generator=generator))
    u = 21 * torch.rand(n, generator=generator)
    roll = [t * t.cos(), t * t.sin()] if dimensions == 2 else [t * t.cos(), u, t * t.sin()]
    x = torch.stack(roll, 1)
    x = x + noise * torch.randn(x.shape, generator=generator)
    return _make_points(x, None, (), f"swiss_roll/{seed}")


def _make_points(x: Tensor, y: Tensor | None, classes: tuple[str, ...], name: str) -> Dataset:
    """Rows of a toy; y is blank where the toy has no components."""
    y = torch.full((len(x),), -1) if y is None else y
    return add_fingerprint(Dataset(x, y, classes, name, ""))


def two_moded_energy(z: Tensor) -> Tensor:
    """U(z) of a ring with two modes, p(z) = exp(-U(z)) / Z: z (..., d) -> (...,), nats.

    U = ((|z| - 2) / 0.4)^2 / 2 - log(exp(-((z_1 - 2) / 0.6)^2 / 2)
        + exp(-((z_1 + 2) / 0.6)^2 / 2)): potential 1 of Rezende & Mohamed (ICML 2015, table 1).
    """
    ring = ((z.norm(dim=-1) - 2) / 0.4).square() / 2
    sides = torch.stack([z[..., 0] - 2, z[..., 0] + 2])
    return ring - torch.logsumexp(-(sides / 0.6).square() / 2, 0)


def two_moded_log_z(side: int = 800) -> float:
    """log Z of `two_moded_energy` in the plane, by quadrature on side^2 points of [-5, 5]^2."""
    line = (torch.arange(side, dtype=torch.float64) + 0.5) * 10 / side - 5
    energy = two_moded_energy(torch.cartesian_prod(line, line))
    return torch.logsumexp(-energy, 0).item() + 2 * log(10 / side)
