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

    def __init__(self, *, summed: bool = False, game: bool = True, **parts: Any) -> None:
        """Takes the arguments of `VariationalClassifier`, and two more.

        Args:
            summed: Whether the decoder's losses of attributes and of being real are summed, as in
                eq. 6; else their mean is taken, to which the weights of the authors' code belong.
            game: Whether fakes are detected, and the decoder learns to pass for real; else of its
                loss L_G only the attributes are left, at the same weight. Not in the paper.
        """
        super().__init__(**parts)
        self.summed, self.game = summed, game

    def round(self, batch: LabelledBatch, step: Tensor) -> Moves:
        """Algorithm 1; the decoder keeps its gradient of line 10 until line 14.

        Only real rows move the encoder's running statistics, which serve real rows.
        """
        x_g = self.sample(len(batch.x)) if self.game else None  # lines 3-4
        real = _append_real_label(batch.y)
        loss, terms, z_r = self.compute_objective(batch.x, real)  # 5-7
        with freeze_running_statistics(self.p_x):  # this batch has moved them already
            x_rr = self.p_x(z_r.detach()).mean  # 8
        yield Gradient(loss, ("encoder", "classifier", "decoder"), terms)  # 9-10
        if x_g is not None:
            fake_r, fake_g = (self.logits(x.detach())[:, -1:] for x in (x_rr, x_g))
            fooled = _detection_loss(fake_r) + _detection_loss(fake_g)
            means = {"reconstructions": fake_r.mean(), "samples": fake_g.mean()}
            terms = {"telling": fooled, **{f"fake logit of {k}": m for k, m in means.items()}}
            yield Gradient(self.betas.ec * fooled, ("encoder", "classifier"), terms)
        yield Step(("encoder", "classifier"))  # 11
        with freeze_parameters(self.q_z, self.p_y):  # in their state after line 11
            passing = self.adversarial_loss(x_rr, batch.y)
            if x_g is not None:
                passing = passing + self.adversarial_loss(x_g)
        yield Gradient(self.betas.g * passing, ("decoder",), {"passing": passing})  # 12-13
        yield Step(("decoder",))  # 14

    def adversarial_loss(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """L_G of eqs. 6 and 7, the loss of x as real, with attributes y (b, k) where given."""
        logits = self.logits(x)
        if y is None:
            return attribute_cross_entropy(logits[:, -1:], logits.new_zeros(len(x), 1)).mean()
        answered = 1 if self.summed else logits.shape[1]
        answers = _append_real_label(y) if self.game else y
        return attribute_cross_entropy(logits[:, : answers.shape[1]], answers).mean() / answered

    def logits(self, x: Tensor) -> Tensor:
        """Logits of attributes and of being fake, at the mean of q(z|x): -> (b, k + 1)."""
        with freeze_running_statistics(self.q_z):
            return self.p_y(self.q_z(x).mean)


def _detection_loss(fake: Tensor) -> Tensor:
    """A term of L_E,C of eqs. 6 and 7, the loss of detecting fakes by their logits (b, 1)."""
    return attribute_cross_entropy(fake, fake.new_ones(fake.shape)).mean()


def _append_real_label(y: Tensor) -> Tensor:
    """Attributes, followed by a 0, for a row that is not fake: y (b, k) -> (b, k + 1)."""
    return F.pad(y, (0, 1))
