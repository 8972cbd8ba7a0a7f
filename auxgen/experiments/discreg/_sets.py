"""Images as the experiments read them, split in three."""

from __future__ import annotations

from dataclasses import dataclass

from ...data import images
from ...data.dataset import Dataset
from ...errors import InputError


@dataclass(frozen=True, eq=False)
class ImageSource:
    """A set of images, as an experiment reads it.

    Attributes:
        name: As `images.load` has it.
        valid: Last training rows that are for validation, where the set has no such split.
        crop: See `images.load`.
        size: See `images.load`.
    """

    name: str
    valid: int = 0
    crop: int | None = None
    size: int | None = None

    def load_split(self, split: str) -> Dataset:
        """Raw rows of one of its splits.

        Raises:
            InputError: The set is not there, or its images are not square.
        """
        rows = images.load_image_dataset(self.name, split, crop=self.crop, size=self.size)
        images.get_image_side(rows)
        return rows

    def load_splits(self) -> dict[str, Dataset]:
        """Raw rows of train, valid and test.

        Raises:
            InputError: As above, or no row would be left to learn from.
        """
        train, test = self.load_split("train"), self.load_split("test")
        if not self.valid:
            return {"train": train, "valid": self.load_split("valid"), "test": test}
        if self.valid >= len(train):
            raise InputError(
                f"{self.valid} of {len(train)} training rows shall be for validation; fewer are "
                "wanted."
            )
        return {"train": train[: -self.valid], "valid": train[-self.valid :], "test": test}
