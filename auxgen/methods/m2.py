"""Model M2 (Kingma, Rezende, Mohamed & Welling, NIPS 2014, arXiv:1406.5298)."""

from __future__ import annotations

from functools import partial
from typing import final

from torch import Tensor, nn
from torch.distributions import Categorical, Distribution, kl_divergence

from ..data.batches import SemiSupervisedBatch
from ..functional.bounds import weight_prior
from ..functional.schedules import Schedule, constant
from ..method import Method, Moves, descend
from ..networks.batch_norm import freeze_running_statistics
from ..networks.distributions import Conditional, StandardNormal, UniformClasses
from .semi_supervised import LabelledBound, Summation, conditional_label_bound, sum_all_classes


@final
class M2(Method):
    """p(y) p(z) p(x|y,z)  with  q(y|x) q(z|x,y).

    Shapes within: x (b, 1, d), y (b, 1, k) or all k classes (k, k), z (s, b, c, d_z).
    """

    def __init__(
        self,
        *,
        q_y: Conditional,
        q_z: Conditional,
        p_z: StandardNormal,
        p_x: Conditional,
        classes: int,
        alpha: float,
        prior_rows: int,
        samples: int,
        warm_up: Schedule,
        labelled_bound: LabelledBound = conditional_label_bound,
        summation: Summation = sum_all_classes,
        temperature: Schedule = constant,
    ) -> None:
        """alpha weighs the classification term; the prior of the weights counts 1 / prior_rows.

        `summation` is over the classes of unlabelled rows in training, and `temperature` the weight
        of their entropy.
        """
        super().__init__()
        self.q_y, self.q_z = q_y, q_z
        self.p_y, self.p_z, self.p_x = UniformClasses(classes), p_z, p_x
        self.alpha, self.prior_rows, self.samples = alpha, prior_rows, samples
        self.warm_up, self.temperature = warm_up, temperature
        self.labelled_bound, self.summation = labelled_bound, summation

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"model": (self,)}

    def round(self, batch: SemiSupervisedBatch, step: Tensor) -> Moves:
        """J^alpha, eq. 9, as means over each stream; running statistics are the unlabelled's."""
        x, y, x_u = batch
        warmth = self.warm_up(step)
        with freeze_running_statistics(self):
            labelled = -self.compute_labelled_bound(x, y, warmth, self.labelled_bound).mean()
            classification = -self.classify(x).log_prob(y).mean()
        summation = partial(self.summation, temperature=self.temperature(step))
        unlabelled = -self.elbo(x_u, warmth, summation).mean()
        prior = weight_prior(self) / self.prior_rows
        loss = labelled + self.alpha * classification + unlabelled + prior
        terms = {"labelled": labelled, "classification": classification, "unlabelled": unlabelled}
        yield from descend(loss, "model", **terms, prior=prior)

    def f(self, x: Tensor, y: Tensor, warmth: Tensor | float) -> Tensor:
        """The bound on log p(x,y), eq. 6, averaged over draws of z: -> (b, c)."""
        q_z = self.q_z(x, y)
        log_p_x = self.p_x(y, q_z.rsample((self.samples,))).log_prob(x).mean(0)
        return log_p_x + self.p_y.log_p - warmth * kl_divergence(q_z, self.p_z())

    def labelled_elbo(self, x: Tensor, y: Tensor) -> Tensor:
        """-L(x, y), eq. 6: x (b, d), y (b,) -> (b,)."""
        return self.compute_labelled_bound(x, y, 1.0, conditional_label_bound)

    def compute_labelled_bound(
        self, x: Tensor, y: Tensor, warmth: Tensor | float, bound: LabelledBound
    ) -> Tensor:
        """A bound of labelled rows: x (b, d), y (b,) -> (b,)."""
        f = partial(self.f, x.unsqueeze(1), warmth=warmth)
        return bound(f, lambda: self.classify(x).logits, self.p_y, y)

    def elbo(
        self, x: Tensor, warmth: Tensor | float = 1.0, summation: Summation = sum_all_classes
    ) -> Tensor:
        """-U(x), eq. 7: the label summed out under q(y|x): (b, d) -> (b,)."""
        f = partial(self.f, x.unsqueeze(1), warmth=warmth)
        return summation(f, self.classify(x).logits, self.p_y)

    def log_weights(self, x: Tensor, k: int) -> Tensor:
        """log sum_y p(x,y,z) / q(z|x,y), k draws of z: (b, d) -> (k, b)."""
        x, y = x.unsqueeze(1), self.p_y.every
        q_z = self.q_z(x, y)
        z = q_z.rsample((k,))
        log_p = self.p_x(y, z).log_prob(x) + self.p_z().log_prob(z) + self.p_y.log_p
        return (log_p - q_z.log_prob(z)).logsumexp(-1)

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        """q(y|x), which has nothing to average: x (b, d) -> batch (b,)."""
        del draws
        return self.q_y(x)

    def encode(self, x: Tensor) -> Distribution:
        """q(z|x,y) at the most probable y: x (b, d) -> batch (b,)."""
        return self.q_z(x, self.p_y.one_hot(self.classify(x).logits.argmax(-1)))

    def decode(self, z: Tensor, y: Tensor) -> Distribution:
        """p(x|y,z): z (b, d_z), y (b,) -> batch (b,)."""
        return self.p_x(self.p_y.one_hot(y), z)

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        """Means of p(x|y,z) at n draws from the prior; y (n,), drawn when None: -> (n, d)."""
        z = self.p_z().sample((n,))
        return self.decode(z, self.p_y().sample((n,)) if y is None else y).mean
