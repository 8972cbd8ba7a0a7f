"""Options that name extractors, which are needed after training alone, and checked before it."""

from collections.abc import Mapping
from typing import Any

from ..errors import InputError, unknown_name
from ..features.registry import check_extractor_name
from .option_values import list_required_options
from .registry import ExperimentEntry, find_experiment, list_extractors

EXTRACTOR_OPTIONS = ("extractor", "scorers", "second_scorer")
"""Each takes a name, several, or "auto"."""


def check_extractor_options(options: Mapping[str, Any]) -> None:
    """Refuse the name of an extractor that does not exist.

    Raises:
        InputError: There is no such extractor.
    """
    for option in EXTRACTOR_OPTIONS:
        value = options.get(option)
        for name in (value,) if isinstance(value, str) else value or ():
            if name != "auto":
                check_extractor_name(name, list_extractors())


def find_extractor_experiment(name: str, experiment: str) -> ExperimentEntry:
    """The experiment that trains an extractor without more options.

    Args:
        name: How the extractor is called.
        experiment: Its experiment.

    Raises:
        InputError: There is no such experiment, or it needs options.
    """
    if experiment not in list_extractors():
        raise unknown_name("extractor", experiment, list_extractors())
    entry = find_experiment(experiment)
    needs = list_required_options(entry)
    if needs:
        raise InputError(
            f"{name} is not trained, and needs {', '.join(needs)}: train it with auxgen train "
            f"{experiment} --run FOLDER, then name the folder or put it into AUXGEN_WEIGHTS as "
            f"{name}."
        )
    return entry
