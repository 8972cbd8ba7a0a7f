"""Commands that say of each row what a model makes of it: its class, its code, its blank cells."""

import sys
from pathlib import Path

from ..data.filled_tables import fill_blank_cells
from ..data.inputs import InputRows
from ..data.table_files import TEXT_SUFFIXES
from ..data.table_writing import check_table_file, write_table
from ..data.tables import TableRows
from ..errors import make_printable
from ..model import Model
from . import tables
from .loading import load_model_and_rows, load_model_and_table, refuse_overwriting
from .options import take_options


@take_options(load_model_and_rows)
def embed_command(model: Model, rows: InputRows, /, *, out: Path, seed: int = 0) -> None:
    """Write the code of each row.

    The code is the mean of q(z|x).

    Args:
        out: Table to write (.csv, .tsv, .parquet, .feather or .xlsx), or .npz file.
        seed: Seed of the draws, if the model makes any.
    """
    check_table_file(out, ".npz")
    refuse_overwriting([out], rows.files)
    z = model.embed(rows.x, seed=seed)
    print(tables.write_codes(z, out, names=rows.names, ids=rows.ids))


@take_options(load_model_and_rows)
def predict_command(
    model: Model,
    rows: InputRows,
    /,
    *,
    out: Path | None = None,
    draws: int = 100,
    abstain: float = 0.0,
    temperature: float = 1.0,
    bound: bool = False,
    seed: int = 0,
) -> None:
    """Predict the class of each row, with its probability.

    Args:
        out: Table to write, with the probabilities of all classes: .csv, .tsv, .parquet, .feather
            or .xlsx.
        draws: Draws of a, over which probabilities are averaged.
        abstain: Share of the rows, those with the lowest confidence, whose class is left open.
        temperature: Above 1 flattens probabilities, below 1 sharpens them; evaluate fits one.
        bound: Also a lower bound on log p(x) of each row, in nats: low for rows unlike all that the
            model learned from.
        seed: Seed of the draws.
    """
    if out is not None:
        check_table_file(out)
        refuse_overwriting([out], rows.files)
    predictions = model.predict(
        rows.x, draws=draws, temperature=temperature, abstain=abstain, bound=bound, seed=seed
    )
    if out is not None:
        print(tables.write_predictions(predictions, out, rows.names, rows.ids))
        return
    numbers = [f"{p:.3f}" for p in predictions.confidence.tolist()]
    if predictions.bounds is not None:
        bounds = predictions.bounds.tolist()
        numbers = [f"{p}\t{b:.1f}" for p, b in zip(numbers, bounds, strict=True)]
    for name, predicted, text in zip(rows.names, predictions.names, numbers, strict=True):
        print(f"{make_printable(name)}\t{make_printable(predicted or '?')}\t{text}")


@take_options(load_model_and_table)
def fill_command(
    model: Model,
    rows: TableRows,
    /,
    *,
    out: Path,
    draws: int = 1000,
    mean: bool = True,
    seed: int = 0,
) -> None:
    """Fill in the blank cells of a table.

    Cells of the columns that the model learned from are filled in, by what it expects beside the
    cells that are known; the label's column and all others stay as they are.

    Args:
        out: Table to write: .csv, .tsv, .parquet, .feather or .xlsx.
        draws: Draws of the code, which are weighed by how well they fit what is known.
        mean: The mean of a number and the most probable text; --no-mean fills in a draw.
        seed: Seed of the draws.
    """
    check_table_file(out)
    refuse_overwriting([out], [rows.file])
    assert model.space.table is not None
    x = model.fill(rows.x, draws=draws, mean=mean, seed=seed).numpy()
    as_text = out.suffix.lower() in TEXT_SUFFIXES
    names, cells, count = fill_blank_cells(rows.table, model.space.table, x, as_text=as_text)
    print(f"{count} blank cells are filled in", file=sys.stderr)
    print(write_table(out, names, zip(*cells, strict=True)))
