"""The model, and the rows or the table, that a command line names."""

from collections.abc import Iterable
from pathlib import Path

from ..data.cells import Decimal
from ..data.inputs import InputRows, read_rows
from ..data.table_files import TableFormat
from ..data.tables import TableRows, read_table_rows
from ..errors import InputError
from ..model import Model, load
from ..terminal import print_notes


def open_model(
    model: Path, /, *, stage: str | None = None, device: str = "cpu"
) -> tuple[Model, ...]:
    """The model of a run, an artefact or, where a person names it, a run's own experiment file.

    Only in the last case is anything in the folder executed.

    Args:
        model: A run or an artefact.
        stage: Stage of a run; the last by default.
        device: auto, cpu, cuda or cuda:1.
    """
    if model.name != "experiment.py":
        return (load(model, stage).to(device),)
    from ..launch import rebuild_experiment
    from ..runs.folder import Run

    run = Run(model.parent)
    return (load(run.path, stage, experiment=rebuild_experiment(run)).to(device),)


def load_model_and_rows(
    model: Path,
    files: tuple[Path, ...],
    /,
    *,
    resize: bool = False,
    id: str | None = None,
    separator: str | None = None,
    encoding: str | None = None,
    decimal: Decimal | None = None,
    stage: str | None = None,
    device: str = "cpu",
) -> tuple[Model, InputRows]:
    """A model, and the rows in a person's files.

    Args:
        model: A run or an artefact.
        files: Images, folders, .npy files, or tables: .csv, .tsv, .parquet, .feather or .xlsx.
        resize: Fit images for whose size training had no rule: the largest part from the centre,
            resized. A model that was trained with --size needs none of it.
        id: Column of a table that names its rows.
        separator: What separates the cells of a table of text: one character, or tab.
        encoding: Encoding of a table of text, such as utf-8 or cp1252.
        decimal: Decimal sign of a table's numbers.
        stage: Stage of a run; the last by default.
        device: auto, cpu, cuda or cuda:1.
    """
    (found,) = open_model(model, stage=stage, device=device)
    form = TableFormat(separator, encoding, decimal)
    rows = read_rows(files, found.space, resize=resize, form=form, id_column=id)
    print_notes(rows.notes)
    return found, rows


def load_model_and_table(
    model: Path,
    file: Path,
    /,
    *,
    separator: str | None = None,
    encoding: str | None = None,
    decimal: Decimal | None = None,
    stage: str | None = None,
    device: str = "cpu",
) -> tuple[Model, TableRows]:
    """A model of a table, and another table of its columns.

    Args:
        model: A run or an artefact.
        file: A table: .csv, .tsv, .parquet, .feather or .xlsx.
        separator: What separates the cells of a table of text: one character, or tab.
        encoding: Encoding of a table of text, such as utf-8 or cp1252.
        decimal: Decimal sign of a table's numbers.
        stage: Stage of a run; the last by default.
        device: auto, cpu, cuda or cuda:1.
    """
    (found,) = open_model(model, stage=stage, device=device)
    if found.space.table is None:
        raise InputError(f"{found.name} knows no columns of a table; expected a model of a table.")
    form = TableFormat(separator, encoding, decimal)
    rows = read_table_rows(file, found.space.table, form)
    print_notes(rows.notes)
    return found, rows


def refuse_overwriting(written: Iterable[Path], read: Iterable[Path]) -> None:
    """Raises InputError if a file to write is one of those that were read."""
    originals = {file.resolve() for file in read}
    for file in written:
        if file.resolve() in originals:
            raise InputError(
                f"{file} would be written over the original itself; another --out is expected."
            )
