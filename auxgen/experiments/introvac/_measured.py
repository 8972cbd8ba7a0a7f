"""What is measured of a plain VAE, VAC and IntroVAC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import final

import torch

from ...data.dataset import Examples, Space
from ...evaluation.classification import AttributeTestErrors
from ...evaluation.edits import Demanded, Edited, directions_of
from ...evaluation.equal_effect import EqualEffect
from ...evaluation.images import Closeness, Reconstructions, Samples
from ...evaluation.judges import Judge
from ...evaluation.protocol import OVER_ROWS, standard_error
from ...functional.directions import contrasted
from ...inference.codes import embed, reconstruct
from ...inference.disentangling import keeping
from ...inference.editing import Directions, directions, probes
from ...method import Method
from ...methods.vac import VariationalClassifier
from ...metrics import attributes
from ...score import Evaluation, Score

OWN = "IntroVAC"
BESIDE = ("VAE, linear probe", "VAE, difference of means", "VAC")
"""With which edits are compared, see `Measured.beside`."""
KEPT = (BESIDE[0], BESIDE[2], OWN)
"""Compared once more, plain and with others kept, see `Measured.kept`."""


@dataclass(frozen=True, eq=False)
class Measured:
    """What all stages are measured on.

    Attributes:
        train: Raw training rows, with attributes.
        test: Raw rows held out, with attributes.
        split_name: Of the rows held out.
        judge: Classifier that took no part in training; None where there is none.
        witness: Another one, that tells what else edits change; the judge itself where None.
        extractor: In whose features distances are taken; None for none.
        edited: Rows that edits of each attribute are measured on, at most.
        others: Raw training rows with attributes that no model learns and edits may keep; None
            for none.
        methods: By stage; when the last is measured, those of earlier stages are trained too.
    """

    train: Examples
    test: Examples
    split_name: str
    judge: Judge | None
    extractor: str | None
    edited: int = 100
    others: Examples | None = None
    witness: Judge | None = None
    methods: dict[str, Method] = field(default_factory=dict)

    def evaluations(self, stage: str) -> Mapping[str, Evaluation]:
        """By the stage's name."""
        told = {} if stage == "vae" else self.told(stage)
        if stage == "pretrained":
            return told
        drawn = {} if stage == "vae" else self.demanded()
        made = {"equal effect": self.beside(), "others kept": self.kept()}
        compared = {n: e for n, e in made.items() if e is not None and stage == "introvac"}
        return {**told, **self.pictured(), **self.edits(), **drawn, **compared}

    @property
    def space(self) -> Space:
        """Images as they are, with their attributes."""
        shape = tuple(self.train.x.shape[1:])
        names = self.train.attribute_names
        return Space(kind="images", shape=shape, flat=False, attributes=names)

    def told(self, stage: str) -> Mapping[str, Evaluation]:
        """Attributes of rows held out, beside a probe of the same codes; fakes."""
        assert self.test.attributes is not None
        errors = AttributeTestErrors(
            self.test.raw(),
            self.test.attributes,
            names=self.test.attribute_names,
            split_name=self.split_name,
        )
        probe = ProbeError(self.train, self.test, self.space, self.split_name)
        fakes = {"fakes": Fakes(self.test, self.space, self.split_name)}
        return {"attributes": errors, "probe": probe, **(fakes if stage == "introvac" else {})}

    def pictured(self) -> Mapping[str, Evaluation]:
        """Reconstructions and samples beside rows held out."""
        test, space, split, extractor = self.test, self.space, self.split_name, self.extractor
        close = Closeness(test, space, measures=("l1", "psnr"), split_name=split)
        if extractor is None:
            return {"closeness": close}
        return {
            "closeness": close,
            "back": Reconstructions(test, space, extractor=extractor, split_name=split),
            "samples": Samples(
                test, space, extractor=extractor, measures=("FD",), split_name=split
            ),
        }

    def edits(self) -> Mapping[str, Evaluation]:
        """Attributes added to rows held out."""
        if self.judge is None:
            return {}
        edits = Edited(
            self.train,
            self.test,
            self.space,
            judge=self.judge,
            split_name=self.split_name,
            most=self.edited,
        )
        if self.others is None:
            return {"edits": edits}
        plain = partial(directions_of, space=self.space, train=self.train)
        return {"edits": edits, "edits kept": replace(edits, ways=self.keeping(plain))}

    def beside(self) -> EqualEffect | None:
        """IntroVAC's edits beside those of the others, where these are there too."""
        if self.judge is None or not {"vae", "vac"} <= self.methods.keys():
            return None
        own = partial(directions, space=self.space)
        vae, found = self.methods["vae"], partial(probes, space=self.space, rows=self.train)
        contrasts = partial(found, fit=contrasted)
        others = ((vae, found), (vae, contrasts), (self.methods["vac"], own))
        return EqualEffect(
            self.test,
            self.space,
            judge=self.judge,
            witness=self.witness,
            own=(OWN, own),
            beside=dict(zip(BESIDE, others, strict=True)),
            split_name=self.split_name,
            most=self.edited,
        )

    def kept(self) -> EqualEffect | None:
        """The same, plain and along ways that keep others, where there are others to keep."""
        plain = self.beside()
        if plain is None or self.others is None:
            return None
        every = {OWN: (self.methods["introvac"], plain.own[1]), **plain.beside}
        ways = {f"{name}, plain": every[name] for name in KEPT}
        for name in KEPT:
            model, find = every[name]
            ways[f"{name}, others kept"] = (model, self.keeping(find))
        own = f"{OWN}, others kept"
        return replace(plain, own=(own, ways.pop(own)[1]), beside=ways)

    def shown(self) -> EqualEffect | None:
        """Those of a picture: ways that keep others and the plain probe's, where there are."""
        kept = self.kept()
        if kept is None:
            return self.beside()
        plain = f"{KEPT[0]}, plain"
        chosen = {n: way for n, way in kept.beside.items() if n == plain or n.endswith("kept")}
        return replace(kept, beside=chosen)

    def keeping(self, own: Directions) -> Directions:
        """These directions, turned to where others change least."""
        assert self.others is not None
        known = {"space": self.space, "rows": self.train, "others": self.others}
        return partial(keeping, own=own, **known)

    def demanded(self) -> Mapping[str, Evaluation]:
        """Draws that shall have an attribute."""
        return {} if self.judge is None else {"demanded": Demanded(self.space, judge=self.judge)}


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

    train: Examples
    test: Examples
    space: Space
    split_name: str

    def __call__(self, method: object) -> Score:
        y = self.test.answers()
        z, found = (
            embed(method, self.space, self.test.raw()),
            probes(method, self.space, self.train),
        )
        names = [n for n in self.test.attribute_names if n in found]
        columns = [self.test.attribute_names.index(name) for name in names]
        told = torch.stack([found[name].logit(z) > 0 for name in names], 1)
        return Score(
            value=100 * attributes.share_wrong(told, y[:, columns]).nanmean().item(),
            unit="%",
            n=len(y),
            spread=standard_error(100 * attributes.row_terms(told, y[:, columns])),
            spread_is=OVER_ROWS,
            protocol=f"logistic regression on codes of {len(self.train)} training rows; "
            f"{self.split_name} split, {len(y)} rows, blanks left out; mean over {len(names)} "
            "attributes",
        )


@final
@dataclass(frozen=True, eq=False)
class Fakes:
    """How often encoder and classifier tell real rows from their reconstructions.

    Half of it is what chance would do: then the decoder has won.

    Attributes:
        test: Raw rows held out.
        space: How the model sees raw rows.
        split_name: Of these rows.
    """

    test: Examples
    space: Space
    split_name: str

    def __call__(self, method: object) -> dict[str, Score]:
        assert isinstance(method, VariationalClassifier)
        raw, back = reconstruct(method, self.space, self.test.raw()).unbind(1)
        weight = method.fake_weight().detach().cpu()
        real, fake = (embed(method, self.space, rows) @ weight for rows in (raw, back))
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
