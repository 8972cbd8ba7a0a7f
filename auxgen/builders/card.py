"""The model card of an artefact."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any


def keep_names_of_paths(facts: Any) -> Any:
    """JSON-able facts, where a text that is an absolute path becomes the path's last part."""
    if isinstance(facts, Mapping):
        return {key: keep_names_of_paths(value) for key, value in facts.items()}
    if isinstance(facts, list | tuple):
        return [keep_names_of_paths(value) for value in facts]
    is_path = isinstance(facts, str) and Path(facts).is_absolute()
    return Path(facts).name if is_path else facts


def format_card(config: Mapping[str, Any]) -> str:
    """The model card, as the hub shows it: facts, options, and what was measured."""
    card = dict(config["card"])
    options, scores = card.pop("options", {}), card.pop("scores", {})
    lines = [f"- {name}: {value}" for name, value in card.items()]
    if options:
        given = ", ".join(f"{n} {_escape_cell(v)}" for n, v in options.items() if v is not None)
        lines.append(f"- options: {given}")
    if scores:
        lines += ["", "| score | value | rows | measured how |", "|---|---|---|---|"]
        lines += [_format_score_row(name, score) for name, score in scores.items()]
    return (
        f"---\nlibrary_name: auxgen\ntags:\n- {config['builder']}\n---\n"
        f"# {card.get('experiment', config['builder'])}\n\n"
        f"Trained with auxgen {config['auxgen']}; load it with `auxgen.load(folder)`.\n\n"
        + "\n".join(lines)
        + "\n"
    )


def _format_score_row(name: str, score: Mapping[str, Any]) -> str:
    """A line of the card's table."""
    spread = "" if score.get("spread") is None else f" ± {score['spread']:.3g}"
    value = f"{score['value']:.4g}{spread} {score.get('unit', '')}".strip()
    cells = (name, value, score.get("n", ""), score.get("protocol", ""))
    return f"| {' | '.join(map(_escape_cell, cells))} |"


def _escape_cell(value: object) -> str:
    """A value in a table of Markdown."""
    return str(value).replace("|", "\\|").replace("\n", " ")
