"""Where rows come from, as a person knows them: the row of a file, or the file of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from .walking import format_path


@dataclass(frozen=True, eq=False)
class RowSource:
    """Where the rows of a data set come from.

    Attributes:
        place: The file of a table, or the folder of pictures.
        numbers: Of each row (n,) int64, its number in the table, from 1, or its index in `files`.
        files: The files of pictures below the folder; none for a table.
    """

    place: Path
    numbers: Tensor
    files: Sequence[Path] = ()

    @classmethod
    def of_pictures(cls, folder: Path, files: Sequence[Path]) -> RowSource:
        """Rows that are pictures in files of a folder."""
        return cls(folder, torch.arange(len(files)), files)

    def __getitem__(self, rows: Tensor | slice) -> RowSource:
        """The source of chosen rows."""
        return replace(self, numbers=self.numbers[rows])

    def name_row(self, row: int) -> str:
        """A row in words, such as "row 7 of table.csv" or "the picture cats/3.png"."""
        number = int(self.numbers[row])
        if not self.files:
            return f"row {number} of {format_path(self.place.name)}"
        return f"the picture {format_path(self.files[number].relative_to(self.place))}"
