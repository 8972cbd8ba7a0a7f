"""The command auxgen: finds a command by its name, and imports what that one needs."""

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from ..errors import OutOfMemory, RankLost, UserError, find_full_memory, unknown_name

COMMANDS = {
    "demo": ("runs", "Learn handwritten digits from five labels a class; a report."),
    "experiments": ("runs", "List experiments; with TEXT, those that fit, and their numbers."),
    "train": ("train", "Train an experiment into a new run, or continue a run."),
    "evaluate": ("runs", "Measure the scores of runs, each with its protocol."),
    "compare": ("runs", "Measure one set of pictures against another."),
    "report": ("runs", "Write one HTML file about a run, or several side by side."),
    "reproduce": ("runs", "Reproduce a table or figure of a paper: ours beside theirs."),
    "sample": ("drawing", "Draw images, points or rows from a model."),
    "reconstruct": ("drawing", "Write rows beside their reconstructions."),
    "fill": ("rows", "Fill in the blank cells of a table."),
    "interpolate": ("drawing", "Write the way from each row to the next through the code."),
    "edit": ("edits", "Add attributes to images, or take them away."),
    "embed": ("rows", "Write the code of each row."),
    "predict": ("rows", "Predict the class of each row, with its probability."),
    "explore": ("explore", "Play with a model in the browser."),
    "export": ("sharing", "Copy a trained model to a folder that needs nothing else."),
    "push": ("sharing", "Upload a trained model to the Hugging Face hub."),
    "pull": ("sharing", "Fetch a model from the Hugging Face hub into a folder."),
}
"""Name -> the module of its function NAME_command, and the first line of its docstring."""

_HELP = """\
auxgen: deep generative models that learn from labels, classifiers and codes.

usage: auxgen COMMAND ...; auxgen COMMAND --help shows its options

{commands}

For a start:
  auxgen demo
  auxgen train adgm.half_moons --run runs/moons
  auxgen evaluate runs/moons
  auxgen report runs/moons
  auxgen sample runs/moons --out moons.png
"""


def main(args: Sequence[str] | None = None) -> None:
    """Carry out a command line, and leave with its exit status."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        from ..engine.device import exit_cleanly

        with exit_cleanly():
            _run_reporting_errors(args)
    else:
        _run_reporting_errors(args)


def _run_reporting_errors(args: Sequence[str] | None) -> None:
    """Carry out a command line; an error of a person's or of the system becomes one sentence."""
    if isinstance(sys.stdout, TextIOWrapper):  # a name may have what the terminal cannot write
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _print_warning
            run_command(list(sys.argv[1:] if args is None else args))
        sys.stdout.flush()
    except UserError as error:
        # of a lost rank the second one speaks too: the first may be the one that was lost
        speakers = 2 if isinstance(error, RankLost) else 1
        if isinstance(error, OutOfMemory):  # each rank has its own memory
            speakers = int(os.environ.get("WORLD_SIZE", "1"))
        _exit_with_message(str(error), error.status, speakers)
    except KeyboardInterrupt:
        _exit_with_message("Stopped.", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        _exit_with_message(_describe_file_error(error), 1)
    except (MemoryError, RuntimeError) as error:
        _exit_with_message(_describe_memory_error(error), 1)


def _print_warning(
    message: Warning | str, category: type[Warning], filename: str, *place: Any
) -> None:
    """Tell a library's warning in a line, such as Pillow's of a picture, without lines of code."""
    del category, place
    from ..terminal import print_notes

    library = Path(filename).as_posix().rpartition("site-packages/")[2].partition("/")[0]
    speaker = library if library and "site-packages" in filename else "Note"
    print_notes([f"{speaker}: {' '.join(str(message).split())}"])


def _describe_file_error(error: OSError) -> str:
    """What a file refused, in a sentence; anything else is a bug and is raised again."""
    from ..files import describe_os_error

    reason = describe_os_error(error)
    if reason == "no space is left":
        return f"{error.filename or 'A file'} could not be written: {reason}."
    if error.filename is None or not error.strerror:
        raise error
    return f"{error.filename} cannot be used: {reason}."


def _describe_memory_error(error: MemoryError | RuntimeError) -> str:
    """Which memory is full, in a sentence; anything else is a bug and is raised again."""
    full = find_full_memory(error)
    if not full:
        raise error
    cpu = ", or --device cpu" if full == "the device" else ""
    return (
        f"The memory of {full} is full; give a smaller --batch or --size, or fewer rows at a "
        f"time{cpu}."
    )


def _exit_with_message(sentence: str, status: int, speakers: int = 1) -> None:
    """Leave with one sentence on stderr, from the first ranks alone."""
    if int(os.environ.get("RANK", "0")) < speakers:
        print(sentence, file=sys.stderr)
    sys.exit(status)


def run_command(args: list[str]) -> None:
    """Carry out a command line.

    Raises:
        InputError: There is no such command, or it refuses its arguments.
    """
    name, *rest = args or ["--help"]
    if name in ("-h", "--help", "help"):
        commands = "\n".join(f"  {name:<13}{help}" for name, (_, help) in COMMANDS.items())
        print(_HELP.format(commands=commands), end="")
    elif name == "--version":
        from ..version import __version__

        print(__version__)
    elif name == "train":
        load_command(name)(rest)
    else:
        from .options import call_from_command_line

        call_from_command_line(load_command(name), rest, f"auxgen {name}")


def load_command(name: str) -> Callable[..., Any]:
    """The function of a command, whose module is imported now.

    Raises:
        InputError: There is no such command.
    """
    if name not in COMMANDS:
        raise unknown_name("command", name, COMMANDS)
    module, _ = COMMANDS[name]
    return getattr(import_module(f".{module}", __package__), f"{name}_command")
