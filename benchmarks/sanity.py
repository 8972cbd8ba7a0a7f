"""Do measures order CIFAR-10 as a person would? Distances of its test images to altered ones.

AUXGEN_DATA=... AUXGEN_WEIGHTS=... python benchmarks/sanity.py --out results/evaluation.cifar10

Writes OUT.json and OUT.png: one half of the test images against the other half as it is, blurred,
noisy, and with half of the classes, and against training images, which the network has learned;
and the class score of the 50,000 real training images. About 10 minutes of one CPU core.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

import matplotlib as mpl
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from auxgen.data import images
from auxgen.data.dataset import Dataset, add_fingerprint
from auxgen.engine.device import describe_hardware
from auxgen.evaluation.compare import compare_image_sets
from auxgen.features.extractors import quantise_pictures
from auxgen.runs.config import find_commit

EXTRACTOR = "cifar10-resnet56"
MEASURES = ("fd", "kd", "precision", "recall", "density", "coverage")


def blurred(x: Tensor, sd: float) -> Tensor:
    """Gaussian blur, mirrored at the edges: x (n, c, h, w) in [0, 1], sd in pixels."""
    reach = round(3 * sd)
    line = torch.exp(-torch.arange(-reach, reach + 1).square() / (2 * sd**2))
    line = (line / line.sum()).expand(x.shape[1], 1, 1, -1)
    x = F.conv2d(F.pad(x, (reach, reach, 0, 0), "reflect"), line, groups=x.shape[1])
    return F.conv2d(F.pad(x, (0, 0, reach, reach), "reflect"), line.mT, groups=x.shape[1])


def noisy(x: Tensor, sd: float) -> Tensor:
    """White Gaussian noise: x (n, c, h, w) in [0, 1], sd in units of 1/255."""
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    return x + sd / 255 * noise


def versions(test: Dataset, train: Dataset) -> dict[str, Dataset]:
    """Images as they are, blurred, noisy, and of the first half of classes; and training images."""
    altered = {
        "blurred, 0.5 pixels": blurred(test.raw_rows(), 0.5),
        "blurred, 1 pixel": blurred(test.raw_rows(), 1.0),
        "blurred, 2 pixels": blurred(test.raw_rows(), 2.0),
        "noise of 8/255": noisy(test.raw_rows(), 8),
        "noise of 16/255": noisy(test.raw_rows(), 16),
        "noise of 32/255": noisy(test.raw_rows(), 32),
    }
    made = {name: replace(test, x=quantise_pictures(x)) for name, x in altered.items()}
    half = test[test.y < len(test.classes) // 2]
    every = {"as it is": test, **made, "half of the classes": half}
    every["training images"] = train[: len(test)]
    return {name: replace(add_fingerprint(each), name=name) for name, each in every.items()}


def measured(real: Dataset, fake: Dataset) -> dict[str, dict]:
    found = compare_image_sets(real, fake, [f"{m}:{EXTRACTOR}" for m in MEASURES], device="cpu")[
        "scores"
    ]
    return {name.partition("(")[0]: score for name, score in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="OUT.json and OUT.png")
    parser.add_argument("--rows", type=int, default=10_000, help="test images")
    args = parser.parse_args()
    begun = time.monotonic()
    train, test = (images.load_image_dataset("cifar10", split) for split in ("train", "test"))
    test = test[: args.rows]
    real, made = (
        replace(add_fingerprint(test[::2]), name="half of test"),
        versions(test[1::2], train),
    )
    rows: dict[str, dict] = {}
    for name, fake in made.items():
        rows[name] = measured(real, fake)
        print(name, {k: round(v["value"], 4) for k, v in rows[name].items()}, flush=True)
    rows["all test, all training images"] = measured(test, train[: 5 * args.rows])
    whole = train[: 5 * args.rows]
    score = compare_image_sets(whole, whole, [f"cs:{EXTRACTOR}"], device="cpu")["scores"][
        f"CS({EXTRACTOR})"
    ]
    result = {
        "title": f"CIFAR-10 test images against altered ones, features of {EXTRACTOR}",
        "command": f"python benchmarks/sanity.py --out {args.out} --rows {args.rows}",
        "hardware": describe_hardware("cpu"),
        "date": date.today().isoformat(),
        "commit": find_commit(),
        "seconds": round(time.monotonic() - begun),
        "rows": rows,
        "class_score_of_real_training_images": score,
    }
    Path(f"{args.out}.json").write_text(json.dumps(result, indent=1) + "\n")
    draw(made, rows, Path(f"{args.out}.png"))


def draw(sets: dict[str, Dataset], rows: dict[str, dict], file: Path, shown: int = 8) -> None:
    """A line of pictures for each set, with its numbers."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(len(sets), 1, figsize=(9, 0.62 * len(sets) + 0.5))
    for axis, (name, each) in zip(axes, sets.items(), strict=True):
        line = each.x[:shown].permute(2, 0, 3, 1).flatten(1, 2).numpy()
        axis.imshow(line, aspect="equal")
        axis.set_axis_off()
        values = {k: v["value"] for k, v in rows[name].items()}
        said = "   ".join(
            f"{k} {values[k]:.2f}" for k in ("FD", "precision", "recall", "density", "coverage")
        )
        axis.text(-0.02, 0.5, name, transform=axis.transAxes, ha="right", va="center", fontsize=8)
        axis.text(1.02, 0.5, said, transform=axis.transAxes, ha="left", va="center", fontsize=7)
    whole = BytesIO()
    figure.savefig(whole, dpi=110, bbox_inches="tight")
    plt.close(figure)
    with Image.open(whole) as picture:  # 256 colours, for a small file
        picture.convert("RGB").quantize().save(file, optimize=True)


if __name__ == "__main__":
    main()
