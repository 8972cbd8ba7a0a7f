"""auxgen: deep generative models that learn with help from labels, classifiers and codes.

usage: auxgen COMMAND ...; auxgen COMMAND --help tells more

  demo                               learn handwritten digits from five labels a class; a report
  experiments [--json]               every experiment, the paper's number, ours, the time
  train EXPERIMENT --run FOLDER      train into a new run; an experiment is a name or your .py file
  train --resume FOLDER              go on where a run stopped, bit for bit
  evaluate RUN... [--json]           scores, each with its protocol; several runs make one table
  compare REAL FAKE --metric M       one set of pictures beside another, by fd:inception and others
  report RUN... [--out FILE]         one HTML file that needs nothing else
  reproduce NAME [--seeds N]         a paper's table: ours beside theirs
  sample MODEL --out FILE            draw images, points or rows; --of CLASS, --by-class,
                                     --where "Eyeglasses=1,FacialHair=0"
  reconstruct MODEL FILE... --out F  originals beside reconstructions
  interpolate MODEL FILE... --out F  from one to the next through the code
  edit MODEL FILE... --out FOLDER    --attribute Eyeglasses=+3: attributes added or taken away
  embed MODEL FILE... --out FILE     codes as .csv or .npz
  predict MODEL FILE... [--out F]    classes and probabilities
  export RUN FOLDER                  an artefact: safetensors, JSON, a model card

MODEL is a run or an artefact.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

from ..errors import InputError, UserError, unknown_name

RUN_COMMANDS = {
    "experiments": "list_experiments",
    "evaluate": "evaluate",
    "compare": "compare",
    "report": "report",
    "reproduce": "reproduce",
    "export": "export",
    "demo": "demo",
}
MODEL_COMMANDS = ("sample", "reconstruct", "interpolate", "edit", "embed", "predict")


def main(args: Sequence[str] | None = None) -> None:
    """Carry out a command line, and leave with its exit status."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        from ..engine.ranks import exit_cleanly

        with exit_cleanly():
            _run_reporting_errors(args)
    else:
        _run_reporting_errors(args)


def _run_reporting_errors(args: Sequence[str] | None) -> None:
    """Carry out a command line; what goes wrong is said in a sentence."""
    try:
        run_command(list(sys.argv[1:] if args is None else args))
        sys.stdout.flush()
    except UserError as error:
        _exit_with_message(str(error), error.status)
    except KeyboardInterrupt:
        _exit_with_message("Stopped.", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        _exit_with_message(_describe_os_error(error), 1)


_NO_SPACE_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _describe_os_error(error: OSError) -> str:
    """What a file refused, in a sentence; anything else is a bug and is raised again."""
    if error.errno in _NO_SPACE_ERRNOS:
        return f"{error.filename or 'A file'} could not be written: no space is left."
    if error.filename is None or not error.strerror:
        raise error
    return f"{error.filename} cannot be used: {error.strerror.lower()}."


def _exit_with_message(sentence: str, status: int) -> None:
    """One sentence on stderr, from the first rank alone."""
    if os.environ.get("RANK", "0") == "0":
        print(sentence, file=sys.stderr)
    sys.exit(status)


def run_command(args: list[str]) -> None:
    if not args or args[0] in ("-h", "--help", "help"):
        print(__doc__)
        return
    if args[0] == "--version":
        from ..version import __version__

        print(__version__)
        return
    command, rest = args[0], args[1:]
    if command == "train":
        _run_train_command(rest)
    elif command in RUN_COMMANDS:
        from . import runs as training
        from .options import call_from_command_line

        call_from_command_line(getattr(training, RUN_COMMANDS[command]), rest, f"auxgen {command}")
    elif command in MODEL_COMMANDS:
        from . import models as exploring
        from .options import call_from_command_line

        call_from_command_line(getattr(exploring, command), rest, f"auxgen {command}")
    else:
        raise unknown_name("command", command, ["train", *RUN_COMMANDS, *MODEL_COMMANDS])


def _run_train_command(args: list[str]) -> None:
    from . import runs as training

    helping = bool({"-h", "--help"} & set(args))
    if not args or (helping and args[0].startswith("-")):
        print(_TRAIN_HELP)
        if not args:
            raise InputError("An experiment or --resume FOLDER is wanted.")
        return
    training.train(args)


_TRAIN_HELP = """\
usage: auxgen train EXPERIMENT --run FOLDER [options]
       auxgen train --resume FOLDER [--device auto] [--log ...]

  EXPERIMENT         a name from auxgen experiments, or your Python file with
                     a function experiment(*, seed, ...) that returns stages
  --run FOLDER       where the run shall be; must not exist
  --resume FOLDER    go on with a run where it stopped
  --device           auto (default), cpu, cuda, cuda:1
  --precision        32 or bf16; the experiment's own where not given
  --log              trackers, with commas: tensorboard, wandb, mlflow

All other options are the experiment's: auxgen train EXPERIMENT --help
"""
