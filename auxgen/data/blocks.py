"""Batches of rows that lie on disk, read ahead in blocks, in an order that is nearly uniform."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..rng import derive_seed
from .storage import count_bytes, read_ahead

BLOCK_BYTES = 256 * 2**10
"""Bytes of rows that are read in one piece: far more than a disk takes time to find them for."""
WINDOW_BYTES = 128 * 2**20
"""Bytes of rows that are shuffled together. Three windows are in memory: last, present and next."""
WINDOWS_KEPT = 3
BLOCKS_AHEAD = 8
"""Blocks that the system is asked for before they are copied: a disk is faster with several."""


class Window(NamedTuple):
    """Some blocks of an epoch, whose rows are drawn without repetition.

    Attributes:
        epoch: Number of the epoch.
        number: Number of the window in it.
        start: Rows of the epoch that come before.
        blocks: Numbers of its blocks.
        order: The order of its rows (m,), as places in the concatenated blocks.
    """

    epoch: int
    number: int
    start: int
    blocks: Tensor
    order: Tensor


@dataclass(eq=False)
class BlockSampler:
    """Indices of rows, epoch after epoch without a seam, in an order that is nearly uniform.

    Neighbouring rows form blocks. In each epoch the blocks are permuted, and so are the rows of
    every `window` blocks in a row: all rows once, and in a batch rows from many places of the file.
    Rank r of R takes positions [(t R + r) b, (t R + r + 1) b) at step t. Where one window takes all
    blocks the order is uniform.

    Attributes:
        row_count: Rows.
        batch: Rows of a batch.
        seed: Seed of the order.
        block: Rows of a block; the last one may have fewer.
        window: Blocks of a window.
    """

    row_count: int
    batch: int
    seed: int
    block: int
    window: int
    cached_epoch: tuple[int, Tensor, Tensor] | None = field(default=None, repr=False)
    cached_windows: dict[tuple[int, int], Window] = field(default_factory=dict, repr=False)

    @classmethod
    def of_rows(cls, x: Tensor, batch: int, seed: int) -> BlockSampler:
        """The sampler of rows (n, ...), with blocks and windows of fixed numbers of bytes."""
        block = max(1, BLOCK_BYTES // max(1, count_bytes(x[:1])))
        return cls(len(x), batch, seed, block, WINDOW_BYTES // BLOCK_BYTES)

    @property
    def windows(self) -> int:
        """Windows of an epoch."""
        return -(-self.row_count // (self.block * self.window))

    def __call__(self, step: int, rank: int = 0, ranks: int = 1) -> Tensor:
        """The rows of one batch: -> (batch,) int64."""
        parts = self.split_batch(step, rank, ranks)
        return torch.cat([self.list_rows(window)[places] for window, places in parts])

    def split_batch(self, step: int, rank: int, ranks: int) -> list[tuple[Window, Tensor]]:
        """A batch as places in the concatenated blocks of one window or more."""
        start = (step * ranks + rank) * self.batch
        stop, parts = start + self.batch, []
        while start < stop:
            epoch, place = divmod(start, self.row_count)
            window = self.draw_window(epoch, self._find_window(epoch, place))
            first = place - window.start
            parts.append((window, window.order[first : first + stop - start]))
            start += len(parts[-1][1])
        return parts

    def draw_window(self, epoch: int, number: int) -> Window:
        key = epoch, number
        if key not in self.cached_windows:
            order, ends = self._draw_epoch(epoch)
            start = int(ends[number - 1]) if number else 0
            seed = derive_seed(self.seed, epoch, number)
            generator = torch.Generator().manual_seed(seed)
            rows = torch.randperm(int(ends[number]) - start, generator=generator)
            blocks = order[number * self.window : (number + 1) * self.window]
            while len(self.cached_windows) >= WINDOWS_KEPT:
                del self.cached_windows[next(iter(self.cached_windows))]
            self.cached_windows[key] = Window(epoch, number, start, blocks, rows)
        return self.cached_windows[key]

    def find_next(self, window: Window) -> Window:
        """The window after another one, which may be in the next epoch."""
        carry, number = divmod(window.number + 1, self.windows)
        return self.draw_window(window.epoch + carry, number)

    def list_rows(self, window: Window) -> Tensor:
        """The rows of a window's concatenated blocks: -> (m,) int64."""
        starts = (window.blocks * self.block).tolist()
        stops = (min(start + self.block, self.row_count) for start in starts)
        return torch.cat([torch.arange(*ends) for ends in zip(starts, stops, strict=True)])

    def _draw_epoch(self, epoch: int) -> tuple[Tensor, Tensor]:
        """The order of the blocks, and the rows of the epoch up to the end of each window."""
        if self.cached_epoch is None or self.cached_epoch[0] != epoch:
            count = -(-self.row_count // self.block)
            generator = torch.Generator().manual_seed(derive_seed(self.seed, epoch))
            order = torch.randperm(count, generator=generator)
            sizes = torch.full((count,), self.block)
            sizes[order == count - 1] = self.row_count - (count - 1) * self.block
            ends = sizes.cumsum(0)
            last = (torch.arange(1, self.windows + 1) * self.window).clamp(max=count) - 1
            self.cached_epoch = epoch, order, ends[last]
        return self.cached_epoch[1:]

    def _find_window(self, epoch: int, place: int) -> int:
        """The window of a position in an epoch."""
        return int(torch.searchsorted(self._draw_epoch(epoch)[1], place, right=True))


@dataclass(eq=False)
class BlockReader:
    """Rows of batches from a mapped file: a thread reads the next window while one is in use."""

    x: Tensor
    sampler: BlockSampler
    executor: ThreadPoolExecutor | None = field(default=None, init=False, repr=False)
    futures: dict[tuple[int, int], Future[Tensor]] = field(
        default_factory=dict, init=False, repr=False
    )

    def __call__(self, step: int, rank: int, ranks: int) -> Tensor:
        """The rows of one batch: -> (batch, ...), in memory."""
        parts = self.sampler.split_batch(step, rank, ranks)
        found = [self.read_window(w).index_select(0, places) for w, places in parts]
        return found[0] if len(found) == 1 else torch.cat(found)

    def read_window(self, window: Window) -> Tensor:
        """The concatenated blocks of a window: -> (m, ...), while the next one is read ahead."""
        future = self._begin(window)
        if self.sampler.windows > 1:
            self._begin(self.sampler.find_next(window))
        return future.result()

    def _begin(self, window: Window) -> Future[Tensor]:
        """The reading of a window, which begins unless it has begun."""
        key = window.epoch, window.number
        if key not in self.futures:
            while len(self.futures) >= WINDOWS_KEPT:
                del self.futures[next(iter(self.futures))]
            self.executor = self.executor or ThreadPoolExecutor(1, "rows")
            self.futures[key] = self.executor.submit(self._copy_blocks, window)
        return self.futures[key]

    def _copy_blocks(self, window: Window) -> Tensor:
        """A copy by numpy, which leaves the interpreter to others and starts no threads."""
        mapped, block = self.x.numpy(), self.sampler.block
        rows = np.empty((len(window.order), *mapped.shape[1:]), mapped.dtype)
        parts = [mapped[n * block : (n + 1) * block] for n in window.blocks.tolist()]
        for part in parts[:BLOCKS_AHEAD]:
            read_ahead(part)
        place = 0
        for part, later in zip_longest(parts, parts[BLOCKS_AHEAD:]):
            if later is not None:
                read_ahead(later)
            rows[place : place + len(part)] = part
            place += len(part)
        return torch.from_numpy(rows)
