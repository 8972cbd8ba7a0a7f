"""Models of a trained VAE's codes: M1 and M1+M2 (Kingma et al., NIPS 2014, arXiv:1406.5298)."""

from typing import final

import torch
from torch import Tensor, nn
from torch.distributions import Categorical, Distribution

from ..data.batches import SemiSupervisedBatch
from ..errors import InputError
from ..method import Method, Moves
from ..networks.distributions import Conditional, MaskedNormal
from .classifiers import Classifier
from .m2 import M2


@final
class CodeModel(Method):
    """q(z|x) and p(x|z) of M1, held fixed, and a model of the entries of z that are kept.

    With a classifier above it is M1, with M2 it is M1+M2, p(y) p(z_2) p(z_1|y,z_2) p(x|z_1).
    """

    def __init__(
        self, *, q_z: Conditional, p_x: Conditional, kept: MaskedNormal, above: Classifier | M2
    ) -> None:
        """kept: The mask of the entries; also the family of p(z_1|y,z_2) where `above` is M2."""
        super().__init__()
        self.q_z, self.p_x, self.kept, self.above = q_z, p_x, kept, above

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return self.above.players()

    def round(self, batch: SemiSupervisedBatch, step: Tensor) -> Moves:
        """A round of the model above, on new draws of the codes."""
        x, y, x_u = batch
        codes = SemiSupervisedBatch(self.sample_codes(x), y, self.sample_codes(x_u))
        yield from self.above.round(codes, step)

    @torch.no_grad()
    def select_code_entries(self, x: Tensor, min_spread: float = 0.1) -> None:
        """Keep the entries of z whose mean has a spread over rows above `min_spread`: x (n, d).

        The others carry no information on x; the authors' code drops them too.

        Raises:
            InputError: There is no such entry.
        """
        spread = self.q_z(x).mean.std(0, correction=0)
        if not (spread > min_spread).any():
            raise InputError(
                f"No entry of the code varies by more than {min_spread}; at least one should."
            )
        self.kept.keep.copy_(spread > min_spread)

    def sample_codes(self, x: Tensor) -> Tensor:
        """A draw of q(z|x), 0 where it is not kept: (b, d) -> (b, d_z)."""
        return self.q_z(x).sample() * self.kept.keep

    def mean_codes(self, x: Tensor) -> Tensor:
        """The mean of q(z|x), 0 where it is not kept: (b, d) -> (b, d_z)."""
        return self.q_z(x).mean * self.kept.keep

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        """q(y|z) at the mean of q(z|x): x (b, d) -> batch (b,)."""
        return self.above.classify(self.mean_codes(x), draws)

    def encode(self, x: Tensor) -> Distribution:
        """q(z|x): (b, d) -> batch (b,)."""
        return self.q_z(x)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        """p(x|z), which ignores a label: z (b, d_z) -> batch (b,)."""
        del y
        return self.p_x(z)
