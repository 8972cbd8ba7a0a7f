"""A model that sees pictures through a trained network, which is held fixed."""

from typing import Any, cast, final

from torch import Tensor, nn
from torch.distributions import Categorical, Distribution

from ..method import Classifies, Encodes, Method, Moves, require
from ..networks.backbones import Backbone
from ..networks.components import Components


@final
class FeatureModel(Method):
    """A model of h = components(network(x)): pictures come in, and their classes and codes go out.

    Training is the model's, on batches of h, which are computed once. The model knows nothing of
    pixels: what it generates is h.
    """

    def __init__(self, *, network: nn.Module, components: Components, model: Method) -> None:
        """network: A `networks.backbones.Backbone`."""
        super().__init__()
        self.network, self.components, self.model = network, components, model

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return self.model.players()

    def round(self, batch: Any, step: Tensor) -> Moves:
        """The model's, on components of features."""
        yield from self.model.round(batch, step)

    def features(self, x: Tensor) -> Tensor:
        """What the model sees: x (b, c, h, w) in [0, 1], grey ones as colours -> (b, k)."""
        return self.components(cast(Backbone, self.network).features(x.expand(-1, 3, -1, -1)))

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        """q(y|h), mean over draws as the model's: x (b, c, h, w) -> batch (b,)."""
        return require(self.model, Classifies).classify(self.features(x), draws)

    def encode(self, x: Tensor) -> Distribution:
        """q(z|h): x (b, c, h, w) -> batch (b,)."""
        return require(self.model, Encodes).encode(self.features(x))
