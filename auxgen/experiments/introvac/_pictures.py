"""Pages of pictures: the paper's figures 4 to 9, and edits that keep another attribute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ...data.dataset import Dataset, Preprocessor
from ...errors import InputError
from ...evaluation.edits import find_directions
from ...evaluation.equal_effect import EqualEffectComparison
from ...functional.directions import Direction, combine_directions
from ...inference.codes import decode_to_rows, embed_rows, reconstruct_rows
from ...inference.conditional import sample_where
from ...inference.editing import Move, edit_rows
from ...method import Method
from ...plotting.pages import show_samples
from ...plotting.panels import write_panels
from ...stage import PictureWriter

TRIPLETS_PER_ATTRIBUTE = 8
"""On a page, for each attribute."""
TRIPLET_TITLE = "original, reconstruction, edited"
MAX_EDIT_DISTANCE = 8.0
"""As far as an edit goes that stops when the model is sure."""
MIN_PICTURE_SIDE = 128
"""Pixels a side: smaller images are enlarged to it, smoothly, as squares hide a face."""


@dataclass(frozen=True, eq=False)
class IntrovacPictures:
    """What pictures are made of.

    Attributes:
        train: Raw training rows with attributes, for the plain VAE's probes.
        test: Raw rows held out, with attributes.
        delta: Distance that a single attribute is moved by.
        joint_delta: The same where two are moved at once; 5 in the paper.
        methods: By stage; when a picture is drawn, those of earlier stages are trained too.
    """

    train: Dataset
    test: Dataset
    delta: float
    joint_delta: float = 5.0
    methods: dict[str, Method] = field(default_factory=dict)

    def make_pictures(self, stage: str) -> Mapping[str, PictureWriter]:
        """By title."""
        if stage == "pretrained":
            return {}
        each: dict[str, PictureWriter] = {
            "attributes added": self.draw_added_attributes,
            "samples": partial(show_samples, space=self.space),
        }
        if stage in ("vac", "introvac"):
            each["draws by attribute"] = self._draw_conditional_samples
            each["until it is sure"] = self._draw_confident_edits
            if len(self.test.attribute_names) > 1:
                each["one attribute, the other kept"] = self._draw_edits_keeping_other
        if stage == "introvac" and "vac" in self.methods:
            each["reconstructions beside VAC's"] = self._draw_reconstructions
        y = self.train.attributes
        if stage in ("vac", "introvac") and y is not None and y.isnan().any():
            each["answers, blanks and edits"] = self._draw_answers
        return each

    @property
    def space(self) -> Preprocessor:
        """Images as they are, with their attributes."""
        shape = tuple(self.test.x.shape[1:])
        names = self.test.attribute_names
        return Preprocessor(kind="images", shape=shape, flat=False, attributes=names)

    def _select_rows_without(self, columns: list[int]) -> Tensor:
        """The first raw rows that have none of these attributes, or may have none, or any."""
        assert self.test.attributes is not None
        y = self.test.attributes[:, columns]
        for chosen in ((y == 0).all(1), (y != 1).all(1)):
            if chosen.any():
                return self.test[chosen.nonzero().flatten()[:TRIPLETS_PER_ATTRIBUTE]].raw_rows()
        return self.test[:TRIPLETS_PER_ATTRIBUTE].raw_rows()

    def draw_added_attributes(self, method: Method, file: Path) -> None:
        """Original, reconstruction, edited: each attribute alone, then all (figures 4 to 6)."""
        known, names = self._get_directions(method), self.test.attribute_names
        found = [name for name in names if name in known]
        panels = {
            f"{name} +{self.delta:g}: {TRIPLET_TITLE}": _make_triplets(
                method,
                self.space,
                self._select_rows_without([names.index(name)]),
                known[name],
                self.delta,
            )
            for name in found
        }
        if len(found) > 1:
            together = combine_directions([(known[name], 1.0) for name in found])
            raw = self._select_rows_without([names.index(name) for name in found])
            title = f"{'both' if len(found) == 2 else 'all'} +{self.joint_delta:g}: {TRIPLET_TITLE}"
            panels[title] = _make_triplets(method, self.space, raw, together, self.joint_delta)
        _write_enlarged_panels(panels, file, columns=3)

    def _draw_answers(self, method: Method, file: Path) -> None:
        """Of each attribute training rows with it, without it and left blank, and it added."""
        known, y = self._get_directions(method), self.train.attributes
        assert y is not None
        panels = {}
        for k, name in enumerate(self.train.attribute_names):
            kinds = {"1": y[:, k] == 1, "0": y[:, k] == 0, "left blank": y[:, k].isnan()}
            for said, of in kinds.items():
                rows = of.nonzero().flatten()[: 3 * TRIPLETS_PER_ATTRIBUTE]
                title = f"{name} {said}: {int(of.sum())} of {len(y)}"
                some = self.train[rows].raw_rows()
                panels[title] = some if len(rows) else torch.ones(1, *self.train.x.shape[1:])
            panels[f"{name} +{self.delta:g}: {TRIPLET_TITLE}"] = _make_triplets(
                method, self.space, self._select_rows_without([k]), known[name], self.delta
            )
        _write_enlarged_panels(panels, file, columns=6, across=4)

    def _get_directions(self, method: Method) -> Mapping[str, Direction]:
        return find_directions(method, self.space, self.train)

    def _draw_edits_keeping_other(self, method: Method, file: Path) -> None:
        """The first attribute added at growing distances, and the same with the second kept."""
        known = self._get_directions(method)
        one, other = (known[name] for name in self.test.attribute_names[:2])
        raw = self._select_rows_without([0, 1])[:6]
        ways = {
            f"originals; {one.name} by 0, 1, ... 5": one,
            f"the same, {other.name} projected out": one.project_out(other),
        }
        _write_enlarged_panels(
            {
                title: _make_edit_sequence(method, self.space, raw, way)
                for title, way in ways.items()
            },
            file,
            columns=6,
        )

    def _draw_confident_edits(self, method: Method, file: Path) -> None:
        """Original, reconstruction, and the first edit that the model is 95 % sure of."""
        known, names = self._get_directions(method), self.test.attribute_names
        panels = {}
        for k, name in enumerate(names):
            raw = self._select_rows_without([k])
            edits = edit_rows(
                method, self.space, raw, [Move(known[name], known[name], MAX_EDIT_DISTANCE)], 0.95
            )
            each = torch.stack((raw, edits.reconstruction, edits.edited), 1)
            gone = (MAX_EDIT_DISTANCE * edits.distance_share).tolist()
            said = f"{name}, 95 % sure after {min(gone):.1f} to {max(gone):.1f}"
            panels[said] = each.flatten(0, 1)
        _write_enlarged_panels(panels, file, columns=3)

    def _draw_reconstructions(self, method: Method, file: Path) -> None:
        """Original, VAC's reconstruction, IntroVAC's (figure 7)."""
        raw = self.test[:24].raw_rows()
        vac = reconstruct_rows(self.methods["vac"].eval(), self.space, raw)[:, 1]
        own = reconstruct_rows(method, self.space, raw)[:, 1]
        each = torch.stack((raw, vac, own), 1)
        title, half = "original, VAC, IntroVAC", (len(each) + 1) // 2
        parts = [part.flatten(0, 1) for part in each.split(half)]
        panels = {title + " " * place: part for place, part in enumerate(parts)}  # both named so
        _write_enlarged_panels(panels, file, columns=6)

    def _draw_conditional_samples(self, method: Method, file: Path) -> None:
        """Draws with each attribute, and without any (figure 8)."""
        names = self.test.attribute_names
        asked = {f"with {name}": {name: True} for name in names}
        asked["without any"] = dict.fromkeys(names, False)
        panels = {}
        for title, wanted in asked.items():
            try:
                panels[title] = sample_where(method, self.space, wanted, 32).x
            except InputError:  # a model in the bud may tell none to be so
                panels[f"{title}, none rejected"] = sample_where(
                    method, self.space, wanted, 32, rejecting=False
                ).x
        _write_enlarged_panels(panels, file, columns=8)


def draw_equal_effect(
    method: Method, file: Path, *, compared: EqualEffectComparison, most: int = 4
) -> None:
    """Original, reconstruction, edited by each model until the judge tells the attribute."""
    panels = {}
    for attribute, ways in compared.build_edit_paths(method, max_rows=8 * most).items():
        rows = ways.find_rows_without_attribute()
        far = ways.find_effect_distances(rows, None)
        shared = (~torch.stack(list(far.values())).isnan().any(0)).nonzero().flatten()[:most]
        for model, way in ways.paths.items():
            panels[f"{attribute}, {model}"] = torch.ones(3, *ways.originals.shape[1:])
            if len(shared):
                ends = (torch.zeros(len(shared)), far[model][shared])
                both = [way.decode_pictures(rows[shared], each) for each in ends]
                each = torch.stack((ways.originals[rows[shared]], *both), 1)
                panels[f"{attribute}, {model}"] = each.flatten(0, 1) / 255
    if panels:
        _write_enlarged_panels(panels, file, columns=3, across=len(compared.other_models) + 1)


def _write_enlarged_panels(
    panels: Mapping[str, Tensor], file: Path, *, columns: int, across: int | None = None
) -> None:
    """`write_panels` of images (n, c, h, w), small ones enlarged."""
    clear = {title: _enlarge_images(images) for title, images in panels.items()}
    write_panels(clear, file, columns=columns, across=across)


def _enlarge_images(images: Tensor) -> Tensor:
    """(n, c, h, w) by a whole factor, bicubic."""
    factor = max(1, MIN_PICTURE_SIDE // images.shape[-2])
    if factor == 1:
        return images
    return F.interpolate(images, scale_factor=factor, mode="bicubic").clamp(0, 1)


def _make_triplets(
    method: Method, space: Preprocessor, raw: Tensor, direction: Direction, delta: float
) -> Tensor:
    """Original, reconstruction, edited, row after row: raw (n, c, h, w) -> (3 n, c, h, w)."""
    z = embed_rows(method, space, raw)
    back, edited = (decode_to_rows(method, space, direction.move(z, d), None) for d in (0.0, delta))
    return torch.stack((raw, back, edited), 1).flatten(0, 1)


def _make_edit_sequence(
    method: Method, space: Preprocessor, raw: Tensor, direction: Direction
) -> Tensor:
    """Originals, then all edits by 0, by 1, ... 5: raw (n, c, h, w) -> (7 n, c, h, w)."""
    z = embed_rows(method, space, raw)
    moved = [decode_to_rows(method, space, direction.move(z, float(d)), None) for d in range(6)]
    return torch.cat((raw, *moved))
