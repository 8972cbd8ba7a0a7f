"""Methods by name and plain arguments."""

from __future__ import annotations

import pytest
import torch

from auxgen.builders import Recipe
from auxgen.errors import InputError
from auxgen.methods.vae import BaseVAE

IMAGES = {"channels": 3, "size": 8, "z": 2, "widths": [4, 6], "hidden": 8}


def test_convolutions_have_their_channels_last_and_give_the_same_numbers():
    method = Recipe("stacked_vae", {"images": IMAGES, "scale": 0.2}).build().eval()
    assert isinstance(method, BaseVAE)
    kernels = [p for p in method.parameters() if p.ndim == 4 and min(p.shape) > 1]
    assert kernels
    assert all(k.is_contiguous(memory_format=torch.channels_last) for k in kernels)
    assert not any(k.is_contiguous() for k in kernels)

    x = torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        found = method.q_z(x).mean
        method.to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]
        torch.testing.assert_close(found, method.q_z(x).mean)


def test_an_unknown_builder_and_wrong_arguments_are_refused():
    with pytest.raises(InputError, match="builder"):
        Recipe("no_such", {}).build()
    with pytest.raises(InputError, match="The builder stacked_vae refuses its arguments"):
        Recipe("stacked_vae", {"widths": 3}).build()
