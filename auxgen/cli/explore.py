"""The command that shows a model in the browser."""

from contextlib import closing
from pathlib import Path

from ..data.inputs import read_rows
from ..errors import InputError
from ..explorer.examples import Examples, choose_examples, convert_to_examples, make_no_examples
from ..hub import is_hub_name, parse_hub_name
from ..model import Model
from ..terminal import print_notes
from .loading import open_model


def explore_command(
    model: Path,
    files: tuple[Path, ...] = (),
    /,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    stage: str | None = None,
    device: str = "cpu",
) -> None:
    """Play with a model in the browser.

    Rows to look at are those of the run's own data, or those in FILES. Nothing leaves this machine.

    Args:
        model: A run or an artefact.
        files: Images, folders, .npy files or tables to look at.
        host: Name or address to listen on; by default only this machine itself can connect.
        port: Port to listen on; 0 for any that is free.
        stage: Stage of a run; the last by default.
        device: auto, cpu, cuda or cuda:1.
    """
    from ..explorer import serving

    serving.check_extra_installed()
    with closing(serving.open_socket(host, port)) as listening:
        (found,) = open_model(model, stage=stage, device=device)
        examples, notes = _find_examples(model, files, found)
        print_notes(notes)
        shown = {"title": make_page_title(model), "notes": notes}
        serving.serve_page(found, examples, **shown, host=host, listening=listening)


def make_page_title(path: Path) -> str:
    """How the page calls a model: by its folder, or by its name on the hub."""
    if is_hub_name(path):
        return parse_hub_name(path).repository
    return (path.parent if path.name == "experiment.py" else path).resolve().name


def _find_examples(
    path: Path, files: tuple[Path, ...], model: Model
) -> tuple[Examples, tuple[str, ...]]:
    """Rows to look at, and sentences on how they were read or why there are none."""
    if files:
        rows = read_rows(files, model.space, resize=True)
        return convert_to_examples(rows), rows.notes
    run = path.parent if path.name == "experiment.py" else path
    none = make_no_examples(model.space)
    if not (run / "run.json").exists():
        return none, ()
    from ..launch import rebuild_experiment
    from ..runs.folder import Run

    opened = Run(run)
    if opened.config.get("experiment_sha256") and path == run:
        return none, (
            f"The rows of {run} come from its own file, which is not executed: name "
            f"{run}/experiment.py in place of {run} to see them.",
        )
    try:
        stages = rebuild_experiment(opened)
    except InputError as error:
        return none, (f"The run's own rows cannot be shown: {error}",)
    name = Path(model.name).name
    return choose_examples(stages[name].data if name in stages else {}, model.space), ()
