"""Measures that a person asks for by name, on any stage that can be measured so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor

from ..data import images
from ..data.augmentation import binarised
from ..data.dataset import Examples, Space
from ..errors import InputError, unknown
from ..method import Bounds, Decodes, Encodes, Samples, Weighs, require
from ..score import Evaluation
from ..stage import Stage
from . import calibration as confident
from . import codes as coded
from . import images as pictured
from . import likelihood as bounds
from . import wasserstein as transport


@dataclass(frozen=True)
class On:
    """What measures are taken on.

    Attributes:
        method: What is measured.
        data: Raw rows by split.
        space: How the method sees them.
        bits: Whether the method was trained on bits drawn with grey values as probabilities.
        split: Name of the split.
        rows: Of the split, the first so many; all when None.
    """

    method: object
    data: Mapping[str, Examples]
    space: Space
    bits: bool
    split: str
    rows: int | None

    @property
    def real(self) -> Examples:
        """The raw rows.

        Raises:
            InputError: There is no such split.
        """
        if self.split not in self.data:
            raise unknown("split", self.split, self.data)
        return self.data[self.split][: self.rows]

    @property
    def x(self) -> Tensor:
        """The rows as the method sees them, (n, *event)."""
        return self.space.enter(self.real.raw())

    @property
    def once(self) -> int | None:
        """The seed with which rows are binarised, where they are."""
        return 0 if self.bits else None


Maker = Callable[[On, tuple[str, ...], str | None], Evaluation]
"""What it is taken on, the measures that share their work, what follows the colon."""


def samples(on: On, measures: tuple[str, ...], argument: str | None) -> Evaluation:
    require(on.method, Samples)
    return pictured.Samples(
        pictures(on), on.space, extractor=named(argument), measures=measures, split_name=on.split
    )


def reconstructions(on: On, measures: tuple[str, ...], argument: str | None) -> Evaluation:
    back(on)
    return pictured.Reconstructions(
        pictures(on), on.space, extractor=named(argument), measures=measures, split_name=on.split
    )


def closeness(on: On, measures: tuple[str, ...], argument: str | None) -> Evaluation:
    without(argument)
    back(on)
    return pictured.Closeness(pictures(on), on.space, measures=measures, split_name=on.split)


def explained(on: On, measures: tuple[str, ...], argument: str | None) -> Evaluation:
    without(argument)
    back(on)
    return pictured.Explained(pictures(on), on.space, split_name=on.split)


def codes(on: On, measures: tuple[str, ...], argument: str | None) -> Evaluation:
    without(argument)
    require(on.method, Encodes)
    return coded.Codes(
        on.data.get("train"), on.real, on.space, measures=measures, split_name=on.split
    )


def transported(on: On, measures: tuple[str, ...], argument: str | None) -> Evaluation:
    without(argument)
    require(on.method, Samples)
    rest = [name for name in on.data if name != on.split]
    if not rest:
        raise InputError("A distance wants a second split of true rows beside it, for its floor.")
    others = on.space.enter(on.data[rest[0]][: on.rows].raw())
    return transport.Transported(on.x, others, measures=measures, split_name=on.split)


def elbo(on: On, measures: tuple[str, ...], argument: str | None) -> Evaluation:
    without(argument)
    require(on.method, Bounds)
    return bounds.Elbo(on.x, binarised_seed=on.once, split_name=on.split)


def importance_bound(on: On, measures: tuple[str, ...], argument: str | None) -> Evaluation:
    require(on.method, Weighs)
    return bounds.ImportanceBound(
        on.x, k=number(argument, 5000), binarised_seed=on.once, split_name=on.split
    )


def nll(on: On, measures: tuple[str, ...], argument: str | None) -> Evaluation:
    require(on.method, Weighs)
    return bounds.ImportanceNll(
        on.x, k=number(argument, 100), binarised_seed=on.once, split_name=on.split
    )


def outsiders(on: On, measures: tuple[str, ...], argument: str | None) -> Evaluation:
    if not argument:
        raise InputError(
            "This measure wants another set of images after a colon: auroc:fashion_mnist."
        )
    require(on.method, Bounds)
    others = images.load(argument, "test")[: on.rows]
    if others.x.shape[1:] != on.real.x.shape[1:]:
        shape, wanted = tuple(others.x.shape[1:]), tuple(on.real.x.shape[1:])
        raise InputError(f"{others.name} has rows of shape {shape}; {wanted} is wanted.")
    seen = on.space.enter(others.raw())
    return confident.Outsiders(
        on.x, seen, name=others.name, binarised_seed=on.once, split_name=on.split
    )


def pictures(on: On) -> Examples:
    if on.real.kind != "images":
        raise InputError(f"{on.real.name} has {on.real.kind}; wanted by this measure are images.")
    return on.real


def back(on: On) -> None:
    require(on.method, Encodes)
    require(on.method, Decodes)


def named(argument: str | None) -> str:
    if not argument:
        raise InputError(
            "This measure wants an extractor after a colon, such as inception, cifar10-resnet56, "
            "features.fashion_mnist or the folder of a trained features run."
        )
    return argument


def without(argument: str | None) -> None:
    if argument is not None:
        raise InputError(f"This measure takes nothing after a colon, and got {argument!r}.")


def number(argument: str | None, default: int) -> int:
    if argument is None:
        return default
    if not argument.isdecimal() or int(argument) < 1:
        raise InputError(f"After the colon a number of draws is wanted, not {argument!r}.")
    return int(argument)


OF_FEATURES = {"fd": "FD", "kd": "KD", "cs": "CS"} | {
    name: name for name in ("precision", "recall", "density", "coverage")
}
MEASURES: Mapping[str, tuple[Maker, str]] = MappingProxyType(
    {
        **{name: (samples, measure) for name, measure in OF_FEATURES.items()},
        **{
            f"reconstruction_{name}": (reconstructions, measure)
            for name, measure in {**OF_FEATURES, "accuracy": "accuracy"}.items()
        },
        **{name: (closeness, name) for name in pictured.CLOSENESS},
        "explained": (explained, "explained"),
        **{name: (codes, name) for name in coded.MEASURES},
        **{name: (transported, name) for name in transport.DISTANCES},
        "elbo": (elbo, "elbo"),
        "importance_bound": (importance_bound, "importance_bound"),
        "nll": (nll, "nll"),
        "auroc": (outsiders, "auroc"),
    }
)
"""Who makes each measure, and what it is called there."""

SHORT: Mapping[str, str] = MappingProxyType(
    {"fid": "fd:inception", "kid": "kd:inception", "is": "cs:inception"}
)


def select(
    stages: Mapping[str, Stage], names: Sequence[str], *, split: str, rows: int | None
) -> dict[str, dict[str, Evaluation]]:
    """For each stage, what it lists under these names, and what it can be measured by.

    Args:
        stages: By name.
        names: What is asked for: names that stages list, else of MEASURES, "name:argument".
        split: Of the stage's data.
        rows: Of the split, the first so many; all when None.

    Raises:
        InputError: There is no such measure or split, or no stage can be measured so.
    """
    check(names, stages)
    chosen: dict[str, dict[str, Evaluation]] = {}
    refused: dict[str, InputError] = {}
    for stage_name, stage in stages.items():
        here = {name: stage.evaluations[name] for name in names if name in stage.evaluations}
        for group, (maker, measures, argument) in grouped([n for n in names if n not in here]):
            try:
                here["+".join(group)] = maker(on(stage, split, rows), measures, argument)
            except InputError as error:
                refused |= {name: error for name in group if name not in refused}
        chosen[stage_name] = here
    taken = {name for here in chosen.values() for group in here for name in group.split("+")}
    for name in names:
        if name not in taken:
            raise refused[name]
    return chosen


def check(names: Sequence[str], stages: Mapping[str, Stage]) -> None:
    """Every name is in the catalogue or listed by a stage."""
    listed = {name for stage in stages.values() for name in stage.evaluations}
    for name in names:
        if name not in listed and asked(name)[0] not in MEASURES:
            raise unknown("metric", name, [*listed, *MEASURES, *SHORT])


def asked(name: str) -> tuple[str, str | None]:
    """A measure's name and what follows its colon."""
    measure, colon, argument = SHORT.get(name, name).partition(":")
    return measure, argument if colon else None


Group = tuple[tuple[str, ...], tuple[Maker, tuple[str, ...], str | None]]


def grouped(names: Sequence[str]) -> list[Group]:
    """Names of the catalogue by who makes them together."""
    groups: dict[tuple[Maker, str | None], dict[str, str]] = {}
    for name in names:
        measure, argument = asked(name)
        if measure in MEASURES:
            maker, own = MEASURES[measure]
            groups.setdefault((maker, argument), {})[name] = own
    return [
        (tuple(each), (maker, tuple(each.values()), argument))
        for (maker, argument), each in groups.items()
    ]


def of_features(names: Sequence[str]) -> dict[str, list[str]]:
    """Measures of two sets of pictures by the extractor in whose features they are taken.

    Raises:
        InputError: A name is not of such a measure, or names no extractor.
    """
    found: dict[str, list[str]] = {}
    for name in names:
        measure, argument = asked(name)
        if measure not in OF_FEATURES:
            raise unknown("measure of two sets", name, [*OF_FEATURES, *SHORT])
        found.setdefault(named(argument), []).append(OF_FEATURES[measure])
    if not found:
        raise InputError("No measure was asked for; --metric fd:cifar10-resnet56 is one.")
    return found


def on(stage: Stage, split: str, rows: int | None) -> On:
    """What the stage can be measured on.

    Raises:
        InputError: It keeps no rows.
    """
    if stage.space is None or not stage.data:
        raise InputError("The stage keeps no raw rows; wanted by this measure is one that does.")
    bits = getattr(stage.batches, "corruption", None) is binarised
    return On(stage.method, stage.data, stage.space, bits, split, rows)
