"""Kingma & Welling (2014), the variational autoencoder as a baseline."""

from collections.abc import Mapping

from ..about import About, Renamed

EXPERIMENTS = {
    "mnist": About(
        shows="A VAE of binarised MNIST and its importance-weighted bound",
        paper="-86.76 nats, 5,000 samples (a VAE of one layer, Burda et al., 2016, quoted in table "
        "1)",
        ours="",
        time="minutes on 2 CPU cores",
    ),
}
RENAMED_OPTIONS: Mapping[str, Renamed] = {"mnist": {"warm_up": "warm_up_steps"}}
