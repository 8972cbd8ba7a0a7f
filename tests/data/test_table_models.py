"""Tables from training to prediction: what once went wrong in silence, case by case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import torch
from data.small_models import predict, train_model
from pandas import DataFrame

from auxgen.cli.tables import write_frame, write_predictions
from auxgen.data.dataset import Dataset, Preprocessor
from auxgen.data.fitting import fit_preprocessor
from auxgen.data.inputs import read_rows
from auxgen.data.scaling import LIMIT, find_constant, measure_scale
from auxgen.data.table_files import TableFormat
from auxgen.data.table_writing import escape_formula
from auxgen.errors import InputError
from auxgen.inference.prediction import Predictions

ROWS = 60
RNG = np.random.default_rng(0)
TRUTH = np.arange(ROWS) % 2
PLAIN = DataFrame({"a": RNG.normal(size=ROWS) + 4 * TRUTH, "b": RNG.normal(size=ROWS)}).round(2)
LABEL = np.array(["cat", "dog"])[TRUTH]


def add(**columns: Any) -> DataFrame:
    """The plain table with more columns, and the label."""
    return PLAIN.assign(**{**columns, "label": columns.get("label", LABEL)})


CASES: dict[str, Callable[[], DataFrame]] = {
    "class NA": lambda: add(label=np.array(["NA", "EU", "AS"])[np.arange(ROWS) % 3]),
    "class None": lambda: add(label=np.array(["None", "mild", "severe"])[np.arange(ROWS) % 3]),
    "text": lambda: add(colour=RNG.choice(["red", "blue"], ROWS)),
    "true and false": lambda: add(big=RNG.random(ROWS) < 0.5),
    "named by numbers": lambda: add().rename(columns={"a": "0", "b": "1"}),
    "index": lambda: add().reset_index(names=""),
    "large constant": lambda: add(year_ns=123456789.0),
    "seconds": lambda: add(t=1.7e9 + 30 * TRUTH + RNG.random(ROWS).round(2)),
    "tiny units": lambda: add(a=PLAIN["a"] * 1e-9),
    "huge": lambda: add(a=PLAIN["a"] * 1e300),
    "rare text": lambda: add(city=["Oslo", *(["Rome"] * (ROWS - 1))]),
    "blanks": lambda: add(c=PLAIN["a"].where(RNG.random(ROWS) < 0.7)),
    "blank texts": lambda: add(c=RNG.choice(["u", "v", ""], ROWS)),
    "dates": lambda: add(day=pandas.date_range("2024-01-01", periods=ROWS).astype(str)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_model_predicts_the_file_that_it_learned_from(case: str, tmp_path: Path) -> None:
    frame = CASES[case]()
    frame.to_csv(tmp_path / "t.csv", index=False)
    model = train_model(tmp_path / "t.csv", "sdgm")
    probabilities = predict(model, tmp_path / "t.csv")
    assert probabilities.shape == (ROWS, len(set(frame["label"])))
    assert probabilities.isfinite().all()
    assert set(model.space.classes) == set(frame["label"])
    turned = frame.drop(columns="label").iloc[::-1, ::-1]
    turned.to_parquet(tmp_path / "u.parquet")
    found = predict(model, tmp_path / "u.parquet").flip(0)
    torch.testing.assert_close(found, probabilities, rtol=0, atol=1e-5)
    assert model.space.table is not None
    decoded = model.space.table.decode(model.sample(4).numpy())
    left_out = [c.name for c in model.space.table.columns if c.kind == "left out" and not c.value]
    assert [*decoded.columns] == [c for c in frame.columns if c not in (*left_out, "label", "")]


def test_a_constant_column_that_changes_later_changes_nothing(tmp_path: Path) -> None:
    add(sensor=0.0).to_csv(tmp_path / "t.csv", index=False)
    model = train_model(tmp_path / "t.csv")
    first = predict(model, tmp_path / "t.csv")
    add(sensor=0.001).to_csv(tmp_path / "t.csv", index=False)
    assert predict(model, tmp_path / "t.csv").equal(first)
    add(sensor="broken").to_csv(tmp_path / "t.csv", index=False)
    assert predict(model, tmp_path / "t.csv").equal(first)


def test_a_column_that_is_constant_among_training_rows_changes_nothing() -> None:
    x = torch.stack((torch.arange(5.0), torch.full((5,), 3.0)), 1).double()
    rows = Dataset(x, torch.zeros(5, dtype=torch.int64), (), "t", "", columns=("a", "b"))
    space = fit_preprocessor(rows, standardise=True)
    assert (space.width, space.kept) == (1, (0,))
    other = space.transform(x + torch.tensor([0.0, 1e9]))
    assert other.equal(space.transform(x))
    torch.testing.assert_close(space.inverse_transform(other), x, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("unit", "offset"),
    [(1, 0), (1e-9, 0), (1e-300, 0), (1, 1e9), (30, 1.7e9), (1e38, 1e38), (1e300, 0), (1e307, 0)],
)
def test_numbers_of_any_size_come_to_mean_0_and_deviation_1(unit: float, offset: float) -> None:
    z = np.random.default_rng(1).normal(size=(400, 1))
    rows = Dataset(torch.from_numpy(z * unit + offset), torch.zeros(400).long(), (), "t", "")
    space = fit_preprocessor(rows, standardise=True)
    x = space.transform(rows.x)
    assert x.dtype == torch.float32
    assert x.mean().item() == pytest.approx(0, abs=1e-4)
    assert x.std(correction=0).item() == pytest.approx(1, abs=1e-4)
    back = space.inverse_transform(x)
    assert ((back - rows.x).abs().max() / unit).item() < 1e-5


def test_constant_columns_are_those_that_never_change_but_for_rounding() -> None:
    x = np.array([[1e9, 0.1 + 0.2, 5.0, np.nan, 1e-300], [1e9 + 1, 0.3, np.nan, np.nan, 2e-300]])
    assert find_constant(x).tolist() == [False, True, True, True, False]


def test_an_outlier_does_not_make_the_scale_and_comes_back() -> None:
    """The other rows keep the spread that they have without it."""
    z = np.random.default_rng(2).normal(size=(200, 1))
    for outlier in (1e3, 1e6, -1e6):
        x = np.vstack((z, [[outlier]]))
        rows = Dataset(torch.from_numpy(x), torch.zeros(201).long(), (), "t", "")
        space = fit_preprocessor(rows, standardise=True)
        seen = space.transform(rows.x)
        assert 0.5 < seen[:-1].std().item() < 1.5
        assert seen.abs().max() < LIMIT
        torch.testing.assert_close(space.inverse_transform(seen), rows.x, rtol=1e-4, atol=1e-4)
    assert not measure_scale(z).compressed.any()
    assert not measure_scale(np.exp(z)).compressed.any()


def test_blank_cells_are_filled_in_and_all_others_stay(tmp_path: Path) -> None:
    frame = add(c=2 * PLAIN["a"], colour=np.where(TRUTH, "red", "blue"), note="as it was")
    frame.loc[[3, 7], "c"] = np.nan
    frame.loc[5, "colour"] = ""
    frame.to_csv(tmp_path / "t.csv", index=False)
    model = train_model(tmp_path / "t.csv", "sdgm", 40)
    rows = read_rows([tmp_path / "t.csv"], model.space)
    assert model.space.table is not None
    filled = model.space.table.decode(model.fill(rows.x, draws=50).numpy())
    assert None not in filled["c"].tolist()
    assert set(filled["colour"]) == {"red", "blue"}
    known = frame["c"].notna().to_numpy()
    assert np.allclose(filled["c"][known].astype(float), frame["c"][known])


def test_new_texts_are_taken_as_unknown_and_told(tmp_path: Path) -> None:
    frame = add(colour=RNG.choice(["red", "blue"], ROWS))
    frame.to_csv(tmp_path / "t.csv", index=False)
    model = train_model(tmp_path / "t.csv")
    frame.loc[:2, "colour"] = "mauve"
    frame.to_csv(tmp_path / "t.csv", index=False)
    rows = read_rows([tmp_path / "t.csv"], model.space)
    assert rows.notes == (
        "Column 'colour': 3 cells with a text that training did not have, taken as unknown: "
        "'mauve'.",
    )
    assert predict(model, tmp_path / "t.csv").isfinite().all()


@pytest.mark.parametrize(
    ("cells", "numbers", "told"),
    [
        (("1,500", "2,250"), [1500, 2250], "commas that group thousands"),
        (("1,500,000", "2"), [1500000, 2], "commas that group thousands"),
        (("1,5", "2,25"), [1.5, 2.25], "a decimal comma"),
        (("1.5", "2.25"), [1.5, 2.25], ""),
    ],
)
def test_commas_of_a_file_to_predict_are_told(
    tmp_path: Path, cells: tuple[str, ...], numbers: list[float], told: str
) -> None:
    """A sheet of another country gives other numbers, which nobody would see otherwise."""
    add().to_csv(tmp_path / "t.csv", index=False)
    space = train_model(tmp_path / "t.csv").space
    (tmp_path / "n.csv").write_text("a;b\n" + "".join(f"{cell};1\n" for cell in cells))
    rows = read_rows([tmp_path / "n.csv"], space)
    assert rows.x[:, 0].tolist() == numbers
    note = f"Column 'a': numbers are taken to have {told}."
    assert [n for n in rows.notes if "are taken to have" in n] == [note] * bool(told)
    form = TableFormat(decimal="," if "decimal" in told else ".")
    assert not any(
        "taken to have" in n for n in read_rows([tmp_path / "n.csv"], space, form=form).notes
    )


def test_an_id_stands_beside_the_names_of_rows(tmp_path: Path) -> None:
    add(who=[f"p{i}" for i in range(ROWS)]).to_csv(tmp_path / "t.csv", index=False)
    model = train_model(tmp_path / "t.csv", id="who")
    rows = read_rows([tmp_path / "t.csv"], model.space)
    assert rows.names[0] == "t.csv:1"  # as messages count rows
    assert rows.ids is not None
    found = Predictions(torch.tensor([[0.25, 0.75]] * ROWS), ("cat", "dog"))
    path = write_predictions(found, tmp_path / "p.csv", rows.names, rows.ids)
    assert path.read_text().splitlines()[:2] == [
        "name,who,class,probability,p(cat),p(dog)",
        "t.csv:1,p0,dog,0.75,0.25,0.75",
    ]


def test_a_file_without_a_header_is_taken_by_place_and_told(tmp_path: Path) -> None:
    add().to_csv(tmp_path / "t.csv", index=False)
    model = train_model(tmp_path / "t.csv")
    PLAIN.to_csv(tmp_path / "u.csv", index=False, header=False)
    assert len(read_rows([tmp_path / "u.csv"], model.space).notes) == 1
    assert predict(model, tmp_path / "u.csv").equal(predict(model, tmp_path / "t.csv"))


def test_a_model_of_version_0_1_takes_texts_and_answers(tmp_path: Path) -> None:
    """It knows the names of entries alone."""
    columns = ("a", "colour=blue", "colour=red", "big")
    space = Preprocessor(kind="table", shape=(4,), columns=columns)
    (tmp_path / "t.csv").write_text("colour,big,a\nred,True,1.5\nblue,False,2\n")
    assert read_rows([tmp_path / "t.csv"], space).x.tolist() == [[1.5, 0, 1, 1], [2, 1, 0, 0]]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+SUM(A1)", "'+SUM(A1)"),
        ("@a", "'@a"),
        ("-x", "'-x"),
        ("\tx", "'\tx"),
        ("-1", "-1"),
        ("+1.5e3", "+1.5e3"),
        ("a=1", "a=1"),
    ],
)
def test_no_spreadsheet_runs_a_cell(text: str, written: str, tmp_path: Path) -> None:
    assert escape_formula(text) == written
    path = write_frame(DataFrame({text: [text, "x"]}, dtype=object), tmp_path / "t.csv")
    assert path.read_text() == f"{written}\n{written}\nx\n"


def test_a_column_that_is_missing_is_told(tmp_path: Path) -> None:
    add(colour="red").to_csv(tmp_path / "t.csv", index=False)
    model = train_model(tmp_path / "t.csv")
    PLAIN[["a"]].to_csv(tmp_path / "u.csv", index=False)
    with pytest.raises(InputError, match=r"^'u.csv' has no column 'b'; expected 'a', 'b'\.$"):
        read_rows([tmp_path / "u.csv"], model.space)


def write_rows(path: Path, head: str, *rows: str) -> Path:
    path.write_text("\n".join((head, *rows)) + "\n")
    return path


def test_columns_without_a_name_are_told_by_their_places(tmp_path: Path) -> None:
    rows = ("1.5,0.1,u", "2.5,0.7,v", "3.1,0.2,u", "4.7,0.9,v") * 3
    space = train_model(write_rows(tmp_path / "t.csv", ",,label", *rows)).space
    same = write_rows(tmp_path / "same.csv", ",,label,,", "1.5,0.1,u,,")
    assert read_rows([same], space).x.tolist() == [[1.5, 0.1]]
    moved = (("label,,", "u,1.5,0.1"), ("label,,,", "u,,1.5,0.1"), (",label,", "1.5,u,0.1"))
    for head, row in moved:
        with pytest.raises(
            InputError,
            match=r"^u.csv has columns without a name in other places than the table of training: "
            r"'Unnamed: .*, where 'Unnamed: 0', 'Unnamed: 1' are expected; give them names in both",
        ):
            read_rows([write_rows(tmp_path / "u.csv", head, row)], space)


def test_one_column_without_a_name_is_found_in_any_place(tmp_path: Path) -> None:
    rows = ("1.5,0.1,7,u", "2.5,0.7,9,v", "3.1,0.2,8,u", "4.7,0.9,3,v") * 3
    constant = [row.replace(row.split(",")[1], "5", 1) for row in rows]
    heads = (",x,y,label", "x,,Unnamed: 0,label", "x,,y,label")
    for head, rows in (*((head, rows) for head in heads), ("Unnamed: 0,,y,label", constant)):
        space = train_model(write_rows(tmp_path / "t.csv", head, *rows)).space
        turned = (",".join(line.split(",")[::-1]) for line in (head, *rows))
        found = read_rows([write_rows(tmp_path / "u.csv", *turned)], space).x
        assert found.tolist() == read_rows([tmp_path / "t.csv"], space).x.tolist(), head


def test_a_moved_index_is_not_taken_for_what_was_learned(tmp_path: Path) -> None:
    rows = [f"{i},{i % 5 / 7},{i % 3},{'uv'[i % 2]}" for i in range(12)]
    space = train_model(write_rows(tmp_path / "t.csv", ",,x,label", *rows)).space
    assert space.columns == ("Unnamed: 1", "x")  # the first names the rows
    shifted = (f"{row[-1]},{row[:-2]}" for row in rows)
    with pytest.raises(InputError, match="columns without a name in other places"):
        read_rows([write_rows(tmp_path / "u.csv", "label,,,x", *shifted)], space)
