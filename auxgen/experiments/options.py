"""The words of the command line: what an option means, in every experiment that has it.

One word has one meaning and one meaning has one word. Words that a single paper uses stand in the
`WORDS` beside its plans.
"""

from collections.abc import Mapping
from types import MappingProxyType

WORDS: Mapping[str, str] = MappingProxyType(
    {
        # what is trained on what
        "seed": "Seed of the label draw, the initialisation and the order of the rows.",
        "budget": "cpu: minutes to an hour of one core; paper: the paper's own run, for a GPU.",
        "model": "Which model is trained.",
        "data": "Data set: a known name, an id of the Hugging Face hub, or a folder.",
        "size": "Side in pixels to which images are resized; None: as they are.",
        "train_split": "Split that is learned.",
        "test_split": "Split that is measured.",
        "test_fraction": "Share of the rows kept for testing, where there is no test split.",
        "test_rows": "Test rows that are measured, at most.",
        "train_rows": "Training rows that are used, at most.",
        "held_out_rows": "Last training rows, which are not learned but measured in place of the "
        "test rows, to choose settings by.",
        "valid_rows": "Last training rows that become a validation split; 0 where the data set has "
        "one.",
        "label": "Column of the class; one called label, if there is one, when not given.",
        "labels_per_class": "Rows of each class that keep their label.",
        # how long, how fast
        "epochs": "Passes over the training rows.",
        "vae_epochs": "Passes of each VAE over the training rows.",
        "scale_epochs": "Factor on the passes of all stages: 0.1 for a quick try.",
        "steps": "Rounds of training.",
        "least_steps": "Rounds at least, of the longest stage where there are several: where rows "
        "are few they are passed over more often. 0: as many as the passes take.",
        "most_steps": "Rounds at most, where rows are many.",
        "flip": "Mirror half of the images in training: not for letters or digits.",
        "stop_early": "Looks in a row, of 20 over all rounds, that find nothing better on held-out "
        "rows and so end training, with the weights of the best look; a tenth of the training rows "
        "is held out for them. 0: no looks, all rounds.",
        "lr": "Learning rate of Adam.",
        "batch": "Rows in a batch.",
        "average": "Decay of the moving average of the weights; 0 for the last weights.",
        "warm_up": "Epochs over which the weight of the KL terms goes from its start to 1.",
        "warm_up_steps": "Rounds over which the weight of the KL terms goes from its start to 1.",
        # how large
        "hidden": "Units in each hidden layer.",
        "latent": "Width of the code.",
        "likelihood": "Family of p(x|.). Of pictures: bernoulli, of bits drawn anew in every "
        "batch, or a Gaussian of grey values. Of a table's numbers: one name for all, and "
        "COLUMN=NAME for single ones. gaussian, gaussian_fixed, gaussian_scalar or gaussian_pixel; "
        "negative_binomial, poisson, zero_inflated_negative_binomial or zero_inflated_poisson for "
        "counts; beta or truncated_gaussian for proportions; discretized_logistic for few levels; "
        "bernoulli for two values; auto takes one by what a column holds, and tells which.",
        "width": "Channels of the first convolution, or units in each hidden layer of a toy.",
        "widths": "Channels at each resolution.",
        "transforms": "Couplings of a normalising flow.",
        # what is measured, and by whom
        "classifier": "Classifier: own, trained in this run; a name; or a folder of a run.",
        "features": "Network trained on ImageNet through which models see pictures: "
        "efficientnet-lite0 or efficientnet-lite2 (the extra pretrained), or timm:NAME for any "
        "model of timm; None: models see pixels.",
        "extractor": "Network in whose features images are compared; auto: features.DATA where "
        "there is one.",
        "importance_samples": "Importance weights k of each row, for the bound on its likelihood.",
        "measured_samples": "Generated rows that are measured at the end.",
    }
)
