"""Pages of pictures: the paper's figures 4 to 9, and edits that keep another attribute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ...data.dataset import Examples, Space
from ...errors import InputError
from ...evaluation.edits import directions_of
from ...evaluation.equal_effect import EqualEffect
from ...functional.directions import Direction, combined
from ...inference.codes import decoded, embed, reconstruct
from ...inference.conditional import sample_where
from ...inference.editing import Move, edit
from ...method import Method
from ...plotting.pages import show_samples
from ...plotting.panels import write_panels
from ...stage import Picture

TRIPLETS = 8
"""On a page, for each attribute."""
THREE = "original, reconstruction, edited"
FAR = 8.0
"""As far as an edit goes that stops when the model is sure."""
CLEAR = 128
"""Pixels a side: smaller images are enlarged to it, smoothly, as squares hide a face."""


@dataclass(frozen=True, eq=False)
class Shown:
    """What pictures are made of.

    Attributes:
        train: Raw training rows with attributes, for the plain VAE's probes.
        test: Raw rows held out, with attributes.
        delta: Distance that a single attribute is moved by.
        both: The same where two are moved at once; 5 in the paper.
        methods: By stage; when a picture is drawn, those of earlier stages are trained too.
    """

    train: Examples
    test: Examples
    delta: float
    both: float = 5.0
    methods: dict[str, Method] = field(default_factory=dict)

    def pictures(self, stage: str) -> Mapping[str, Picture]:
        """By title."""
        if stage == "pretrained":
            return {}
        each: dict[str, Picture] = {
            "attributes added": self.added,
            "samples": partial(show_samples, space=self.space),
        }
        if stage in ("vac", "introvac"):
            each["draws by attribute"] = self.draws
            each["until it is sure"] = self.until
            if len(self.test.attribute_names) > 1:
                each["one attribute, the other kept"] = self.kept
        if stage == "introvac" and "vac" in self.methods:
            each["reconstructions beside VAC's"] = self.reconstructions
        y = self.train.attributes
        if stage in ("vac", "introvac") and y is not None and y.isnan().any():
            each["answers, blanks and edits"] = self.answered
        return each

    @property
    def space(self) -> Space:
        """Images as they are, with their attributes."""
        shape = tuple(self.test.x.shape[1:])
        names = self.test.attribute_names
        return Space(kind="images", shape=shape, flat=False, attributes=names)

    def without(self, columns: list[int]) -> Tensor:
        """The first raw rows that have none of these attributes, or may have none, or any."""
        assert self.test.attributes is not None
        y = self.test.attributes[:, columns]
        for chosen in ((y == 0).all(1), (y != 1).all(1)):
            if chosen.any():
                return self.test[chosen.nonzero().flatten()[:TRIPLETS]].raw()
        return self.test[:TRIPLETS].raw()

    def added(self, method: Method, file: Path) -> None:
        """Original, reconstruction, edited: each attribute alone, then all (figures 4 to 6)."""
        known, names = self.known(method), self.test.attribute_names
        found = [name for name in names if name in known]
        panels = {
            f"{name} +{self.delta:g}: {THREE}": triplets(
                method, self.space, self.without([names.index(name)]), known[name], self.delta
            )
            for name in found
        }
        if len(found) > 1:
            together = combined([(known[name], 1.0) for name in found])
            raw = self.without([names.index(name) for name in found])
            title = f"{'both' if len(found) == 2 else 'all'} +{self.both:g}: {THREE}"
            panels[title] = triplets(method, self.space, raw, together, self.both)
        write_clear(panels, file, columns=3)

    def answered(self, method: Method, file: Path) -> None:
        """Of each attribute training rows with it, without it and left blank, and it added."""
        known, y = self.known(method), self.train.attributes
        assert y is not None
        panels = {}
        for k, name in enumerate(self.train.attribute_names):
            kinds = {"1": y[:, k] == 1, "0": y[:, k] == 0, "left blank": y[:, k].isnan()}
            for said, of in kinds.items():
                rows = of.nonzero().flatten()[: 3 * TRIPLETS]
                title = f"{name} {said}: {int(of.sum())} of {len(y)}"
                some = self.train[rows].raw()
                panels[title] = some if len(rows) else torch.ones(1, *self.train.x.shape[1:])
            panels[f"{name} +{self.delta:g}: {THREE}"] = triplets(
                method, self.space, self.without([k]), known[name], self.delta
            )
        write_clear(panels, file, columns=6, across=4)

    def known(self, method: Method) -> Mapping[str, Direction]:
        return directions_of(method, self.space, self.train)

    def kept(self, method: Method, file: Path) -> None:
        """The first attribute added at growing distances, and the same with the second kept."""
        known = self.known(method)
        one, other = (known[name] for name in self.test.attribute_names[:2])
        raw = self.without([0, 1])[:6]
        ways = {
            f"originals; {one.name} by 0, 1, ... 5": one,
            f"the same, {other.name} projected out": one.without(other),
        }
        write_clear(
            {title: along(method, self.space, raw, way) for title, way in ways.items()},
            file,
            columns=6,
        )

    def until(self, method: Method, file: Path) -> None:
        """Original, reconstruction, and the first edit that the model is 95 % sure of."""
        known, names = self.known(method), self.test.attribute_names
        panels = {}
        for k, name in enumerate(names):
            raw = self.without([k])
            edits = edit(method, self.space, raw, [Move(known[name], known[name], FAR)], 0.95)
            each = torch.stack((raw, edits.reconstruction, edits.edited), 1)
            gone = (FAR * edits.share).tolist()
            said = f"{name}, 95 % sure after {min(gone):.1f} to {max(gone):.1f}"
            panels[said] = each.flatten(0, 1)
        write_clear(panels, file, columns=3)

    def reconstructions(self, method: Method, file: Path) -> None:
        """Original, VAC's reconstruction, IntroVAC's (figure 7)."""
        raw = self.test[:24].raw()
        vac = reconstruct(self.methods["vac"].eval(), self.space, raw)[:, 1]
        own = reconstruct(method, self.space, raw)[:, 1]
        each = torch.stack((raw, vac, own), 1)
        title, half = "original, VAC, IntroVAC", (len(each) + 1) // 2
        parts = [part.flatten(0, 1) for part in each.split(half)]
        panels = {title + " " * place: part for place, part in enumerate(parts)}  # both named so
        write_clear(panels, file, columns=6)

    def draws(self, method: Method, file: Path) -> None:
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
        write_clear(panels, file, columns=8)


def at_equal_effect(method: Method, file: Path, *, compared: EqualEffect, most: int = 4) -> None:
    """Original, reconstruction, edited by each model until the judge tells the attribute."""
    panels = {}
    for attribute, ways in compared.ways(method, most=8 * most).items():
        rows = ways.without()
        far = ways.reached(rows, None)
        shared = (~torch.stack(list(far.values())).isnan().any(0)).nonzero().flatten()[:most]
        for model, way in ways.each.items():
            panels[f"{attribute}, {model}"] = torch.ones(3, *ways.originals.shape[1:])
            if len(shared):
                ends = (torch.zeros(len(shared)), far[model][shared])
                both = [way.pictures(rows[shared], each) for each in ends]
                each = torch.stack((ways.originals[rows[shared]], *both), 1)
                panels[f"{attribute}, {model}"] = each.flatten(0, 1) / 255
    if panels:
        write_clear(panels, file, columns=3, across=len(compared.beside) + 1)


def write_clear(
    panels: Mapping[str, Tensor], file: Path, *, columns: int, across: int | None = None
) -> None:
    """`write_panels` of images (n, c, h, w), small ones enlarged."""
    clear = {title: enlarged(images) for title, images in panels.items()}
    write_panels(clear, file, columns=columns, across=across)


def enlarged(images: Tensor) -> Tensor:
    """(n, c, h, w) by a whole factor, bicubic."""
    factor = max(1, CLEAR // images.shape[-2])
    if factor == 1:
        return images
    return F.interpolate(images, scale_factor=factor, mode="bicubic").clamp(0, 1)


def triplets(
    method: Method, space: Space, raw: Tensor, direction: Direction, delta: float
) -> Tensor:
    """Original, reconstruction, edited, row after row: raw (n, c, h, w) -> (3 n, c, h, w)."""
    z = embed(method, space, raw)
    back, edited = (decoded(method, space, direction.moved(z, d), None) for d in (0.0, delta))
    return torch.stack((raw, back, edited), 1).flatten(0, 1)


def along(method: Method, space: Space, raw: Tensor, direction: Direction) -> Tensor:
    """Originals, then all edits by 0, by 1, ... 5: raw (n, c, h, w) -> (7 n, c, h, w)."""
    z = embed(method, space, raw)
    moved = [decoded(method, space, direction.moved(z, float(d)), None) for d in range(6)]
    return torch.cat((raw, *moved))
