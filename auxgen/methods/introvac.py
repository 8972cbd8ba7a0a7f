"""Introspective variational classifiers (Maggipinto et al., 2020, arXiv:2008.00760)."""

from typing import Any, final

import torch.nn.functional as F
from torch import Tensor

from ..data.batches import LabelledBatch
from ..method import Gradient, Moves, Step
from ..networks.freezing import freeze_parameters, freeze_running_statistics
from .vac import VariationalClassifier, attribute_cross_entropy


@final
class IntroVAC(VariationalClassifier):
    """p(z) p(x|z) p(y|z)  with  q(z|x); encoder and classifier detect what the decoder makes."""

    def __init__(self, *, summed: bool = False, **parts: Any) -> None:
        """Takes the arguments of `VariationalClassifier`, and `summed`.

        It says whether the decoder's losses of attributes and of being real are summed, as in eq.
        6; else their mean is taken, to which the weights of the authors' code belong.
        """
        super().__init__(**parts)
        self.summed = summed

    def round(self, batch: LabelledBatch, step: Tensor) -> Moves:
        """Algorithm 1; the decoder keeps its gradient of line 10 until line 14.

        Only real rows move the encoder's running statistics, which serve real rows.
        """
        z_g = self.p_z().sample((len(batch.x),))  # line 3
        x_g = self.p_x(z_g).mean  # 4
        real = _append_real_label(batch.y)
        loss, terms, z_r = self.compute_objective(batch.x, real)  # 5-7
        with freeze_running_statistics(self.p_x):  # this batch has moved them already
            x_rr = self.p_x(z_r.detach()).mean  # 8
        yield Gradient(loss, ("encoder", "classifier", "decoder"), terms)  # 9-10
        fooled = self.detection_loss(x_rr.detach()) + self.detection_loss(x_g.detach())
        yield Gradient(self.betas.ec * fooled, ("encoder", "classifier"), {"telling": fooled})
        yield Step(("encoder", "classifier"))  # 11
        with freeze_parameters(self.q_z, self.p_y):  # in their state after line 11
            passing = self.adversarial_loss(x_rr, batch.y) + self.adversarial_loss(x_g)
        yield Gradient(self.betas.g * passing, ("decoder",), {"passing": passing})  # 12-13
        yield Step(("decoder",))  # 14

    def detection_loss(self, x: Tensor) -> Tensor:
        """L_E,C of eqs. 6 and 7, the loss of detecting that x is fake."""
        fake = self.logits(x)[:, -1:]
        return attribute_cross_entropy(fake, fake.new_ones(fake.shape)).mean()

    def adversarial_loss(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """L_G of eqs. 6 and 7, the loss of x as real, with attributes y (b, k) where given."""
        logits = self.logits(x)
        if y is None:
            return attribute_cross_entropy(logits[:, -1:], logits.new_zeros(len(x), 1)).mean()
        answered = 1 if self.summed else logits.shape[1]
        return attribute_cross_entropy(logits, _append_real_label(y)).mean() / answered

    def logits(self, x: Tensor) -> Tensor:
        """Logits of attributes and of being fake, at the mean of q(z|x): -> (b, k + 1)."""
        with freeze_running_statistics(self.q_z):
            return self.p_y(self.q_z(x).mean)


def _append_real_label(y: Tensor) -> Tensor:
    """Attributes, followed by a 0, for a row that is not fake: y (b, k) -> (b, k + 1)."""
    return F.pad(y, (0, 1))
