"""The command that trains a run's experiment anew, with some options changed."""

import os
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

RATE_WORDS = ("lr", "learning_rate", "rate")
BATCH_WORDS = ("batch", "batch_size")
"""What options of the learning rate and of the rows in a batch are called, or how they end."""
SIZE_WORDS = ("hidden", "latent", "width", "widths", "size", "draws", "importance_samples")
"""Options that make a round larger, besides the batch."""


@dataclass(frozen=True)
class TrainCommand:
    """What a person types to train an experiment.

    Attributes:
        experiment: Its name, or a person's own file.
        options: All its options with their values.
        defaults: What they are where a person does not type them; none for those that must be.
        own: Options of train itself, such as the device.
    """

    experiment: str
    options: Mapping[str, Any]
    defaults: Mapping[str, Any]
    own: Mapping[str, Any] = field(default_factory=dict)

    def find_option(
        self, words: Sequence[str], values: Collection[float], stage: str
    ) -> str | None:
        """The option that sets a number of a stage; None where it is not clear.

        Args:
            words: What the option is called, or how it ends, as "classifier_lr" does.
            values: The number that the stage has, or several.
            stage: Name of the stage.
        """
        prefixes = {
            name: name.removesuffix(word).rstrip("_")
            for name, own in self.options.items()
            for word in words
            if name == word or name.endswith(f"_{word}")
            if isinstance(own, int | float) and not isinstance(own, bool) and own > 0
        }
        equal = {name: before for name, before in prefixes.items() if self.options[name] in values}
        found = equal or prefixes
        named = [name for name, before in found.items() if before and before in stage]
        plain = [name for name, before in found.items() if not before]
        every = named or plain or list(found)
        return every[0] if len(every) == 1 else None

    def _is_default(self, name: str, value: Any) -> bool:
        """Whether a value is the default, where JSON may have a list for a tuple."""
        value = tuple(value) if isinstance(value, list) else value
        return name in self.defaults and str(value) == str(self.defaults[name])

    def list_sizes(self) -> list[str]:
        """The options that make a round larger, as they are typed."""
        return [format_option(n) for n in SIZE_WORDS if self.options.get(n) is not None]

    def format_anew(self, run: Path, changes: Mapping[str, Any]) -> str:
        """The command that trains from the start into a new folder beside `run`."""
        given = {n: value for n, value in self.options.items() if not self._is_default(n, value)}
        return _format_command([self.experiment], {**given, **self.own, **changes}, run)

    def format_from_checkpoint(self, place: str, run: Path, changes: Mapping[str, Any]) -> str:
        """The command that begins at RUN@STEP; all that is not changed is as in that run."""
        return _format_command(["--from-checkpoint", place], {**self.own, **changes}, run)


def find_free_folder(path: Path) -> Path:
    """A path where nothing is: `path`, or path-2, path-3 and so on."""
    free = path
    for number in count(2):
        if not os.path.lexists(free):
            break
        free = path.with_name(f"{path.name}-{number}")
    return free


def _format_command(words: Sequence[str], options: Mapping[str, Any], run: Path) -> str:
    ranks = int(os.environ.get("WORLD_SIZE", "1"))
    start = ["torchrun", "--nproc-per-node", str(ranks), "-m", "--"] if ranks > 1 else []
    last = ["--run", str(find_free_folder(run))]
    return shlex.join([*start, "auxgen", "train", *words, *_format_options(options), *last])


def _format_options(values: Mapping[str, Any]) -> list[str]:
    """Options as they are typed: --drop a b, --no-extra, --lr 0.0003."""
    words: list[str] = []
    for name, value in values.items():
        if isinstance(value, bool):
            words.append(format_option(name if value else f"no_{name}"))
        elif isinstance(value, tuple | list):
            words += [format_option(name), *map(str, value)] if value else []
        elif value is not None:
            words += [format_option(name), str(value)]
    return words


def format_option(name: str) -> str:
    """An option's name as it is typed: "by_class" is --by-class."""
    return "--" + name.replace("_", "-")
