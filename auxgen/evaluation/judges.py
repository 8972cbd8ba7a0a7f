"""Classifiers that took no part in training, and say of pictures what attributes they show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, final

import torch
from torch import Tensor

from ..data.attributes import NOT
from ..errors import InputError, unknown
from ..features.extractors import Extractor, extract
from ..features.registry import extractor
from ..features.trained import Learned
from ..method import Describes


@dataclass(frozen=True, eq=False)
class Verdict:
    """What is said of n pictures.

    Attributes:
        logits: Of the attributes that a model was trained on, (n, k): above 0 is yes.
        others: Probabilities of whatever else is told, (n, m).
    """

    logits: Tensor
    others: Tensor


class Judge(Protocol):
    """Tells attributes of pictures."""

    @property
    def attributes(self) -> Sequence[str]:
        """Names of the k attributes."""
        ...

    @property
    def protocol(self) -> str:
        """What it is, in words."""
        ...

    def __call__(self, pictures: Tensor, device: str) -> Verdict:
        """uint8 (n, c, h, w)."""
        ...

    def features(self, pictures: Tensor, device: str) -> Tensor:
        """What it tells them by, for the likeness of two pictures: uint8 (n, c, h, w) -> (n, d)."""
        ...


@final
@dataclass(frozen=True, eq=False)
class Ensemble:
    """Several judges of the same attributes, which are harder to deceive together than alone.

    Logits and probabilities are means over them, features stand side by side.

    Attributes:
        judges: One or more.
    """

    judges: Sequence[Judge]

    @property
    def attributes(self) -> Sequence[str]:
        return self.judges[0].attributes

    @property
    def protocol(self) -> str:
        told = "; and ".join(judge.protocol for judge in self.judges)
        return told if len(self.judges) == 1 else f"mean logit of {len(self.judges)}: {told}"

    def __call__(self, pictures: Tensor, device: str) -> Verdict:
        each = [judge(pictures, device) for judge in self.judges]
        logits = torch.stack([verdict.logits for verdict in each])
        return Verdict(logits.mean(0), torch.stack([verdict.others for verdict in each]).mean(0))

    def features(self, pictures: Tensor, device: str) -> Tensor:
        """uint8 (n, c, h, w) -> (n, sum of d)."""
        return torch.cat([judge.features(pictures, device) for judge in self.judges], 1)


@final
@dataclass(frozen=True, eq=False)
class ByAttributes:
    """A classifier of attributes, of which some or any of several are asked for.

    The logit of "any of several" is the greatest of theirs.

    Attributes:
        extractor: Its name, see `extractors.extractor`.
        definitions: Attributes by name, each any of several, see `data.described`.
    """

    extractor: str
    definitions: Mapping[str, Sequence[str]]

    @property
    def attributes(self) -> Sequence[str]:
        return tuple(self.definitions)

    @property
    def protocol(self) -> str:
        return extractor(self.extractor).protocol

    def __call__(self, pictures: Tensor, device: str) -> Verdict:
        found = extractor(self.extractor)
        logits, names = attribute_logits(found, pictures, device)
        used = {c.removeprefix(NOT) for columns in self.definitions.values() for c in columns}
        for name in used:
            if name not in names:
                raise unknown(f"attribute of {found.name}", name, names)
        asked = [any_logit(logits, names, columns) for columns in self.definitions.values()]
        rest = [k for k, name in enumerate(names) if name not in used]
        return Verdict(torch.stack(asked, 1), logits[:, rest].sigmoid())

    def features(self, pictures: Tensor, device: str) -> Tensor:
        """uint8 (n, c, h, w) -> (n, d)."""
        return extract(extractor(self.extractor), pictures, device=device).features


@torch.no_grad()
def attribute_logits(
    found: Extractor, pictures: Tensor, device: str
) -> tuple[Tensor, Sequence[str]]:
    """What an extractor that tells attributes says: uint8 (n, c, h, w) -> (n, k), and k names.

    Raises:
        InputError: It tells none.
    """
    network = found.network.to(device)
    if not isinstance(network, Learned) or not isinstance(network.method, Describes):
        raise InputError(f"{found.name} tells no attributes; a classifier of them is wanted.")
    parts = [network.method.attributes(network.entered(p.to(device))) for p in pictures.split(256)]
    return torch.cat([part.logits.cpu() for part in parts]), network.space.attributes


def any_logit(logits: Tensor, names: Sequence[str], columns: Sequence[str]) -> Tensor:
    """The greatest of the columns' logits, those with "not " before them negated: -> (n,)."""
    each = [
        logits[:, list(names).index(c.removeprefix(NOT))] * (-1 if c.startswith(NOT) else 1)
        for c in columns
    ]
    return torch.stack(each, 1).amax(1)


@final
@dataclass(frozen=True, eq=False)
class ByClasses:
    """A classifier of classes, some of which have an attribute and some have not.

    The logit is log of the probability of the former less log of that of the latter.

    Attributes:
        extractor: Its name, see `extractors.extractor`.
        definitions: Of each attribute, classes with 1 or 0, see `data.described.of_classes`.
    """

    extractor: str
    definitions: Mapping[str, Mapping[str, int]]

    @property
    def attributes(self) -> Sequence[str]:
        return tuple(self.definitions)

    @property
    def protocol(self) -> str:
        return extractor(self.extractor).protocol

    @torch.no_grad()
    def __call__(self, pictures: Tensor, device: str) -> Verdict:
        found = extractor(self.extractor)
        told = extract(found, pictures, device=device)
        if told.probs is None:
            raise InputError(
                f"{found.name} tells no classes; a classifier of them is wanted to judge edits."
            )
        least = torch.finfo(told.probs.dtype).tiny
        log_p = told.probs.clamp(min=least).log()
        logits = []
        for answers in self.definitions.values():
            for name in answers:
                if name not in found.classes:
                    raise unknown(f"class of {found.name}", name, found.classes)
            sides = [
                [found.classes.index(name) for name, answer in answers.items() if answer == side]
                for side in (1, 0)
            ]
            yes, no = (log_p[:, side].logsumexp(1) for side in sides)
            logits.append(yes - no)
        return Verdict(torch.stack(logits, 1), told.probs[:, :0])

    def features(self, pictures: Tensor, device: str) -> Tensor:
        """uint8 (n, c, h, w) -> (n, d)."""
        return extract(extractor(self.extractor), pictures, device=device).features
