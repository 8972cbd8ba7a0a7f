"""Rows that are too many for memory: the same rows, numbers and messages as of rows in memory."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from auxgen.data import blocks, storage, user
from auxgen.data.batches import (
    InMemoryBatches,
    LabelledBatches,
    SemiSupervisedBatches,
    describe_storage,
    find_batch_rows,
    resize_batches,
)
from auxgen.data.blocks import BlockReader, BlockSampler
from auxgen.data.dataset import Dataset, see_rows
from auxgen.data.fitting import fit_preprocessor
from auxgen.data.statistics import measure_entries, take_typical_rows
from auxgen.data.storage import GIB, limit_memory_for_rows, map_in_parts, take_rows
from auxgen.errors import InputError, Interrupted, NotSaved
from auxgen.launch import resume, train


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """So little memory that 1,000 bytes are too many, worked on in parts of 200."""
    monkeypatch.setattr(storage, "PART_BYTES", 200)
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path / "cache"))
    with limit_memory_for_rows(1000 / GIB):
        yield


def make_pictures(rows: int = 300) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    x = torch.randint(256, (rows, 1, 4, 4), generator=generator, dtype=torch.uint8)
    return Dataset(x, torch.arange(rows) % 3, ("a", "b", "c"), "random", "")


def is_mapped(x: Tensor) -> bool:
    """Whether a tensor is a file's pages."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    places = [line.split()[0].split("-") for line in lines if "deleted" in line]
    return any(int(a, 16) <= x.data_ptr() < int(b, 16) for a, b in places)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux's list of mappings")
def test_rows_taken_and_made_are_on_disk_and_the_same(tight: None) -> None:
    x = torch.rand(500, 7)
    mask, rows = torch.rand(500) < 0.7, torch.randperm(500)[:400]
    for found, expected in (
        (take_rows(x, mask), x[mask]),
        (take_rows(x, rows), x[rows]),
        (map_in_parts(lambda part: part[:, :5] * 2, x), x[:, :5] * 2),
    ):
        assert is_mapped(found)
        assert torch.equal(found, expected)
    assert not is_mapped(take_rows(x, rows[:20]))
    assert torch.equal(map_in_parts(lambda part: part[:, :0], x), x[:, :0])
    assert take_rows(x, slice(3, 9)).data_ptr() == x[3].data_ptr()


def test_a_full_disk_is_told_in_one_sentence(tight: None, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def __enter__(self) -> Full:
            return self

        def __exit__(self, *error: object) -> None: ...

        def write(self, content: object) -> None:
            raise OSError(28, os.strerror(28))

    monkeypatch.setattr(storage.tempfile, "TemporaryFile", lambda **place: Full())
    with pytest.raises(NotSaved, match="no space is left; set AUXGEN_CACHE to a folder with room"):
        take_rows(torch.rand(500, 7), torch.arange(400))


def test_a_cache_that_is_no_folder_is_told(tight: None, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(NotSaved, match="is not a folder"):
        take_rows(torch.rand(500, 7), torch.arange(400))


@pytest.mark.parametrize("rows", [1, 20, 97, 240, 241])
@pytest.mark.parametrize("ranks", [1, 3])
def test_an_epoch_of_blocks_has_every_row_once(rows: int, ranks: int) -> None:
    sampler = BlockSampler(rows, batch=7, seed=1, block=6, window=4)
    steps = -(-3 * rows // (7 * ranks))
    found = torch.cat([sampler(t, r, ranks) for t in range(steps) for r in range(ranks)])
    epochs = found[: 3 * rows].reshape(3, rows)
    assert all(torch.equal(epoch.sort().values, torch.arange(rows)) for epoch in epochs)
    assert rows < 20 or not torch.equal(epochs[0], epochs[1])
    again = BlockSampler(rows, batch=7, seed=1, block=6, window=4)
    assert torch.equal(again(steps - 1), sampler(steps - 1))  # a position is a number


def test_one_window_is_a_uniform_order() -> None:
    """Every place is equally likely for every row: chi squared of 24 x 24 over 4,000 orders."""
    counts = torch.zeros(24, 24)
    for seed in range(4000):
        order = BlockSampler(24, 24, seed, block=4, window=6)(0)
        counts[torch.arange(24), order] += 1
    expected = 4000 / 24
    statistic = float(((counts - expected) ** 2 / expected).sum())
    assert abs(statistic - 23 * 23) < 4 * (2 * 23 * 23) ** 0.5


def test_a_batch_of_sorted_rows_varies_as_the_blocks_of_a_window_say() -> None:
    """Rows sorted by class: the share of a class in a batch has the variance of drawing rows, and
    1 / window of that of drawing blocks: 1 + (b - 1) / window times the first."""
    rows, batch, window = 24_000, 50, 100
    sampler = BlockSampler(rows, batch, 0, block=20, window=window)
    y = torch.arange(rows) * 4 // rows
    shares = torch.stack([(y[sampler(t)] == 1).float().mean() for t in range(8 * rows // batch)])
    ratio = float(shares.var()) / (0.25 * 0.75 / batch)
    assert ratio == pytest.approx(1 + (batch - 1) / window, rel=0.12)


def test_a_reader_gives_the_rows_of_the_sampler(tight: None) -> None:
    x = torch.arange(1000).reshape(500, 2)
    sampler = BlockSampler(500, batch=33, seed=3, block=7, window=5)
    reader = BlockReader(x, sampler)
    for step in (0, 1, 2, 40, 41, 3, 3, 500):
        assert torch.equal(reader(step, 1, 2), x[sampler(step, 1, 2)])
    large = BlockSampler(500, batch=450, seed=3, block=7, window=5)  # a batch of many windows
    assert torch.equal(BlockReader(x, large)(0, 0, 1), x[large(0)])


def test_each_block_is_asked_for_before_it_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[np.ndarray] = []
    monkeypatch.setattr(blocks, "read_ahead", asked.append)
    monkeypatch.setattr(blocks, "BLOCKS_AHEAD", 3)
    x = torch.arange(1000).reshape(500, 2)
    reader = BlockReader(x, BlockSampler(500, batch=33, seed=3, block=7, window=5))
    window = reader.sampler.draw_window(0, 0)
    assert torch.equal(reader._copy_blocks(window), x[reader.sampler.list_rows(window)])
    own = [part for part in asked if np.shares_memory(part, x.numpy())]  # readers before may go on
    assert [part[0, 0] for part in own] == (window.blocks * 7 * 2).tolist()


def test_the_rows_of_each_column_are_asked_for_before_they_are_joined(
    tight: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[np.ndarray] = []
    monkeypatch.setattr(storage, "read_ahead", asked.append)
    columns = [np.arange(90.0).reshape(90, 1), np.arange(180.0, 360.0).reshape(90, 2)]
    joined = storage.join_columns(columns)
    assert (joined == np.concatenate(columns, 1)).all()
    for i, column in enumerate(columns):
        assert (np.concatenate(asked[i::2]) == column).all()


@pytest.mark.skipif(sys.platform != "linux", reason="which pages are in memory: Linux alone")
def test_rows_are_read_ahead_and_their_neighbours_are_not(tmp_path: Path) -> None:
    """Of 32 MiB on disk that nobody has read, the pages of the rows asked for come to memory."""
    file = tmp_path / "rows"
    file.write_bytes(bytes(32 * 2**20))
    rows = np.memmap(file, np.uint8, mode="c", shape=(8192, 4096))
    until = time.monotonic() + 2
    with file.open("rb") as stream:
        os.fsync(stream.fileno())
        while list_pages_in_memory(rows).any() and time.monotonic() < until:
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            time.sleep(0.01)
    if list_pages_in_memory(rows).any():
        pytest.skip("this file system keeps its files in memory")
    storage.read_ahead(rows[4000:4064])
    storage.read_ahead(rows[:0])
    until = time.monotonic() + 30
    while not (found := list_pages_in_memory(rows))[4000:4064].all() and time.monotonic() < until:
        time.sleep(0.01)
    assert found.nonzero()[0].tolist() == list(range(4000, 4064))


def list_pages_in_memory(rows: np.ndarray) -> np.ndarray:
    """Of each page of a mapped file, whether it is in memory (mincore): -> (pages,) bool."""
    pages = np.empty(rows.nbytes // 4096, np.uint8)
    address, out = ctypes.c_void_p(rows.ctypes.data), ctypes.c_void_p(pages.ctypes.data)
    assert not ctypes.CDLL(None).mincore(address, ctypes.c_size_t(rows.nbytes), out)
    return (pages & 1).astype(bool)


def test_batches_on_disk_know_their_rows(tight: None) -> None:
    data = make_pictures()
    pixels, y = data.x / 255.0, data.y
    few = torch.arange(9)
    plain, labelled, mixed = (
        InMemoryBatches(data.x, 10, 0),
        LabelledBatches(data.x, y, 10, 0),
        SemiSupervisedBatches(data.x[few], y[few], data.x, 6, 10, 0),
    )
    for step in range(40):
        rows = plain.sampler(step)
        assert torch.equal(rows, (find_batch_rows(plain, step) or [])[0])
        assert torch.equal(plain(step, 0, 1, "cpu"), pixels[rows])
        batch = labelled(step, 0, 1, "cpu")
        assert torch.equal(batch.x, pixels[rows])
        assert torch.equal(batch.y, y[rows])
        known, unknown = mixed.labelled_sampler(step), mixed.unlabelled_sampler(step)
        found = mixed(step, 0, 1, "cpu")
        assert torch.equal(found.x, pixels[known])
        assert torch.equal(found.x_unlabelled, pixels[unknown])
    assert "its 300 rows" in describe_storage(plain)
    assert describe_storage(resize_batches(labelled, 5))
    assert describe_storage(InMemoryBatches(data.x[:20], 10, 0)) == ""


def test_statistics_part_by_part_are_those_of_all_rows(tight: None) -> None:
    data = make_pictures()
    mean, std = measure_entries(data)
    raw = data.x.double().flatten(1) / 255
    torch.testing.assert_close(mean, raw.mean(0).float())
    torch.testing.assert_close(std, raw.std(0, correction=0).float())
    points = Dataset(1e4 + torch.rand(500, 3), torch.zeros(500), (), "points", "")
    mean, std = measure_entries(points)
    torch.testing.assert_close(mean, points.x.double().mean(0).float())
    torch.testing.assert_close(
        std, points.x.double().std(0, correction=0).float(), rtol=1e-5, atol=0
    )


def test_typical_rows_have_nearly_the_moments_and_the_ends_of_whole_numbers(
    tight: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auxgen.data.statistics.TYPICAL_BYTES", 8 * 4 * 2000)
    monkeypatch.setattr(storage, "PART_BYTES", 20_000)
    x = torch.randn(20_000, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x[9, 0], x[::5, 1] = 40.0, torch.nan
    x[:, 2] = x[:, 2].abs().floor()
    x[19_999, 2], x[4, 2], x[:, 3] = 50.0, -1.0, 0.5
    x[11_111, 3] = 5.0  # which a draw would hardly see
    rows, known = take_typical_rows(x), x.numpy()
    assert 2000 <= len(rows) <= 2004
    for column in (2, 3):
        assert np.ptp(rows[:, column]) == np.ptp(known[:, column])
    assert np.nanmax(rows[:, 0]) < 40
    assert np.nanstd(rows[:, 1]) == pytest.approx(np.nanstd(known[:, 1]), rel=0.05)


def write_table(file: Path, rows: int = 400) -> None:
    import pandas

    draw = np.random.default_rng(0)
    frame = {"age": draw.normal(50, 10, rows).round(1), "count": draw.integers(0, 99, rows)}
    frame |= {"colour": draw.choice(["red", "blue", "green"], rows)}
    frame |= {"label": draw.choice(["no", "yes"], rows)}
    frame["age"][::9] = np.nan
    table = pandas.DataFrame(frame)
    table.to_csv(file, index=False) if file.suffix == ".csv" else table.to_parquet(file)


def test_a_table_on_disk_is_the_table_in_memory(tight: None, tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    write_table(file)
    disk = user.load_table(file, label="label")
    with limit_memory_for_rows(1.0):
        memory = user.load_table(file, label="label")
        space = fit_preprocessor(memory, standardise=True)
        x = see_rows(memory, space)
    assert disk.fingerprint == memory.fingerprint
    assert (disk.table, disk.notes) == (memory.table, memory.notes)
    assert fit_preprocessor(disk, standardise=True) == space  # 400 rows are all typical
    assert torch.equal(see_rows(disk, space).nan_to_num(9), x.nan_to_num(9))


def test_a_table_of_text_that_is_too_large_is_told(tight: None, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    write_table(file)
    with pytest.raises(InputError, match=r"GiB of text, and rows may take .* save it as .parquet"):
        user.load_table(file, label="label")


LARGE = """
import os, signal
import torch
from auxgen.builders import Recipe
from auxgen.data.batches import InMemoryBatches
from auxgen.engine.settings import Engine, adam
from auxgen.stage import Stage

class Stopping:
    def __init__(self, batches):
        self.batches, self.stream = batches, batches.stream

    def __call__(self, step, rank, ranks, device):
        if step == 3 and os.environ.get("STOP"):
            signal.raise_signal(signal.SIGTERM)
        return self.batches(step, rank, ranks, device)

def experiment(*, seed: int = 0):
    x = torch.arange(18_000 * 4001, dtype=torch.uint8).reshape(18_000, 4001)  # 69 MiB
    sizes = {"x": 4001, "hidden": [4], "z": 2}
    recipe = Recipe("vae", {**sizes, "likelihood": "gaussian_scalar"})
    batches = Stopping(InMemoryBatches(x, 8, seed))
    return {"vae": Stage(recipe.build(), batches, Engine(6, adam(1e-3)), {}, recipe=recipe)}
"""


def test_a_run_keeps_how_much_memory_rows_may_take_and_resumes_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "large.py"
    file.write_text(LARGE)
    least = {"memory_for_rows": 1 / 16, "device": "cpu"}
    run = train(file, run=tmp_path / "whole", **least)
    told = "vae: its 18,000 rows of 0.0671 GiB stay on disk, being more than the 0.0625 GiB"
    assert told in capsys.readouterr().err
    assert run.config["memory_for_rows"] == 1 / 16
    assert f"vae: {run.config['rows_on_disk']['vae']}".startswith(told)
    monkeypatch.setenv("STOP", "1")
    with pytest.raises(Interrupted):
        train(file, run=tmp_path / "part", quiet=True, **least)
    monkeypatch.delenv("STOP")
    resume(tmp_path / "part", device="cpu", quiet=True)
    first, second = (
        load_file(tmp_path / name / "vae" / "model.safetensors") for name in ("whole", "part")
    )
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_too_little_memory_for_rows_is_refused(tmp_path: Path) -> None:
    for wrong in (0, 0.01, -1, float("nan"), float("inf"), "much"):
        with pytest.raises(InputError, match=r"memory_for_rows is .*; 0.0625 or more is expected"):
            train("adgm.half_moons", run=tmp_path / "run", memory_for_rows=wrong)  # pyright: ignore
