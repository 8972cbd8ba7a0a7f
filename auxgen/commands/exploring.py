"""Commands that use a trained model: RUN-OR-ARTEFACT ... --out FILE."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from ..artefact import Model
from ..errors import InputError, at_least


def opened(path: Path, stage: str | None) -> Model:
    from ..run import model

    return model(path, stage)


def rows(model: Model, files: tuple[Path, ...], resize: bool, *, least: int = 1):
    """The rows in files that a person passes."""
    from ..exploring import inputs

    if len(files) == 0:
        raise InputError("Images, folders, .npy or .csv files are wanted after the model.")
    found = inputs.read(list(files), model.space, resize=resize)
    if len(found.x) < least:
        raise InputError(f"{least} rows are wanted and {len(found.x)} came.")
    return found


def sample(
    model: Path,
    /,
    *,
    out: Path,
    n: int = 64,
    of: str | None = None,
    by_class: bool = False,
    seed: int = 0,
    stage: str | None = None,
) -> None:
    """Draw from a model: a PNG of images or points, or a .csv or .npy of numbers.

    Args:
        model: A run or an artefact.
        out: .png, .csv or .npy file to write.
        n: Draws; with --by-class, draws of z.
        of: Only this class.
        by_class: One z in each row, one class in each column.
        seed: Of the draws.
        stage: Which stage of a run; the last where not given.
    """
    import torch

    from ..exploring import sampling

    at_least(1, n=n)
    if by_class and of is not None:
        raise InputError("--by-class draws every class; --of names one: give one of the two.")
    found = opened(model, stage)
    torch.manual_seed(seed)
    if by_class:
        x = sampling.class_grid(found.method, found.space, n)
        write(x, out, found, columns=len(found.space.classes))
        return
    y = None
    if of is not None:
        y = torch.full((n,), sampling.class_index(found.space, of))
    write(sampling.sample(found.method, found.space, n, y), out, found)


def reconstruct(
    model: Path,
    files: tuple[Path, ...],
    /,
    *,
    out: Path,
    resize: bool = False,
    seed: int = 0,
    stage: str | None = None,
) -> None:
    """Originals beside their reconstructions.

    Args:
        model: A run or an artefact.
        files: Images, folders, .npy or .csv files.
        out: .png, .csv or .npy file to write.
        resize: Resize images that have another size.
        seed: Of the draws, where the model makes any.
        stage: Which stage of a run; the last where not given.
    """
    import torch

    from ..exploring import codes

    found = opened(model, stage)
    torch.manual_seed(seed)
    pairs = codes.reconstruct(found.method, found.space, rows(found, files, resize).x)
    write(pairs.flatten(0, 1), out, found, columns=2 * min(6, len(pairs)))


def interpolate(
    model: Path,
    files: tuple[Path, ...],
    /,
    *,
    out: Path,
    steps: int = 8,
    linear: bool = False,
    resize: bool = False,
    seed: int = 0,
    stage: str | None = None,
) -> None:
    """From each row to the next through the code z, on a great circle.

    Args:
        model: A run or an artefact.
        files: Images, folders, .npy or .csv files; two rows at least.
        out: .png, .csv or .npy file to write.
        steps: Images on the way, both ends included.
        linear: On a straight line instead.
        resize: Resize images that have another size.
        seed: Of the draws, where the model makes any.
        stage: Which stage of a run; the last where not given.
    """
    import torch

    from ..exploring import codes

    at_least(2, steps=steps)
    found = opened(model, stage)
    torch.manual_seed(seed)
    x = rows(found, files, resize, least=2).x
    way = codes.linear if linear else codes.spherical
    path = codes.interpolate(found.method, found.space, x[:-1], x[1:], steps=steps, between=way)
    write(path.flatten(0, 1), out, found, columns=steps)


def embed(
    model: Path,
    files: tuple[Path, ...],
    /,
    *,
    out: Path,
    resize: bool = False,
    stage: str | None = None,
) -> None:
    """The code of each row, the mean of q(z|x), to a .csv or .npz file.

    Args:
        model: A run or an artefact.
        files: Images, folders, .npy or .csv files.
        out: .csv or .npz file to write.
        resize: Resize images that have another size.
        stage: Which stage of a run; the last where not given.
    """
    from ..exploring import codes, tables

    found = opened(model, stage)
    given = rows(found, files, resize)
    z = codes.embed(found.method, found.space, given.x)
    print(tables.write_codes(z, out, names=given.names))


def predict(
    model: Path,
    files: tuple[Path, ...],
    /,
    *,
    out: Path | None = None,
    draws: int = 100,
    resize: bool = False,
    seed: int = 0,
    stage: str | None = None,
) -> None:
    """The class of each row with its probability, to the terminal or to a .csv file.

    Args:
        model: A run or an artefact.
        files: Images, folders, .npy or .csv files.
        out: .csv file to write, with the probabilities of all classes.
        draws: Draws of a, averaged.
        resize: Resize images that have another size.
        seed: Of the draws.
        stage: Which stage of a run; the last where not given.
    """
    import torch

    from ..exploring import predicting, tables

    at_least(1, draws=draws)
    found = opened(model, stage)
    given = rows(found, files, resize)
    torch.manual_seed(seed)
    predictions = predicting.predict(found.method, found.space, given.x, draws)
    if out is not None:
        print(tables.write_predictions(predictions, out, given.names))
        return
    lines = zip(given.names, predictions.names, predictions.confidence.tolist(), strict=True)
    for name, predicted, confidence in lines:
        print(f"{name}\t{predicted}\t{confidence:.3f}")


def write(x, out: Path, model: Model, *, columns: int | None = None) -> None:
    """Rows in raw units as the file's ending says."""
    import numpy as np

    from ..exploring import pictures, tables

    match out.suffix.lower():
        case ".png" if model.space.kind == "images":
            pictures.write_grid(x, out, columns)
        case ".png":
            pictures.write_scatter(x, out)
        case ".csv":
            tables.write_rows(x, out, model.space.columns)
        case ".npy":
            out.parent.mkdir(parents=True, exist_ok=True)
            whole = BytesIO()
            np.save(whole, x.numpy())
            out.write_bytes(whole.getvalue())
        case other:
            raise InputError(f"--out ends in {other!r}; .png, .csv or .npy is wanted.")
    print(out)
