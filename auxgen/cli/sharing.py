"""Commands that give a trained model away: to a folder, or to the Hugging Face hub."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .. import hub
from ..files import make_exists_error
from ..model import Model, load

TOLD_OF_A_SCORE = ("value", "unit", "n", "protocol", "spread", "spread_is", "interval")
"""What a model card keeps of a score."""


def export_command(
    run: Path, folder: Path, /, *, stage: str | None = None, onnx: bool = False
) -> None:
    """Copy a trained model to a folder that needs nothing else.

    The folder has the weights as safetensors, JSON, and a model card with the scores of the run.

    Args:
        run: A run.
        folder: The new folder.
        stage: Stage of a run; the last by default.
        onnx: Add what the model can do as ONNX files, from raw rows on, and onnx.json, which says
            what goes in and comes out: classifier, attributes, encoder, decoder.
    """
    model = _load_with_scores(run, stage)
    if not onnx:
        print(model.save(folder))
        return
    from ..onnx.export import export_onnx

    if folder.exists():
        raise make_exists_error(folder)
    files = export_onnx(model)
    for part, reason in files.refused.items():
        print(f"{part} is left out of the ONNX files: {reason}.", file=sys.stderr)
    print(model.save(folder, files.contents))


def push_command(
    run: Path, repository: str, /, *, stage: str | None = None, private: bool = False
) -> None:
    """Upload a trained model to the Hugging Face hub.

    What export writes is uploaded, and the name with its commit is printed.

    Args:
        run: A run or an artefact.
        repository: USER/MODEL on the hub; it is made where there is none. hf auth login keeps the
            token of the user.
        stage: Stage of a run; the last by default.
        private: Whether a new repository is private.
    """
    with TemporaryDirectory() as place:
        folder = _load_with_scores(run, stage).save(Path(place) / "artefact")
        print(hub.push_artefact(folder, repository, private=private))


def pull_command(name: str, folder: Path, /) -> None:
    """Fetch a model from the Hugging Face hub into a folder.

    The name is hf://USER/MODEL, or hf://USER/MODEL@COMMIT for one that will never change. All
    commands take such a name in place of a run as well.

    Args:
        name: Name of the model.
        folder: The new folder.
    """
    if folder.exists():
        raise make_exists_error(folder)
    fetched = hub.fetch_artefact(name)
    load(fetched)  # its checksums, shapes and texts are compared before anything is written
    print(hub.copy_artefact(fetched, folder))


def _load_with_scores(run: Path, stage: str | None) -> Model:
    """The model, whose card has the run's scores of its stage, where there are any."""
    model = load(run, stage)
    card: Mapping[str, Any] = model.config.get("card", {})
    if hub.is_hub_name(run) or not (run / "scores.json").is_file():
        return model
    from ..runs.folder import Run

    prefix = f"{card.get('stage')}/"
    scores = {
        name.removeprefix(prefix): {key: score[key] for key in TOLD_OF_A_SCORE if key in score}
        for name, score in Run(run).read_scores()["scores"].items()
        if name.startswith(prefix)
    }
    return replace(model, config={**model.config, "card": {**card, "scores": scores}})
