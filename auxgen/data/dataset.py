"""Data: rows with labels that may be blank, and how a model sees them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor

from ..errors import InputError
from .column_facts import ColumnFacts
from .count_entries import CountEntries
from .frame import Frame
from .sources import RowSource
from .storage import map_in_parts, take_rows
from .table_schema import TableSchema

DataKind = Literal["images", "points", "table"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """n rows, in the order of their source.

    Attributes:
        x: uint8 images (n, c, h, w); or points or table rows (n, d) in their own units, float32 or
            float64, NaN where a table's cell is blank.
        y: Class indices (n,), int64; -1 where the label is blank.
        classes: Names of the classes, by index.
        name: The name that a person gave, such as "mnist"; with the split, such as "mnist/test".
        fingerprint: Hex digest of the content or of its source; equal data, equal fingerprint.
        attributes: (n, k) float32, 0 or 1, NaN where blank; None where there are none.
        attribute_names: Names of the k attributes.
        columns: Names of the entries of a table's row.
        frame: What became of every picture; None where rows come from no files of pictures.
        table: What the columns of a table are; None where rows come from no table.
        notes: Sentences about what was guessed or left out when the rows were read.
        column_facts: What became of each column of the table's file.
        source: Where each row comes from; None where that is not known.
    """

    x: Tensor
    y: Tensor
    classes: tuple[str, ...]
    name: str
    fingerprint: str
    attributes: Tensor | None = None
    attribute_names: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    frame: Frame | None = None
    table: TableSchema | None = None
    notes: tuple[str, ...] = ()
    column_facts: tuple[ColumnFacts, ...] = ()
    source: RowSource | None = None

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, rows: Tensor | slice) -> Dataset:
        """The rows chosen by a slice, by indices (m,) int64 or by a mask (n,) bool.

        Raises:
            NotSaved: They are too many for memory, and for the disk.
        """
        attributes = None if self.attributes is None else self.attributes[rows]
        source = None if self.source is None else self.source[rows]
        own = {"attributes": attributes, "source": source}
        return replace(self, x=take_rows(self.x, rows), y=self.y[rows], **own)

    @property
    def kind(self) -> DataKind:
        if self.x.dtype == torch.uint8:
            return "images"
        return "table" if self.columns else "points"

    @property
    def is_sorted_by_class(self) -> bool:
        """Whether rows stand class after class, as those of class folders do."""
        return len(self) > 1 and bool(self.y[0] < self.y[-1]) and bool((self.y.diff() >= 0).all())

    def take_some(self, n: int) -> Dataset:
        """n rows for a measure, all where there are fewer: the first ones.

        Of rows that are sorted by class they are at equal distances: the first are of one class.
        """
        if n >= len(self) or not self.is_sorted_by_class:
            return self[:n]
        return self[torch.arange(n) * len(self) // n]

    def require_attributes(self) -> Tensor:
        """The attributes, (n, k) float32: 0 or 1, NaN where blank.

        Raises:
            InputError: There are none.
        """
        if self.attributes is None:
            raise InputError(f"{self.name} has no attributes; columns of 0 and 1 are expected.")
        return self.attributes

    def raw_rows(self) -> Tensor:
        """Pixels in [0, 1], float32 (n, c, h, w); points and tables as they are, (n, d)."""
        return map_in_parts(_scale_pixels, self.x) if self.kind == "images" else self.x


def _scale_pixels(x: Tensor) -> Tensor:
    """Bytes as pixels in [0, 1]."""
    return x / 255.0


def see_rows(dataset: Dataset, space: Preprocessor) -> Tensor:
    """All rows as a model sees them, (n, width) or (n, *shape); on disk where they are large."""
    scale = _scale_pixels if dataset.kind == "images" else torch.as_tensor
    return map_in_parts(lambda x: space.transform(scale(x)), dataset.x)


def start_digest(dataset: Dataset) -> hashlib.blake2b:
    """The digest of all but the entries of x, whose shape it knows; feed it x to complete it."""
    digest = hashlib.blake2b(digest_size=16)
    names = [dataset.classes, dataset.attribute_names, dataset.columns]
    digest.update(json.dumps([tuple(dataset.x.shape), str(dataset.x.dtype), names]).encode())
    digest.update(dataset.y.numpy().tobytes())
    if dataset.attributes is not None:
        digest.update(dataset.attributes.numpy().tobytes())
    return digest


def add_fingerprint(dataset: Dataset) -> Dataset:
    """The same rows with the fingerprint of their content."""
    digest = start_digest(dataset)
    digest.update(dataset.x.contiguous().numpy().data)
    return replace(dataset, fingerprint=digest.hexdigest())


@dataclass(frozen=True)
class Preprocessor:
    """How a model sees raw rows, and the way back; JSON-able, kept in every artefact.

    Attributes:
        kind: What the rows are.
        shape: Shape of a raw row: (c, h, w) of pixels in [0, 1], or (d,).
        flat: Whether the model sees vectors.
        kept: The entries that the model sees, as indices into the flattened row; None for all.
        fill: Raw values of all entries of a flattened row, used on the way back for entries not
            kept; empty when all are.
        shift: Numbers subtracted from the kept entries, one for each; empty for none.
        scale: Numbers by which they are then divided, one for each; empty for none.
        classes: Names of the classes, by index.
        columns: Names of the entries of a table's row.
        attributes: Names of the attributes that the model predicts, by index.
        binary: Whether the model sees bits, of which grey values are the probabilities.
        frame: How a picture in a file becomes a raw row; None where it is not known.
        table: What the columns of a table are; None where it is not known.
        compressed: Of the kept entries, those of which the model sees asinh, once they are shifted
            and scaled: outliers are far from all other rows.
        limit: Greatest number that the model sees, and smallest below 0; 0 for any.
        counts: Of the kept entries, those that are counts: the model sees log(1 + count).
        library: Mean counts of these, where the model sees a row's counts as shares of its library
            size, and that size as an entry after those that are no texts; see `CountEntries`.

    From `binary` on they are in JSON only where they are used.
    """

    kind: DataKind
    shape: tuple[int, ...]
    flat: bool = True
    kept: tuple[int, ...] | None = None
    fill: tuple[float, ...] = ()
    shift: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    binary: bool = False
    frame: Frame | None = None
    table: TableSchema | None = None
    compressed: tuple[int, ...] = ()
    limit: float = 0.0
    counts: tuple[int, ...] = ()
    library: tuple[float, ...] = ()

    @property
    def entries(self) -> int:
        """Entries of a raw row that are kept."""
        return len(self.kept) if self.kept is not None else torch.Size(self.shape).numel()

    @property
    def width(self) -> int:
        """Entries that the model sees."""
        return self.entries + bool(self.library)

    @property
    def count_entries(self) -> CountEntries:
        """The kept entries that are counts, whose library size comes before texts."""
        return CountEntries(self.counts, self.library, self.entries - sum(self.categories))

    @property
    def categories(self) -> tuple[int, ...]:
        """Numbers of texts of the categories, whose entries of 0 and 1 are the model's last."""
        return tuple(len(c.texts) for c in self.table.categories) if self.table else ()

    def transform(self, raw: Tensor, *, check: bool = True) -> Tensor:
        """raw (n, *shape) -> x (n, width), or (n, *shape) where the model sees no vectors.

        Numbers that are no pixels are shifted in float64 before they become float32: seconds since
        1970 would not differ otherwise.

        `check` says whether counts are looked at; a program that is exported cannot.

        Raises:
            InputError: A count is below 0 or not whole.
        """
        x = raw.flatten(1) if self.flat else raw
        if self.kept is not None:
            x = x[:, list(self.kept)]
        if self.counts:
            names = self.columns and [self.columns[i] for i in self.kept or range(self.entries)]
            if check:
                self.count_entries.check(x, names)
            x = self.count_entries.log(x)
        if self.kind != "images" and self.scale:
            x = x.double()
        if self.shift:
            x = x - x.new_tensor(self.shift)
        if self.scale:
            x = x / x.new_tensor(self.scale)
        if self.compressed:
            places = list(self.compressed)
            x[:, places] = x[:, places].asinh()
        if self.limit:
            x = x.clamp(-self.limit, self.limit)
        return x.float() if self.kind != "images" and (self.scale or self.binary) else x

    def inverse_transform(self, x: Tensor) -> Tensor:
        """x (n, width) -> raw (n, *shape); entries that the model does not see get their fill."""
        if self.kind != "images" and self.scale:
            x = x.double()
        if self.compressed:
            places, x = list(self.compressed), x.clone()
            x[:, places] = x[:, places].sinh()
        if self.scale:
            x = x * x.new_tensor(self.scale)
        if self.shift:
            x = x + x.new_tensor(self.shift)
        if self.counts:
            x = self.count_entries.restore(x)
        if self.kept is not None:
            every = x.new_tensor(self.fill).repeat(x.shape[0], 1)
            every[:, list(self.kept)] = x
            x = every
        return x.reshape(x.shape[0], *self.shape)

    def to_json(self) -> dict[str, Any]:
        known = asdict(self)
        for later in ("binary", "frame", "table", "compressed", "limit", "counts", "library"):
            if not known[later]:  # artefacts from before there was the field stay the same
                del known[later]
        return known

    @classmethod
    def from_json(cls, known: dict[str, Any]) -> Preprocessor:
        tuples: dict[str, Any] = {k: tuple(v) for k, v in known.items() if isinstance(v, list)}
        frame = Frame(**known["frame"]) if known.get("frame") else None
        table = TableSchema.from_json(known["table"]) if known.get("table") else None
        return cls(**{**known, **tuples, "frame": frame, "table": table})

    def describe_row_shape(self) -> str:
        """The shape of a raw row, in words."""
        if len(self.shape) == 3:
            c, h, w = self.shape
            return f"images of {w} x {h} pixels and {c} channel{'' if c == 1 else 's'}"
        return f"rows of {torch.Size(self.shape).numel()} values"
