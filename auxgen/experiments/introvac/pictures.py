"""Pages of pictures: the paper's figures 4 to 9, and edits that keep another attribute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ...data.dataset import Preprocessor
from ...errors import InputError
from ...evaluation.edits import find_directions
from ...evaluation.equal_effect import EqualEffectComparison
from ...functional.directions import Direction, combine_directions
from ...inference.codes import decode_to_rows, embed_rows, reconstruct_rows
from ...inference.conditional import sample_where
from ...inference.editing import edit_rows
from ...inference.moves import Move
from ...method import Method
from ...plotting.panels import show_samples, write_panels
from ...stage import PictureWriter
from .evaluations import IntrovacEvaluations

TRIPLETS_PER_ATTRIBUTE = 8
"""Rows of a page for each attribute."""
TRIPLETS_AT_EQUAL_EFFECT = 4
"""The same for each attribute and model, at most."""
TRIPLET_TITLE = "original, reconstruction, edited"
MAX_EDIT_DISTANCE = 8.0
"""Greatest distance of an edit that stops when the model is sure."""
MIN_PICTURE_SIDE = 128
"""Pixels a side: smaller images are enlarged to it, smoothly, as square pixels hide a face."""


@dataclass(frozen=True, eq=False)
class IntrovacPictures:
    """The pictures of all stages, from the same rows.

    Attributes:
        evaluations: The rows and models that are shown. Training rows are for the plain VAE's
            probes; when a picture is drawn, the methods of earlier stages are trained.
        distance: Distance by which a single attribute is moved.
        joint_distance: The same where several are moved at once.
    """

    evaluations: IntrovacEvaluations
    distance: float
    joint_distance: float

    def make_pictures(self, stage: str) -> Mapping[str, PictureWriter]:
        """The pictures of a stage, by title."""
        if stage == "pretrained":
            return {}
        each: dict[str, PictureWriter] = {
            "attributes added": self._draw_added_attributes,
            "samples": partial(show_samples, space=self.space),
        }
        if stage == "vae":
            return each
        each["draws by attribute"] = self._draw_conditional_samples
        each["until it is sure"] = self._draw_confident_edits
        if len(self.space.attributes) > 1:
            each["one attribute, the other kept"] = self._draw_edits_keeping_other
        if stage == "introvac" and "vac" in self.evaluations.methods:
            each["reconstructions beside VAC's"] = self._draw_reconstructions
        if self.evaluations.train.require_attributes().isnan().any():
            each["answers, blanks and edits"] = self._draw_answers
        compared = self.evaluations.make_pictured_equal_effect() if stage == "introvac" else None
        if compared is not None:
            each["edits at equal effect"] = partial(_draw_equal_effect, compared=compared)
        return each

    @property
    def space(self) -> Preprocessor:
        return self.evaluations.space

    def _select_rows_without(self, columns: list[int]) -> Tensor:
        """The first raw rows without these attributes; else not known to have them; else any."""
        test = self.evaluations.test
        y = test.require_attributes()[:, columns]
        for chosen in ((y == 0).all(1), (y != 1).all(1)):
            if chosen.any():
                return test[chosen.nonzero().flatten()[:TRIPLETS_PER_ATTRIBUTE]].raw_rows()
        return test[:TRIPLETS_PER_ATTRIBUTE].raw_rows()

    def _find_directions(self, method: Method) -> Mapping[str, Direction]:
        return find_directions(method, self.space, self.evaluations.train)

    def _move_rows(
        self, method: Method, raw: Tensor, direction: Direction, distances: Sequence[float]
    ) -> list[Tensor]:
        """Originals (n, c, h, w), then as many that their codes decode to at each distance."""
        z = embed_rows(method, self.space, raw)
        moved = (direction.move(z, d) for d in distances)
        return [raw, *(decode_to_rows(method, self.space, codes, None) for codes in moved)]

    def _make_triplets(
        self, method: Method, title: str, columns: list[int], direction: Direction, distance: float
    ) -> dict[str, Tensor]:
        """Original, reconstruction, edited of rows without these attributes, under a title."""
        raw = self._select_rows_without(columns)
        triplets = _interleave(*self._move_rows(method, raw, direction, (0.0, distance)))
        return {f"{title} +{distance:g}: {TRIPLET_TITLE}": triplets}

    def _draw_added_attributes(self, method: Method, file: Path) -> None:
        """Draw original, reconstruction, edited: each attribute, then all (figures 4 to 6)."""
        known = self._find_directions(method)
        found = {k: known[name] for k, name in enumerate(self.space.attributes) if name in known}
        panels = {}
        for k, own in found.items():
            panels |= self._make_triplets(method, self.space.attributes[k], [k], own, self.distance)
        if len(found) > 1:
            title = "both" if len(found) == 2 else "all"
            joint = combine_directions([(own, 1.0) for own in found.values()])
            panels |= self._make_triplets(method, title, [*found], joint, self.joint_distance)
        _write_enlarged_panels(panels, file, columns=3)

    def _draw_answers(self, method: Method, file: Path) -> None:
        """Draw rows with an attribute, without it and left blank, and edits, for each attribute."""
        known, train = self._find_directions(method), self.evaluations.train
        panels = {}
        for k, name in enumerate(self.space.attributes):
            y = train.require_attributes()[:, k]
            for answer, mask in {"1": y == 1, "0": y == 0, "left blank": y.isnan()}.items():
                rows = mask.nonzero().flatten()[: 3 * TRIPLETS_PER_ATTRIBUTE]
                some = train[rows].raw_rows() if len(rows) else torch.ones(1, *train.x.shape[1:])
                panels[f"{name} {answer}: {int(mask.sum())} of {len(y)}"] = some
            panels |= self._make_triplets(method, name, [k], known[name], self.distance)
        _write_enlarged_panels(panels, file, columns=6, across=4)

    def _draw_edits_keeping_other(self, method: Method, file: Path) -> None:
        """Draw edits of the first attribute by growing distances, then with the second kept."""
        known = self._find_directions(method)
        one, other = (known[name] for name in self.space.attributes[:2])
        raw = self._select_rows_without([0, 1])[:6]
        directions = {
            f"originals; {one.name} by 0, 1, ... 5": one,
            f"the same, {other.name} projected out": one.project_out(other),
        }
        panels = {
            title: torch.cat(self._move_rows(method, raw, direction, [float(d) for d in range(6)]))
            for title, direction in directions.items()
        }
        _write_enlarged_panels(panels, file, columns=6)

    def _draw_confident_edits(self, method: Method, file: Path) -> None:
        """Draw original, reconstruction, and the first edit of which the model is 95 % sure."""
        known, panels = self._find_directions(method), {}
        for k, name in enumerate(self.space.attributes):
            raw, own = self._select_rows_without([k]), known[name]
            edits = edit_rows(method, self.space, raw, [Move(own, own, MAX_EDIT_DISTANCE)], 0.95)
            distances = (MAX_EDIT_DISTANCE * edits.distance_share).tolist()
            title = f"{name}, 95 % sure after {min(distances):.1f} to {max(distances):.1f}"
            panels[title] = _interleave(raw, edits.reconstruction, edits.edited)
        _write_enlarged_panels(panels, file, columns=3)

    def _draw_reconstructions(self, method: Method, file: Path) -> None:
        """Draw original, VAC's reconstruction, IntroVAC's (figure 7)."""
        raw = self.evaluations.test[:24].raw_rows()
        models = (self.evaluations.methods["vac"].eval(), method)
        back = [reconstruct_rows(model, self.space, raw)[:, 1] for model in models]
        each = torch.stack((raw, *back), 1)
        title, half = "original, VAC, IntroVAC", (len(each) + 1) // 2
        parts = [part.flatten(0, 1) for part in each.split(half)]
        # two columns with one title, which blanks make different keys
        panels = {title + " " * place: part for place, part in enumerate(parts)}
        _write_enlarged_panels(panels, file, columns=6)

    def _draw_conditional_samples(self, method: Method, file: Path) -> None:
        """Draw samples with each attribute, and without any (figure 8)."""
        conditions = {f"with {name}": {name: True} for name in self.space.attributes}
        conditions["without any"] = dict.fromkeys(self.space.attributes, False)
        sample, panels = partial(sample_where, method, self.space, n=32), {}
        for title, condition in conditions.items():
            try:
                panels[title] = sample(condition).x
            except InputError:  # a model with little training may accept none of its samples
                panels[f"{title}, none rejected"] = sample(condition, rejecting=False).x
        _write_enlarged_panels(panels, file, columns=8)


def _draw_equal_effect(method: Method, file: Path, *, compared: EqualEffectComparison) -> None:
    """Draw original, reconstruction, and each model's edit once the scorer sees the attribute."""
    panels, most = {}, TRIPLETS_AT_EQUAL_EFFECT
    for attribute, edits in compared.build_edit_paths(method, max_rows=8 * most).items():
        rows = edits.find_rows_without_attribute()
        distances = edits.find_effect_distances(rows, None)
        # rows in which every model reaches the attribute
        shared = (~torch.stack(list(distances.values())).isnan().any(0)).nonzero().flatten()[:most]
        for model, path in edits.paths.items():
            each = torch.ones(3, *edits.originals.shape[1:])
            if len(shared):
                ends = (torch.zeros(len(shared)), distances[model][shared])
                both = (path.decode_pictures(rows[shared], to) for to in ends)
                each = _interleave(edits.originals[rows[shared]], *both) / 255
            panels[f"{attribute}, {model}"] = each
    if panels:
        _write_enlarged_panels(panels, file, columns=3, across=len(compared.other_models) + 1)


def _interleave(*parts: Tensor) -> Tensor:
    """The first row of each part, then the second of each: k times (n, ...) -> (k n, ...)."""
    return torch.stack(parts, 1).flatten(0, 1)


def _write_enlarged_panels(
    panels: Mapping[str, Tensor], file: Path, *, columns: int, across: int | None = None
) -> None:
    """Write panels of images (n, c, h, w), small ones enlarged by a whole factor, bicubic."""

    def enlarge(images: Tensor) -> Tensor:
        factor = MIN_PICTURE_SIDE // images.shape[-2]
        if factor < 2:
            return images
        return F.interpolate(images, scale_factor=factor, mode="bicubic").clamp(0, 1)

    clear = {title: enlarge(images) for title, images in panels.items()}
    write_panels(clear, file, columns=columns, across=across)
