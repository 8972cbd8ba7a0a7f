"""The common part of semi-supervised models (Kingma et al., 2014; Maaloe et al., 2016)."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial

from torch import Tensor, nn
from torch.distributions import Distribution

from ..data.batches import SemiSupervisedBatch, ViewedBatch
from ..functional.bounds import weight_prior
from ..functional.schedules import Schedule, constant
from ..method import Method, Moves, descend
from ..networks.freezing import freeze_running_statistics
from ..networks.priors import ClassPrior, StandardNormal
from .semi_supervised import LabelledBound, Summation, conditional_label_bound, sum_all_classes


class SemiSupervisedModel(Method, ABC):
    """p(y) p(z) and the objective of M2 and of ADGM, whose bounds and networks subclasses state."""

    p_z: StandardNormal

    def __init__(
        self,
        *,
        classes: int,
        alpha: float,
        prior_rows: int,
        samples: int,
        warm_up: Schedule,
        labelled_bound: LabelledBound = conditional_label_bound,
        summation: Summation = sum_all_classes,
        temperature: Schedule = constant,
        class_prior: Sequence[float] | None = None,
    ) -> None:
        """alpha weighs the classification term, and 1 / prior_rows the prior of the weights.

        `summation` is over the classes of unlabelled rows in training, and `temperature` the weight
        of their entropy. `class_prior` is p(y), None for the same for all.
        """
        super().__init__()
        self.p_y, self.alpha = ClassPrior(classes, class_prior), alpha
        self.prior_rows, self.samples, self.warm_up = prior_rows, samples, warm_up
        self.labelled_bound, self.summation = labelled_bound, summation
        self.temperature = temperature

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"model": (self,)}

    def round(self, batch: SemiSupervisedBatch | ViewedBatch, step: Tensor) -> Moves:
        """J (ADGM eq. 13, M2 eq. 9), with a mean over each stream of rows.

        Running statistics are of the unlabelled stream. Whatever q(y|.) sees, the bound is one on
        log p(x): it holds for any distribution of y.
        """
        x, y, x_u, *views = batch
        seen, seen_u = views or (x, x_u)
        warmth = self.warm_up(step)
        with freeze_running_statistics(self):
            bound, log_q_y = self.compute_labelled_terms(x, y, warmth, self.labelled_bound, seen)
        labelled, classification = -bound.mean(), -log_q_y.mean()
        summation = partial(self.summation, temperature=self.temperature(step))
        unlabelled = -self.elbo(x_u, warmth, summation, seen_u).mean()
        prior = weight_prior(self) / self.prior_rows
        loss = labelled + self.alpha * classification + unlabelled + prior
        terms = {"labelled": labelled, "classification": classification, "unlabelled": unlabelled}
        yield from descend(loss, "model", **terms, prior=prior)

    @abstractmethod
    def compute_labelled_terms(
        self,
        x: Tensor,
        y: Tensor,
        warmth: Tensor | float,
        bound: LabelledBound,
        seen: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """A bound of labelled rows, and log q(y|.): x (b, d), y (b,) -> each (b,).

        `seen` (b, d) is what q(y|.), and q(a|.), see; x itself where it is None.
        """

    @abstractmethod
    def elbo(
        self,
        x: Tensor,
        warmth: Tensor | float = 1.0,
        summation: Summation = sum_all_classes,
        seen: Tensor | None = None,
    ) -> Tensor:
        """-U(x), with the label summed out: (b, d) -> (b,); `seen` as above."""

    def labelled_elbo(self, x: Tensor, y: Tensor) -> Tensor:
        """-L(x, y) (ADGM eq. 10, M2 eq. 6): x (b, d), y (b,) -> (b,)."""
        return self.compute_labelled_terms(x, y, 1.0, conditional_label_bound)[0]

    @abstractmethod
    def decode(self, z: Tensor, y: Tensor) -> Distribution:
        """p(x|y,z): z (b, d_z), y (b,) -> batch (b,)."""

    def decode_draw(self, z: Tensor, y: Tensor) -> Distribution:
        """p(x|y,z) or, where x depends on a, p(x|a,y,z) at a draw of a: as `decode`."""
        return self.decode(z, y)

    def sample_prior(self, n: int, y: Tensor | None) -> tuple[Tensor, Tensor]:
        """n draws of z and y, unless y (n,) is given: -> (n, d_z), (n,)."""
        z = self.p_z().sample((n,))
        return z, self.p_y().sample((n,)) if y is None else y

    def sample_p_x(self, n: int, y: Tensor | None = None) -> Distribution:
        """p(x|.) at n draws from the prior; y (n,), drawn when None: -> batch (n,)."""
        return self.decode_draw(*self.sample_prior(n, y))

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        """Means of p(x|y,z) as `decode` has it, at n draws from the prior: -> (n, d)."""
        return self.decode(*self.sample_prior(n, y)).mean
