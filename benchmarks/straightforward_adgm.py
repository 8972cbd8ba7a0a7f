"""An ADGM as one writes it in an afternoon: x is repeated for every class, inputs are concatenated.

A peer for benchmarks: the same networks, objective and optimiser as `auxgen.methods.adgm.ADGM` with
batch norm, without its moving average, its log and its checks.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from auxgen.data.batches import SemiSupervisedBatch


def build_network(inputs: int, hidden: int, out: int) -> nn.Sequential:
    """Two hidden layers with batch norm."""
    return nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.BatchNorm1d(hidden),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        nn.BatchNorm1d(hidden),
        nn.ReLU(),
        nn.Linear(hidden, out),
    )


def log_normal(x: Tensor, mean: Tensor, log_std: Tensor) -> Tensor:
    """log N(x; mean, exp(log_std)^2), up to a constant that q and p share: -> (n,)."""
    return (-0.5 * ((x - mean) / log_std.exp()) ** 2 - log_std).sum(1)


class StraightforwardADGM(nn.Module):
    """p(y) p(z) p(a|z,y) p(x|z,y) with q(a|x) q(y|a,x) q(z|a,y,x), x of bits."""

    def __init__(
        self, x: int, classes: int, hidden: int, codes: int, *, bf16: bool = False
    ) -> None:
        super().__init__()
        self.classes, self.bf16 = classes, bf16
        self.q_a = build_network(x, hidden, 2 * codes)
        self.q_y = build_network(codes + x, hidden, classes)
        self.q_z = build_network(codes + classes + x, hidden, 2 * codes)
        self.p_a = build_network(classes + codes, hidden, 2 * codes)
        self.p_x = build_network(classes + codes, hidden, x)
        self.optimizer = torch.optim.Adam(self.parameters(), lr=1e-3)

    def sample(self, network: nn.Module, *given: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """A draw of a Gaussian, its mean and its log standard deviation."""
        mean, log_std = network(torch.cat(given, 1)).chunk(2, 1)
        log_std = log_std.clamp(-5, 5)
        return mean + log_std.exp() * torch.randn_like(mean), mean, log_std

    def bound(self, x: Tensor, y: Tensor, a: Tensor, log_q_a: Tensor) -> Tensor:
        """The bound on log p(x, y) of each row: x (n, d), y (n, k) -> (n,)."""
        z, mean, log_std = self.sample(self.q_z, a, y, x)
        kl = 0.5 * (mean**2 + (2 * log_std).exp() - 1 - 2 * log_std).sum(1)
        given = torch.cat((y, z), 1)
        log_p_x = -F.binary_cross_entropy_with_logits(self.p_x(given), x, reduction="none").sum(1)
        mean_a, log_std_a = self.p_a(given).chunk(2, 1)
        return log_p_x - kl + log_normal(a, mean_a, log_std_a.clamp(-5, 5)) - log_q_a

    def compute_loss(self, batch: SemiSupervisedBatch) -> Tensor:
        """The paper's objective, eq. 13, with alpha = 60, but for log p(y)."""
        x, labels, x_u = batch
        a, mean, log_std = self.sample(self.q_a, x)
        y = F.one_hot(labels, self.classes).float()
        labelled = -self.bound(x, y, a, log_normal(a, mean, log_std)).mean()
        classification = F.cross_entropy(self.q_y(torch.cat((a, x), 1)), labels)
        a, mean, log_std = self.sample(self.q_a, x_u)
        log_q_a = log_normal(a, mean, log_std)
        log_q = self.q_y(torch.cat((a, x_u), 1)).log_softmax(1)
        repeated = [t.repeat_interleave(self.classes, 0) for t in (x_u, a, log_q_a)]
        every = torch.eye(self.classes).repeat(len(x_u), 1)
        each = self.bound(repeated[0], every, *repeated[1:]).view_as(log_q)
        unlabelled = -(log_q.exp() * (each - log_q)).sum(1).mean()
        prior = sum(0.5 * p.square().sum() for p in self.parameters() if p.ndim > 1) / 60_000
        return labelled + 60.0 * classification + unlabelled + prior

    def train_on(self, batch: SemiSupervisedBatch) -> None:
        """A round: a clipped gradient and a step of Adam."""
        self.optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            loss = self.compute_loss(batch)
        loss.backward()
        nn.utils.clip_grad_norm_(self.parameters(), 5.0)
        self.optimizer.step()
