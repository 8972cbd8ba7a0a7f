"""Models on the hub: pushed, pulled and loaded by name, against a server of the same HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hub_stand_in import Hub, serve_hub

import auxgen
from auxgen import hub as artefacts
from auxgen.builders import Recipe
from auxgen.builders.artefact import save_model
from auxgen.cli.main import run_command
from auxgen.data.dataset import Preprocessor
from auxgen.errors import InputError

ARGUMENTS = {"x": 3, "hidden": [4], "z": 2, "likelihood": "gaussian"}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The stand-in, where the client looks for the hub; nothing else can be reached."""
    with serve_hub() as (address, served):
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
        template = address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "token"))
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        monkeypatch.setenv("HF_TOKEN", "hf_right")
        yield served


@pytest.fixture
def artefact(tmp_path: Path) -> Path:
    """A small VAE, as `export` writes it."""
    torch.manual_seed(0)
    recipe, space = Recipe("vae", ARGUMENTS), Preprocessor(kind="points", shape=(3,))
    save_model(tmp_path / "model", recipe.build(), recipe, space, {"experiment": "mine"})
    return tmp_path / "model"


def read_files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in artefacts.FILES}


def test_what_is_pushed_comes_back_and_samples_the_same(
    hub: Hub, artefact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_command(["push", str(artefact), "someone/mine"])
    (commit,) = hub.commits["someone/mine"]
    assert capsys.readouterr().out == f"hf://someone/mine@{commit}\n"
    assert hub.commits["someone/mine"][commit].keys() == set(artefacts.FILES)
    assert not hub.private
    run_command(["pull", f"hf://someone/mine@{commit}", str(tmp_path / "pulled")])
    told = capsys.readouterr()
    assert told.out == f"{tmp_path / 'pulled'}\n"
    assert "at this commit now" not in told.err
    assert read_files(tmp_path / "pulled") == hub.commits["someone/mine"][commit]
    models = [auxgen.load(p) for p in (artefact, "hf://someone/mine", tmp_path / "pulled")]
    assert f"which stays what it is: hf://someone/mine@{commit}" in capsys.readouterr().err
    drawn = [model.sample(5) for model in models]
    assert torch.equal(drawn[0], drawn[1])
    assert torch.equal(drawn[0], drawn[2])


def test_every_command_takes_a_name_of_the_hub(
    hub: Hub, artefact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.commit("someone/mine", read_files(artefact))
    run_command(["sample", "hf://someone/mine", "--n", "4", "--out", str(tmp_path / "x.npy")])
    assert (tmp_path / "x.npy").is_file()
    assert "hf://someone/mine@" in capsys.readouterr().err


def test_a_commit_stays_what_it_is_when_others_follow(hub: Hub, artefact: Path) -> None:
    first = hub.commit("someone/mine", read_files(artefact))
    config = json.loads((artefact / "config.json").read_text())
    changed = json.dumps({**config, "card": {"experiment": "other"}}).encode()
    second = hub.commit("someone/mine", {"config.json": changed})
    names = {r: auxgen.load(f"hf://someone/mine@{r}").config["card"] for r in (first, second)}
    assert [card["experiment"] for card in names.values()] == ["mine", "other"]
    assert auxgen.load("hf://someone/mine").config["card"]["experiment"] == "other"


def test_nothing_but_the_three_files_is_fetched(hub: Hub, artefact: Path) -> None:
    evil = {"experiment.py": b"raise SystemExit", "pytorch_model.bin": b"x", ".gitattributes": b""}
    hub.commit("someone/mine", {**read_files(artefact), **evil})
    folder = artefacts.fetch_artefact("hf://someone/mine")
    assert {path.name for path in folder.iterdir()} == set(artefacts.FILES)
    assert not [path for path in hub.asked if "experiment.py" in path or ".bin" in path]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("hf://someone/none", "hf://someone/none is not to be had (RepositoryNotFoundError"),
        ("hf://someone/mine@v2", "hf://someone/mine@v2 is not to be had (RevisionNotFoundError"),
        ("hf://someone/empty", "no model.safetensors and no config.json"),
        ("hf://mine", "hf://USER/MODEL@COMMIT is expected"),
        ("hf://a/b/c", "hf://USER/MODEL@COMMIT is expected"),
        ("hf://../..", "is not to be had (HFValidationError"),
        ("hf://someone/mine@", "hf://USER/MODEL@COMMIT is expected"),
        ("hf://someone/damaged", "not the one config.json was made for"),
    ],
)
def test_what_is_not_there_is_one_sentence_and_leaves_nothing(
    name: str, told: str, hub: Hub, artefact: Path, tmp_path: Path
) -> None:
    files = read_files(artefact)
    hub.commit("someone/mine", files)
    hub.commit("someone/empty", {"README.md": b"x"})
    flipped = bytes([*files["model.safetensors"][:-1], files["model.safetensors"][-1] ^ 1])
    hub.commit("someone/damaged", {**files, "model.safetensors": flipped})
    with pytest.raises(InputError) as error:
        run_command(["pull", name, str(tmp_path / "pulled")])
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "pulled").exists()


@pytest.mark.parametrize("repository", ["someone/mine@main", "mine", "a/b/c"])
def test_a_wrong_repository_is_refused_before_anything_is_sent(
    repository: str, hub: Hub, artefact: Path
) -> None:
    with pytest.raises(InputError, match=r"names no model|names a commit"):
        run_command(["push", str(artefact), repository])
    assert not hub.asked


def test_a_hub_that_refuses_or_is_not_there_is_one_sentence(
    hub: Hub, artefact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(InputError, match="hf auth login"):
        run_command(["push", str(artefact), "someone/mine"])
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(InputError, match="is not to be had"):
        auxgen.load("hf://someone/mine")
    assert not hub.commits


def test_private_is_asked_for_and_the_card_has_no_path(
    hub: Hub, tmp_path: Path, artefact: Path
) -> None:
    recipe, space = Recipe("vae", ARGUMENTS), Preprocessor(kind="points", shape=(3,))
    options = {"data": str(tmp_path / "secret" / "wine.csv"), "drop": [str(tmp_path / "a")]}
    method = auxgen.load(artefact).method
    save_model(tmp_path / "own", method, recipe, space, {"options": options})
    run_command(["push", str(tmp_path / "own"), "someone/own", "--private"])
    assert hub.private == {"someone/own"}
    (files,) = hub.commits["someone/own"].values()
    assert all(str(tmp_path).encode() not in content for content in files.values())
    assert b"wine.csv" in files["README.md"]
