"""Artefacts: a folder that needs nothing else, and that executes nothing when it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .builders import Recipe
from .data.dataset import Preprocessor
from .errors import InputError
from .files import (
    compute_checksum,
    encode_json,
    pack_tensors,
    read_json,
    unpack_tensors,
    write_folder,
)
from .functional.directions import Direction, fit_linear_probe, get_direction
from .method import Method
from .version import __version__

_ARTEFACT_FORMAT = 1


@dataclass(frozen=True)
class Model:
    """A trained method with the space that it sees.

    Attributes:
        method: In eval mode, on the CPU.
        space: How it sees raw rows.
        name: Where it came from.
        config: What config.json says.
    """

    method: Method
    space: Preprocessor
    name: str
    config: Mapping[str, Any]

    def direction(self, name: str) -> Direction:
        """Along which the logit of an attribute rises, see `directions.Direction`.

        Raises:
            InputError: The model tells no attributes by its code, or not this one.
        """
        from .inference.editing import get_classifier_directions

        return get_direction(get_classifier_directions(self.method, self.space), name)

    def probe(self, name: str, raw: Tensor, y: Tensor) -> Direction:
        """The same of any encoder, by a linear probe of the codes of rows whose answers are known.

        Args:
            name: Of the attribute.
            raw: Rows (n, *shape).
            y: Answers (n,), 0 or 1, NaN where blank.

        Raises:
            InputError: The model cannot encode, or only one answer is known.
        """
        from .inference.codes import embed_rows

        return fit_linear_probe(name, embed_rows(self.method, self.space, raw), y)


def save_model(
    folder: Path,
    method: Method,
    recipe: Recipe | None,
    space: Preprocessor | None,
    card: Mapping[str, Any],
) -> None:
    """Write model.safetensors, config.json and README.md; without a recipe the weights alone.

    Args:
        folder: Where; one that is there is replaced.
        method: Whose weights.
        recipe: What built it.
        space: How it sees raw rows.
        card: JSON-able facts for the model card: experiment, options, seed.

    Raises:
        NotSaved: It could not be written.
    """
    weights = pack_tensors(method.state_dict())
    files = {"model.safetensors": weights}
    if recipe is not None:
        config = {
            "auxgen": __version__,
            "format": _ARTEFACT_FORMAT,
            "builder": recipe.builder,
            "arguments": dict(recipe.arguments),
            "space": None if space is None else space.to_json(),
            "sha256": compute_checksum(weights),
            "card": dict(card),
        }
        files |= {"config.json": encode_json(config), "README.md": _format_card(config).encode()}
    write_folder(folder, files)


def load(path: str | Path, stage: str | None = None) -> Model:
    """The model of an artefact's folder, or of a run's last stage or the one named.

    JSON and safetensors are read, nothing in the folder is executed.

    Raises:
        InputError: There is none, or it is damaged.
    """
    path = Path(path)
    if not (path / "run.json").exists():
        return _load_artefact(path)
    stages = read_json(path / "run.json", "run").get("stages", [])
    trained = [s for s in stages if (path / s / "config.json").exists()]
    if stage is not None and stage not in trained:
        raise InputError(
            f"{path} has no trained stage {stage!r}; it has {', '.join(trained) or 'none'}."
        )
    if not trained:
        raise InputError(
            f"{path} has no trained stage yet; continue with: auxgen train --resume {path}."
        )
    return _load_artefact(path / (stage or trained[-1]))


def _load_artefact(folder: Path) -> Model:
    """The model of an artefact's folder.

    Raises:
        InputError: It is no artefact, is damaged, or its config.json does not fit its weights.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}; an artefact or a run was wanted.")
    config = read_json(folder / "config.json", "artefact")
    if config.get("format") != _ARTEFACT_FORMAT:
        raise InputError(
            f"{folder}/config.json is of format {config.get('format')!r}, not {_ARTEFACT_FORMAT}."
        )
    builder, arguments = config.get("builder"), config.get("arguments")
    if not isinstance(builder, str) or not isinstance(arguments, dict):
        raise InputError(f"{folder}/config.json names no builder with arguments.")
    method = Recipe(builder, arguments).build()
    load_weights(method, folder / "model.safetensors", config.get("sha256"))
    try:
        space = Preprocessor.from_json(config["space"])
    except (TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{folder}/config.json does not say how rows look: {error}.") from error
    for what, told, got in (("x", space.width, "x"), ("classes", len(space.classes), "classes")):
        if told and arguments.get(got, told) != told:
            raise InputError(
                f"{folder}/config.json contradicts itself: its builder has {arguments[got]} "
                f"{what}, its space {told}."
            )
    return Model(method.eval().requires_grad_(False), space, str(folder), config)


def load_weights(method: Method, file: Path, expected: object) -> None:
    """Weights from a file whose bytes are those that were written."""
    data = file.read_bytes() if file.exists() else b""
    if compute_checksum(data) != expected:
        raise InputError(f"{file} is missing, truncated or not the one config.json was made for.")
    weights = unpack_tensors(data, file)
    own = method.state_dict()
    for name in own.keys() | weights.keys():
        told, got = own.get(name), weights.get(name)
        if told is None or got is None or told.shape != got.shape:
            shapes = [None if t is None else tuple(t.shape) for t in (told, got)]
            raise InputError(
                f"{file.parent}/config.json does not fit the weights: {name} should be {shapes[0]} "
                f"and is {shapes[1]}."
            )
    with torch.no_grad():
        method.load_state_dict(weights)


def _format_card(config: Mapping[str, Any]) -> str:
    """The model card, as the hub shows it."""
    card = config["card"]
    facts = "\n".join(f"- {name}: {value}" for name, value in card.items())
    return (
        f"---\nlibrary_name: auxgen\ntags:\n- {config['builder']}\n---\n"
        f"# {card.get('experiment', config['builder'])}\n\n"
        f"Trained with auxgen {config['auxgen']}; load it with `auxgen.load(folder)`.\n\n{facts}\n"
    )
