"""Models of images beside their peers: a GAN, and two layouts of memory."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from interleaving import Comparison, Precision
from peers_sizes import Sizes
from peers_vectors import add_compiled, make_training
from plain_dcgan import make_plain_dcgan

from auxgen.builders import Recipe
from auxgen.data.batches import LabelledBatch
from auxgen.method import Method
from auxgen.methods.gan import GAN
from auxgen.networks.gan import GANNetworks


def compare_gan(sizes: Sizes, precision: Precision, compiles: bool) -> Comparison:
    """A GAN beside a DCGAN in a plain loop, in the same networks."""
    size, rows, widths = sizes.gan
    own = {"channels": 3, "size": size, "z": 100, "g": list(widths), "phi": [*reversed(widths)]}
    method = Recipe("gan", {"kind": "convolutional", "sizes": own}).build()
    assert isinstance(method, GAN)
    usual = use_contiguous_layout(copy.deepcopy(method))
    networks = GANNetworks(usual.g, usual.phi, usual.d, 100)
    x = 2 * torch.rand(rows, 3, size, size) - 1
    plain = make_plain_dcgan(networks, bf16=precision == "bf16")
    ways: dict[str, Callable[[], object]] = {
        "plain DCGAN": partial(plain, x),
        "ours": partial(make_training(copy.deepcopy(method), precision).run_round, x),
    }
    same, skipped = {}, {}
    if compiles:
        compiled = make_training(copy.deepcopy(method), precision, compiled_for=x)
        same = add_compiled(ways, skipped, partial(compiled.run_round, x), "ours")
    return Comparison(
        f"A DCGAN of {size} x {size} pixels in colour, widths {', '.join(map(str, widths))}, "
        f"{rows} rows a round",
        ways,
        reference="plain DCGAN",
        rows=rows,
        skipped=skipped,
        compiled=same,
    )


def use_contiguous_layout(method: Any) -> Any:
    """The method with weights of convolutions as torch lays them out."""
    return method.to(memory_format=torch.contiguous_format)


def compare_layouts(
    recipe: str, name: str, sizes: Sizes, precision: Precision, compiles: bool
) -> Comparison:
    """Channels last, as recipes build networks, beside contiguous ones, as torch makes them."""
    del compiles
    size, rows = sizes.images
    images: dict[str, Any] = {"channels": 3, "size": size, "z": 64, "widths": list(sizes.widths)}
    x = torch.rand(rows, 3, size, size)
    if recipe == "stacked_vae":
        method, batch = Recipe(recipe, {"images": {**images, "hidden": 256}}).build(), x
    else:
        batch = LabelledBatch(x, (x[:, :2, 0, 0] > 0.5) * 1.0)
        method = Recipe(recipe, {"images": images, "attributes": 2}).build()
    usual: Method = use_contiguous_layout(copy.deepcopy(method))
    return Comparison(
        f"{name}, {size} x {size} pixels in colour, {rows} rows a round",
        {
            "torch's layout": partial(make_training(usual, precision).run_round, batch),
            "ours, channels last": partial(make_training(method, precision).run_round, batch),
        },
        reference="torch's layout",
        rows=rows,
    )


compare_layouts_of_vae = partial(compare_layouts, "stacked_vae", "A VAE of stacked convolutions")
compare_layouts_of_introvac = partial(compare_layouts, "introvac", "IntroVAC of residual blocks")
