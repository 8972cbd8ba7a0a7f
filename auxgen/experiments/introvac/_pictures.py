"""Pages of pictures: the paper's figures 4 to 9, and edits that keep another attribute."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from ...data.examples import Examples, Space
from ...directions import Direction, combined
from ...errors import InputError
from ...evaluation.scores.edited import directions_of
from ...experiment import Picture
from ...exploring.codes import decoded, embed, reconstruct
from ...exploring.conditional import sample_where
from ...exploring.editing import Move, edit
from ...exploring.panels import write_panels
from ...exploring.pictures import write_grid
from ...exploring.showing import show_samples
from ...method import Method

TRIPLETS = 8
"""On a page, for each attribute."""
THREE = "original, reconstruction, edited"


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
        return each

    @property
    def space(self) -> Space:
        """Images as they are, with their attributes."""
        shape = tuple(self.test.x.shape[1:])
        names = self.test.attribute_names
        return Space(kind="images", shape=shape, flat=False, attributes=names)

    def without(self, columns: list[int]) -> Tensor:
        """The first raw rows that have none of these attributes."""
        y = self.test.attributes
        assert y is not None
        rows = (y[:, columns] == 0).all(1).nonzero().flatten()[:TRIPLETS]
        return self.test[rows].raw()

    def added(self, method: Method, file: Path) -> None:
        """Original, reconstruction, edited: each attribute alone, then all (figures 4 to 6)."""
        known, names = self.known(method), self.test.attribute_names
        found = [name for name in names if name in known]
        panels = {
            f"{name}: {THREE}": triplets(
                method, self.space, self.without([names.index(name)]), known[name], self.delta
            )
            for name in found
        }
        if len(found) > 1:
            together = combined([(known[name], 1.0) for name in found])
            raw = self.without([names.index(name) for name in found])
            panels[f"all: {THREE}"] = triplets(method, self.space, raw, together, self.both)
        write_panels(panels, file, columns=3)

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
        write_panels(
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
            edits = edit(method, self.space, raw, [Move(known[name], known[name], 8.0)], 0.95)
            each = torch.stack((raw, edits.reconstruction, edits.edited), 1)
            panels[f"{name}, until 95 % sure"] = each.flatten(0, 1)
        write_panels(panels, file, columns=3)

    def reconstructions(self, method: Method, file: Path) -> None:
        """Original, VAC's reconstruction, IntroVAC's (figure 7)."""
        raw = self.test[:24].raw()
        vac = reconstruct(self.methods["vac"].eval(), self.space, raw)[:, 1]
        own = reconstruct(method, self.space, raw)[:, 1]
        write_grid(torch.stack((raw, vac, own), 1).flatten(0, 1), file, 12)

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
        write_panels(panels, file, columns=8)


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
