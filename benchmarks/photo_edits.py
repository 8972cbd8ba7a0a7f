"""Edits of faces: the photograph with the difference that a model sees, and three controls.

auxgen train features.celeba_32 --epochs 6 --run runs/judge
python benchmarks/photo_edits.py runs/faces results/photo_edits.json --judge runs/judge

where runs/faces is as photo_edits_model.py says. Held-out faces of CelebA at 64 pixels that lack an
attribute are given it. Ours: "personal", as `auxgen edit --probe celeba --means` does, see
`inference/shared_difference.py`; or the model's difference G(z + d w) - G(z) alone, along its own
direction, or between mean codes. "Reconstruction" is G(z + d w), which earlier versions wrote.
Controls: random directions of the same length; and the mean of the training faces with the
attribute less that of those without, filtered in the same way, which asks for no model at all.
Distance, strength and whether the other attributes' directions are projected out are chosen on
validation faces by the judge and the change of pixels, so that the networks of the likeness take
no part; the share in the personal edit was chosen by them (results/photo_edits.trials.json). "At
equal effect" takes from each the least strength at which the judge sees the attribute, face by
face, where all of them get there. The sheet beside the JSON has, for each attribute,
original, reconstruction edited, and the personal edit.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
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
    find_mean_code_difference,
    load_faces,
    make_decoded_edit,
    make_edit,
    make_personal_edit,
    measure_shared_differences,
    select_faces,
)
from photo_edits_measures import BOXES, Look, Measures, compare, find_first, load_measures
from photo_edits_model import ATTRIBUTES
from PIL import Image
from torch import Tensor

from auxgen.engine.device import describe_hardware
from auxgen.files import write_file
from auxgen.model import Model, load
from auxgen.plotting.grids import draw_image_grid
from auxgen.runs.config import find_commit

WANTED = 0.85
"""Share of validation faces in which the judge shall see the attribute; 0.8 is hoped for."""
DISTANCES = (3.0, 6.0)
MULTIPLES = (1.0, 2.0)
"""Of the way between mean codes."""
STRENGTHS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
VALIDATION_FACES = 60
SHEET_ROWS = 7
OURS, MEANS, DECODED, CONTROL = "ours", "ours, mean codes", "reconstruction", "mean difference"
PERSONAL = "mean difference, made personal by ours"


@dataclass(frozen=True)
class Choice:
    """A strength chosen on validation faces, the share that is judged, and the change of pixels."""

    strength: float
    judged: float
    change: float

    def is_better(self, other: Choice | None) -> bool:
        """Whether pixels change less where both are judged often enough, else more are judged."""
        if other is None:
            return True
        if min(self.judged, other.judged) >= WANTED:
            return self.change < other.change
        return self.judged > other.judged


def choose_strength(edit: Edit, faces: Faces, measures: Measures, attribute: str) -> Choice:
    """The least strength with which the judge sees the attribute often enough, else the best."""
    best: Choice | None = None
    for strength in STRENGTHS:
        pictures = edit(strength)
        judged = (measures.judge.find(pictures)[attribute] > 0).float().mean().item()
        if best is None or judged > best.judged:
            change = (pictures.float() - faces.pictures.float()).abs().mean().item()
            best = Choice(strength, judged, change)
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
    edits: Mapping[str, Edit], originals: Look, measures: Measures, attribute: str
) -> dict[str, object]:
    """Each edit at the least strength where the judge sees the attribute, face by face."""
    shown = {name: torch.stack([edit(s) for s in STRENGTHS], 1) for name, edit in edits.items()}
    places = {}
    for name, pictures in shown.items():
        logits = measures.judge.find(pictures.flatten(0, 1))[attribute]
        places[name] = find_first(logits.view(len(pictures), -1) > 0)
    unedited = originals.judged[attribute] <= 0
    rows = (unedited & (torch.stack(list(places.values())) >= 0).all(0)).nonzero().flatten()
    found: dict[str, object] = {"faces": len(rows)}
    lost: dict[str, Tensor] = {}
    for name, pictures in shown.items() if len(rows) else ():
        edited = measures.look(pictures[rows, places[name][rows]])
        changed = compare(originals[rows], edited, attribute)
        lost[name], reached = changed["likeness lost"], (places[name] >= 0)[unedited]
        del changed["judged"]
        share = round(100 * reached.double().mean().item(), 1)
        found[name] = {"reached": share, **summarise(changed)}
    for first in (OURS, CONTROL):
        found[f"likeness lost more than by {first}"] = {
            name: summarise({"likeness lost": each - lost[first]})
            for name, each in lost.items()
            if name != first
        }
    return found


def choose_way(edits: Mapping[str, Edit], faces: Faces, measures: Measures, attribute: str) -> str:
    """The name of the edit of validation faces by which pixels change least."""
    choices = {
        name: choose_strength(edit, faces, measures, attribute) for name, edit in edits.items()
    }
    best = next(iter(choices))
    for name, choice in choices.items():
        best = name if choice.is_better(choices[best]) else best
    return best


MakeEdit = Callable[[Faces], Edit]
"""Takes faces; returns their edit."""


def find_own_ways(model: Model, attribute: str) -> dict[str, Tensor]:
    """Ways (d,) along the model's own direction, by what they are called."""
    return {
        f"{distance:g}{', others projected out' if keep else ''}": distance
        * find_direction(model, attribute, keep).vector
        for distance, keep in product(DISTANCES, (False, True))
    }


def make_ways(
    model: Model, attribute: str, own: Mapping[str, Tensor]
) -> dict[str, dict[str, MakeEdit]]:
    """Edits of each kind by what they are called."""
    between = find_mean_code_difference(model, attribute)
    means = {f"{m:g} times": partial(make_edit, model, way=m * between) for m in MULTIPLES}
    shared = measure_shared_differences(model, attribute, MULTIPLES)
    personal = {
        f"{m:g} times": partial(make_personal_edit, model, shared=each, multiple=m)
        for m, each in shared.items()
    }
    along = {name: partial(make_edit, model, way=way) for name, way in own.items()}
    return {OURS: along, MEANS: means, PERSONAL: personal}


def measure_attribute(
    model: Model, measures: Measures, attribute: str, count: int
) -> tuple[dict[str, object], Tensor]:
    """The numbers of an attribute, and the sheet's pictures (n, 3, 3, SIDE, SIDE)."""
    validation = select_faces(model, "valid", attribute, min(count, VALIDATION_FACES))
    own, mean = find_own_ways(model, attribute), compute_mean_difference(model, attribute)
    chosen: dict[str, str] = {}
    ways = make_ways(model, attribute, own)
    for kind, each in ways.items():
        edits = {name: make(validation) for name, make in each.items()}
        chosen[kind] = choose_way(edits, validation, measures, attribute)
    way = own[chosen[OURS]]

    def make_edits(faces: Faces) -> dict[str, Edit]:
        return {
            **{kind: ways[kind][name](faces) for kind, name in chosen.items()},
            DECODED: make_decoded_edit(model, faces, way),
            CONTROL: lambda strength: add_to_faces(faces, mean, strength),
        }

    choices = {
        name: choose_strength(edit, validation, measures, attribute)
        for name, edit in make_edits(validation).items()
    }
    faces = select_faces(model, "test", attribute, count)
    edits, originals = make_edits(faces), measures.look(faces.pictures)
    pictures = {name: edit(choices[name].strength) for name, edit in edits.items()}
    directions = torch.randn(faces.z.shape, generator=torch.Generator().manual_seed(0))
    directions *= way.norm() / directions.norm(dim=1, keepdim=True)
    drawn = make_edit(model, faces, directions)(choices[OURS].strength)
    whole = {"only reconstructed": enlarge(faces.back), "random directions": drawn, **pictures}
    looks = {"unedited": originals, **{name: measures.look(each) for name, each in whole.items()}}
    report = {
        "ways_chosen_on_validation_faces": chosen,
        "strengths_chosen_on_validation_faces": {
            name: {"strength": c.strength, "judged": round(100 * c.judged, 1)}
            for name, c in choices.items()
        },
        "box": BOXES[attribute],
        "test_faces": len(faces.pictures),
        "at_the_chosen_strength": {
            name: summarise(compare(originals, look, attribute)) for name, look in looks.items()
        },
        "at_equal_effect": compare_at_equal_effect(edits, originals, measures, attribute),
        "judge_sees_of_those_that_have_it": judge_those_with(measures, attribute, count),
    }
    kind = PERSONAL
    report["on_the_sheet"] = kind
    columns = [faces.pictures, pictures[DECODED], pictures[kind]]
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
        print(attribute, f"{time.process_time() - start:.0f} s", file=sys.stderr)
    found = {
        "command": "python benchmarks/photo_edits.py runs/faces results/photo_edits.json",
        "about": "judged, outside and others changed in %, likeness lost is 1 - cosine, each the "
        "mean over faces, se its standard error; see benchmarks/photo_edits.py",
        "judge": measures.judge.extractor.protocol,
        "model": {name: model.config[name] for name in ("builder", "arguments", "sha256")},
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
