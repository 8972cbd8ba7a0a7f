"""Rows in and out of estimators: arrays, and DataFrames with columns of any kind."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import validate_data

from ..data.cells import parse_answer
from ..data.column_kinds import ColumnChoice, fit_schema
from ..data.columns import Column, is_frame
from ..data.raw_tables import convert_frame
from ..data.table_schema import TableSchema
from ..errors import InputError
from .pictures import see_pictures

if TYPE_CHECKING:
    from pandas import Series


@dataclass(frozen=True)
class RowFormat:
    """What rows looked like at `fit`: how they become numbers, and numbers rows like them.

    Attributes:
        schema: The columns of a DataFrame; None for an array.
        names: The names of all columns of a DataFrame, in order.
        dtypes: The types of its columns.
        of_pictures: Whether rows are features of pictures, of which no rows can be made again.
        width: Entries of a row.
    """

    schema: TableSchema | None = None
    names: tuple[Any, ...] = ()
    dtypes: tuple[Any, ...] = ()
    of_pictures: bool = False
    width: int | None = None

    def encode(self, X: Any) -> np.ndarray:
        """Rows that were checked as numbers: -> (n, d) float64, NaN where unknown."""
        if self.schema is None:
            return np.asarray(X, dtype=np.float64)
        if not is_frame(X):
            from pandas import DataFrame

            X = DataFrame(X, columns=list(self.names))
        encoded = self.schema.encode_table(convert_frame(X, "X"))
        for note in encoded.notes:
            warnings.warn(note, stacklevel=5)
        return encoded.x

    def check_rows_can_be_made(self) -> None:
        """Raise InputError where the rows of `fit` were pictures."""
        if self.of_pictures:
            raise InputError(
                "The model knows features of pictures and no pixels, and can make no pictures; "
                "expected rows of numbers in fit, with features=None, to draw or to fill in rows."
            )

    def decode(self, x: np.ndarray) -> Any:
        """Numbers (n, d) as rows like those of `fit`: an array, or a DataFrame with its types.

        Raises:
            InputError: The rows of `fit` were pictures.
        """
        self.check_rows_can_be_made()
        if self.schema is None:
            return x
        from pandas import DataFrame, Series

        frame = self.schema.decode(x)
        columns = {}
        for name, dtype in zip(self.names, self.dtypes, strict=True):
            word = str(name).strip()
            known = frame[word].tolist() if word in frame else [None] * len(x)
            columns[name] = _restore_type(Series(known, dtype=object), dtype)
        return DataFrame(columns, index=range(len(x)), columns=list(self.names))


def read_training_rows(estimator: Any, X: Any) -> tuple[RowFormat, np.ndarray]:
    """The format of rows to learn from, and the rows as numbers (n, d) float64, NaN if unknown.

    Sets `n_features_in_` and `feature_names_in_`.

    Raises:
        InputError: A DataFrame has a column that cannot be learned from.
        ValueError: An array is no matrix of numbers, or holds infinite ones.
    """
    if estimator._pictures is not None:
        x = _check_array(estimator, see_pictures(estimator, X), reset=True)
        return RowFormat(of_pictures=True), x
    if not is_frame(X):
        x = _check_array(estimator, X, reset=True)
        return RowFormat(width=x.shape[1]), x
    _require_rows(X)
    _check_columns(estimator, X, reset=True)
    table = convert_frame(X, "X")
    schema = fit_schema(table, ColumnChoice(columns=table.names)).schema
    schema = replace(schema, columns=tuple(map(_make_blank_unknown, schema.columns)))
    form = RowFormat(schema, tuple(X.columns), tuple(X.dtypes))
    return form, form.encode(X)


def read_new_rows(estimator: Any, X: Any, form: RowFormat, *, holes: bool = False) -> np.ndarray:
    """Rows like those of `fit` as numbers (n, d) float64, NaN where unknown.

    `holes` allows NaN, also to an estimator that cannot learn from it.

    Raises:
        InputError: A DataFrame has a cell that is not what its column holds.
        ValueError: There are other columns than in `fit`.
    """
    if form.of_pictures:
        X = see_pictures(estimator, X)
    if form.schema is None:
        return _check_array(estimator, X, reset=False, holes=holes)
    _require_rows(X)
    _check_columns(estimator, X, reset=False)
    return form.encode(X)


def keep_known(filled: Any, X: Any) -> Any:
    """Filled rows with the index of X and, to the last digit, its known numbers.

    Arrays are as they are: X (n, d) -> (n, d).
    """
    if not (is_frame(filled) and is_frame(X)):
        return filled
    filled.index = X.index
    for name, values in X.items():
        if values.dtype.kind == "f":
            filled[name] = values.where(values.notna(), filled[name])
    return filled


def _make_blank_unknown(column: Column) -> Column:
    """A column of texts in which a blank cell is unknown, as a blank number is, and no text."""
    texts = tuple(text for text in column.texts if text)
    return replace(column, texts=texts) if len(texts) > 1 else column


def _check_array(estimator: Any, X: Any, *, reset: bool, holes: bool = False) -> np.ndarray:
    holes = holes or estimator.__sklearn_tags__().input_tags.allow_nan
    finite: Any = "allow-nan" if holes else True
    x = np.asarray(
        validate_data(estimator, X, reset=reset, dtype=np.float64, ensure_all_finite=finite)
    )
    return as_torch_takes_it(x)


def as_torch_takes_it(x: np.ndarray) -> np.ndarray:
    """The array, or a copy where it is read-only or runs backwards."""
    return x if x.flags.writeable and min(x.strides, default=0) >= 0 else x.copy()


def _check_columns(estimator: Any, X: Any, *, reset: bool) -> None:
    """Check the names and the number of columns, or keep them."""
    validate_data(estimator, X, skip_check_array=True, reset=reset)


def _require_rows(X: Any) -> None:
    if len(np.shape(X)) != 2 or 0 in np.shape(X):
        raise InputError(f"X has the shape {np.shape(X)}; expected rows (n, d), one or more.")


def _restore_type(values: Series, dtype: Any) -> Series:
    """A column of texts, numbers and None with the type that it had, where that can hold it."""
    import pandas
    from pandas import CategoricalDtype
    from pandas.api import types

    values = values.where(values.notna() & (values != ""), None)
    if isinstance(dtype, CategoricalDtype):
        words = {str(c).strip(): c for c in dtype.categories}
        found = [words.get(str(v)) for v in values]
        return pandas.Series(pandas.Categorical(found, dtype=dtype), index=values.index)
    if types.is_bool_dtype(dtype):
        values = values.map(lambda v: None if v is None else parse_answer(str(v)))
    if types.is_timedelta64_dtype(dtype):
        return pandas.to_timedelta(values.astype(np.float64), unit="s").astype(dtype)
    if types.is_datetime64_any_dtype(dtype):
        return pandas.to_datetime(values, errors="coerce").astype(dtype)
    missing = values.isna().any()
    if missing and types.is_numeric_dtype(dtype) and isinstance(dtype, np.dtype):
        return values if types.is_bool_dtype(dtype) else values.astype(np.float64)
    try:
        return values.astype(dtype)
    except (TypeError, ValueError):
        return values
