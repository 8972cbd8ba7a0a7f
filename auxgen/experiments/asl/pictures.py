"""Pictures of the experiments on images; one of several models belongs to the last stage."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from ...data.dataset import Dataset, Preprocessor
from ...inference.codes import interpolate_linearly, interpolate_rows, reconstruct_rows, sample_rows
from ...inference.initialization import sample_codes
from ...method import Method
from ...plotting.grids import write_grid
from ...plotting.panels import show_samples, write_maps, write_panels
from ...stage import PictureWriter

VAE_TITLES: Mapping[str, str] = {"vae_unit": "VAE of scale 1", "vae": "VAE"}
IMAGE_MODEL_TITLES: Mapping[str, str] = {
    "vae": "VAE",
    "two_stage": "two-stage VAE",
    "vae_asl": "VAE-ASL",
    "mi_asl": "MI-ASL",
}


@dataclass(frozen=True, eq=False)
class AslImagePictures:
    """What pictures show.

    Attributes:
        test: Raw rows that are held out.
        space: How models see them.
        n_codes: Codes that are mapped to the plane.
        methods: Methods by stage; those of earlier stages are trained when a picture is drawn.
    """

    test: Dataset
    space: Preprocessor
    n_codes: int
    methods: Mapping[str, Method]

    def make_pictures(self, stage: str) -> Mapping[str, PictureWriter]:
        """Pictures of a stage, by title."""
        if stage == "mi":
            return {"codes of all encoders": self._draw_code_maps}
        each: dict[str, Mapping[str, PictureWriter]] = {
            "mi_asl": {
                "reconstructions beside VAE-ASL's": self._draw_reconstruction_comparison,
                "samples of all four": self._draw_sample_comparison,
                "interpolations": self._draw_interpolations,
            },
            "on_demand": {"samples on demand": self._draw_conditional_samples},
            "given": {"reconstructions": self._draw_reconstructions},
        }
        return {"samples": partial(show_samples, space=self.space), **each.get(stage, {})}

    def _draw_code_maps(self, method: Method, file: Path) -> None:
        """Draw t-SNE maps of one code of each row, of the VAEs and the MI encoder (figure 4)."""
        rows = self.test[: self.n_codes]
        x = self.space.transform(rows.raw_rows())
        others = {title: self.methods[name].eval() for name, title in VAE_TITLES.items()}
        each = {**others, "MI encoder": method}
        maps = {title: compute_tsne(sample_codes(m, x)) for title, m in each.items()}
        write_maps(maps, file, labels=rows.y, classes=rows.classes)

    def _draw_reconstruction_comparison(self, method: Method, file: Path) -> None:
        """Draw images beside their reconstructions by VAE-ASL and MI-ASL (figure 5)."""
        raw = self.test[:64].raw_rows()
        both = {"VAE-ASL": self.methods["vae_asl"].eval(), "MI-ASL": method}
        back = {name: reconstruct_rows(m, self.space, raw)[:, 1] for name, m in both.items()}
        write_panels({"held-out images": raw, **back}, file)

    def _draw_reconstructions(self, method: Method, file: Path) -> None:
        """Draw images beside their reconstructions by this model."""
        raw = self.test[:64].raw_rows()
        back = reconstruct_rows(method, self.space, raw)[:, 1]
        write_panels({"held-out images": raw, "from their codes": back}, file)

    def _draw_sample_comparison(self, method: Method, file: Path) -> None:
        """Draw samples of the four generative models (figure 6)."""
        models = {title: self.methods[name].eval() for name, title in IMAGE_MODEL_TITLES.items()}
        models[IMAGE_MODEL_TITLES["mi_asl"]] = method
        drawn = {title: sample_rows(m, self.space, 64) for title, m in models.items()}
        write_panels(drawn, file, across=2)

    def _draw_interpolations(self, method: Method, file: Path) -> None:
        """Draw images between held-out images, along straight lines in u (figure 11)."""
        start, end = self.test[:8].raw_rows(), self.test[8:16].raw_rows()
        between = interpolate_rows(
            method, self.space, start, end, steps=10, between=interpolate_linearly
        )
        write_grid(between.flatten(0, 1), file, 10)

    def _draw_conditional_samples(self, method: Method, file: Path) -> None:
        """Draw samples by class, a column each, or by the attributes of an image, a row each."""
        if self.test.attributes is None:
            k = len(self.space.classes)
            y = torch.arange(k).repeat(8)
            write_grid(sample_rows(method, self.space, len(y), y), file, k)
            return
        some, attributes = self.test[:8], self.test[:8].attributes
        assert attributes is not None
        drawn = sample_rows(method, self.space, 56, attributes.repeat_interleave(7, 0))
        rows = torch.cat((some.raw_rows()[:, None], drawn.unflatten(0, (8, 7))), 1)
        write_grid(rows.flatten(0, 1), file, 8)


def compute_tsne(u: Tensor) -> Tensor:
    """t-SNE (van der Maaten & Hinton, 2008) with perplexity 30: (n, r) -> (n, 2)."""
    from sklearn.manifold import TSNE

    perplexity = min(30, (len(u) - 1) / 3)
    plane = TSNE(perplexity=perplexity, random_state=0, init="pca").fit_transform(u.numpy())
    return torch.from_numpy(plane)
