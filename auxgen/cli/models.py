"""Commands that use a trained model: RUN-OR-ARTEFACT ... --out FILE."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from ..errors import InputError, require_at_least
from ..model import Model


def _load_model(path: Path, stage: str | None) -> Model:
    from ..model import load

    return load(path, stage)


def _read_input_rows(model: Model, files: tuple[Path, ...], resize: bool, *, min_rows: int = 1):
    """The rows in files that a person passes."""
    from ..data import inputs

    if len(files) == 0:
        raise InputError("Images, folders, .npy or .csv files are wanted after the model.")
    found = inputs.read_rows(list(files), model.space, resize=resize)
    if len(found.x) < min_rows:
        raise InputError(f"{min_rows} rows are wanted and {len(found.x)} came.")
    return found


def sample(
    model: Path,
    /,
    *,
    out: Path,
    n: int = 64,
    of: str | None = None,
    by_class: bool = False,
    where: str | None = None,
    alpha: float = 0.05,
    steps: int = 500,
    corrected: bool = True,
    rejecting: bool = True,
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
        where: Attributes that draws shall have (1) or not (0), such as "Eyeglasses=1,FacialHair=0".
            One Langevin chain leads to each draw; the next four are of these chains.
        alpha: Size of a step.
        steps: Of a chain.
        corrected: Whether steps are taken or not so that the density is met exactly (Metropolis).
        rejecting: Whether draws are left out that the model, seeing them, tells to be otherwise.
        seed: Of the draws.
        stage: Which stage of a run; the last where not given.
    """
    import torch

    from ..inference import sampling

    require_at_least(1, n=n)
    if by_class and of is not None:
        raise InputError("--by-class draws every class; --of names one: give one of the two.")
    if where is not None and (by_class or of is not None):
        raise InputError("--where asks for attributes, --of and --by-class for classes: give one.")
    found = _load_model(model, stage)
    torch.manual_seed(seed)
    if where is not None:
        chains = {"alpha": alpha, "steps": steps, "corrected": corrected}
        _write_output(_sample_with_attributes(found, where, n, rejecting, chains), out, found)
        return
    if by_class:
        x = sampling.make_class_grid(found.method, found.space, n)
        _write_output(x, out, found, columns=len(found.space.classes))
        return
    y = None
    if of is not None:
        y = torch.full((n,), sampling.find_class_index(found.space, of))
    _write_output(sampling.sample_rows(found.method, found.space, n, y), out, found)


def _sample_with_attributes(
    model: Model, where: str, n: int, rejecting: bool, chains: Mapping[str, Any]
):
    """Draws with attributes; what the chains, see `sample_where`, were like is told on stderr."""
    import sys

    from ..inference import conditional

    wanted = conditional.parse_conditions(where)
    drawn = conditional.sample_where(
        model.method, model.space, wanted, n, rejecting=rejecting, **chains
    )
    print(
        f"{drawn.chains} chains, {100 * drawn.acceptance:.1f} % of steps accepted, the later half "
        f"of each worth {drawn.effective_size:.1f} independent draws"
        + (f"; {100 * drawn.kept_share:.1f} % told to be as wanted" if rejecting else ""),
        file=sys.stderr,
    )
    return drawn.x


def edit(
    model: Path,
    files: tuple[Path, ...],
    /,
    *,
    attribute: tuple[str, ...],
    out: Path,
    until: float | None = None,
    keep: tuple[str, ...] = (),
    by: str | None = None,
    probe: str | None = None,
    resize: bool = False,
    stage: str | None = None,
) -> None:
    """Add attributes to images or take them away: a folder of images, and a page of them all.

    Args:
        model: A run or an artefact.
        files: Images, folders, .npy or .csv files.
        attribute: Names with distances, such as Eyeglasses=+3 Smiling=-1; the prior's codes have
            standard deviation 1 in every direction.
        out: Folder to write: an image for each, triplets.png (original, reconstruction, edited),
            and edits.csv (how far, and what the model says before and after).
        until: Go no further than it takes for the model to be this sure, such as 0.95.
        keep: Attributes that shall stay as they are: what they share is taken out of the way.
        by: Image set or folder with the attributes to keep as columns: the way is turned to where
            they change least in what the model decodes, measured on training rows of the set.
        probe: Image set or folder with attributes, by which directions are found for a model that
            knows none.
        resize: Resize images that have another size.
        stage: Which stage of a run; the last where not given.
    """
    from ..data import images
    from ..inference import disentangling as keeping
    from ..inference import editing
    from . import edits as edited_files

    found = _load_model(model, stage)
    if found.space.kind != "images":
        raise InputError(f"{model} sees {found.space.kind}; wanted for edits is a model of images.")

    load = partial(images.load_image_dataset, split="train", size=found.space.shape[-1])
    if probe is None:
        known = editing.get_classifier_directions(found.method, found.space)
    else:
        known = editing.fit_probe_directions(found.method, found.space, load(probe))
    asked = editing.parse_moves(attribute, known, () if by else keep)
    if by is not None:
        asked = keeping.disentangle_moves(found.method, found.space, asked, load(by), keep)
    given = _read_input_rows(found, files, resize)
    edits = editing.edit_rows(found.method, found.space, given.x, asked, until)
    edited_files.write_edits(out, given, edits, asked)
    if edits.reached is not None and not edits.reached.all():
        missed = int((~edits.reached).sum())
        print(f"{missed} of {len(edits.reached)} are not told with {until:g} even at the far end")
    print(out)


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

    from ..inference import codes

    found = _load_model(model, stage)
    torch.manual_seed(seed)
    pairs = codes.reconstruct_rows(
        found.method, found.space, _read_input_rows(found, files, resize).x
    )
    _write_output(pairs.flatten(0, 1), out, found, columns=2 * min(6, len(pairs)))


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

    from ..inference import codes

    require_at_least(2, steps=steps)
    found = _load_model(model, stage)
    torch.manual_seed(seed)
    x = _read_input_rows(found, files, resize, min_rows=2).x
    way = codes.interpolate_linearly if linear else codes.interpolate_on_sphere
    path = codes.interpolate_rows(
        found.method, found.space, x[:-1], x[1:], steps=steps, between=way
    )
    _write_output(path.flatten(0, 1), out, found, columns=steps)


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
    from ..inference import codes
    from . import tables

    found = _load_model(model, stage)
    given = _read_input_rows(found, files, resize)
    z = codes.embed_rows(found.method, found.space, given.x)
    print(tables.write_codes(z, out, names=given.names))


def predict(
    model: Path,
    files: tuple[Path, ...],
    /,
    *,
    out: Path | None = None,
    draws: int = 100,
    abstain: float = 0.0,
    temperature: float = 1.0,
    bound: bool = False,
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
        abstain: Share of the rows, those that it is least sure of, whose class is left open.
        temperature: Probabilities are flattened above 1, sharpened below; evaluate fits one.
        bound: Also a lower bound on log p(x) of each row, in nats: low where a row looks like
            nothing that was learned from.
        resize: Resize images that have another size.
        seed: Of the draws.
        stage: Which stage of a run; the last where not given.
    """
    import torch

    from ..inference import prediction as predicting
    from . import tables

    require_at_least(1, draws=draws)
    found = _load_model(model, stage)
    given = _read_input_rows(found, files, resize)
    torch.manual_seed(seed)
    predictions = predicting.predict_rows(
        found.method, found.space, given.x, draws, temperature=temperature
    )
    predictions = predicting.abstain_on_unsure(predictions, abstain)
    if bound:
        predictions = predicting.add_bounds(predictions, found.method, found.space, given.x, draws)
    if out is not None:
        print(tables.write_predictions(predictions, out, given.names))
        return
    told = [f"{p:.3f}" for p in predictions.confidence.tolist()]
    if predictions.bounds is not None:
        told = [f"{p}\t{b:.1f}" for p, b in zip(told, predictions.bounds.tolist(), strict=True)]
    for name, predicted, numbers in zip(given.names, predictions.names, told, strict=True):
        print(f"{name}\t{predicted or '?'}\t{numbers}")


def _write_output(x, out: Path, model: Model, *, columns: int | None = None) -> None:
    """Rows in raw units as the file's ending says."""
    import numpy as np

    from ..plotting import grids as pictures
    from . import tables

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
