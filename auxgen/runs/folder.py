"""A run's folder: its configuration, and what it holds so far."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from filelock import FileLock, Timeout

from ..builders.artefact import restore_weights
from ..engine.device import Ranks, is_first_process, is_restarted
from ..errors import InputError, NotRebuilt, RankLost
from ..files import encode_json, make_save_error, read_json, write_file
from ..model.run_files import list_trained_stages, read_run_config
from ..partial_files import create_folder, sweep_leftovers
from ..stage import Stage
from .config import get_versions


class Run:
    """A run's folder.

    Attributes:
        path: The folder.
        config: What run.json holds: experiment, options, seed, device, versions, commit.

    Raises:
        InputError: The folder is no run.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config = read_run_config(self.path)

    def trained_stages(self) -> list[str]:
        """Names of the stages that are trained, in order."""
        return list_trained_stages(self.path, self.config)

    def read_scores(self) -> dict[str, Any]:
        """The object in scores.json; with no scores before `evaluate` wrote it."""
        file = self.path / "scores.json"
        found = read_json(file, "run") if file.exists() else {"run": self.config, "scores": {}}
        if not isinstance(found.get("scores"), dict):
            raise InputError(f"{file} has no scores by name; remove it to measure all again.")
        return found

    def record_fact(self, fact: str, stage: str, value: Any, ranks: Ranks) -> None:
        """Keep something of a stage in run.json, such as its precision, by the name of the stage.

        Raises:
            NotSaved: The file cannot be written.
        """
        self.config = {**self.config, fact: {**self.config.get(fact, {}), stage: value}}
        if ranks.is_first:
            write_file(self.path / "run.json", encode_json(self.config))

    def restore_stage(self, name: str, stage: Stage) -> None:
        """Load a trained stage's weights into its method.

        Raises:
            InputError: They are not those that were written.
            NotRebuilt: The experiment, or how it reads its data, has changed since.
        """
        try:
            restore_weights(stage.method, self.path / name)
        except NotRebuilt as error:
            raise NotRebuilt(
                f"{str(error).rstrip('.')}; {self.path} was trained by another version or "
                "experiment file than this, and what needs its model alone still works: predict, "
                "sample, export; train a new run to measure it."
            ) from error


def create_run(
    path: str | Path,
    config: Mapping[str, Any],
    file: Path | None,
    ranks: Ranks,
    more: Mapping[str, bytes] = MappingProxyType({}),
) -> Run:
    """Make a new folder with its run.json, by the first rank alone; all ranks refuse together.

    Args:
        config: What run.json holds, see `make_config`.
        file: A person's own experiment file, which is copied.
        ranks: The processes that train it.
        more: Files that it begins with, by path.

    Raises:
        InputError: The folder exists, or could not be made.
    """
    refused = None
    if ranks.is_first:
        try:
            _write_run_folder(Path(path), config, file, more)
        except (InputError, OSError) as error:
            refused = error
    if ranks.reduce_any(refused is not None):
        raise refused or InputError(f"{path} could not be made.")
    return Run(path)


def _write_run_folder(
    path: Path, config: Mapping[str, Any], file: Path | None, more: Mapping[str, bytes]
) -> None:
    """Write the folder in one step; of several that start at once, one alone succeeds."""
    contents = dict(more)
    if file is not None:
        contents["experiment.py"] = file.read_bytes()
    contents["run.json"] = encode_json(config)
    try:
        create_folder(path, contents, ("checkpoints",))
    except OSError as error:
        if os.path.lexists(path):
            raise _make_exists_error(path) from error
        raise make_save_error(path, 0.0, error) from error


@contextmanager
def lock_run(path: Path, ranks: Ranks) -> Iterator[None]:
    """Keep other processes from training the same run; the system frees the lock of a dead one.

    Raises:
        InputError: Another process trains it.
        NotSaved: The folder cannot be written.
    """
    lock, refused = FileLock(path / ".lock"), None
    if ranks.is_first:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            refused = _make_busy_error(path)
        except OSError as error:
            refused = make_save_error(path, 0.0, error)
    if ranks.reduce_any(refused is not None):
        raise refused or _make_busy_error(path)
    try:
        if ranks.is_first:
            sweep_leftovers(path)
        yield
    finally:
        lock.release()


@contextmanager
def tell_way_on(path: str | Path) -> Iterator[None]:
    """Say how to go on where a rank is lost while a run is made or trained.

    Raises:
        RankLost: A rank was lost; the sentence has the command to continue with.
    """
    try:
        yield
    except RankLost as error:
        how = "nothing was trained yet, so start again"
        if (Path(path) / "run.json").exists():
            how = f"continue with as many ranks: auxgen train --resume {path}"
        raise RankLost(f"{str(error).rstrip('.')}; {how}.") from error


def _make_busy_error(path: Path) -> InputError:
    return InputError(f"{path} is being trained by another process; wait until it has ended.")


def check_resumable(run: Run, ranks: Ranks) -> None:
    """Check that a run can continue here to the last bit, and tell the first rank's user if not.

    Raises:
        InputError: A stage is left, and the run began with another number of ranks.
    """
    if run.trained_stages() == run.config["stages"]:
        return
    began_with = run.config.get("ranks", ranks.size)
    if began_with != ranks.size:
        raise InputError(
            f"{run.path} began with {began_with} ranks and this is a run on {ranks.size}; continue "
            "with the same number."
        )
    before, now = run.config.get("versions", {}), get_versions()
    others = [f"{n} {v}, now {now[n]}" for n, v in before.items() if v != now.get(n, v)]
    if others and ranks.is_first:
        print(
            f"{run.path} began with {' and '.join(others)}: the last digits may differ.",
            file=sys.stderr,
        )


def reopen_run(path: str | Path, config: Mapping[str, Any]) -> Run | None:
    """The run that this very command began before torchrun started it again; None if it is new.

    Args:
        config: What run.json of a new run would hold, see `make_config`.

    Raises:
        InputError: There is a run of another experiment or other options.
    """
    if not is_restarted() or not (Path(path) / "run.json").exists():
        return None
    run, asked = Run(path), json.loads(encode_json(config))
    for key in ("experiment", "experiment_sha256", "options", "seed", "stages", "ranks"):
        if run.config.get(key) != asked[key]:
            raise _make_exists_error(run.path)
    return run


def check_run_path(path: str | Path) -> None:
    """Refuse a path that cannot be a run's folder, before anything is read or trained.

    Raises:
        InputError: It is empty, has a character that no path has, or exists.
    """
    text = str(path)
    if text in ("", ".") or "\0" in text:
        raise InputError(f"--run is {text!r}; the path of a new folder is expected.")
    # the first process may make it before another one looks
    if is_first_process() and not is_restarted() and os.path.lexists(path):
        raise _make_exists_error(Path(path))


def _make_exists_error(path: Path) -> InputError:
    return InputError(
        f"{path} exists already; give another --run, or continue it with: "
        f"auxgen train --resume {path}."
    )
