"""Artefacts on the Hugging Face hub: fetched by name and commit, and uploaded."""

import re
import sys
from pathlib import Path
from typing import NamedTuple

from .errors import InputError, take_first_line
from .files import make_exists_error, write_folder

FILES = ("model.safetensors", "config.json", "README.md")
"""What an artefact is made of, and all that is fetched."""
_NAME = re.compile(r"hf:/{1,2}([\w.-]+/[\w.-]+)(?:@([\w./-]+))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")


class HubName(NamedTuple):
    """A model on the hub: "user/model", and the branch, tag or commit; None for the newest."""

    repository: str
    revision: str | None = None

    def __str__(self) -> str:
        return f"hf://{self.repository}" + (f"@{self.revision}" if self.revision else "")


def is_hub_name(path: str | Path) -> bool:
    """Whether a path means a model on the hub; a `Path` has one slash where a person typed two."""
    return str(path).startswith("hf:")


def parse_hub_name(path: str | Path) -> HubName:
    """hf://user/model or hf://user/model@revision.

    Raises:
        InputError: It is written otherwise.
    """
    found = _NAME.fullmatch(str(path))
    if found is None:
        raise InputError(
            f"{path} names no model on the hub; hf://USER/MODEL or hf://USER/MODEL@COMMIT is "
            "expected."
        )
    return HubName(found[1], found[2])


def fetch_artefact(path: str | Path) -> Path:
    """A folder with the three files of an artefact on the hub, from the hub's cache where it can.

    Nothing else is fetched, and nothing is executed; whoever loads the folder compares checksums.
    Without a commit in the name the newest one is taken and printed, since it may change.

    Raises:
        InputError: The name is wrong, or there is no such model, or the hub does not answer.
    """
    from huggingface_hub import snapshot_download

    name = parse_hub_name(path)
    try:
        folder = Path(
            snapshot_download(name.repository, revision=name.revision, allow_patterns=list(FILES))
        )
    except Exception as error:  # the network's, the hub's and the client's are of many kinds
        raise _make_hub_error(f"{name} is not to be had", error) from error
    missing = [file for file in FILES[:2] if not (folder / file).is_file()]
    if missing:
        raise InputError(f"{name} is no artefact of auxgen: it has no {' and no '.join(missing)}.")
    if not _COMMIT.fullmatch(name.revision or ""):
        pinned = name._replace(revision=folder.name)
        print(f"{name} is at this commit now, which stays what it is: {pinned}", file=sys.stderr)
    return folder


def copy_artefact(source: Path, folder: Path) -> Path:
    """Copy an artefact's files into a new folder, all or none, and return it.

    Raises:
        InputError: The folder exists.
        NotSaved: It could not be written.
    """
    if folder.exists():
        raise make_exists_error(folder)
    files = {name: source / name for name in FILES}
    write_folder(folder, {name: f.read_bytes() for name, f in files.items() if f.is_file()})
    return folder


def push_artefact(folder: Path, repository: str, *, private: bool = False) -> HubName:
    """Upload an artefact into a repository of the hub, which is made where there is none.

    Args:
        folder: The artefact.
        repository: "user/model"; the user's token is the one that `hf auth login` keeps.
        private: Whether a new repository is private.

    Returns:
        The model's name with the commit.

    Raises:
        InputError: The name is wrong, or the hub refuses or does not answer.
    """
    from huggingface_hub import HfApi

    name = parse_hub_name(repository if is_hub_name(repository) else f"hf://{repository}")
    if name.revision is not None:
        raise InputError(f"{name} names a commit; a push makes a new one: leave out the @.")
    api = HfApi()
    try:
        api.create_repo(name.repository, private=private, exist_ok=True)
        done = api.upload_folder(
            repo_id=name.repository,
            folder_path=folder,
            allow_patterns=list(FILES),
            commit_message="Upload a model of auxgen",
        )
    except Exception as error:  # the network's, the hub's and the client's are of many kinds
        raise _make_hub_error(f"{name} could not be written", error) from error
    return name._replace(revision=done.oid)


def _make_hub_error(what: str, error: Exception) -> InputError:
    """The sentence for what the hub refused."""
    return InputError(
        f"{what} ({type(error).__name__}: {take_first_line(error)}); check the name, the network, "
        "and for private models the token that hf auth login keeps."
    )
