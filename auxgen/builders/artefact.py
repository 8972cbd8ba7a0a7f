"""Artefacts: a folder that needs nothing else, and of which nothing is executed.

It holds the weights, a model card, and config.json: the recipe of the method and its preprocessor.
"""

from collections.abc import Iterator, Mapping
from math import isfinite, prod
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from .. import files
from ..data.dataset import DataKind, Preprocessor
from ..data.json_fields import check_fields
from ..errors import InputError
from ..method import Method
from ..version import __version__
from . import Recipe
from .card import format_card, keep_names_of_paths
from .weights import build_of_size, load_weights, read_weights

MOST_ENTRIES = 10**9
"""Of a row: more than any model here can see."""
_ARTEFACT_FORMAT = 2
_ARGUMENTS_OF_FORMAT_1: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {name: {"upper_a_sees_x": False} for name in ("avae", "avae_uninformed")}
)
"""Arguments that builders got later: what was built before they had them."""


def make_artefact_config(
    recipe: Recipe, space: Preprocessor | None, card: Mapping[str, Any]
) -> dict[str, Any]:
    """The content of config.json, before the weights have a checksum.

    The card holds JSON-able facts for the model card: experiment, options, seed.
    """
    return {
        "auxgen": __version__,
        "format": _ARTEFACT_FORMAT,
        "builder": recipe.builder,
        "arguments": dict(recipe.arguments),
        "space": None if space is None else space.to_json(),
        "sha256": "",
        "card": dict(card),
    }


def save_model(
    folder: Path,
    method: Method,
    recipe: Recipe | None,
    space: Preprocessor | None,
    card: Mapping[str, Any],
) -> None:
    """Write an artefact, see `make_artefact_config`; without a recipe the weights alone.

    Raises:
        NotSaved: It could not be written.
    """
    config = {} if recipe is None else make_artefact_config(recipe, space, card)
    _write_artefact(folder, method, config)


def _write_artefact(
    folder: Path,
    method: Method,
    config: Mapping[str, Any],
    extra: Mapping[str, bytes] = MappingProxyType({}),
) -> None:
    """Write model.safetensors, and config.json and README.md if `config` is not empty.

    A folder of this name is replaced. `extra` are more files, by name. Of a file or folder that the
    card tells its name alone is kept: an artefact is to be given away.

    Raises:
        NotSaved: They could not be written.
    """
    weights = files.pack_tensors(method.state_dict())
    contents = {"model.safetensors": weights, **extra}
    if config:
        card = keep_names_of_paths(config["card"])
        config = {**config, "sha256": files.compute_checksum(weights), "card": card}
        contents["config.json"] = files.encode_json(config)
        contents["README.md"] = format_card(config).encode()
    files.write_folder(folder, contents)


def write_new_artefact(
    folder: Path,
    method: Method,
    config: Mapping[str, Any],
    extra: Mapping[str, bytes] = MappingProxyType({}),
    *,
    name: str,
) -> Path:
    """Write the artefact of a model of this name into a new folder, and return its path.

    Raises:
        InputError: The folder exists, or no builder made the method.
        NotSaved: It could not be written.
    """
    if folder.exists():
        raise files.make_exists_error(folder)
    if "builder" not in config:
        raise InputError(
            f"{name} has no recipe, so that its artefact could not be loaded; give its Stage a "
            "recipe=Recipe(builder, arguments)."
        )
    _write_artefact(folder, method, config, extra)
    return folder


def read_artefact(folder: Path) -> tuple[Method, Preprocessor, dict[str, Any]]:
    """The method of an artefact's folder, how it sees raw rows, and the content of config.json.

    Raises:
        InputError: It is not an artefact, is damaged, or its config.json does not fit its weights.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}; expected an artefact or a run.")
    file = folder / "config.json"
    config = files.read_json(file, "artefact")
    if config.get("format") not in (1, _ARTEFACT_FORMAT):
        got = config.get("format")
        raise InputError(f"{file} has format {got!r}; expected 1 to {_ARTEFACT_FORMAT}.")
    builder, arguments = config.get("builder"), config.get("arguments")
    if not isinstance(builder, str) or not isinstance(arguments, dict):
        raise InputError(f"{file} does not name a builder with arguments.")
    if config["format"] == 1:
        arguments = {**_ARGUMENTS_OF_FORMAT_1.get(builder, {}), **arguments}
    recipe, weights = Recipe(builder, arguments), folder / "model.safetensors"
    tensors = read_weights(weights, config.get("sha256"))
    method = build_of_size(recipe, tensors, weights)
    load_weights(method, tensors, weights)
    try:
        _check_space(config["space"])
        space = Preprocessor.from_json(config["space"])
        check_fields(space)
    except (TypeError, KeyError, AttributeError, ValueError, ArithmeticError) as error:
        raise InputError(f"{file} does not say how the model sees rows: {error}.") from error
    for argument, own, seen in _compare_sizes(arguments, space):
        if own != seen:
            raise InputError(
                f"{file} contradicts itself: {argument} is {own} for its builder and {seen} for "
                "its space."
            )
    return method, space, config


def _compare_sizes(
    arguments: Mapping[str, Any], space: Preprocessor
) -> Iterator[tuple[str, object, object]]:
    """Names of sizes, with what they are for a builder and for a space of rows."""
    for name, size in (("x", space.width), ("classes", len(space.classes))):
        if size:
            yield name, arguments.get(name, size), size
    groups = [arguments, *(arguments.get(name) for name in ("images", "sizes"))]
    images = [group for group in groups if isinstance(group, Mapping) and "channels" in group]
    if images and space.kind == "images":
        size = images[0].get("size")
        shape = (images[0]["channels"], *((size, size) if size else space.shape[1:]))
        yield "shape", shape, space.shape
        yield "flat", False, space.flat
        yield "kept", None, space.kept


def _check_space(known: Mapping[str, Any]) -> None:
    """Raise a ValueError where the fields of a space cannot be what a preprocessor wrote."""
    shape, kinds = known["shape"], get_args(DataKind)
    if known["kind"] not in kinds:
        raise ValueError(f"kind is {known['kind']!r}, not {' or '.join(kinds)}")
    if not isinstance(shape, list) or not all(type(n) is int and n > 0 for n in shape):
        raise ValueError(f"shape is {shape!r}")
    if prod(shape) > MOST_ENTRIES:
        raise ValueError(f"shape is {shape!r}, which is no row that a model has seen")
    entries = prod(shape)
    kept = known.get("kept")
    if kept is not None and not all(type(i) is int and 0 <= i < entries for i in kept):
        raise ValueError("kept has entries that a row does not have")
    if kept == [] or (kept and len(set(kept)) < len(kept)):
        raise ValueError("kept names no entry, or one twice")
    if kept and len(known.get("fill") or []) != entries:
        raise ValueError("kept leaves entries out that fill does not give")
    seen = entries if kept is None else len(kept)
    counts, library = (known.get(name) or [] for name in ("counts", "library"))
    if not all(type(i) is int and 0 <= i < seen for i in counts):
        raise ValueError("counts has entries that the model does not see")
    if len(library) not in (0, len(counts)):
        raise ValueError(f"library has {len(library)} entries for {len(counts)}")
    width = seen + bool(library)
    for name, own in (("shift", width), ("scale", width), ("fill", entries)):
        numbers = known.get(name) or []
        if not all(isinstance(n, int | float) and isfinite(n) for n in numbers):
            raise ValueError(f"{name} has entries that are not finite numbers")
        if len(numbers) not in (0, 1, own):  # one number is that of every entry
            raise ValueError(f"{name} has {len(numbers)} entries for {own}")
    if 0 in (known.get("scale") or []):
        raise ValueError("scale is 0 in an entry")
    for name in ("classes", "attributes", "columns"):
        names = known.get(name) or []
        if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
            raise ValueError(f"{name} are not a list of names")
    classes = known.get("classes") or []
    if len(set(classes)) < len(classes):
        raise ValueError("two classes have one name")


def restore_weights(method: Method, folder: Path) -> dict[str, Any]:
    """Load the weights of a trained stage into its method, which its experiment has made.

    Returns:
        The content of config.json; empty without one.

    Raises:
        InputError: The weights are damaged, or the method has changed.
    """
    file, described = folder / "model.safetensors", folder / "config.json"
    config = files.read_json(described, "artefact") if described.exists() else {}
    if "sha256" in config:
        weights = read_weights(file, config["sha256"])
    else:
        weights = files.unpack_tensors(file.read_bytes(), file)
    load_weights(method, weights, file)
    return config
