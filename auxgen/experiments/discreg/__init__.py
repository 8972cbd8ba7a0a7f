"""Lamb, Dumoulin & Courville (2016), Discriminative Regularization for Generative Models."""

from collections.abc import Mapping
from typing import Any

from ..about import About, Renamed

EXPERIMENTS = {
    "artefacts": About(
        shows="Figure 7: images taught by a classifier's layer, as it is and blurred",
        paper="a picture without numbers",
        ours="PSNR 27.7 dB as it is, 13.8 dB blurred; 1 seed (results/discreg.figure7.json)",
        time="some minutes of one CPU core (cpu), or of a GPU (paper, not run yet)",
    ),
    "celeba": About(
        shows="Table 2, figures 4-6: faces with and without discriminative regularisation",
        paper="NLL -1.1835 without, -1.0866 with, nats per dimension, test",
        ours="NLL -0.847 without, -0.765 with, half as wide and after 36 epochs; 1 seed "
        "(results/discreg.celeba_36_epochs.json); -0.665 and -0.652 after 12",
        time="2.5 hours of one CPU core (cpu), 50 minutes with --vae-epochs 12; hours on a GPU "
        "(paper), not run yet",
        module="sets:celeba",
    ),
    "cifar10": About(
        shows="Figure 2: CIFAR-10 with and without discriminative regularisation",
        paper="pictures without numbers",
        ours="classes found in reconstructions 16 % without, 22 % with; 6 epochs, 1 seed "
        "(results/discreg.cifar10.json)",
        time="an hour of one CPU core (cpu); a few on a GPU (paper), not run yet",
        module="sets:cifar10",
    ),
    "fashion": About(
        shows="Not in the paper: Fashion-MNIST with and without discriminative regularisation",
        paper="none: not in the paper",
        ours="classes found in reconstructions 78 % without, 88 % with; 1 seed "
        "(results/discreg.fashion.json)",
        time="10 minutes beside other jobs (cpu); an hour on a GPU (paper), not run yet",
        module="sets:fashion",
    ),
    "layers": About(
        shows="Not in the paper: which of a classifier's layers are worth regularising by",
        paper="none: not in the paper",
        ours="classes found in reconstructions: none 63 %, one layer 79 to 81 %, all three 83 %; a "
        "tenth of the weight 79 %, with nearer samples; 2 seeds (results/discreg.layers.json)",
        time="10 minutes of one CPU core a seed (cpu); hours on a GPU (paper), not run yet",
    ),
    "own": About(
        shows="Your own folder of images, with and without discriminative regularisation",
        paper="none: not in the paper",
        ours="yours",
        time="minutes of a CPU core at 32 x 32; a run says beforehand how many",
        module="sets:own",
    ),
    "pattern": About(
        shows="Not in the paper: where the pattern of two pixels in regularised images comes from",
        paper="none: not in the paper",
        ours="power of a grid of 2 pixels, originals 100 %: 166 % with the authors' decoder, 13 % "
        "with resize convolutions; 1 seed (results/discreg.pattern.json)",
        time="45 minutes by the clock on a CPU core shared with other jobs (cpu); hours on a GPU "
        "(paper), not run yet",
    ),
    "svhn": About(
        shows="Figure 3: SVHN with and without discriminative regularisation",
        paper="pictures without numbers",
        ours="",
        time="an hour of one CPU core (cpu), a few on a GPU (paper); neither run yet",
        module="sets:svhn",
    ),
}
TABLES = (
    "figure2",
    "figure3",
    "figure4",
    "figure5",
    "figure6",
    "figure7",
    "layers",
    "pattern",
    "table2",
)
BEFORE_OPTIONS: Mapping[str, Mapping[str, Any]] = {"own": {"resize_convolutions": False}}
"""What runs did that were begun before they had these options."""
RENAMED_OPTIONS: dict[str, Renamed] = {
    "*": {
        "epochs": "scale_epochs",
        "layers": "classifier_layers",
        "rows": "test_rows",
        "valid": "valid_rows",
        "weights": "layer_weights",
        "z": "latent",
    }
}
