"""Run folders as they are on disk, checked where they enter."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from ..errors import InputError

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class ScoreRecord:
    """A score as scores.json keeps it; see `auxgen.experiment.Score`."""

    value: float
    unit: str
    n: int
    protocol: str
    spread: float | None
    spread_is: str
    caution: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, order=True)
class CurveName:
    """What a curve is of: "terms" of the objective or "scores" of a monitor."""

    stage: str
    kind: str
    name: str


@dataclass
class Curve:
    """Values at steps; only finite ones."""

    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class RunFolder:
    """What a run left.

    Attributes:
        label: A name for the report, unlike those of the other runs.
        facts: run.json.
        curves: metrics.jsonl, in the order of first appearance.
        scores: scores.json, by "<stage>/<metric>".
        pictures: Caption -> the bytes of a PNG.
        missing: Sentences on what is not there.
    """

    label: str
    facts: Mapping[str, Any]
    curves: Mapping[CurveName, Curve]
    scores: Mapping[str, ScoreRecord]
    pictures: Mapping[str, bytes]
    missing: tuple[str, ...]


def read_run_folders(paths: Sequence[Path]) -> list[RunFolder]:
    """The run folders, in the order given.

    Raises:
        InputError: Not a folder, or a file in it that is malformed.
    """
    return [
        _read_run_folder(path, label)
        for path, label in zip(paths, _make_run_labels(paths), strict=True)
    ]


def _make_run_labels(paths: Sequence[Path]) -> list[str]:
    """Folder names, with so much of what stands before them as tells them apart."""
    parts = [path.resolve().parts for path in paths]
    depth, deepest = 1, max(map(len, parts))
    while depth < deepest and len({p[-depth:] for p in parts}) < len(set(parts)):
        depth += 1
    return ["/".join(p[-depth:]) for p in parts]


def _read_run_folder(path: Path, label: str) -> RunFolder:
    if not path.is_dir():
        raise InputError(f"There is no run folder {str(path)!r}; wanted is one that train made.")
    facts = _read_json_object(path / "run.json")
    curves = _read_curves(path / "metrics.jsonl")
    scores = _read_scores(path / "scores.json")
    known = {
        "run.json is missing: what was asked is not known.": facts is None,
        "There are no logged steps: training has not begun or wrote no metrics.": not curves,
        "There are no scores: the run is unfinished, or was not evaluated.": not scores,
    }
    missing = tuple(sentence for sentence, is_so in known.items() if is_so)
    if len(missing) == 3 and not _read_pictures(path):
        raise InputError(f"{str(path)!r} holds no run; wanted is a folder that train made.")
    return RunFolder(label, facts or {}, curves, scores, _read_pictures(path), missing)


def _read_json_object(file: Path) -> dict[str, Any] | None:
    """A JSON object; None where there is no such file."""
    if not file.is_file():
        return None
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(
            f"{str(file)!r} is not JSON; wanted is the file that a run wrote."
        ) from error
    if not isinstance(found, dict):
        raise InputError(
            f"{str(file)!r} holds no JSON object; wanted is the file that a run wrote."
        )
    return found


def _read_curves(file: Path) -> dict[CurveName, Curve]:
    """The curves in metrics.jsonl; a last line that a kill cut short is passed over."""
    curves: dict[CurveName, Curve] = {}
    if not file.is_file():
        return curves
    text = file.read_text(encoding="utf-8", errors="replace")
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        try:
            _add_step(curves, json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if number == len(lines) and not text.endswith("\n"):
                break
            wanted = "wanted is an object with stage, step and terms or scores"
            raise InputError(f"{str(file)!r}, line {number}, is malformed; {wanted}.") from error
    return curves


def _add_step(curves: dict[CurveName, Curve], entry: Any) -> None:
    """Add one logged step to the curves."""
    for kind in ("terms", "scores"):
        for name, value in entry.get(kind, {}).items():
            curve = curves.setdefault(CurveName(str(entry["stage"]), kind, str(name)), Curve())
            if value is not None and isfinite(value):
                curve.steps.append(int(entry["step"]))
                curve.values.append(float(value))


def _read_scores(file: Path) -> dict[str, ScoreRecord]:
    found = _read_json_object(file)
    if found is None:
        return {}
    try:
        return {str(name): _parse_score(score) for name, score in found["scores"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        wanted = "wanted are scores, each with value, unit, n, spread and protocol"
        raise InputError(f"{str(file)!r} is malformed; {wanted}.") from error


def _parse_score(score: Mapping[str, Any]) -> ScoreRecord:
    spread = score["spread"]
    return ScoreRecord(
        value=float(score["value"]),
        unit=str(score["unit"]),
        n=int(score["n"]),
        protocol=str(score["protocol"]),
        spread=None if spread is None else float(spread),
        spread_is=str(score.get("spread_is", "")),
        caution=str(score.get("caution", "")),
        detail=dict(score.get("detail") or {}),
    )


def _read_pictures(path: Path) -> dict[str, bytes]:
    """Every PNG below RUN/pictures, captioned by its file name."""
    folder, pictures = path / "pictures", {}
    for file in sorted(folder.rglob("*.png")):
        content = file.read_bytes()
        if not content.startswith(PNG_SIGNATURE):
            raise InputError(f"{str(file)!r} is not a PNG; wanted is the picture that a run wrote.")
        name = " / ".join(file.relative_to(folder).with_suffix("").parts)
        pictures[name.replace("_", " ").replace("-", " ")] = content
    return pictures
