"""What all estimators do once they are fitted: codes, rows of codes, draws, bounds, artefacts."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_array, check_is_fitted
from torch import Tensor

from ..builders.seen_rows import SeenRows
from ..errors import InputError, require_at_least
from ..features.picture_components import PictureComponents
from ..functional.bounds import log_mean_exp
from ..inference.batched import binarise_rows_alike, map_batches, map_rows
from ..inference.filling import fill_rows, reconstruct_holes
from ..method import (
    Bounds,
    Completes,
    Decodes,
    Encodes,
    Method,
    SamplesConditional,
    Weighs,
    has_ability,
    require,
)
from ..model import Model
from ..rng import get_device, use_seed
from .likelihoods import draw_without_noise, make_seen_rows
from .parameters import Rule, make_seed
from .pictures import add_pictures
from .rows import RowFormat, as_torch_takes_it, keep_known, read_new_rows
from .saving import pack_estimator, read_estimator
from .training import Progress
from .weights import WeightedRows

_DRAWN_AT_ONCE = 10_000


class DeepEstimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A generative model behind scikit-learn's words; a subclass says how it is fitted.

    Everything after `fit` is computed in float64, and each row as if it came alone.
    """

    model_: Model
    n_iter_: int
    loss_curve_: list[float]
    seed_: int
    likelihoods_: Any
    draws: int
    noise: float
    likelihood: Any
    library_size: bool
    random_state: Any
    _format: RowFormat
    _seen: SeenRows
    _progress: Progress | None
    _pictures: PictureComponents | None = None
    _rules: Mapping[str, Rule] = MappingProxyType({})

    def _begin(
        self, rows: WeightedRows, form: RowFormat, names: tuple[str, ...] = (), *, bits: bool
    ) -> None:
        """Forget what was learned, and see rows as these are; `bits` as in `make_seen_rows`."""
        self.seed_, self._format = make_seed(self.random_state), form
        self._seen = make_seen_rows(
            rows, form, names, bits=bits, likelihood=self.likelihood, library_size=self.library_size
        )
        self.likelihoods_ = self._seen.families
        self._progress, self.loss_curve_, self.n_iter_ = None, [], 0

    def transform(self, X: Any) -> Any:
        """Codes of rows, the means of q(z|x): X (n, d) -> (n, k)."""
        x = self._see(X)
        encoder = require(self._make_double(), Encodes)
        return self._map(lambda x: encoder.encode(x).mean, x)

    def inverse_transform(self, X: Any) -> Any:
        """Rows of codes, the means of p(x|z), like those of `fit`: X (n, k) -> (n, d)."""
        z = self._read_codes(X)
        decoder = require(self._make_double(), Decodes)
        return self._finish(map_batches(lambda z: decoder.decode(z).mean, z, device=self._device))

    def score_samples(self, X: Any, *, importance_weights: int = 0) -> np.ndarray:
        """A lower bound on log p(x) of each row in nats: X (n, d) -> (n,).

        x is the row as the model sees it, standardised. Likelier rows have higher bounds, but so
        may rows of another kind.

        Args:
            X: Rows.
            importance_weights: 0 for the evidence lower bound, a mean over `draws`; k for that of k
                importance weights, which is tighter and takes longer.
        """
        check_is_fitted(self)
        require_at_least(0, importance_weights=importance_weights)
        return self._score_entries(read_new_rows(self, X, self._format), importance_weights)

    def _score_entries(self, entries: np.ndarray, importance_weights: int = 0) -> np.ndarray:
        """`score_samples` of rows as numbers."""
        x = self.model_.space.transform(torch.from_numpy(entries)).double()
        if self.model_.space.binary:
            x = binarise_rows_alike(x, 0)
        method = self._make_double()
        if importance_weights:
            bound = partial(_weigh, require(method, Weighs), importance_weights)
        else:
            bound = partial(_average_bound, require(method, Bounds), self.draws)
        return self._map(bound, x)

    def impute(self, X: Any, *, draws: int = 1000) -> Any:
        """Rows with what is missing filled in, and all else as it is: X (n, d) -> (n, d).

        It is the mean, or of texts the most probable one, of p(x_missing | x_known). ASL, which has
        no density of rows with missing values, fills in the row's reconstruction, again and again.

        Args:
            X: Rows, NaN where unknown.
            draws: Draws of all else, which are weighed by how well they fit what is known.
        """
        check_is_fitted(self)
        require_at_least(1, draws=draws)
        self._format.check_rows_can_be_made()
        raw = torch.from_numpy(read_new_rows(self, X, self._format, holes=True))
        method, space = self.model_.method, self.model_.space
        if has_ability(method, Completes):
            with use_seed(self.seed_, self._device):
                filled = fill_rows(method, space, raw, draws)
        else:
            x = reconstruct_holes(self._make_double(), space.transform(raw).double())
            filled = torch.where(raw.isnan(), space.inverse_transform(x), raw)
        return keep_known(self._format.decode(filled.numpy()), X)

    def save(self, folder: str | Path) -> Path:
        """Write an artefact into a new folder, and return its path.

        `load` of this class reads it, `auxgen.load` its model, and the command line too.

        Raises:
            InputError: The folder exists, or a parameter cannot be written as JSON.
            NotSaved: It could not be written.
        """
        check_is_fitted(self)
        own, pictures = self.model_, self._pictures
        model = own if pictures is None else add_pictures(pictures, own)
        return model.save(folder, {"estimator.json": pack_estimator(self)})

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """The estimator that `save` wrote. Nothing in the folder is executed.

        Raises:
            InputError: There is no such folder, or it is damaged or of another class.
        """
        return read_estimator(cls, Path(folder))

    def _see(self, X: Any) -> Tensor:
        """Rows as the model sees them, float64 (n, width)."""
        check_is_fitted(self)
        raw = torch.from_numpy(read_new_rows(self, X, self._format))
        return self.model_.space.transform(raw).double()

    def _read_codes(self, Z: Any) -> Tensor:
        """Codes (n, k) that were checked, float64."""
        check_is_fitted(self)
        z = as_torch_takes_it(np.asarray(check_array(Z, dtype="float64")))
        if z.shape[1] != self._n_features_out:
            raise InputError(
                f"Codes have {z.shape[1]} entries; expected {self._n_features_out}, as transform "
                "gives."
            )
        return torch.from_numpy(z)

    def _make_double(self) -> Method:
        """The method in float64, in which a row's results do not depend on the others."""
        return copy.deepcopy(self.model_.method).double()

    @property
    def _device(self) -> torch.device:
        return get_device(self.model_.method)

    def _map(self, function: Callable[[Tensor], Tensor], *rows: Tensor) -> np.ndarray:
        """A function of each row alone, always with the same draws."""
        with use_seed(self.seed_, self._device):
            return map_rows(function, *rows, device=self._device).double().numpy()

    def _finish(self, x: Tensor) -> Any:
        """Rows as the model sees them, as rows like those of `fit`."""
        return self._format.decode(self._invert(x).numpy())

    def _invert(self, x: Tensor) -> Tensor:
        """Rows as the model sees them, as numbers in the units of `fit`."""
        return self.model_.space.inverse_transform(x.double())

    def _draw(self, n: Any, random_state: Any, *given: Tensor) -> Any:
        """n rows like those of `fit`, of given classes (n,) where there are some."""
        check_is_fitted(self)
        require_at_least(0, n=n)
        method = require(self._make_double(), SamplesConditional)

        def draw(part: Tensor, *own: Tensor) -> Tensor:
            return draw_without_noise(method.sample_p_x(len(part), *own), self._noise)

        seed = make_seed(random_state)
        if n == 0:
            return self._finish(torch.empty(0, self.model_.space.width))
        with use_seed(seed, self._device):
            size = {"device": self._device, "batch_size": _DRAWN_AT_ONCE}
            drawn = map_batches(draw, torch.empty(n, 0), *given, **size)
        return self._finish(drawn)

    @property
    def _noise(self) -> float:
        return 0.0 if self.model_.space.binary else self.noise

    @property
    def _n_features_out(self) -> int:
        if not hasattr(self, "model_"):
            raise NotFittedError(f"This {type(self).__name__} instance is not fitted yet.")
        return int(self.model_.config["card"]["code"])


def _average_bound(method: Bounds, draws: int, x: Tensor) -> Tensor:
    return torch.stack([method.elbo(x) for _ in range(draws)]).mean(0)


def _weigh(method: Weighs, k: int, x: Tensor) -> Tensor:
    return log_mean_exp(method.log_weights(x, k))
