"""What is measured of a plain VAE, VAC and IntroVAC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import final

import torch

from ...data.dataset import Dataset, Preprocessor
from ...evaluation.classification import AttributeTestErrors
from ...evaluation.edits import AttributeEditQuality, LangevinSampleAccuracy, find_directions
from ...evaluation.equal_effect import EqualEffectComparison
from ...evaluation.images import PixelSimilarity, ReconstructionQuality, SampleQuality
from ...evaluation.judges import AttributeScorer
from ...evaluation.protocol import ROW_STANDARD_ERROR, standard_error
from ...functional.directions import fit_mean_difference
from ...inference.codes import embed_rows, reconstruct_rows
from ...inference.disentangling import find_disentangled_directions
from ...inference.editing import DirectionFinder, fit_probe_directions, get_classifier_directions
from ...method import Method
from ...methods.vac import VariationalClassifier
from ...metrics import attributes
from ...score import Evaluation, Score

INTROVAC = "IntroVAC"
BASELINES = ("VAE, linear probe", "VAE, difference of means", "VAC")
"""With which edits are compared, see `IntrovacEvaluations._make_equal_effect`."""
COMPARED_MODELS = (BASELINES[0], BASELINES[2], INTROVAC)
"""Compared once more, plain and with others kept, see `IntrovacEvaluations._make_disentangled_equal_effect`."""


@dataclass(frozen=True, eq=False)
class IntrovacEvaluations:
    """What all stages are measured on.

    Attributes:
        train: Raw training rows, with attributes.
        test: Raw rows held out, with attributes.
        split_name: Of the rows held out.
        scorer: Classifier that took no part in training; None where there is none.
        second_scorer: Another one, that tells what else edits change; the judge itself where None.
        extractor: In whose features distances are taken; None for none.
        max_edited_rows: Rows that edits of each attribute are measured on, at most.
        others: Raw training rows with attributes that no model learns and edits may keep; None
            for none.
        methods: By stage; when the last is measured, those of earlier stages are trained too.
    """

    train: Dataset
    test: Dataset
    split_name: str
    scorer: AttributeScorer | None
    extractor: str | None
    max_edited_rows: int = 100
    others: Dataset | None = None
    second_scorer: AttributeScorer | None = None
    methods: dict[str, Method] = field(default_factory=dict)

    def make_evaluations(self, stage: str) -> Mapping[str, Evaluation]:
        """By the stage's name."""
        told = {} if stage == "vae" else self._make_attribute_evaluations(stage)
        if stage == "pretrained":
            return told
        drawn = {} if stage == "vae" else self._make_conditional_sample_evaluations()
        made = {
            "equal effect": self._make_equal_effect(),
            "others kept": self._make_disentangled_equal_effect(),
        }
        compared = {n: e for n, e in made.items() if e is not None and stage == "introvac"}
        return {
            **told,
            **self._make_image_evaluations(),
            **self._make_edit_evaluations(),
            **drawn,
            **compared,
        }

    @property
    def space(self) -> Preprocessor:
        """Images as they are, with their attributes."""
        shape = tuple(self.train.x.shape[1:])
        names = self.train.attribute_names
        return Preprocessor(kind="images", shape=shape, flat=False, attributes=names)

    def _make_attribute_evaluations(self, stage: str) -> Mapping[str, Evaluation]:
        """Attributes of rows held out, beside a probe of the same codes; fakes."""
        assert self.test.attributes is not None
        errors = AttributeTestErrors(
            self.test.raw_rows(),
            self.test.attributes,
            names=self.test.attribute_names,
            split_name=self.split_name,
        )
        probe = ProbeError(self.train, self.test, self.space, self.split_name)
        fakes = {"fakes": FakeDetection(self.test, self.space, self.split_name)}
        return {"attributes": errors, "probe": probe, **(fakes if stage == "introvac" else {})}

    def _make_image_evaluations(self) -> Mapping[str, Evaluation]:
        """Reconstructions and samples beside rows held out."""
        test, space, split, extractor = self.test, self.space, self.split_name, self.extractor
        close = PixelSimilarity(test, space, measures=("l1", "psnr"), split_name=split)
        if extractor is None:
            return {"closeness": close}
        return {
            "closeness": close,
            "back": ReconstructionQuality(test, space, extractor=extractor, split_name=split),
            "samples": SampleQuality(
                test, space, extractor=extractor, measures=("FD",), split_name=split
            ),
        }

    def _make_edit_evaluations(self) -> Mapping[str, Evaluation]:
        """Attributes added to rows held out."""
        if self.scorer is None:
            return {}
        edits = AttributeEditQuality(
            self.train,
            self.test,
            self.space,
            scorer=self.scorer,
            split_name=self.split_name,
            max_rows=self.max_edited_rows,
        )
        if self.others is None:
            return {"edits": edits}
        plain = partial(find_directions, space=self.space, train=self.train)
        return {
            "edits": edits,
            "edits kept": replace(edits, direction_finder=self._disentangle_directions(plain)),
        }

    def _make_equal_effect(self) -> EqualEffectComparison | None:
        """IntroVAC's edits beside those of the others, where these are there too."""
        if self.scorer is None or not {"vae", "vac"} <= self.methods.keys():
            return None
        own = partial(get_classifier_directions, space=self.space)
        vae, found = (
            self.methods["vae"],
            partial(fit_probe_directions, space=self.space, rows=self.train),
        )
        contrasts = partial(found, fit=fit_mean_difference)
        others = ((vae, found), (vae, contrasts), (self.methods["vac"], own))
        return EqualEffectComparison(
            self.test,
            self.space,
            scorer=self.scorer,
            second_scorer=self.second_scorer,
            own=(INTROVAC, own),
            other_models=dict(zip(BASELINES, others, strict=True)),
            split_name=self.split_name,
            max_rows=self.max_edited_rows,
        )

    def _make_disentangled_equal_effect(self) -> EqualEffectComparison | None:
        """The same, plain and along ways that keep others, where there are others to keep."""
        plain = self._make_equal_effect()
        if plain is None or self.others is None:
            return None
        every = {INTROVAC: (self.methods["introvac"], plain.own[1]), **plain.other_models}
        ways = {f"{name}, plain": every[name] for name in COMPARED_MODELS}
        for name in COMPARED_MODELS:
            model, find = every[name]
            ways[f"{name}, others kept"] = (model, self._disentangle_directions(find))
        own = f"{INTROVAC}, others kept"
        return replace(plain, own=(own, ways.pop(own)[1]), other_models=ways)

    def make_pictured_equal_effect(self) -> EqualEffectComparison | None:
        """Those of a picture: ways that keep others and the plain probe's, where there are."""
        kept = self._make_disentangled_equal_effect()
        if kept is None:
            return self._make_equal_effect()
        plain = f"{COMPARED_MODELS[0]}, plain"
        chosen = {
            n: way for n, way in kept.other_models.items() if n == plain or n.endswith("kept")
        }
        return replace(kept, other_models=chosen)

    def _disentangle_directions(self, own: DirectionFinder) -> DirectionFinder:
        """These directions, turned to where others change least."""
        assert self.others is not None
        known = {"space": self.space, "rows": self.train, "others": self.others}
        return partial(find_disentangled_directions, own=own, **known)

    def _make_conditional_sample_evaluations(self) -> Mapping[str, Evaluation]:
        """Draws that shall have an attribute."""
        return (
            {}
            if self.scorer is None
            else {"demanded": LangevinSampleAccuracy(self.space, scorer=self.scorer)}
        )


@final
@dataclass(frozen=True, eq=False)
class ProbeError:
    """Error of logistic regression on the same codes, which the model's own should not exceed.

    Attributes:
        train: Raw rows that it learns from.
        test: Raw rows measured, with attributes.
        space: How the model sees raw rows.
        split_name: Of the latter.
    """

    train: Dataset
    test: Dataset
    space: Preprocessor
    split_name: str

    def __call__(self, method: object) -> Score:
        y = self.test.require_attributes()
        z, found = (
            embed_rows(method, self.space, self.test.raw_rows()),
            fit_probe_directions(method, self.space, self.train),
        )
        names = [n for n in self.test.attribute_names if n in found]
        columns = [self.test.attribute_names.index(name) for name in names]
        told = torch.stack([found[name].logit(z) > 0 for name in names], 1)
        return Score(
            value=100 * attributes.attribute_error_rates(told, y[:, columns]).nanmean().item(),
            unit="%",
            n=len(y),
            spread=standard_error(100 * attributes.row_error_terms(told, y[:, columns])),
            spread_is=ROW_STANDARD_ERROR,
            protocol=f"logistic regression on codes of {len(self.train)} training rows; "
            f"{self.split_name} split, {len(y)} rows, blanks left out; mean over {len(names)} "
            "attributes",
        )


@final
@dataclass(frozen=True, eq=False)
class FakeDetection:
    """How often encoder and classifier tell real rows from their reconstructions.

    Half of it is what chance would do: then the decoder has won.

    Attributes:
        test: Raw rows held out.
        space: How the model sees raw rows.
        split_name: Of these rows.
    """

    test: Dataset
    space: Preprocessor
    split_name: str

    def __call__(self, method: object) -> dict[str, Score]:
        assert isinstance(method, VariationalClassifier)
        raw, back = reconstruct_rows(method, self.space, self.test.raw_rows()).unbind(1)
        weight = method.fake_weight().detach().cpu()
        real, fake = (embed_rows(method, self.space, rows) @ weight for rows in (raw, back))
        right = torch.cat((real <= 0, fake > 0)).double()
        order = (fake[:, None] > real[None, :]).double().mean().item()
        what = f"{len(raw)} rows of the {self.split_name} split and their reconstructions"
        return {
            "fakes told": Score(
                100 * right.mean().item(), "%", len(right), f"logit above 0 is fake; {what}"
            ),
            "fakes ordered": Score(
                100 * order, "%", len(right), f"area under the curve of the fake logit; {what}"
            ),
        }
