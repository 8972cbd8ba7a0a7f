"""Pictures of the experiments on images; those of several models are the last stage's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from ...data.dataset import Dataset, Preprocessor
from ...inference.codes import interpolate_linearly, interpolate_rows, reconstruct_rows
from ...inference.sampling import sample_rows
from ...method import Encodes, Method, require
from ...plotting.grids import write_grid
from ...plotting.pages import show_samples
from ...plotting.panels import write_maps, write_panels
from ...rng import get_device
from ...stage import PictureWriter

VAE_TITLES: Mapping[str, str] = {"vae_unit": "VAE of scale 1", "vae": "VAE"}
GENERATIVE_TITLES: Mapping[str, str] = {
    "vae": "VAE",
    "two_stage": "two-stage VAE",
    "vae_asl": "VAE-ASL",
    "mi_asl": "MI-ASL",
}


@dataclass(frozen=True, eq=False)
class AslImagePictures:
    """What pictures are made of.

    Attributes:
        test: Raw rows held out.
        space: How models see them.
        n_codes: Codes that are mapped to the plane.
        methods: By stage; when a picture is drawn, those of earlier stages are trained too.
    """

    test: Dataset
    space: Preprocessor
    n_codes: int
    methods: Mapping[str, Method]

    def make_pictures(self, stage: str) -> Mapping[str, PictureWriter]:
        """By title."""
        each: dict[str, Mapping[str, PictureWriter]] = {
            "mi": {"codes of all encoders": self._draw_code_maps},
            "mi_asl": {
                "reconstructions beside VAE-ASL's": self._draw_reconstruction_comparison,
                "samples of all four": self._draw_sample_comparison,
                "interpolations": self._draw_interpolations,
            },
            "on_demand": {"samples on demand": self._draw_conditional_samples},
            "given": {"reconstructions": self._draw_reconstructions},
        }
        if stage == "mi":
            return each["mi"]
        return {"samples": partial(show_samples, space=self.space), **each.get(stage, {})}

    def _draw_code_maps(self, method: Method, file: Path) -> None:
        """t-SNE of one drawn code of each row, of the VAEs and of the MI encoder (figure 4)."""
        rows = self.test[: self.n_codes]
        x = self.space.transform(rows.raw_rows())
        others = {title: self.methods[name].eval() for name, title in VAE_TITLES.items()}
        each = {**others, "MI encoder": method}
        maps = {title: compute_tsne(sample_image_codes(m, x)) for title, m in each.items()}
        write_maps(maps, file, labels=rows.y, classes=rows.classes)

    def _draw_reconstruction_comparison(self, method: Method, file: Path) -> None:
        """True images, and what VAE-ASL and MI-ASL make of their codes (figure 5)."""
        raw = self.test[:64].raw_rows()
        both = {"VAE-ASL": self.methods["vae_asl"].eval(), "MI-ASL": method}
        back = {name: reconstruct_rows(m, self.space, raw)[:, 1] for name, m in both.items()}
        write_panels({"held-out images": raw, **back}, file)

    def _draw_reconstructions(self, method: Method, file: Path) -> None:
        """True images, and what this model makes of their codes."""
        raw = self.test[:64].raw_rows()
        back = reconstruct_rows(method, self.space, raw)[:, 1]
        write_panels({"held-out images": raw, "from their codes": back}, file)

    def _draw_sample_comparison(self, method: Method, file: Path) -> None:
        """Of the four generative models (figure 6)."""
        models = {name: self.methods[name].eval() for name in GENERATIVE_TITLES} | {
            "mi_asl": method
        }
        drawn = {
            GENERATIVE_TITLES[name]: sample_rows(m, self.space, 64) for name, m in models.items()
        }
        write_panels(drawn, file, across=2)

    def _draw_interpolations(self, method: Method, file: Path) -> None:
        """Between held-out images, straight in u (figure 11)."""
        start, end = self.test[:8].raw_rows(), self.test[8:16].raw_rows()
        way = interpolate_rows(
            method, self.space, start, end, steps=10, between=interpolate_linearly
        )
        write_grid(way.flatten(0, 1), file, 10)

    def _draw_conditional_samples(self, method: Method, file: Path) -> None:
        """A column for each class; with attributes, a row for each of some held-out images."""
        if self.test.attributes is None:
            k = len(self.space.classes)
            y = torch.arange(k).repeat(8)
            write_grid(sample_rows(method, self.space, len(y), y), file, k)
            return
        some, asked = self.test[:8], self.test[:8].attributes
        assert asked is not None
        drawn = sample_rows(method, self.space, 56, asked.repeat_interleave(7, 0)).unflatten(
            0, (8, 7)
        )
        write_grid(torch.cat((some.raw_rows()[:, None], drawn), 1).flatten(0, 1), file, 8)


@torch.no_grad()
def sample_image_codes(method: Method, x: Tensor) -> Tensor:
    """One code of each row: x (n, *event) -> (n, r)."""
    device = get_device(method)
    parts = [
        require(method, Encodes).encode(part.to(device)).sample().cpu() for part in x.split(256)
    ]
    return torch.cat(parts)


def compute_tsne(u: Tensor) -> Tensor:
    """t-SNE (van der Maaten & Hinton, 2008) with perplexity 30: (n, r) -> (n, 2)."""
    from sklearn.manifold import TSNE

    perplexity = min(30, (len(u) - 1) / 3)
    plane = TSNE(perplexity=perplexity, random_state=0, init="pca").fit_transform(u.numpy())
    return torch.from_numpy(plane)
