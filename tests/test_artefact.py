"""Artefacts: they need nothing else, nothing in them is executed, and a lie in one is found."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from laws import METHODS, experiment
from safetensors.torch import load_file, save_file

import auxgen
from auxgen.builders import Recipe, artefact, weights
from auxgen.builders.weights import SPARE_ENTRIES
from auxgen.data.dataset import Preprocessor
from auxgen.errors import InputError
from auxgen.files import compute_checksum
from auxgen.inference.codes import sample_rows
from auxgen.launch import train
from auxgen.stage import Stage


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    recipe = METHODS["sdgm"].recipe
    space = Preprocessor(kind="points", shape=(6,), classes=("a", "b", "c"))
    torch.manual_seed(0)
    artefact.save_model(tmp_path / "model", recipe.build(), recipe, space, {"experiment": "test"})
    return tmp_path / "model"


def test_an_artefact_is_json_safetensors_and_a_card(folder: Path) -> None:
    assert sorted(p.name for p in folder.iterdir()) == [
        "README.md", "config.json", "model.safetensors",
    ]  # fmt: skip
    config = json.loads((folder / "config.json").read_text())
    assert config["builder"] == "sdgm"
    assert config["space"]["classes"] == ["a", "b", "c"]


def test_a_loaded_model_is_in_eval_mode_and_knows_its_space(folder: Path) -> None:
    loaded = auxgen.load(folder)
    assert not loaded.method.training
    assert loaded.space == Preprocessor(kind="points", shape=(6,), classes=("a", "b", "c"))
    assert not any(p.requires_grad for p in loaded.method.parameters())


def test_a_method_without_a_recipe_leaves_its_weights_alone(tmp_path: Path) -> None:
    method = METHODS["vae"].recipe.build()
    artefact.save_model(tmp_path / "model", method, None, None, {})
    assert [p.name for p in (tmp_path / "model").iterdir()] == ["model.safetensors"]


def changed(**lie: Any) -> Callable[[dict[str, Any]], None]:
    return lambda config: config.update(lie)


def argument(**lie: Any) -> Callable[[dict[str, Any]], None]:
    return lambda config: config["arguments"].update(lie)


def points(**lie: Any) -> Callable[[dict[str, Any]], None]:
    return changed(space={"kind": "points", "shape": [6], **lie})


@pytest.mark.parametrize(
    ("lie", "message"),
    [
        (changed(builder="sdmg"), "no builder 'sdmg'; did you mean 'sdgm'"),
        (changed(builder="__import__"), "no builder '__import__'"),
        (changed(builder="likelihood_of"), "no builder 'likelihood_of'"),
        (changed(builder=["sdgm"]), "does not name a builder"),
        (changed(arguments="rm"), "does not name a builder with arguments"),
        (changed(format=99), "has format 99; expected 1"),
        (changed(space={"kind": "points"}), "does not say how the model sees rows"),
        (changed(space=None), "does not say how the model sees rows"),
        (changed(sha256="0"), "missing, truncated or not the one"),
        (argument(hidden=[9, 9]), "does not fit the weights"),
        (argument(hidden=[200_000, 200_000]), "does not fit the weights"),  # not 160 GB
        (argument(hidden=[1] * 200_000), "has far more parts than"),
        (argument(hidden=[8, 8, 8]), "does not fit the weights"),
        (argument(classes=4), "does not fit the weights"),
        (argument(x="six"), "refuses its arguments"),
        (argument(x=10**15), "does not fit the weights"),
        (argument(x=10**30), "refuses its arguments"),
        (argument(nonsense=1), "refuses its arguments"),
        (argument(likelihood="poisson"), "no likelihood 'poisson'"),
        (argument(likelihood={"numbers": 0, "texts": [10**12]}), "expected parts of 6 entries"),
        (argument(likelihood={"numbers": 9, "texts": [-3]}), "expected parts of 6 entries"),
        (changed(space={"kind": "points", "shape": [7]}), "contradicts itself"),
        (points(shape=[2] * 3000), "no row that a model has seen"),
        (points(kept=[]), "kept names no entry"),
        (points(kept=[1, 1], fill=[0.0] * 6), "or one twice"),
        (points(kept=[0, 5]), "leaves entries out that fill does not give"),
        (points(kept=[0, 5], fill=[0.0]), "leaves entries out that fill does not give"),
        (argument(class_prior=2), "refuses its arguments"),
        (argument(class_prior=[0.5, 0.5]), "refuses its arguments"),
        (argument(class_prior=[0.5, 0.6, -0.1]), "refuses its arguments"),
        (points(limit=[1]), r"limit is \(1,\)"),
        (points(flat="yes"), "flat is 'yes'"),
        (points(frame={"size": "x"}), "does not say how the model sees rows"),
        (points(**{"two\nlines": 1}), r"two\\nlines"),
    ],
)
def test_a_config_that_lies_is_refused_in_a_sentence(
    folder: Path, lie: Callable[[dict[str, Any]], None], message: str
) -> None:
    config = json.loads((folder / "config.json").read_text())
    lie(config)
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=message) as error:
        auxgen.load(folder)
    assert "\n" not in str(error.value)


def list_laws_of_pictures() -> list[str]:
    """Laws whose builder is given the channels of pictures, by whatever argument."""
    return [name for name, law in METHODS.items() if "channels" in str(law.recipe.arguments)]


@pytest.mark.parametrize("name", list_laws_of_pictures())
def test_a_space_of_other_pictures_than_those_of_the_network_is_refused(
    name: str, tmp_path: Path
) -> None:
    recipe, place = METHODS[name].recipe, tmp_path / "model"
    classes = tuple("abc") if "classes" in recipe.arguments else ()
    space = Preprocessor(kind="images", shape=(1, 8, 8), flat=False, classes=classes)
    artefact.save_model(place, recipe.build(), recipe, space, {})
    auxgen.load(place)
    written = json.loads((place / "config.json").read_text())
    kept = {"kept": [0, 9], "fill": [0.0] * 64}
    for lie in ({"shape": [3, 8, 8]}, {"shape": [8, 8, 1]}, {"shape": [8]}, {"flat": True}, kept):
        config = {**written, "space": {**written["space"], **lie}}
        (place / "config.json").write_text(json.dumps(config))
        with pytest.raises(InputError, match="contradicts itself"):
            auxgen.load(place)


def test_a_matrix_of_classes_that_no_file_keeps_may_be_larger_than_the_weights(
    tmp_path: Path,
) -> None:
    sizes = {"x": 6, "hidden": [1], "z": 1, "alpha": 1.0, "prior_rows": 9, "classes": 1200}
    recipe = Recipe("m2", sizes)
    space = Preprocessor(kind="points", shape=(6,), classes=tuple(map(str, range(1200))))
    artefact.save_model(tmp_path / "model", recipe.build(), recipe, space, {})
    loaded = auxgen.load(tmp_path / "model").method
    kept = sum(tensor.numel() for tensor in loaded.state_dict().values())
    matrix = loaded.get_buffer("p_y.every")
    assert matrix.device.type == "cpu"
    assert matrix.numel() > 2 * kept + SPARE_ENTRIES


@pytest.mark.parametrize("name", ["flow", "vae_asl"])
def test_what_a_builder_makes_on_the_cpu_in_any_case_is_counted(name: str, tmp_path: Path) -> None:
    recipe, place = METHODS[name].recipe, tmp_path / "model"
    width = "x" if "x" in recipe.arguments else "u"
    artefact.save_model(place, recipe.build(), recipe, Preprocessor(kind="points", shape=(6,)), {})
    config = json.loads((place / "config.json").read_text())
    config["arguments"][width] = 2**31  # a mask of 2 GB
    (place / "config.json").write_text(json.dumps(config))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match=r"refuses its arguments|does not fit the weights"):
        auxgen.load(place)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # kB


MANY = 10**12  # entries, which no machine has room for


@pytest.mark.parametrize(
    "make",
    [
        *(
            partial(f, MANY)
            for f in (torch.empty, torch.zeros, torch.ones, torch.rand, torch.arange)
        ),
        *(partial(f, 3, MANY) for f in (torch.randn, torch.eye, torch.arange)),
        partial(torch.empty, size=(MANY, 2)),
        partial(torch.full, (2, MANY), 1.0),
        partial(torch.arange, 0, 1, 1 / MANY),
        partial(torch.linspace, 0, 1, MANY),
        partial(torch.linspace, 0, 1, steps=MANY),
        partial(torch.nn.Linear, 10**6, 10**6),
    ],
)
def test_a_builder_is_stopped_before_it_makes_what_no_file_holds(
    make: Callable[[], object],
) -> None:
    with pytest.raises(weights._ManyEntries), weights._LimitEntries({}):
        make()


@pytest.mark.parametrize("content", ["", "{", "[1]", "\udcff"])
def test_a_config_that_is_no_json_is_refused(folder: Path, content: str) -> None:
    (folder / "config.json").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=r"config\.json"):
        auxgen.load(folder)


@pytest.mark.parametrize("harm", ["missing", "truncated", "flipped", "pickle"])
def test_harmed_weights_are_refused(folder: Path, harm: str) -> None:
    file = folder / "model.safetensors"
    data = bytearray(file.read_bytes())
    match harm:
        case "missing":
            file.unlink()
        case "truncated":
            file.write_bytes(data[:-10])
        case "flipped":
            data[-5] ^= 0xFF
            file.write_bytes(data)
        case _:
            torch.save({"weight": torch.zeros(1)}, file)
    with pytest.raises(InputError, match="missing, truncated or not the one"):
        auxgen.load(folder)


def change_weights(folder: Path, change: Callable[[torch.Tensor], torch.Tensor]) -> str:
    """Change the largest tensor of an artefact as a stranger does, who writes the checksum too."""
    file = folder / "model.safetensors"
    known = load_file(file)
    name = max(known, key=lambda each: known[each].numel())
    save_file({**known, name: change(known[name])}, file)
    config = json.loads((folder / "config.json").read_text())
    config["sha256"] = compute_checksum(file.read_bytes())
    (folder / "config.json").write_text(json.dumps(config))
    return name


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(folder: Path, number: float) -> None:
    name = change_weights(folder, lambda w: torch.cat([torch.full_like(w[:1], number), w[1:]]))
    with pytest.raises(InputError, match=f"numbers in {name} that are not finite"):
        auxgen.load(folder)


@pytest.mark.parametrize("dtype", [torch.float8_e4m3fn, torch.float8_e5m2, torch.complex64])
def test_weights_of_a_type_that_no_model_has_are_refused(folder: Path, dtype: torch.dtype) -> None:
    name = change_weights(folder, lambda w: w.to(dtype))
    with pytest.raises(InputError, match=f"has {name} as {dtype}"):
        auxgen.load(folder)


def test_a_folder_that_is_missing_or_no_artefact_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no folder"):
        auxgen.load(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"it has no config\.json"):
        auxgen.load(tmp_path)


def test_a_run_gives_the_model_of_its_last_stage_or_the_one_named(tmp_path: Path) -> None:
    both = {**experiment(method="vae"), **experiment(method="sdgm")}
    train(both, run=tmp_path / "run", device="cpu", quiet=True)
    assert auxgen.load(tmp_path / "run").config["builder"] == "sdgm"
    assert auxgen.load(tmp_path / "run", "vae").config["builder"] == "vae"
    with pytest.raises(InputError, match="no trained stage 'm2'; it has vae, sdgm"):
        auxgen.load(tmp_path / "run", "m2")


def test_a_stage_without_a_recipe_is_loaded_by_its_experiment(tmp_path: Path) -> None:
    made = experiment(method="vae")["vae"]
    train({"own": replace(made, recipe=None)}, run=tmp_path / "run", device="cpu", quiet=True)
    with pytest.raises(InputError, match="weights of stage own, but no builder") as error:
        auxgen.load(tmp_path / "run")
    assert "\n" not in str(error.value)
    again = replace(experiment(method="vae")["vae"], recipe=None)
    model = auxgen.load(tmp_path / "run", experiment={"own": again})
    assert model.space == made.space
    assert torch.equal(model.sample(5), sample(made, 5))
    with pytest.raises(InputError, match=r"own has no recipe.*give its Stage"):
        model.save(tmp_path / "saved")
    with pytest.raises(InputError, match=r"own does not say how its method sees rows"):
        auxgen.load(tmp_path / "run", experiment={"own": replace(again, space=None)})
    with pytest.raises(InputError, match="no stage 'own'"):
        auxgen.load(tmp_path / "run", experiment={"another": again})


def sample(stage: Stage, n: int) -> torch.Tensor:
    assert stage.space is not None
    torch.manual_seed(0)
    return sample_rows(stage.method, stage.space, n, mean=False)


def test_a_stage_with_a_recipe_serves_where_the_last_one_has_none(tmp_path: Path) -> None:
    both = {**experiment(method="vae"), "own": replace(experiment(method="m2")["m2"], recipe=None)}
    train(both, run=tmp_path / "run", device="cpu", quiet=True)
    assert auxgen.load(tmp_path / "run").config["builder"] == "vae"
    with pytest.raises(InputError, match="weights of stage own, but no builder"):
        auxgen.load(tmp_path / "run", "own")


def test_builders_take_and_give_plain_json(folder: Path) -> None:
    for law in METHODS.values():
        assert Recipe(law.recipe.builder, json.loads(json.dumps(law.recipe.arguments))).build()
