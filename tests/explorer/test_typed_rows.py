"""A row that a person types in."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from explorer.conftest import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from auxgen.data.dataset import Preprocessor
from auxgen.errors import InputError
from auxgen.explorer import typed_rows
from auxgen.model import Model

GOOD = ["61.5", "oak", "2024-12-31", "yes"]
NAN = float("nan")


def test_each_column_has_a_field_of_its_kind(classifier_of_rows: Model) -> None:
    fields = typed_rows.list_row_fields(classifier_of_rows.space)
    kinds = [("weight", "number"), ("cask", "category"), ("bought", "date"), ("sweet", "yes/no")]
    assert [(f.name, f.kind) for f in fields] == kinds
    assert fields[1].choices == ("clay", "oak", HOSTILE)
    assert fields[3].choices == ("no", "yes")


def test_a_row_is_read_as_a_table_s_rows_are(classifier_of_rows: Model) -> None:
    x, notes = typed_rows.parse_typed_row(classifier_of_rows.space, GOOD)
    assert x.tolist() == [[61.5, 20088.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0]]
    assert notes == []


def test_blank_fields_are_unknown(classifier_of_rows: Model) -> None:
    x, _ = typed_rows.parse_typed_row(classifier_of_rows.space, ["", "", " ", "no"])
    expected = [NAN, NAN, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]  # a blank cask is a text of its own
    np.testing.assert_array_equal(x[0].numpy(), expected)
    found = classifier_of_rows.predict(x)
    assert found.probabilities.isfinite().all()


def test_a_decimal_comma_and_words_for_unknown_are_understood(classifier_of_rows: Model) -> None:
    x, _ = typed_rows.parse_typed_row(classifier_of_rows.space, ["61,5", *GOOD[1:]])
    assert x[0, 0] == 61.5
    x, notes = typed_rows.parse_typed_row(classifier_of_rows.space, ["n/a", *GOOD[1:]])
    assert x[0, 0].isnan()
    assert "taken as blank" in notes[0]


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (["heavy", *GOOD[1:]], "weight takes a number, not 'heavy'"),
        (["inf", *GOOD[1:]], "weight takes a number, not 'inf'"),
        ([*GOOD[:2], "31 December", "yes"], "bought takes a date such as 2024-12-31"),
        ([*GOOD[:2], "2023-02-31", "yes"], "bought takes a date"),
        (["", "", None, ""], "All fields are blank"),
        (GOOD[:3], "There are 3 values; expected 4"),
    ],
)
def test_what_cannot_be_read_is_said(
    classifier_of_rows: Model, texts: list[str | None], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        typed_rows.parse_typed_row(classifier_of_rows.space, texts)


def test_points_need_every_number(points_model: Model) -> None:
    names = [field.name for field in typed_rows.list_row_fields(points_model.space)]
    assert names == ["x1", "x2", "x3", "x4", "x5", "x6"]
    x, _ = typed_rows.parse_typed_row(points_model.space, ["1", "2", "3", "4", "5", "6e-1"])
    assert x.tolist() == [[1, 2, 3, 4, 5, 0.6]]
    with pytest.raises(InputError, match="x3 is blank; this model needs a number in each field"):
        typed_rows.parse_typed_row(points_model.space, ["1", "2", "", "4", "5", "6"])


def test_a_row_fills_the_form_as_it_would_be_typed(classifier_of_rows: Model) -> None:
    space = classifier_of_rows.space
    for texts in (GOOD, ["", "clay", "", "no"]):
        x, _ = typed_rows.parse_typed_row(space, texts)
        assert typed_rows.format_row_cells(space, x) == texts


def test_a_wide_row_is_pasted() -> None:
    space = Preprocessor(kind="points", shape=(50,))
    cells = [str(i) for i in range(50)]
    for separator in ("\t", ";", ","):
        assert typed_rows.split_pasted_row(space, separator.join(cells) + "\n") == cells
    for wrong in (",".join(cells[:49]), "\n".join([",".join(cells)] * 2), ""):
        with pytest.raises(InputError, match="expected one row of 50"):
            typed_rows.split_pasted_row(space, wrong)


@given(st.lists(st.text(max_size=8) | st.none(), min_size=6, max_size=6))
def test_any_text_is_a_row_or_a_sentence(texts: list[str | None]) -> None:
    space = Preprocessor(kind="points", shape=(6,))
    x = None
    with suppress(InputError):
        x, _ = typed_rows.parse_typed_row(space, texts)
    assert x is None or (x.shape == (1, 6) and (x.isfinite() | x.isnan()).all())
