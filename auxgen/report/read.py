"""Run folders as they are on disk; all their content is checked here."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..files import read_json
from ..score import INTERVAL_IS, get_interval
from .data_card import DataCard, parse_data_card

NARROW_SPACE = "\u202f"
"""A narrow space that does not break, between a number and its unit."""
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class ScoreRecord:
    """A score as scores.json keeps it; see `auxgen.score.Score`."""

    value: float
    unit: str
    n: int
    protocol: str
    spread: float | None
    spread_is: str
    interval: tuple[float, float] | None
    caution: str
    detail: dict[str, Any]

    def format_value(self) -> str:
        """The value and its unit, such as 8.33 %."""
        if not isfinite(self.value):
            return f"not finite ({self.value})"
        value = f"{self.value:,.{self._count_decimals()}f}".replace("-", "\u2212")
        return f"{value}{NARROW_SPACE}{self.unit}" if self.unit else value

    def format_spread(self) -> str:
        """The interval, such as (1.20 to 6.05), else the spread, such as \u00b1 0.42, or ""."""
        decimals = self._count_decimals()
        if self.interval is not None:
            low, high = self.interval
            return f"({low:.{decimals}f} to {high:.{decimals}f})"
        return "" if self.spread is None else f"\u00b1 {self.spread:.{decimals}f}"

    def describe_spread(self) -> str:
        """What `format_spread` shows, in words; "" for nothing."""
        return f"brackets hold the {INTERVAL_IS}" if self.interval else self._describe_deviation()

    def _describe_deviation(self) -> str:
        return f"spread is the {self.spread_is}" if self.spread_is else ""

    def __str__(self) -> str:
        return f"{self.format_value()} {self.format_spread()}".strip()

    def _count_decimals(self) -> int:
        return 2 if self.unit in ("%", "nats") or abs(self.value) >= 10 else 4


@dataclass(frozen=True, order=True)
class CurveName:
    """Names a curve; its kind is "terms" of the objective or "scores" of a monitor."""

    stage: str
    kind: str
    name: str


@dataclass
class Curve:
    """Finite values and their steps."""

    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class RunFolder:
    """The content of a run's folder: run.json, metrics.jsonl, scores.json and the pictures.

    Attributes:
        label: A name that no other run in the report has.
        scores: By "<stage>/<metric>".
        pictures: The bytes of PNGs, by caption.
        missing: Sentences about what is not there.
        data: What the run was trained on, see `DataCard`; None where run.json does not say.
    """

    label: str
    facts: dict[str, Any]
    curves: dict[CurveName, Curve]
    scores: dict[str, ScoreRecord]
    pictures: dict[str, bytes]
    missing: tuple[str, ...]
    data: DataCard | None = None

    def count_labels(self) -> tuple[int, int]:
        """Training rows with a label, and those without; 0 where run.json does not say."""
        facts = self.facts.get("facts")
        drawn = [f.get("labelled_rows") for f in facts.values()] if isinstance(facts, dict) else []
        rows, labelled = (0, 0) if self.data is None else self.data.training_rows
        labelled = len(drawn[-1]) if drawn and isinstance(drawn[-1], list) else labelled
        return labelled, max(rows - labelled, 0)


def read_run_folders(paths: Sequence[Path], notes: Mapping[Path, str]) -> list[RunFolder]:
    """The run folders, in the order given, with a sentence about some of them.

    Raises:
        InputError: A path is no folder, or a file in it is malformed.
    """
    each = zip(paths, _make_run_labels(paths), strict=True)
    return [_read_run_folder(path, label, notes.get(path, "")) for path, label in each]


def _make_run_labels(paths: Sequence[Path]) -> list[str]:
    """Folder names, with as many parent folders as it takes to tell them apart."""
    parts = [path.resolve().parts for path in paths]
    depth, deepest = 1, max(map(len, parts))
    while depth < deepest and len({p[-depth:] for p in parts}) < len(set(parts)):
        depth += 1
    return ["/".join(p[-depth:]) for p in parts]


def _read_run_folder(path: Path, label: str, note: str) -> RunFolder:
    if not path.is_dir():
        raise InputError(f"There is no run folder {str(path)!r}; expected one that train made.")
    facts = _read_if_there(path / "run.json")
    curves = _read_curves(path / "metrics.jsonl")
    scores = _read_scores(path / "scores.json")
    known = {
        "run.json is missing: the experiment and its options are not known.": facts is None,
        "There are no logged steps: training has not begun or wrote no metrics.": not curves,
        "There are no scores: the run is unfinished, or was not evaluated.": not scores,
    }
    missing = tuple(sentence for sentence, is_so in known.items() if is_so)
    pictures = _read_pictures(path / "pictures")
    if len(missing) == 3 and not pictures:
        raise InputError(f"{str(path)!r} holds no run; expected a folder that train made.")
    known, card = dict(facts or {}), None
    told = (*missing, *_list_cautions(known, path / "run.json"), *([note] if note else []))
    known.pop("cautions", None)
    if "datasets" in known:
        card = parse_data_card(known, path / "run.json")
        shown = ("datasets", "warnings", "rounds", "passes", "estimated_seconds")
        shown += ("early_stopping", "ends")
        known = {k: v for k, v in known.items() if k not in shown}
    return RunFolder(label, known, curves, scores, pictures, told, card)


def _list_cautions(facts: Mapping[str, Any], file: Path) -> list[str]:
    """The cautions of a run from the end of its stages, by stage."""
    cautions = facts.get("cautions", {})
    if not isinstance(cautions, dict):
        raise InputError(f"{str(file)!r} is malformed; expected cautions by stage.")
    return [f"{stage}: {sentence}" for stage, sentence in cautions.items()]


def _read_if_there(file: Path) -> dict[str, Any] | None:
    """The JSON object in a file of a run; None where there is no such file."""
    return read_json(file, "run") if file.is_file() else None


def _read_curves(file: Path) -> dict[CurveName, Curve]:
    """The curves in metrics.jsonl; a last line that a killed run left unfinished is skipped."""
    curves: dict[CurveName, Curve] = {}
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        try:
            _add_step(curves, json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            if number == len(lines) and not text.endswith("\n"):
                break
            raise InputError(
                f"{str(file)!r}, line {number}, is malformed; "
                "expected an object with stage, step and terms or scores."
            ) from error
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
    found = _read_if_there(file)
    try:
        scores = {} if found is None else found["scores"]
        return {str(name): _parse_score(score) for name, score in scores.items()}
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        fields = "value, unit, n, spread and protocol"
        raise InputError(
            f"{str(file)!r} is malformed; expected scores, each with {fields}."
        ) from error


def _parse_score(score: Mapping[str, Any]) -> ScoreRecord:
    spread = score["spread"]
    return ScoreRecord(
        value=float(score["value"]),
        unit=str(score["unit"]),
        n=int(score["n"]),
        protocol=str(score["protocol"]),
        spread=None if spread is None else float(spread),
        spread_is=str(score.get("spread_is", "")),
        interval=get_interval(score),
        caution=str(score.get("caution", "")),
        detail=dict(score.get("detail") or {}),
    )


def _read_pictures(folder: Path) -> dict[str, bytes]:
    """Every PNG below a folder, captioned by its file name."""
    pictures = {}
    for file in sorted(folder.rglob("*.png")):
        content = file.read_bytes()
        if not content.startswith(PNG_SIGNATURE):
            raise InputError(f"{str(file)!r} is not a PNG; expected a picture of a run.")
        name = " / ".join(file.relative_to(folder).with_suffix("").parts)
        pictures[name.replace("_", " ").replace("-", " ")] = content
    return pictures
