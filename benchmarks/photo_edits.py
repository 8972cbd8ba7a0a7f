"""Edits of faces: the photograph with the difference that a model sees, and three controls.

OMP_NUM_THREADS=1 auxgen train benchmarks/photo_edits_model.py --run runs/faces
OMP_NUM_THREADS=1 python benchmarks/photo_edits.py runs/faces results/photo_edits.json --judge RUN

Held-out faces of CelebA at 64 pixels that lack an attribute are given it. Ours adds G(z + d w) -
G(z) as `auxgen edit` does, "reconstruction" is G(z + d w), which earlier versions wrote. Controls:
random directions of the same length; and the mean of the training faces with the attribute less
that of those without, filtered in the same way, which asks for no model at all. Distance, strength
and whether the other attributes' directions are projected out are chosen on validation faces.
"At equal effect" takes from each the least strength at which the judge sees the attribute, face by
face, where all of them get there. The sheet beside the JSON has, for each attribute, original,
reconstruction edited, and original with the difference.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from itertools import product
from pathlib import Path

import torch
from photo_edits_faces import (
    SIDE,
    Edit,
    Faces,
    add_to_faces,
    compute_mean_difference,
    enlarge,
    find_direction,
    load_faces,
    make_decoded_edit,
    make_edit,
    select_faces,
)
from photo_edits_measures import BOXES, Measures, find_first, load_measures
from photo_edits_model import ATTRIBUTES
from PIL import Image
from torch import Tensor

from auxgen.engine.device import describe_hardware
from auxgen.files import write_file
from auxgen.model import Model, load
from auxgen.plotting.grids import draw_image_grid
from auxgen.runs.folder import find_commit

WANTED = 0.85
"""Share of validation faces in which the judge shall see the attribute; 0.8 is hoped for."""
DISTANCES = (3.0, 4.5, 6.0)
STRENGTHS = tuple(0.25 * k for k in range(1, 21))
RANDOM_DIRECTIONS = 5
SHEET_ROWS = 7


@dataclass(frozen=True)
class Choice:
    """A strength chosen on validation faces, and what the judge and VGG-19 saw there."""

    strength: float
    judged: float
    likeness_lost: float

    def is_better(self, other: Choice | None) -> bool:
        """Less likeness lost where both are judged often enough, else judged more often."""
        if other is None:
            return True
        if min(self.judged, other.judged) >= WANTED:
            return self.likeness_lost < other.likeness_lost
        return self.judged > other.judged


def choose_strength(edit: Edit, faces: Faces, measures: Measures, attribute: str) -> Choice:
    """The least strength with which the judge sees the attribute often enough, else the best."""
    best: Choice | None = None
    for strength in STRENGTHS:
        pictures = edit(strength)
        judged = (measures.judge.find(pictures)[attribute] > 0).float().mean().item()
        if best is None or judged > best.judged:
            found = measures.compare(faces.pictures, pictures, attribute)
            best = Choice(strength, judged, found["likeness lost"].mean().item())
        if judged >= WANTED:
            break
    assert best is not None
    return best


def summarise(found: Mapping[str, Tensor]) -> dict[str, float]:
    """Means over faces, with standard errors; shares in per cent."""
    summary: dict[str, float] = {}
    for name, each in found.items():
        known = each[~each.isnan()].double() * (1 if name.startswith("likeness") else 100)
        digits = 4 if name.startswith("likeness") else 1
        if len(known):
            summary[name] = round(known.mean().item(), digits)
            error = known.std(correction=1).item() / len(known) ** 0.5 if len(known) > 1 else 0.0
            summary[f"{name} se"] = round(error, digits)
    return summary


def compare_at_equal_effect(
    edits: Mapping[str, Edit], faces: Faces, measures: Measures, attribute: str
) -> dict[str, object]:
    """Each edit at the least strength where the judge sees the attribute, face by face."""
    shown = {name: torch.stack([edit(s) for s in STRENGTHS], 1) for name, edit in edits.items()}
    places = {}
    for name, pictures in shown.items():
        logits = measures.judge.find(pictures.flatten(0, 1))[attribute]
        places[name] = find_first(logits.view(len(pictures), -1) > 0)
    unedited = measures.judge.find(faces.pictures)[attribute] <= 0
    rows = (unedited & (torch.stack(list(places.values())) >= 0).all(0)).nonzero().flatten()
    found: dict[str, object] = {"faces": len(rows)}
    if not len(rows):
        return found
    lost = {}
    for name, pictures in shown.items():
        changed = measures.compare(
            faces.pictures[rows], pictures[rows, places[name][rows]], attribute
        )
        lost[name], reached = changed.pop("likeness lost"), (places[name] >= 0)[unedited]
        del changed["judged"]
        found[name] = {
            "reached": round(100 * reached.double().mean().item(), 1),
            **summarise({"likeness lost": lost[name], **changed}),
        }
    ours = lost["ours"]
    more = {name: each - ours for name, each in lost.items() if name != "ours"}
    found["likeness lost more than by ours"] = summarise(
        {f"likeness lost by {name}": each for name, each in more.items()}
    )
    return found


def measure_attribute(
    model: Model, measures: Measures, attribute: str, count: int
) -> tuple[dict[str, object], Tensor]:
    """The numbers of an attribute, and the sheet's pictures (n, 3, 3, SIDE, SIDE)."""
    validation = select_faces(model, "valid", attribute, count)
    chosen: tuple[Choice, float, bool] | None = None
    for distance, keep in product(DISTANCES, (False, True)):
        way = distance * find_direction(model, attribute, keep).vector
        edit = make_edit(model, validation, way)
        choice = choose_strength(edit, validation, measures, attribute)
        if choice.is_better(chosen and chosen[0]):
            chosen = choice, distance, keep
    assert chosen is not None
    ours, distance, keep = chosen
    way = distance * find_direction(model, attribute, keep).vector
    mean = compute_mean_difference(model, attribute)

    def make_edits(faces: Faces) -> dict[str, Edit]:
        return {
            "ours": make_edit(model, faces, way),
            "reconstruction": make_decoded_edit(model, faces, way),
            "mean difference": lambda strength: add_to_faces(faces, mean, strength),
        }

    choices = {
        name: choose_strength(edit, validation, measures, attribute)
        for name, edit in make_edits(validation).items()
    }
    faces = select_faces(model, "test", attribute, count)
    edits = make_edits(faces)
    pictures = {name: edit(choices[name].strength) for name, edit in edits.items()}
    pictures = {"unedited": faces.pictures, "only reconstructed": enlarge(faces.back), **pictures}
    rows = {
        name: summarise(measures.compare(faces.pictures, each, attribute))
        for name, each in pictures.items()
    }
    generator = torch.Generator().manual_seed(0)
    others = torch.randn(RANDOM_DIRECTIONS, len(way), generator=generator)
    drawn = [
        make_edit(model, faces, distance * other / other.norm())(ours.strength) for other in others
    ]
    each = [measures.compare(faces.pictures, p, attribute) for p in drawn]
    rows["random directions"] = summarise({k: torch.cat([e[k] for e in each]) for k in each[0]})
    report = {
        "distance": distance,
        "others_projected_out": keep,
        "choices_on_validation_faces": {
            name: {
                "strength": choice.strength,
                "judged": round(100 * choice.judged, 1),
                "likeness_lost": round(choice.likeness_lost, 4),
            }
            for name, choice in choices.items()
        },
        "box": BOXES[attribute],
        "test_faces": len(faces.pictures),
        "at_the_chosen_strength": rows,
        "at_equal_effect": compare_at_equal_effect(edits, faces, measures, attribute),
        "judge_sees_of_those_that_have_it": judge_those_with(measures, attribute, count),
    }
    columns = [faces.pictures, pictures["reconstruction"], pictures["ours"]]
    return report, torch.stack([column[:SHEET_ROWS] for column in columns], 1)


def judge_those_with(measures: Measures, attribute: str, count: int) -> float:
    """Share of the first test faces with the attribute in which the judge sees it, in %."""
    test = load_faces("test", SIDE)
    has = test.require_attributes()[:, list(ATTRIBUTES).index(attribute)] == 1
    found = measures.judge.find(test.x[has.nonzero().flatten()[:count]])[attribute] > 0
    return round(100 * found.double().mean().item(), 1)


def write_sheet(parts: list[Tensor], file: Path) -> None:
    """One sheet of 256 colours: for each face a line, for each attribute three columns."""
    tiles = torch.cat(parts, 1)
    page = draw_image_grid(tiles.flatten(0, 1) / 255, tiles.shape[1])
    page = page.quantize(256, dither=Image.Dither.NONE)
    write_file(file, lambda out: page.save(out, format="PNG", optimize=True))


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--judge", default="features.celeba_32")
    parser.add_argument("--faces", type=int, default=100)
    given = parser.parse_args()
    start, model, measures = time.process_time(), load(given.model), load_measures(given.judge)
    reports, parts = {}, []
    for attribute in BOXES:
        reports[attribute], part = measure_attribute(model, measures, attribute, given.faces)
        parts.append(part)
        print(attribute, json.dumps(reports[attribute], indent=1))
    found = {
        "command": "python benchmarks/photo_edits.py runs/faces results/photo_edits.json",
        "about": "judged, outside and others changed in %, likeness lost is 1 - cosine, each the "
        "mean over faces, se its standard error; see benchmarks/photo_edits.py",
        "judge": measures.judge.extractor.protocol,
        "model": dict(model.config),
        "hardware": describe_hardware("cpu"),
        "date": date.today().isoformat(),
        "commit": find_commit(),
        "versions": {"torch": version("torch")},
        "seconds": round(time.process_time() - start, 1),
        "attributes": reports,
    }
    write_file(given.file, (json.dumps(found, indent=1) + "\n").encode())
    write_sheet(parts, given.file.with_suffix(".png"))


if __name__ == "__main__":
    main()
