"""Measures that a person asks for by name, on any stage that can be measured so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor

from ..data import images
from ..data.augmentation import binarise
from ..data.dataset import Dataset, Preprocessor
from ..errors import InputError, unknown_name
from ..method import Bounds, Decodes, Encodes, Samples, Weighs, require
from ..score import Evaluation
from ..stage import Stage
from . import calibration as confident
from . import codes as coded
from . import images as pictured
from . import likelihood as bounds
from . import wasserstein as transport


@dataclass(frozen=True)
class MetricContext:
    """What measures are taken on.

    Attributes:
        method: What is measured.
        data: Raw rows by split.
        space: How the method sees them.
        is_binary: Whether the method was trained on bits drawn with grey values as probabilities.
        split: Name of the split.
        max_rows: Of the split, the first so many; all when None.
    """

    method: object
    data: Mapping[str, Dataset]
    space: Preprocessor
    is_binary: bool
    split: str
    max_rows: int | None

    @property
    def raw_rows(self) -> Dataset:
        """The raw rows.

        Raises:
            InputError: There is no such split.
        """
        if self.split not in self.data:
            raise unknown_name("split", self.split, self.data)
        return self.data[self.split][: self.max_rows]

    @property
    def x(self) -> Tensor:
        """The rows as the method sees them, (n, *event)."""
        return self.space.transform(self.raw_rows.raw_rows())

    @property
    def binarised_seed(self) -> int | None:
        """The seed with which rows are binarised, where they are."""
        return 0 if self.is_binary else None


EvaluationFactory = Callable[[MetricContext, tuple[str, ...], str | None], Evaluation]
"""What it is taken on, the measures that share their work, what follows the colon."""


def _make_samples_evaluation(
    context: MetricContext, measures: tuple[str, ...], argument: str | None
) -> Evaluation:
    require(context.method, Samples)
    return pictured.SampleQuality(
        _require_pictures(context),
        context.space,
        extractor=_require_extractor_name(argument),
        measures=measures,
        split_name=context.split,
    )


def _make_reconstructions_evaluation(
    context: MetricContext, measures: tuple[str, ...], argument: str | None
) -> Evaluation:
    _require_autoencoder(context)
    return pictured.ReconstructionQuality(
        _require_pictures(context),
        context.space,
        extractor=_require_extractor_name(argument),
        measures=measures,
        split_name=context.split,
    )


def _make_closeness_evaluation(
    context: MetricContext, measures: tuple[str, ...], argument: str | None
) -> Evaluation:
    _reject_argument(argument)
    _require_autoencoder(context)
    return pictured.PixelSimilarity(
        _require_pictures(context), context.space, measures=measures, split_name=context.split
    )


def _make_explained_variance_evaluation(
    context: MetricContext, measures: tuple[str, ...], argument: str | None
) -> Evaluation:
    _reject_argument(argument)
    _require_autoencoder(context)
    return pictured.ExplainedVariance(
        _require_pictures(context), context.space, split_name=context.split
    )


def _make_codes_evaluation(
    context: MetricContext, measures: tuple[str, ...], argument: str | None
) -> Evaluation:
    _reject_argument(argument)
    require(context.method, Encodes)
    return coded.CodeQuality(
        context.data.get("train"),
        context.raw_rows,
        context.space,
        measures=measures,
        split_name=context.split,
    )


def _make_wasserstein_evaluation(
    context: MetricContext, measures: tuple[str, ...], argument: str | None
) -> Evaluation:
    _reject_argument(argument)
    require(context.method, Samples)
    rest = [name for name in context.data if name != context.split]
    if not rest:
        raise InputError("A distance wants a second split of true rows beside it, for its floor.")
    others = context.space.transform(context.data[rest[0]][: context.max_rows].raw_rows())
    return transport.WassersteinFromRows(
        context.x, others, measures=measures, split_name=context.split
    )


def _make_elbo_evaluation(
    context: MetricContext, measures: tuple[str, ...], argument: str | None
) -> Evaluation:
    _reject_argument(argument)
    require(context.method, Bounds)
    return bounds.Elbo(context.x, binarised_seed=context.binarised_seed, split_name=context.split)


def _make_importance_bound_evaluation(
    context: MetricContext, measures: tuple[str, ...], argument: str | None
) -> Evaluation:
    require(context.method, Weighs)
    return bounds.ImportanceBound(
        context.x,
        k=_parse_draw_count(argument, 5000),
        binarised_seed=context.binarised_seed,
        split_name=context.split,
    )


def _make_nll_evaluation(
    context: MetricContext, measures: tuple[str, ...], argument: str | None
) -> Evaluation:
    require(context.method, Weighs)
    return bounds.ImportanceNll(
        context.x,
        k=_parse_draw_count(argument, 100),
        binarised_seed=context.binarised_seed,
        split_name=context.split,
    )


def _make_out_of_distribution_evaluation(
    context: MetricContext, measures: tuple[str, ...], argument: str | None
) -> Evaluation:
    if not argument:
        raise InputError(
            "This measure wants another set of images after a colon: auroc:fashion_mnist."
        )
    require(context.method, Bounds)
    others = images.load_image_dataset(argument, "test")[: context.max_rows]
    if others.x.shape[1:] != context.raw_rows.x.shape[1:]:
        shape, wanted = tuple(others.x.shape[1:]), tuple(context.raw_rows.x.shape[1:])
        raise InputError(f"{others.name} has rows of shape {shape}; {wanted} is wanted.")
    seen = context.space.transform(others.raw_rows())
    return confident.OutOfDistribution(
        context.x,
        seen,
        other_name=others.name,
        binarised_seed=context.binarised_seed,
        split_name=context.split,
    )


def _require_pictures(context: MetricContext) -> Dataset:
    if context.raw_rows.kind != "images":
        raise InputError(
            f"{context.raw_rows.name} has {context.raw_rows.kind}; wanted by this measure are images."
        )
    return context.raw_rows


def _require_autoencoder(context: MetricContext) -> None:
    require(context.method, Encodes)
    require(context.method, Decodes)


def _require_extractor_name(argument: str | None) -> str:
    if not argument:
        raise InputError(
            "This measure wants an extractor after a colon, such as inception, cifar10-resnet56, "
            "features.fashion_mnist or the folder of a trained features run."
        )
    return argument


def _reject_argument(argument: str | None) -> None:
    if argument is not None:
        raise InputError(f"This measure takes nothing after a colon, and got {argument!r}.")


def _parse_draw_count(argument: str | None, default: int) -> int:
    if argument is None:
        return default
    if not argument.isdecimal() or int(argument) < 1:
        raise InputError(f"After the colon a number of draws is wanted, not {argument!r}.")
    return int(argument)


FEATURE_METRICS = {"fd": "FD", "kd": "KD", "cs": "CS"} | {
    name: name for name in ("precision", "recall", "density", "coverage")
}
METRICS: Mapping[str, tuple[EvaluationFactory, str]] = MappingProxyType(
    {
        **{name: (_make_samples_evaluation, measure) for name, measure in FEATURE_METRICS.items()},
        **{
            f"reconstruction_{name}": (_make_reconstructions_evaluation, measure)
            for name, measure in {**FEATURE_METRICS, "accuracy": "accuracy"}.items()
        },
        **{name: (_make_closeness_evaluation, name) for name in pictured.PIXEL_MEASURES},
        "explained": (_make_explained_variance_evaluation, "explained"),
        **{name: (_make_codes_evaluation, name) for name in coded.CODE_MEASURES},
        **{name: (_make_wasserstein_evaluation, name) for name in transport.DISTANCES},
        "elbo": (_make_elbo_evaluation, "elbo"),
        "importance_bound": (_make_importance_bound_evaluation, "importance_bound"),
        "nll": (_make_nll_evaluation, "nll"),
        "auroc": (_make_out_of_distribution_evaluation, "auroc"),
    }
)
"""Who makes each measure, and what it is called there."""

METRIC_ALIASES: Mapping[str, str] = MappingProxyType(
    {"fid": "fd:inception", "kid": "kd:inception", "is": "cs:inception"}
)


def select_evaluations(
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
    _check_metric_names(names, stages)
    chosen: dict[str, dict[str, Evaluation]] = {}
    refused: dict[str, InputError] = {}
    for stage_name, stage in stages.items():
        here = {name: stage.evaluations[name] for name in names if name in stage.evaluations}
        for group, (maker, measures, argument) in _group_metrics(
            [n for n in names if n not in here]
        ):
            try:
                here["+".join(group)] = maker(
                    _make_metric_context(stage, split, rows), measures, argument
                )
            except InputError as error:
                refused |= {name: error for name in group if name not in refused}
        chosen[stage_name] = here
    taken = {name for here in chosen.values() for group in here for name in group.split("+")}
    for name in names:
        if name not in taken:
            raise refused[name]
    return chosen


def _check_metric_names(names: Sequence[str], stages: Mapping[str, Stage]) -> None:
    """Every name is in the catalogue or listed by a stage."""
    listed = {name for stage in stages.values() for name in stage.evaluations}
    for name in names:
        if name not in listed and _parse_metric(name)[0] not in METRICS:
            raise unknown_name("metric", name, [*listed, *METRICS, *METRIC_ALIASES])


def _parse_metric(name: str) -> tuple[str, str | None]:
    """A measure's name and what follows its colon."""
    measure, colon, argument = METRIC_ALIASES.get(name, name).partition(":")
    return measure, argument if colon else None


MetricGroup = tuple[tuple[str, ...], tuple[EvaluationFactory, tuple[str, ...], str | None]]


def _group_metrics(names: Sequence[str]) -> list[MetricGroup]:
    """Names of the catalogue by who makes them together."""
    groups: dict[tuple[EvaluationFactory, str | None], dict[str, str]] = {}
    for name in names:
        measure, argument = _parse_metric(name)
        if measure in METRICS:
            maker, own = METRICS[measure]
            groups.setdefault((maker, argument), {})[name] = own
    return [
        (tuple(each), (maker, tuple(each.values()), argument))
        for (maker, argument), each in groups.items()
    ]


def group_metrics_by_extractor(names: Sequence[str]) -> dict[str, list[str]]:
    """Measures of two sets of pictures by the extractor in whose features they are taken.

    Raises:
        InputError: A name is not of such a measure, or names no extractor.
    """
    found: dict[str, list[str]] = {}
    for name in names:
        measure, argument = _parse_metric(name)
        if measure not in FEATURE_METRICS:
            raise unknown_name("measure of two sets", name, [*FEATURE_METRICS, *METRIC_ALIASES])
        found.setdefault(_require_extractor_name(argument), []).append(FEATURE_METRICS[measure])
    if not found:
        raise InputError("No measure was asked for; --metric fd:cifar10-resnet56 is one.")
    return found


def _make_metric_context(stage: Stage, split: str, rows: int | None) -> MetricContext:
    """What the stage can be measured on.

    Raises:
        InputError: It keeps no rows.
    """
    if stage.space is None or not stage.data:
        raise InputError("The stage keeps no raw rows; wanted by this measure is one that does.")
    bits = getattr(stage.batches, "corruption", None) is binarise
    return MetricContext(stage.method, stage.data, stage.space, bits, split, rows)
