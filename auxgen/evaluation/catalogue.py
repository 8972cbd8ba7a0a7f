"""Measures by name, for any stage to which they apply."""

from collections.abc import Mapping, Sequence

from ..data.images import load_image_dataset
from ..errors import InputError, unknown_name
from ..inference.prediction import sees_bits
from ..method import Bounds, Decodes, Encodes, Samples, Weighs
from ..score import Evaluation
from ..stage import Stage
from . import images
from .calibration import OutOfDistribution
from .codes import CODE_MEASURES, CodeQuality
from .likelihood import Elbo, ImportanceBound, ImportanceNll
from .metric_family import MetricContext, MetricFamily
from .samples import DISTANCES, WassersteinFromRows


def _make_wasserstein_evaluation(
    context: MetricContext, measures: tuple[str, ...], _: str | None
) -> Evaluation:
    rest = [name for name in context.data if name != context.split]
    if not rest:
        raise InputError("A distance needs a second split of true rows beside it, to compare with.")
    others = context.space.transform(context.data[rest[0]][: context.max_rows].raw_rows())
    return WassersteinFromRows(context.x, others, measures=measures, split_name=context.split)


def _make_out_of_distribution_evaluation(
    context: MetricContext, _: tuple[str, ...], argument: str | None
) -> Evaluation:
    others = load_image_dataset(argument or "", "test")[: context.max_rows]
    got, expected = (tuple(rows.x.shape[1:]) for rows in (others, context.raw_rows))
    if got != expected:
        raise InputError(f"{others.name} has rows of shape {got}; expected {expected}.")
    other_rows = context.space.transform(others.raw_rows())
    return OutOfDistribution(context.x, other_rows, other_name=others.name, **context.row_settings)


def _parse_draw_count(argument: str | None, default: int) -> int:
    if argument is None:
        return default
    if not argument.isdecimal() or int(argument) < 1:
        raise InputError(f"Expected a number of draws after the colon, and got {argument!r}.")
    return int(argument)


EXTRACTOR_NEEDED = (
    "an extractor after a colon, such as inception, cifar10-resnet56, features.fashion_mnist or "
    "the folder of a trained features run"
)


def _make_feature_family(
    evaluation: type[images.SampleQuality | images.ReconstructionQuality], *abilities: type
) -> MetricFamily:
    """Measures by an extractor's features, whose name follows the colon."""
    return MetricFamily(
        lambda c, measures, extractor: evaluation(
            c.pictures, c.space, extractor=extractor or "", measures=measures, split_name=c.split
        ),
        abilities,
        needed=EXTRACTOR_NEEDED,
    )


def _make_importance_family(
    evaluation: type[ImportanceBound | ImportanceNll], draws: int
) -> MetricFamily:
    """Importance-weighted bounds, whose number of draws may follow the colon."""
    return MetricFamily(
        lambda c, _, k: evaluation(c.x, k=_parse_draw_count(k, draws), **c.row_settings),
        (Weighs,),
        has_argument=True,
    )


AUTOENCODER = (Encodes, Decodes)
_SAMPLES = _make_feature_family(images.SampleQuality, Samples)
_RECONSTRUCTIONS = _make_feature_family(images.ReconstructionQuality, *AUTOENCODER)
_PIXELS = MetricFamily(
    lambda c, measures, _: images.PixelSimilarity(
        c.pictures, c.space, measures=measures, split_name=c.split
    ),
    AUTOENCODER,
)
_EXPLAINED = MetricFamily(
    lambda c, *_: images.ExplainedVariance(c.pictures, c.space, split_name=c.split), AUTOENCODER
)
_CODES = MetricFamily(
    lambda c, measures, _: CodeQuality(
        c.data.get("train"), c.raw_rows, c.space, measures=measures, split_name=c.split
    ),
    (Encodes,),
)
_WASSERSTEIN = MetricFamily(_make_wasserstein_evaluation, (Samples,))
_ELBO = MetricFamily(lambda c, *_: Elbo(c.x, **c.row_settings), (Bounds,))
_OUT_OF_DISTRIBUTION = MetricFamily(
    _make_out_of_distribution_evaluation,
    (Bounds,),
    needed="another set of images after a colon: auroc:fashion_mnist",
)

FEATURE_METRICS = {"fd": "FD", "kd": "KD", "cs": "CS"} | {
    name: name for name in ("precision", "recall", "density", "coverage")
}
METRICS: Mapping[str, tuple[MetricFamily, str]] = {
    **{name: (_SAMPLES, measure) for name, measure in FEATURE_METRICS.items()},
    **{
        f"reconstruction_{name}": (_RECONSTRUCTIONS, measure)
        for name, measure in {**FEATURE_METRICS, "accuracy": "accuracy"}.items()
    },
    **{name: (_PIXELS, name) for name in images.PIXEL_MEASURES},
    "explained": (_EXPLAINED, "explained"),
    **{name: (_CODES, name) for name in CODE_MEASURES},
    **{name: (_WASSERSTEIN, name) for name in DISTANCES},
    "elbo": (_ELBO, "elbo"),
    "importance_bound": (_make_importance_family(ImportanceBound, 5000), "importance_bound"),
    "nll": (_make_importance_family(ImportanceNll, 100), "nll"),
    "auroc": (_OUT_OF_DISTRIBUTION, "auroc"),
}
"""The family of each measure, and the measure's name there."""

METRIC_ALIASES = {"fid": "fd:inception", "kid": "kd:inception", "is": "cs:inception"}


def select_evaluations(
    stages: Mapping[str, Stage], names: Sequence[str], *, split: str, rows: int | None
) -> dict[str, dict[str, Evaluation]]:
    """Evaluations of each stage: those that it lists under these names, and the catalogue's.

    Args:
        stages: Stages by name.
        names: Names that stages list, else of METRICS, "name:argument".
        split: Split of the stage's data.
        rows: Rows of the split, the first ones; all when None.

    Raises:
        InputError: There is no such measure or split, or it applies to no stage.
    """
    listed = {name for stage in stages.values() for name in stage.evaluations}
    for name in names:
        if name not in listed and _parse_metric(name)[0] not in METRICS:
            raise unknown_name("metric", name, [*listed, *METRICS, *METRIC_ALIASES])
    kept = {name for stage in stages.values() for name in stage.data}
    if kept and split not in kept and not listed.issuperset(names):
        raise unknown_name("split", split, kept)
    selected: dict[str, dict[str, Evaluation]] = {}
    refused: dict[str, InputError] = {}
    for stage_name, stage in stages.items():
        here = {name: stage.evaluations[name] for name in names if name in stage.evaluations}
        others = [name for name in names if name not in here]
        for group, family, measures, argument in _group_metrics(others):
            try:
                context = _make_metric_context(stage, split, rows)
                here["+".join(group)] = family.make_evaluation(context, measures, argument)
            except InputError as error:
                refused |= dict.fromkeys(group, error)  # of the last stage, which commands take
        selected[stage_name] = here
    taken = {name for here in selected.values() for group in here for name in group.split("+")}
    for name in names:
        if name not in taken:
            raise refused[name]
    return selected


def _parse_metric(name: str) -> tuple[str, str | None]:
    """A measure's name and what follows its colon."""
    measure, colon, argument = METRIC_ALIASES.get(name, name).partition(":")
    return measure, argument if colon else None


def _group_metrics(
    names: Sequence[str],
) -> list[tuple[tuple[str, ...], MetricFamily, tuple[str, ...], str | None]]:
    """Names made together, their family, their names there, and what follows the colon."""
    groups: dict[tuple[MetricFamily, str | None], dict[str, str]] = {}
    for name in names:
        measure, argument = _parse_metric(name)
        if measure in METRICS:
            family, own = METRICS[measure]
            groups.setdefault((family, argument), {})[name] = own
    return [(tuple(g), family, tuple(g.values()), a) for (family, a), g in groups.items()]


def group_metrics_by_extractor(names: Sequence[str]) -> dict[str, list[str]]:
    """Measures of two sets of pictures, by the extractor of their features.

    Raises:
        InputError: A name is not of such a measure, or names no extractor.
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        measure, argument = _parse_metric(name)
        if measure not in FEATURE_METRICS:
            raise unknown_name("measure of two sets", name, [*FEATURE_METRICS, *METRIC_ALIASES])
        if not argument:
            raise InputError(f"This measure needs {EXTRACTOR_NEEDED}.")
        groups.setdefault(argument, []).append(FEATURE_METRICS[measure])
    if not groups:
        raise InputError("No measure was named; --metric fd:cifar10-resnet56 is one.")
    return groups


def _make_metric_context(stage: Stage, split: str, rows: int | None) -> MetricContext:
    """The stage's method and rows."""
    if stage.space is None or not stage.data:
        raise InputError("The stage keeps no raw rows; this measure needs a stage that does.")
    bits = sees_bits(stage.method, stage.space)
    return MetricContext(stage.method, stage.data, stage.space, bits, split, rows)
