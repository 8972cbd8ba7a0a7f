"""Commands that draw rows from a model, or decode rows: auxgen COMMAND MODEL ... --out FILE."""

import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data.images import load_images_in_frame
from ..data.inputs import InputRows
from ..data.table_files import TABLE_SUFFIXES
from ..data.table_writing import check_table_file
from ..data.tables import make_old_schema
from ..errors import InputError, require_at_least
from ..files import write_file
from ..inference import codes, conditional
from ..inference.code_moments import CodeMoments, measure_code_moments
from ..model import Model
from ..plotting import grids, panels
from . import tables
from .loading import load_model_and_rows, open_model, refuse_overwriting
from .options import take_options


@take_options(open_model)
def sample_command(
    model: Model,
    /,
    *,
    out: Path,
    n: int = 64,
    of: str | None = None,
    by_class: bool = False,
    mean: bool | None = None,
    where: str | None = None,
    alpha: float = 0.05,
    steps: int = 500,
    corrected: bool = True,
    rejecting: bool = True,
    codes_of: str | None = None,
    seed: int = 0,
) -> None:
    """Draw images, points or rows from a model.

    Args:
        out: .png, .npy or table (.csv, .tsv, .parquet, .feather or .xlsx) to write.
        n: Number of draws; with --by-class, of codes z.
        of: Class of all draws.
        by_class: One code z in each row, one class in each column.
        mean: Means of p(x|.), without the noise that the model sees in rows; the default for
            pictures. --no-mean draws from p(x|.), the default for points and tables.
        where: Attributes that draws must have (1) or lack (0), such as "Eyeglasses=1,FacialHair=0".
            One Langevin chain leads to each draw; the next five options are for these chains.
        alpha: Size of a step.
        steps: Steps of a chain.
        corrected: Accept or reject steps so that the density is exact (Metropolis).
        rejecting: Drop draws that the model, given the draw, classifies otherwise.
        codes_of: Image set or folder from whose codes' mean and covariance to draw, in place of the
            prior's: less variety, fewer ruined images.
        seed: Seed of the draws.
    """
    require_at_least(1, n=n)
    if by_class and of is not None:
        raise InputError("--by-class draws every class, --of one class; give one of the two.")
    if where is not None and (by_class or of is not None):
        raise InputError("--where takes attributes, --of and --by-class classes; give one of them.")
    if where is not None and mean is False:
        raise InputError("--where gives means, which the model judges; give --no-mean without it.")
    if codes_of is not None and where is None:
        raise InputError("--codes-of is for draws with attributes; give --where NAME=1, too.")
    torch.manual_seed(seed)
    if by_class:
        as_means = model.space.kind == "images" if mean is None else mean
        x = codes.make_class_grid(model.method, model.space, n, mean=as_means)
        labels = [name for _ in range(n) for name in model.space.classes]
        _write_output(x, out, model, columns=len(model.space.classes), labels=labels)
    elif where is None:
        classes = _choose_classes(model, of, n, seed)
        x = model.sample(n, y=classes or of, mean=mean, seed=seed)
        _write_output(x, out, model, labels=classes)
    else:
        chains = {"alpha": alpha, "steps": steps, "corrected": corrected, "rejecting": rejecting}
        _write_output(_sample_where(model, where, n, codes_of, **chains), out, model)


def _sample_where(
    model: Model, where: str, n: int, codes_of: str | None, *, rejecting: bool, **chains: Any
) -> Tensor:
    """Draws with attributes, and a line on stderr about their chains: -> (n, *shape)."""
    required = conditional.parse_conditions(where)
    moments = None if codes_of is None else _measure_code_moments(model, codes_of)
    draws = conditional.sample_where(
        model.method, model.space, required, n, rejecting=rejecting, moments=moments, **chains
    )
    kept = f"; {100 * draws.kept_share:.1f} % of draws kept" if rejecting else ""
    print(
        f"{draws.chains} chains, {100 * draws.acceptance:.1f} % of steps accepted, the second "
        f"half of each worth {draws.effective_size:.1f} independent draws{kept}",
        file=sys.stderr,
    )
    return draws.x


def _measure_code_moments(model: Model, name: str) -> CodeMoments:
    """Mean and covariance of the codes of an image set or folder.

    Raises:
        InputError: The model sees no images, or there are fewer than two.
    """
    if model.space.kind != "images":
        raise InputError(f"{model.name} sees {model.space.kind}; expected a model of images.")
    images = load_images_in_frame(name, model.space)
    if len(images) < 2:
        raise InputError(f"{name} has {len(images)} images; expected 2 or more.")
    return measure_code_moments(model.method, model.space, images.raw_rows())


@take_options(load_model_and_rows)
def reconstruct_command(model: Model, rows: InputRows, /, *, out: Path, seed: int = 0) -> None:
    """Write rows beside their reconstructions.

    Args:
        out: .png, .npy or table (.csv, .tsv, .parquet, .feather or .xlsx) to write.
        seed: Seed of the draws, if the model makes any.
    """
    refuse_overwriting([out], rows.files)
    pairs = torch.stack((rows.x, model.reconstruct(rows.x, seed=seed)), 1)
    _write_output(pairs.flatten(0, 1), out, model, columns=2 * min(6, len(pairs)))


@take_options(load_model_and_rows)
def interpolate_command(
    model: Model,
    rows: InputRows,
    /,
    *,
    out: Path,
    steps: int = 8,
    linear: bool = False,
    seed: int = 0,
) -> None:
    """Write the way from each row to the next through the code.

    The way through the codes z is a great circle. There must be two rows or more.

    Args:
        out: .png, .npy or table (.csv, .tsv, .parquet, .feather or .xlsx) to write.
        steps: Images on the way, both ends included.
        linear: On a straight line instead.
        seed: Seed of the draws, if the model makes any.
    """
    if len(rows.x) < 2:
        raise InputError(f"The number of rows is {len(rows.x)}; expected 2 or more.")
    refuse_overwriting([out], rows.files)
    path = model.interpolate(rows.x, steps=steps, linear=linear, seed=seed)
    _write_output(path.flatten(0, 1), out, model, columns=steps)


def _choose_classes(model: Model, of: str | None, n: int, seed: int) -> Sequence[str]:
    """A class for each row of a table with a label: the one of all, or drawn from p(y).

    None for other rows, and where the model has no p(y).
    """
    table = model.space.table
    if table is None or not table.label:
        return ()
    if of is None:
        return model.draw_classes(n, seed=seed)
    return [model.space.classes[codes.find_class_index(model.space, of)]] * n


def _write_output(
    x: Tensor,
    out: Path,
    model: Model,
    *,
    columns: int | None = None,
    labels: Sequence[str] = (),
) -> None:
    """Write rows in raw units in the format of the file's ending; a table has their labels."""
    match out.suffix.lower():
        case ".png" if model.space.kind == "images":
            grids.write_grid(x, out, columns)
        case ".png":
            panels.write_scatter(x, out)
        case suffix if suffix in TABLE_SUFFIXES:
            table = model.space.table
            if table is None and model.space.columns:
                table = make_old_schema(model.space.columns)
            tables.write_rows(x, out, table, labels)
        case ".npy":
            content = BytesIO()  # np.save does not say why it cannot write to a file
            np.save(content, x.numpy())
            write_file(out, content.getvalue())
        case _:
            check_table_file(out, ".png", ".npy")
    print(out)
