"""Variational classifiers (Maggipinto, Terzi & Susto, 2020, arXiv:2008.00760)."""

from abc import ABC
from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import copysign, inf, log
from typing import final

from torch import Tensor, nn
from torch.distributions import Bernoulli, kl_divergence

from ..data.batches import LabelledBatch
from ..errors import require_at_least
from ..functional.precision import promote_to_float32
from ..method import Moves, descend
from ..networks.distributions import Conditional
from ..networks.priors import StandardNormal
from .classifiers import attribute_distribution, attribute_log_likelihood
from .vae import CodedMethod

ReconstructionLoss = Callable[[Tensor, Tensor], Tensor]
"""x and its reconstruction -> a scalar, the mean over rows and pixels."""


@dataclass(frozen=True, kw_only=True)
class Betas:
    """Weights of the losses, each a mean over rows, and over pixels, answers or latents (sec. 4.1).

    ae weighs the reconstruction's error, cl the classification, reg the rate, ec detecting fakes,
    for encoder and classifier, and g passing for real, for the decoder.

    Raises:
        InputError: One is negative.
    """

    ae: float = 100.0
    cl: float = 10.0
    reg: float = 3.0
    ec: float = 0.01
    g: float = 5.0

    def __post_init__(self) -> None:
        require_at_least(0, **asdict(self))

    def best_fake_logit(self, attributes: int) -> float:
        """The logit of being fake where real and made rows look alike, of k attributes.

        A real row weighs cl / (k + 1), and the two made of it ec each: log(2 ec (k + 1) / cl) is
        the log of their ratio. A game whose logit lies far below 0 calls nothing fake.
        """
        made = 2 * self.ec * (attributes + 1)
        return log(made / self.cl) if made > 0 and self.cl > 0 else copysign(inf, made - self.cl)


class VariationalClassifier(CodedMethod, ABC):
    """Networks of VAC and IntroVAC, which predict attributes by a linear map of the code.

    The last row of `p_y` detects fakes for IntroVAC. VAC does not use it, and has it only so that
    IntroVAC can start from VAC's weights.
    """

    def __init__(
        self,
        *,
        q_z: Conditional,
        p_z: StandardNormal,
        p_x: Conditional,
        p_y: nn.Linear,
        error: ReconstructionLoss,
        betas: Betas,
    ) -> None:
        """p_y: d -> k + 1 logits without a bias, of k attributes and of being fake."""
        super().__init__(q_z=q_z, p_z=p_z, p_x=p_x)
        self.p_y, self.error, self.betas = p_y, error, betas

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"encoder": (self.q_z,), "classifier": (self.p_y,), "decoder": (self.p_x,)}

    def compute_objective(self, x: Tensor, y: Tensor) -> tuple[Tensor, dict[str, Tensor], Tensor]:
        """The negative bound of eq. 5 with its weights, its terms, and z_r (b, d).

        x (b, c, h, w); y (b, m), targets of the first m logits, 0 or 1, NaN where blank: a blank
        contributes no loss.
        """
        q_z = self.q_z(x)
        z_r = q_z.rsample()
        reconstruction = self.error(x, self.p_x(z_r).mean)
        m, logits = y.shape[1], self.p_y(z_r)
        classification = attribute_cross_entropy(logits[:, :m], y).mean() / m
        rate = kl_divergence(q_z, self.p_z()).mean() / z_r.shape[1]
        b = self.betas
        loss = b.ae * reconstruction + b.cl * classification + b.reg * rate
        terms = {"reconstruction": reconstruction, "classification": classification, "rate": rate}
        if m == logits.shape[1]:  # the last is of being fake
            terms["fake logit of real rows"] = logits[:, -1].mean()
        return loss, terms, z_r

    def decode_attributes(self, z: Tensor) -> Bernoulli:
        """p(y|z) of the attributes: (b, d) -> batch (b, k)."""
        logits: Tensor = self.p_y(z)[..., :-1]
        return attribute_distribution(promote_to_float32(logits))

    def attributes(self, x: Tensor) -> Bernoulli:
        """p(y|z) at the mean of q(z|x): (b, c, h, w) -> batch (b, k)."""
        return self.decode_attributes(self.q_z(x).mean)

    def attribute_weights(self) -> Tensor:
        """w of each attribute's logit w.z: -> (k, d)."""
        return self.p_y.weight[:-1]

    def fake_weight(self) -> Tensor:
        """w of the logit of being fake: -> (d,)."""
        return self.p_y.weight[-1]


@final
class VAC(VariationalClassifier):
    """p(z) p(x|z) p(y|z)  with  q(z|x)."""

    def round(self, batch: LabelledBatch, step: Tensor) -> Moves:
        """The negative bound, eq. 5."""
        loss, terms, _ = self.compute_objective(batch.x, batch.y)
        yield from descend(loss, *self.players(), **terms)


def attribute_cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """-log p of the known attributes, nats, summed: logits and y (b, k), NaN blank -> (b,)."""
    exact = promote_to_float32(logits)
    return -attribute_log_likelihood(attribute_distribution(exact), y)
