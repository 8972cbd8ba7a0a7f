"""A model that sees pictures through a network: what it hands on."""

from __future__ import annotations

from typing import Any

import torch
from laws import stage
from torch import Tensor, nn

from auxgen.methods.feature_model import FeatureModel
from auxgen.networks.components import Components


class Means(nn.Module):
    """Features of a picture of three colours: the mean of each, doubled and tripled."""

    def features(self, x: Tensor) -> Tensor:
        assert x.shape[1:] == (3, 4, 5)
        return torch.cat((x.mean((2, 3)), 2 * x.mean((2, 3))), 1)


def build() -> tuple[FeatureModel, Any]:
    model: Any = stage("sdgm").method.eval()
    return FeatureModel(network=Means(), components=Components(6, 6), model=model), model


def test_a_grey_picture_is_seen_as_one_of_three_equal_colours() -> None:
    method, _ = build()
    grey = torch.rand(2, 1, 4, 5)
    torch.testing.assert_close(method.features(grey), method.features(grey.repeat(1, 3, 1, 1)))
    assert method.features(torch.rand(7, 3, 4, 5)).shape == (7, 6)


def test_classes_and_codes_are_the_model_s_of_the_features_at_one_draw_unless_more_are_asked() -> (
    None
):
    method, model = build()
    x, sizes = torch.rand(2, 3, 4, 5), []
    h = method.features(x)
    torch.testing.assert_close(method.encode(x).mean, model.encode(h).mean)
    model.q_y.register_forward_hook(lambda _, given, __: sizes.append(len(given[0])))
    method.classify(x)
    method.classify(x, 5)
    assert sizes == [1, 5]
