"""Why draws of p(z|y) are ruined: where codes lie, and draws by the prior and by their Gaussian.

python benchmarks/introvac_draws.py runs/faces results/introvac.code_draws.json --judge runs/judge

where runs/faces is as photo_edits_model.py says, and the judge `auxgen train features.celeba_32
--epochs 6 --run runs/judge`. The Gaussian has the mean and covariance of the codes of training
faces; all else is of validation faces. "Unlike any face" are pictures that lie farther from the
nearest training face, in the judge's features, than 95 % of reconstructions do. Beside the JSON is
a sheet: rows of draws by the prior and by the Gaussian, for each attribute and without any.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from photo_edits_model import ATTRIBUTES
from records import describe_run
from scipy.stats import spearmanr
from torch import Tensor

from auxgen.data.attributes import derive_attributes
from auxgen.data.images import load_image_dataset, load_images_in_frame
from auxgen.evaluation.attribute_scorers import MultilabelScorer
from auxgen.features.extractors import extract_features, quantise_pictures
from auxgen.features.registry import load_extractor
from auxgen.files import write_file
from auxgen.inference.code_moments import CodeMoments, measure_code_moments
from auxgen.inference.codes import decode_to_rows
from auxgen.inference.conditional import sample_where, satisfies_conditions
from auxgen.metrics.frechet import fit_gaussian, frechet_distance
from auxgen.model import Model, load
from auxgen.plotting.grids import draw_image_grid

DRAWN = ("Eyeglasses", "FacialHair")
SHOWN = 12


class Judge:
    """Features and answers of a classifier that took no part in training."""

    def __init__(self, name: str, train: Tensor, real: Tensor) -> None:
        self.extractor = load_extractor(name)
        self.scorer = MultilabelScorer(name, ATTRIBUTES)
        self.train, self.moments = self.extract(train), fit_gaussian(self.extract(real))
        self.limit = float("inf")

    def extract(self, pictures: Tensor) -> Tensor:
        return extract_features(self.extractor, quantise_pictures(pictures), device="cpu").features

    def nearest(self, pictures: Tensor) -> Tensor:
        """Distance to the nearest training face: (n,)."""
        return torch.cdist(self.extract(pictures), self.train).min(1).values

    def measure(self, pictures: Tensor, attribute: str | None = None) -> dict[str, float]:
        """Shares, and the Frechet distance from validation faces, larger of few pictures."""
        unlike = (self.nearest(pictures) > self.limit).double().mean()
        distance = frechet_distance(self.moments, fit_gaussian(self.extract(pictures)))
        found = {"unlike any face, %": 100 * unlike.item(), "FD": distance.item()}
        if attribute is not None:
            logits = self.scorer(quantise_pictures(pictures), "cpu").logits
            seen = logits[:, list(ATTRIBUTES).index(attribute)] > 0
            found["seen, %"] = 100 * seen.double().mean().item()
        return found


def describe_codes(z: Tensor, moments: CodeMoments) -> dict[str, float]:
    """Radius of codes (n, d), and how far their Gaussian is from the prior."""
    covariance = (moments.factor @ moments.factor.T).double()
    eigenvalues = torch.linalg.eigvalsh(covariance)
    off = moments.mean.double().square().sum()
    gap = 0.5 * (eigenvalues.sum() + off - len(eigenvalues) - eigenvalues.log().sum())
    radius = z.norm(dim=1)
    return {
        "latents": z.shape[1],
        "radius, mean": radius.mean().item(),
        "radius, standard deviation": radius.std().item(),
        "radius of the prior": z.shape[1] ** 0.5,
        "distance of their mean from 0": off.sqrt().item(),
        "smallest variance along an axis of their covariance": eigenvalues[0].item(),
        "largest variance along an axis of their covariance": eigenvalues[-1].item(),
        "KL of their Gaussian from the prior, nats": gap.item(),
    }


def describe_axes(moments: CodeMoments, weights: Tensor) -> dict[str, Any]:
    """How much of the codes' spread and offset is along the attributes: weights (k, d)."""
    covariance = (moments.factor @ moments.factor.T).double()
    axes = torch.linalg.eigh(covariance).eigenvectors.flip(1)
    span = torch.linalg.qr(weights.double().T).Q
    shares = (span.T @ axes).square().sum(0)
    units = weights / weights.norm(dim=1, keepdim=True)
    return {
        "share of the longest axes in the attributes' directions": shares[:3].tolist(),
        "mean along each attribute": dict(
            zip(ATTRIBUTES, (units @ moments.mean).tolist(), strict=True)
        ),
    }


def measure_distance_from_codes(z: Tensor, moments: CodeMoments) -> Tensor:
    """Mahalanobis distance of codes (n, d): sqrt(d) or so where they lie as the rows' do."""
    centred = (z - moments.mean).T
    return torch.linalg.solve_triangular(moments.factor, centred, upper=False).norm(dim=0)


def measure(model: Model, judge_name: str, n: int) -> tuple[dict[str, Any], list[Tensor]]:
    method, space = model.method, model.space
    assert isinstance(method, torch.nn.Module)
    train = derive_attributes(load_images_in_frame("celeba", space), ATTRIBUTES)
    valid = load_image_dataset("celeba", "valid", size=space.shape[-1])[: 2 * n].raw_rows()
    moments = measure_code_moments(method, space, train[: 4 * n].raw_rows())
    with torch.no_grad():
        z = method.encode(space.transform(valid[:n])).sample()  # pyright: ignore
    judge = Judge(judge_name, train.raw_rows(), valid)
    back = decode_to_rows(method, space, z, None)
    judge.limit = judge.nearest(back).quantile(0.95).item()
    prior = torch.randn(n, z.shape[1])
    ways: Mapping[str, CodeMoments | None] = {"prior": None, "codes' Gaussian": moments}
    plain = {"prior": prior, "codes' Gaussian": moments.place(prior)}
    weights = method.attribute_weights().detach()  # pyright: ignore
    codes = {**describe_codes(z, moments), **describe_axes(moments, weights)}
    result: dict[str, Any] = {"codes": codes, "pictures": {}}
    result["pictures"]["reconstructions of draws of q(z|x)"] = judge.measure(back)
    sheet = []
    for way, drawn in plain.items():
        pictures = decode_to_rows(method, space, drawn, None)
        far = measure_distance_from_codes(drawn, moments)
        order = spearmanr(far, judge.nearest(pictures))
        result["pictures"][f"samples by the {way}"] = {
            **judge.measure(pictures),
            "distance from the codes, mean": far.mean().item(),
            "rank correlation of that with distance from faces": float(order.statistic),  # pyright: ignore
        }
        sheet.append(pictures[:SHOWN])
    for name in DRAWN:
        for way, chosen in ways.items():
            draw = {"steps": 300, "moments": chosen}
            every = sample_where(method, space, {name: True}, n, rejecting=False, **draw)
            kept = every.x[satisfies_conditions(method, space, every.x, {name: True})]
            told = f"draws with {name} by the {way}"
            result["pictures"][told] = {
                **judge.measure(every.x, name),
                "radius, mean": every.z.norm(dim=1).mean().item(),
                "steps accepted, %": 100 * every.acceptance,
            }
            result["pictures"][f"{told}, kept"] = {
                "kept, %": 100 * len(kept) / n,
                **judge.measure(kept, name),
            }
            blank = torch.ones(max(0, SHOWN - len(kept)), *kept.shape[1:])
            sheet.append(torch.cat((kept[:SHOWN], blank)))
    return result, sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("out", type=Path)
    parser.add_argument("--judge", default="features.celeba_32")
    parser.add_argument("--n", type=int, default=512)
    given = parser.parse_args()
    torch.manual_seed(0)
    about = describe_run("introvac_draws.py", "torch")
    result, sheet = measure(load(given.run), given.judge, given.n)
    text = json.dumps({**about, "seed": 0, "draws": given.n, **result}, indent=1)
    write_file(given.out, f"{text}\n".encode())
    image = draw_image_grid(torch.cat(sheet), SHOWN)
    image.save(given.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
