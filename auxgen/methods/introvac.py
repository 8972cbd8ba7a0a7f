"""Introspective variational classifiers (Maggipinto et al., 2020, arXiv:2008.00760)."""

from __future__ import annotations

from typing import Any, final

import torch.nn.functional as F
from torch import Tensor, nn

from ..data.batches import LabelledBatch
from ..method import Gradient, Moves, Step
from ..networks.batch_norm import freeze_running_statistics
from ..networks.freezing import freeze_parameters
from .vac import VariationalClassifier, attribute_cross_entropy


@final
class IntroVAC(VariationalClassifier):
    """p(z) p(x|z) p(y|z)  with  q(z|x); encoder and classifier tell what the decoder makes."""

    def __init__(self, *, summed: bool = False, **parts: Any) -> None:
        """As `VariationalClassifier`.

        Args:
            summed: The decoder's losses of attributes and of being real are summed, as eq. 6 has
                it; else their mean is taken, for which the authors' code has its weights.
            parts: Networks, error and weights.
        """
        super().__init__(**parts)
        self.summed = summed

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {"encoder": (self.q_z,), "classifier": (self.p_y,), "decoder": (self.p_x,)}

    def round(self, batch: LabelledBatch, step: Tensor) -> Moves:
        """Algorithm 1; the decoder keeps its gradient of line 10 until line 14.

        What is real moves the encoder's running statistics, what is fake does not: they are for
        real pictures.
        """
        z_g = self.p_z().sample((len(batch.x),))  # line 3
        x_g = self.p_x(z_g).mean  # 4
        real = _append_fake_label(batch.y, fake=0.0)
        loss, terms, z_r = self.compute_objective(batch.x, real)  # 5-7
        with freeze_running_statistics(self.p_x):  # which this batch has moved already
            x_rr = self.p_x(z_r.detach()).mean  # 8
        yield Gradient(loss, ("encoder", "classifier", "decoder"), terms)  # 9-10
        fooled = self.compute_fake_detection_loss(x_rr.detach()) + self.compute_fake_detection_loss(
            x_g.detach()
        )
        yield Gradient(self.betas.ec * fooled, ("encoder", "classifier"), {"telling": fooled})
        yield Step(("encoder", "classifier"))  # 11
        with freeze_parameters(self.q_z, self.p_y):  # as they are after line 11
            passing = self.compute_adversarial_loss(x_rr, batch.y) + self.compute_adversarial_loss(
                x_g
            )
        yield Gradient(self.betas.g * passing, ("decoder",), {"passing": passing})  # 12-13
        yield Step(("decoder",))  # 14

    def compute_fake_detection_loss(self, x: Tensor) -> Tensor:
        """L_E,C of eqs. 6 and 7: that these are fake."""
        fake = self.logits(x)[:, -1:]
        return attribute_cross_entropy(fake, fake.new_ones(fake.shape)).mean()

    def compute_adversarial_loss(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """L_G of eqs. 6 and 7: that these are real, and where known of attributes y (b, k)."""
        logits = self.logits(x)
        if y is None:
            return attribute_cross_entropy(logits[:, -1:], logits.new_zeros(len(x), 1)).mean()
        answered = 1 if self.summed else logits.shape[1]
        return attribute_cross_entropy(logits, _append_fake_label(y, fake=0.0)).mean() / answered

    def logits(self, x: Tensor) -> Tensor:
        """Of attributes and of being fake, at the mean of q(z|x): -> (b, k + 1)."""
        with freeze_running_statistics(self.q_z):
            return self.p_y(self.q_z(x).mean)


def _append_fake_label(y: Tensor, fake: float) -> Tensor:
    """Answers with the one to "is it fake" behind: y (b, k) -> (b, k + 1)."""
    return F.pad(y, (0, 1), value=fake)
