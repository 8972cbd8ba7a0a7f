"""How a model sees rows, and the likelihood of each of their columns."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..data.dataset import Dataset, Preprocessor
from ..data.families import AUTO, COUNTS, GAUSSIANS, Choice, choose_families, describe_choice
from ..data.fitting import fit_preprocessor
from ..data.statistics import take_typical_rows
from ..errors import InputError
from .likelihoods import Likelihood, describe_likelihood


class SeenRows(NamedTuple):
    """How a model sees rows.

    Attributes:
        space: Raw rows to rows that it sees, and back.
        likelihood: The family of p(x|.), as builders have it.
        families: The name of the likelihood of each column, empty where none was chosen.
        note: What was taken where that was left to what columns hold, else "".
    """

    space: Preprocessor
    likelihood: Likelihood
    families: dict[Any, str]
    note: str = ""

    @property
    def noisy(self) -> list[bool]:
        """Which entries that are no texts get the noise of training: those of Gaussians."""
        numbers = self.space.width - sum(self.space.categories)
        if isinstance(self.likelihood, str | Mapping):
            return [True] * numbers
        blocks = [b for b in self.likelihood if b["family"] in GAUSSIANS]
        gaussian = {entry for block in blocks for entry in block["entries"]}
        return [i in gaussian for i in range(numbers)]


def see_as_bits(dataset: Dataset) -> SeenRows:
    """Rows as bits, drawn with the values as probabilities."""
    return SeenRows(fit_preprocessor(dataset, binary=True), "bernoulli", {})


def see_standardised(
    dataset: Dataset, choice: Choice = None, *, library_size: bool = False
) -> SeenRows:
    """Standardised rows, whose numbers have the likelihoods of a choice and texts are categorical.

    Args:
        dataset: Rows of training.
        choice: A likelihood for all numbers, "auto", or a mapping of columns, see `data.families`;
            None for Gaussians.
        library_size: Whether counts are shares of a row's library size.

    Raises:
        InputError: A column holds what its likelihood cannot give.
    """
    if choice is None and not library_size:
        space = fit_preprocessor(dataset, standardise=True)
        if not space.categories:
            return SeenRows(space, "gaussian", {})
        texts = list(space.categories)
        return SeenRows(space, {"numbers": space.width - sum(texts), "texts": texts}, {})
    x, table = dataset.x.double().numpy(), dataset.table
    numbers = table.numbers if table else ()
    columns = [column.name for column in numbers] if table else list(range(x.shape[1]))
    dates = [column.name for column in numbers if column.kind == "date"]
    families = choose_families(x[:, : len(columns)], columns, choice, dates)
    if library_size and len(set(families) & set(COUNTS)) != 1:
        raise InputError(
            "library_size is for columns of counts with one likelihood; expected one of "
            f"{', '.join(COUNTS)} for them."
        )
    space = fit_preprocessor(
        dataset, standardise=True, families=families, library_size=library_size
    )
    found = dict(zip(columns, families, strict=True))
    words = choice.values() if isinstance(choice, Mapping) else [choice]
    note = describe_choice(found) if AUTO in words else ""
    found |= {column.name: "categorical" for column in (table.categories if table else ())}
    likelihood = describe_likelihood(space, families, take_typical_rows(dataset.x))
    return SeenRows(space, likelihood, found, note)
