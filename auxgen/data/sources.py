"""Where rows come from, as a person knows them: the row of a file, or the file of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class RowSource:
    """Where the rows of a data set come from.

    Attributes:
        place: The file of a table, or the folder of pictures.
        numbers: Of each row (n,) int64, its number in the table, from 1, or its index in `files`.
        files: The files of pictures, as paths below the folder; none for a table.
    """

    place: str
    numbers: Tensor
    files: Sequence[str] = ()

    @classmethod
    def of_files(cls, place: str, files: Sequence[str]) -> RowSource:
        """Rows that are pictures in files."""
        return cls(place, torch.arange(len(files)), files)

    def __getitem__(self, rows: Tensor | slice) -> RowSource:
        """The source of chosen rows."""
        return replace(self, numbers=self.numbers[rows])

    def name_row(self, row: int) -> str:
        """A row in words, such as "row 7 of table.csv" or "the picture cats/3.png"."""
        number = int(self.numbers[row])
        return (
            f"the picture {self.files[number]}" if self.files else f"row {number} of {self.place}"
        )
