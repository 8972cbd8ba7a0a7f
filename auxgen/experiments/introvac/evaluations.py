"""Scores of a plain VAE, VAC and IntroVAC."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import partial
from typing import final

import torch

from ...data.dataset import Dataset, Preprocessor
from ...evaluation.attribute_scorers import AttributeScorer, ScorerEnsemble
from ...evaluation.classification import AttributeTestErrors, make_attribute_error_score
from ...evaluation.edit_rates import EditRates
from ...evaluation.edited_pictures import EditedPictureQuality
from ...evaluation.edits import AttributeEditQuality, find_directions
from ...evaluation.equal_effect import EqualEffectComparison
from ...evaluation.images import PixelSimilarity, ReconstructionQuality, SampleQuality
from ...evaluation.protocol import SplitEvaluation
from ...evaluation.recognition import LangevinSampleAccuracy
from ...functional.directions import fit_mean_difference
from ...inference.codes import embed_rows, reconstruct_rows
from ...inference.disentangling import find_disentangled_directions
from ...inference.moves import DirectionFinder, fit_probe_directions, get_classifier_directions
from ...method import Method
from ...methods.vac import VariationalClassifier
from ...score import Evaluation, Score
from ..common import image_preprocessor

INTROVAC = "IntroVAC"
BASELINES = ("VAE, linear probe", "VAE, difference of means", "VAC")
"""Models whose edits are compared with IntroVAC's, by `IntrovacEvaluations._make_equal_effect`."""
COMPARED_MODELS = (BASELINES[0], BASELINES[2], INTROVAC)
"""Models compared once more, along plain directions and along those that keep others."""
MAX_EDITED_ROWS = 100
"""Rows on which edits of each attribute are measured, at most."""


@dataclass(frozen=True, eq=False)
class IntrovacEvaluations:
    """The scores of all stages, on the same rows.

    Attributes:
        train: Raw training rows, with attributes.
        test: Raw rows held out, with attributes.
        scorers: Classifiers that took no part in training, which judge edits together; where there
            are none, edits are not measured.
        extractor: Network in whose features distances are taken; None: they are not measured.
        split_name: Name of the split of the rows held out.
        others: Raw training rows with attributes that no model learns and edits may keep; None
            where there are none.
        second_scorer: Another classifier, which says what else edits change; None: `scorers` do.
        valid: Other raw rows held out, with attributes, by which the strength of edits is chosen;
            None: edits at one strength are not measured.
        methods: Methods by stage; when the last is measured, those of earlier stages are trained.
    """

    train: Dataset
    test: Dataset
    scorers: Sequence[AttributeScorer]
    extractor: str | None
    _: KW_ONLY
    split_name: str = "test"
    others: Dataset | None = None
    second_scorer: AttributeScorer | None = None
    valid: Dataset | None = None
    methods: dict[str, Method] = field(default_factory=dict)

    @property
    def space(self) -> Preprocessor:
        """Pixels as they are, with the names of the attributes."""
        pixels = image_preprocessor(self.train)
        return replace(pixels, classes=(), attributes=self.train.attribute_names)

    def make_evaluations(self, stage: str, edit_distance: float) -> Mapping[str, Evaluation]:
        """The scores of a stage, by name; edits as a set are measured at one distance."""
        predicted = {} if stage == "vae" else self._make_attribute_evaluations(stage)
        if stage == "pretrained":
            return predicted
        edits = self._make_edit_evaluations(stage) if self.scorers else {}
        if self.extractor is not None:
            edited = EditedPictureQuality(
                self.train,
                self.test,
                self.space,
                extractor=self.extractor,
                distance=edit_distance,
                split_name=self.split_name,
            )
            edits = {**edits, "edited": edited}
        return {**predicted, **self._make_image_evaluations(), **edits}

    def _make_attribute_evaluations(self, stage: str) -> Mapping[str, Evaluation]:
        """Errors of the attributes, beside a probe of the same codes; detection of fakes."""
        test, space, split = self.test, self.space, self.split_name
        x, y, names = test.raw_rows(), test.require_attributes(), test.attribute_names
        errors = AttributeTestErrors(x, y, names=names, split_name=split)
        probe = ProbeError(self.train, test, space, split_name=split)
        fakes = {"fakes": FakeDetection(test, space, split_name=split)}
        return {"attributes": errors, "probe": probe, **(fakes if stage == "introvac" else {})}

    def _make_image_evaluations(self) -> Mapping[str, Evaluation]:
        """Distances of reconstructions and samples from rows held out."""
        test, space, split, extractor = self.test, self.space, self.split_name, self.extractor
        close = PixelSimilarity(test, space, measures=("l1", "psnr"), split_name=split)
        if extractor is None:
            return {"closeness": close}
        back = ReconstructionQuality(test, space, extractor=extractor, split_name=split)
        samples = SampleQuality(
            test, space, extractor=extractor, measures=("FD",), split_name=split
        )
        return {"closeness": close, "back": back, "samples": samples}

    def _make_edit_evaluations(self, stage: str) -> Mapping[str, Evaluation]:
        """Effects of attributes added to rows held out, and samples with a given attribute."""
        edits = AttributeEditQuality(
            self.train,
            self.test,
            self.space,
            scorer=ScorerEnsemble(self.scorers),
            split_name=self.split_name,
            max_rows=MAX_EDITED_ROWS,
        )
        evaluations: dict[str, Evaluation] = {"edits": edits}
        if self.others is not None:
            plain = partial(find_directions, space=self.space, train=self.train)
            kept = self._disentangle_directions(plain)
            evaluations["edits kept"] = replace(edits, direction_finder=kept)
        if self.valid is not None:
            evaluations["rates"] = EditRates(
                self.train,
                self.valid,
                self.test,
                self.space,
                scorer=edits.scorer,
                split_name=self.split_name,
            )
        if stage != "vae":
            evaluations["demanded"] = LangevinSampleAccuracy(self.space, scorer=edits.scorer)
        if stage == "introvac":
            equal, disentangled = self._make_equal_effect(), self._make_disentangled_equal_effect()
            compared = {"equal effect": equal, "others kept": disentangled}
            evaluations |= {name: each for name, each in compared.items() if each is not None}
        return evaluations

    def _make_equal_effect(self) -> EqualEffectComparison | None:
        """IntroVAC's edits beside those of VAE and VAC, where the run trains these too."""
        if not self.scorers or not {"vae", "vac"} <= self.methods.keys():
            return None
        own = partial(get_classifier_directions, space=self.space)
        vae, vac = self.methods["vae"], self.methods["vac"]
        probes = partial(fit_probe_directions, space=self.space, rows=self.train)
        others = ((vae, probes), (vae, partial(probes, fit=fit_mean_difference)), (vac, own))
        return EqualEffectComparison(
            self.test,
            self.space,
            scorer=ScorerEnsemble(self.scorers),
            second_scorer=self.second_scorer,
            own=(INTROVAC, own),
            other_models=dict(zip(BASELINES, others, strict=True)),
            split_name=self.split_name,
            max_rows=MAX_EDITED_ROWS,
        )

    def _make_disentangled_equal_effect(self) -> EqualEffectComparison | None:
        """The same along plain directions and those that keep others, where there are others."""
        plain = self._make_equal_effect()
        if plain is None or self.others is None:
            return None
        every = {INTROVAC: (self.methods["introvac"], plain.own[1]), **plain.other_models}
        edits = {f"{name}, plain": every[name] for name in COMPARED_MODELS}
        for name in COMPARED_MODELS:
            method, find = every[name]
            edits[f"{name}, others kept"] = (method, self._disentangle_directions(find))
        own = f"{INTROVAC}, others kept"
        return replace(plain, own=(own, edits.pop(own)[1]), other_models=edits)

    def make_pictured_equal_effect(self) -> EqualEffectComparison | None:
        """The edits that a picture shows: those that keep others, beside the plain probe's."""
        kept = self._make_disentangled_equal_effect()
        if kept is None:
            return self._make_equal_effect()
        plain = f"{COMPARED_MODELS[0]}, plain"
        shown = {n: e for n, e in kept.other_models.items() if n == plain or n.endswith("kept")}
        return replace(kept, other_models=shown)

    def _disentangle_directions(self, own: DirectionFinder) -> DirectionFinder:
        """Directions like these, turned to where other attributes change least."""
        assert self.others is not None
        known = {"space": self.space, "rows": self.train, "others": self.others}
        return partial(find_disentangled_directions, own=own, **known)


@final
@dataclass(frozen=True, eq=False)
class ProbeError(SplitEvaluation):
    """Error of logistic regression on the same codes, which the model's own should not exceed.

    Attributes:
        train: Raw rows from which the regression learns.
        test: Raw rows on which it is measured, with attributes.
        space: How the model sees raw rows.
    """

    train: Dataset
    test: Dataset
    space: Preprocessor

    def __call__(self, method: object) -> Score:
        y = self.test.require_attributes()
        z = embed_rows(method, self.space, self.test.raw_rows())
        probes = fit_probe_directions(method, self.space, self.train)
        names = [n for n in self.test.attribute_names if n in probes]
        columns = [self.test.attribute_names.index(name) for name in names]
        predicted, y = torch.stack([probes[n].logit(z) > 0 for n in names], 1), y[:, columns]
        what = f"logistic regression on codes of {len(self.train)} training rows"
        attributes = f"blanks left out; mean over {len(names)} attributes"
        protocol = self.describe_protocol(what, len(y), attributes)
        return make_attribute_error_score(predicted, y, protocol)


@final
@dataclass(frozen=True, eq=False)
class FakeDetection(SplitEvaluation):
    """Whether encoder and classifier recognise real rows and their reconstructions as such.

    `fakes told` is one half where every row is called real. The weights bring that about, and it is
    no victory of the decoder: `Betas.best_fake_logit`, the best one where real and made rows are
    alike, is far below 0 with the paper's weights. `fakes ordered` does not depend on where the
    limit lies; one half of it is chance.

    Attributes:
        test: Raw rows held out.
        space: How the model sees raw rows.
    """

    test: Dataset
    space: Preprocessor

    def __call__(self, method: object) -> dict[str, Score]:
        assert isinstance(method, VariationalClassifier)
        raw, back = reconstruct_rows(method, self.space, self.test.raw_rows()).unbind(1)
        weight = method.fake_weight().detach().cpu()
        real, fake = (embed_rows(method, self.space, rows) @ weight for rows in (raw, back))
        right = 100 * torch.cat((real <= 0, fake > 0)).double().mean().item()
        order = 100 * (fake[:, None] > real[None, :]).double().mean().item()
        what, n = f"{self.describe_rows(len(raw))} and their reconstructions", 2 * len(raw)
        best = method.betas.best_fake_logit(len(self.space.attributes))
        limit = f"logit above 0 is fake, where {best:.2g} is best if real and fake look alike"
        return {
            "fakes told": Score(right, "%", n, f"{limit}; {what}"),
            "fakes ordered": Score(
                order, "%", n, f"area under the curve of the fake logit; {what}"
            ),
        }
