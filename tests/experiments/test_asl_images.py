"""Auxiliary supervised learning of images, at a budget of seconds."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from auxgen.data import images
from auxgen.data.batches import LabelledBatches
from auxgen.data.dataset import Dataset, Preprocessor
from auxgen.errors import InputError
from auxgen.evaluation.recognition import ConditionalSampleAccuracy
from auxgen.experiments.asl import images as asl_images
from auxgen.experiments.asl import tables
from auxgen.experiments.asl.cells import CELLS, TRAINED
from auxgen.experiments.asl.pictures import compute_tsne
from auxgen.experiments.option_values import build_experiment
from auxgen.experiments.registry import find_experiment, list_reproductions, load_reproduction_maker
from auxgen.features.pretrained import CIFAR10_CLASSES, RESNET56_FILE
from auxgen.inference.codes import sample_rows
from auxgen.inference.initialization import initialize_from_source
from auxgen.launch import draw_pictures, evaluate, train
from auxgen.networks.residual import ResNet
from auxgen.reproduction import load_reproduction, reproduce
from auxgen.runs.folder import Run
from auxgen.stage import Experiment

pytestmark = pytest.mark.usefixtures("few_draws")

STAGES = ["vae", "vae_unit", "two_stage", "vae_asl", "mi", "mi_asl", "on_demand"]
TINY: dict[str, Any] = {"scale_epochs": 0.02, "batch": 8, "width": 2, "second_hidden": (8, 8)}
CLOTHES = ["table1", "figure4", "figure5", "figure6", "on_demand"]
OTHERS = ["cells", "cells_cifar10", "figure7", "figure9", "figure10", "figure11", "figure12"]


def network(name: str, folder: Path, **options: Any) -> Path:
    """A trained run of features."""
    run = train(f"features.{name}", run=folder, device="cpu", quiet=True, width=4, **options)
    evaluate(run.path, device="cpu")
    return run.path


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return network("digits", tmp_path_factory.mktemp("features") / "run", epochs=3)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory, features: Path) -> Run:
    """The experiment on 8x8 digits, with its scores."""
    folder = tmp_path_factory.mktemp("digits") / "run"
    options = {**TINY, "data": "digits", "extractor": str(features), "held_out_rows": 100}
    run = train("asl.fashion", run=folder, device="cpu", quiet=True, **options)
    evaluate(run.path, device="cpu")
    return run


def build_fashion(options: Mapping[str, Any]) -> Experiment:
    return build_experiment(find_experiment("asl.fashion"), options)


def test_digits_train_all_models_in_one_run(digits: Run) -> None:
    assert digits.trained_stages() == STAGES
    facts = digits.config["facts"]["mi_asl"]
    assert facts["measured on"] == "validation"


def test_every_model_is_measured(digits: Run) -> None:
    found = digits.read_scores()["scores"]
    fd = "FD(features.run)"
    for stage in ("vae", "vae_unit", "two_stage", "vae_asl", "mi_asl", "on_demand"):
        score = found[f"{stage}/{fd}"]
        assert score["value"] > 0
        assert score["n"] == 100
        assert "100 rows of the validation split" in score["protocol"]
        spread = found[f"{stage}/{fd} resampling sd"]["value"]
        assert spread == pytest.approx(np.std(score["detail"]["draws"], ddof=1))
    for stage in ("vae", "two_stage", "vae_asl"):
        assert np.isfinite(found[f"{stage}/importance_bound"]["value"])
    for stage in ("vae", "vae_unit", "mi"):
        drawn, mean = (found[f"{stage}/knn_accuracy{of}"] for of in ("", "_of_means"))
        assert drawn["protocol"].startswith("one code drawn a row")
        assert drawn["value"] != mean["value"]
        assert f"{stage}/silhouette" in found
        assert f"{stage}/code_noise" in found
    assert found["on_demand/accuracy_of_real"]["value"] > 50
    assert found[f"vae/{fd} of training rows"]["value"] < found[f"vae/{fd}"]["value"]


def test_pictures_are_drawn(digits: Run) -> None:
    drawn = {file.stem for file in draw_pictures(digits.path)}
    assert drawn >= {
        "mi-codes of all encoders",
        "mi_asl-reconstructions beside VAE-ASL's",
        "mi_asl-samples of all four",
        "mi_asl-interpolations",
        "on_demand-samples on demand",
    }
    with Image.open(digits.path / "pictures" / "mi_asl-samples of all four.png") as page:
        assert min(page.size) > 500


def test_stages_share_encoders_and_the_second_stage_keeps_the_decoder(digits: Run) -> None:
    stages = build_fashion(digits.config["options"])
    for name, stage in stages.items():
        digits.restore_stage(name, stage)
    methods = {name: stage.method.state_dict() for name, stage in stages.items()}
    x = torch.rand(4, 1, 8, 8)

    def code(name: str) -> Tensor:
        return stages[name].method.eval().encode(x).mean  # pyright: ignore

    for held, source in (("two_stage", "vae"), ("vae_asl", "vae"), ("mi_asl", "mi")):
        assert torch.equal(code(held), code(source))
    assert torch.equal(code("on_demand"), code("mi"))
    own = {k: v for k, v in methods["two_stage"].items() if k.startswith("p_x")}
    assert all(torch.equal(v, methods["vae"][k]) for k, v in own.items())


def test_a_generator_starts_from_the_encoder_s_own(features: Path) -> None:
    options = {**TINY, "data": "digits", "extractor": str(features)}
    stages = build_fashion(options)
    for held, source in (("vae_asl", "vae"), ("mi_asl", "mi"), ("on_demand", "mi_asl")):
        initialize_from_source(
            stages[held].method, source=stages[source].method, x=torch.rand(3, 1, 8, 8)
        )
    u = torch.randn(3, 32)
    g = {name: stages[name].method.eval().decode(u).mean for name in STAGES}  # pyright: ignore
    assert torch.equal(g["vae_asl"], g["vae"])
    assert torch.equal(g["mi_asl"], g["mi"])
    assert torch.equal(g["on_demand"], g["mi"])
    assert not torch.equal(g["mi"], g["vae"])


def test_a_mixture_of_codes_starts_where_expectation_maximisation_ends() -> None:
    options = {**TINY, "data": "digits", "density": "mixture", "components": 2}
    stage = build_fashion(options)["mi_asl"]
    method: Any = stage.method.eval()
    with torch.no_grad():
        before = method.p_u().log_prob(codes(stage)).mean()
        assert stage.start is not None
        stage.start(method)
        assert method.p_u().log_prob(u := codes(stage)).mean() > before + 10
        assert u.shape == (1297, 32)


def codes(stage: Any) -> Tensor:
    return stage.method.encode(stage.space.transform(stage.data["train"].raw_rows())).sample()


def test_without_a_known_extractor_nothing_is_told_of_distances(tmp_path: Path) -> None:
    for i in range(12):
        file = tmp_path / "images" / "train" / f"{i}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), 20 * i, np.uint8)).save(file)
    stages = build_fashion(
        {**TINY, "data": str(tmp_path / "images"), "held_out_rows": 4, "batch": 4}
    )
    assert list(stages) == STAGES[:-1]
    assert "fd" not in stages["vae"].evaluations
    assert "codes" not in stages["vae"].evaluations


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"held_out_rows": 5000}, "held_out_rows is 5000 and digits/train has 1297 rows"),
        ({"batch": 1}, "batch is 1; 2 or more"),
        ({"data": "digit"}, "digits"),
        ({"width": 0}, "width is 0; 1 or more"),
        ({"density": "mixtur"}, "mixture"),
        ({"latent": 0}, "latent is 0; 1 or more"),
        ({"lr": 0.0}, "lr is 0.0; a number above 0"),
        ({"resamplings": 0}, "resamplings is 0; 1 or more"),
        ({"epochs": 0.5}, "The option 'epochs' of asl.fashion is called 'scale_epochs' now"),
    ],
)
def test_options_that_will_not_do_are_refused(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        build_fashion({**TINY, "data": "digits", **wrong})


def test_images_that_are_not_square_are_refused(tmp_path: Path) -> None:
    for i in range(4):
        file = tmp_path / "images" / "train" / f"{i}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((8, 12), np.uint8)).save(file)
    with pytest.raises(InputError, match="8 x 12 pixels; square ones"):
        build_fashion({**TINY, "data": str(tmp_path / "images"), "held_out_rows": 1})


@pytest.mark.parametrize("of", ["fashion", "cifar10", "celeba"])
def test_the_paper_s_budget_has_the_paper_s_networks(of: str) -> None:
    plan = getattr(asl_images, f"make_{of}_plan")("paper")
    assert plan.width == 64
    assert plan.latent == (32 if of == "fashion" else 128)
    assert (plan.transforms, plan.coupling_hidden) == (
        (16, (256, 256)) if of == "fashion" else (20, (128, 128, 128))
    )


def test_a_cell_is_made_of_the_parts_of_two_models() -> None:
    stages = build_fashion({**TINY, "data": "digits", "cells": True})
    assert list(stages) == [*TRAINED, *CELLS]
    assert [stages[name].engine.steps > 0 for name in stages] == [True] * 3 + [False] * 5
    methods: dict[str, Any] = {name: stage.method for name, stage in stages.items()}
    vae, asl, second = methods["vae"], methods["vae_asl"], methods["two_stage"]
    with torch.no_grad():
        for trained in (vae, asl, second):
            for parameter in trained.parameters():
                parameter.add_(0.01)
    for name, cell in CELLS.items():
        start, space = stages[name].start, stages[name].space
        assert start is not None
        assert space is not None
        start(methods[name])
        encoder = methods[name].q_z if name == "asl_normal" else methods[name].q_u
        assert_same_weights(encoder, vae.q_z)
        decoder = asl.p_x.g if cell.regressed else vae.p_x.network
        assert_same_weights(methods[name].p_x.network, decoder)
        assert sample_rows(methods[name].eval(), space, 3).shape == (3, 1, 8, 8)
    assert_same_weights(methods["vae_flow"].p_u, asl.p_u)
    assert_same_weights(methods["asl_second"].p_u, second.p_u)
    assert len(list(methods["asl_normal"].p_z.parameters())) == 0
    with torch.no_grad():
        u = torch.cat([codes(stages["vae_gaussian"]) for _ in range(5)])
        found = methods["vae_gaussian"].p_u().log_prob(u).mean()
    best = MultivariateNormal(u.mean(0), u.T.cov()).log_prob(u).mean()
    torch.testing.assert_close(found, best, atol=0.5, rtol=0)  # of other draws, 1,297 of them


def assert_same_weights(one: nn.Module, other: nn.Module) -> None:
    pairs = zip(one.state_dict().items(), other.state_dict().values(), strict=True)
    for (name, mine), its in pairs:
        assert torch.equal(mine, its), name


def test_a_second_vae_may_have_the_schedule_of_its_authors() -> None:
    given = {"data": "digits", "batch": 8, "width": 2, "second_lr": 1e-4, "two_stage_epochs": 0.8}
    engine = build_fashion(given)["two_stage"].engine
    assert engine.optimizers("density", [nn.Parameter(torch.zeros(2))]).defaults["lr"] == 1e-4
    assert engine.steps == 130
    factors = [float(engine.learning_rate(torch.tensor(s))) for s in (0, 48, 49, 97, 98, 129)]
    assert factors == [1, 1, 0.5, 0.5, 0.25, 0.25]  # as after 300 and 600 of 800 epochs


def test_no_passes_are_no_rounds_and_not_the_budget_s_own() -> None:
    stages = build_fashion({**TINY, "data": "digits", "scale_epochs": 0.0})
    assert [stage.engine.steps for stage in stages.values()] == [0] * len(STAGES)
    stages = build_fashion({**TINY, "data": "digits", "scale_epochs": 1.0, "mi_epochs": 0.0})
    assert [stage.engine.steps == 0 for stage in stages.values()] == [s == "mi" for s in STAGES]


class Perfect(nn.Module):
    """Draws real digits, those asked for, or the next class's."""

    def __init__(self, real: Dataset, wrong: int) -> None:
        super().__init__()
        self.real, self.wrong = real, wrong

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        assert y is not None
        rows = [(self.real.y == (c + self.wrong) % 10).nonzero()[0, 0] for c in y.tolist()]
        return self.real.raw_rows()[torch.stack(rows)]


def test_what_was_asked_for_is_found_and_what_was_not_is_not(features: Path) -> None:
    test = images.load_image_dataset("digits", "test")
    space = Preprocessor(kind="images", shape=(1, 8, 8), flat=False, classes=test.classes)
    score = ConditionalSampleAccuracy(test, space, extractor=str(features))
    right, wrong = (score(Perfect(images.load_image_dataset("digits", "train"), w)) for w in (0, 1))
    assert right["accuracy_on_demand"].value > 60
    assert wrong["accuracy_on_demand"].value < 30
    assert right["accuracy_of_real"] == wrong["accuracy_of_real"]
    unknown = Dataset(test.x, torch.full_like(test.y, -1), test.classes, "none", "")
    with pytest.raises(InputError, match="The test split has no labelled row"):
        ConditionalSampleAccuracy(unknown, space, extractor=str(features))(Perfect(test, 0))


def test_far_clusters_stay_apart_on_the_plane() -> None:
    torch.manual_seed(0)
    u = torch.randn(60, 8) + 20 * (torch.arange(60) % 2)[:, None]
    plane = compute_tsne(u)
    near = torch.cdist(plane, plane).fill_diagonal_(torch.inf).argmin(1)
    assert plane.shape == (60, 2)
    assert (near % 2 == torch.arange(60) % 2).all()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Small sets under the names of the real ones, and the networks of their features."""
    root = tmp_path_factory.mktemp("home")
    grey, y = load_digits(return_X_y=True)
    for i in range(150):
        part = "train" if i < 100 else "test"
        picture = Image.fromarray((grey[i].reshape(8, 8) * 255 / 16).astype(np.uint8))
        for name, mode, side in (("fashion_mnist", "L", 28), ("cifar10", "RGB", 32)):
            label = CIFAR10_CLASSES[int(str(y[i]))] if name == "cifar10" else str(y[i])
            file = root / "data" / name / part / label / f"{i}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            picture.convert(mode).resize((side, side)).save(file)
    for part in ("train", "test"):
        place = root / "data" / "celeba" / part
        place.mkdir(parents=True)
        with (place / "metadata.csv").open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["file_name", "Smiling", "Wearing_Hat"])
            for i in range(40):
                pixels = np.random.default_rng(i).integers(256, size=(148, 148, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(place / f"{i}.png")
                writer.writerow([f"{i}.png", i % 2, (i // 2) % 2])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUXGEN_DATA", str(root / "data"))
        patch.setenv("AUXGEN_WEIGHTS", str(root / "weights"))
        patch.setenv("AUXGEN_CACHE", str(root / "cache"))
        weights = root / "weights"
        weights.mkdir()
        save_file(ResNet(3, 10, blocks=9).state_dict(), weights / RESNET56_FILE)
        for name in ("fashion_mnist", "celeba"):
            network(name, root / "weights" / f"features.{name}", epochs=1, blocks=1, batch=20)
        yield root


@pytest.fixture(scope="module")
def out(home: Path) -> Path:
    """The folder that all tables share, and with it their runs."""
    return home / "out"


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.slow] if "figure" in n else []) for n in CLOTHES],
)
def test_a_table_is_reproduced(name: str, out: Path) -> None:
    assert_reproduced(name, out)
    runs = [file.parent.parent.name for file in out.rglob("run.json")]
    assert len([run for run in runs if run.startswith("asl.fashion-")]) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_a_figure_of_other_images_is_reproduced(name: str, out: Path) -> None:
    assert_reproduced(name, out)


def test_every_reproduction_of_images_is_among_those_tried() -> None:
    on_images = {"asl.fashion", "asl.cifar10", "asl.celeba"}
    made = {name: load_reproduction_maker(name)("cpu") for name in list_reproductions()}
    found = {name for name, m in made.items() if on_images & {row.experiment for row in m.rows}}
    assert found == {f"asl.{name}" for name in (*CLOTHES, *OTHERS)}


def assert_reproduced(name: str, out: Path) -> None:
    folder = reproduce(f"asl.{name}", seeds=1, out=out, device="cpu", quiet=True, **TINY)
    found = load_reproduction(folder)
    for row in found["rows"]:
        assert all(np.isfinite(column["mean"]) for column in row["columns"].values())
    assert len(found["claim"]) > 20 or name not in ("table1", "figure4")
    page = (folder / "report.html").read_text()
    assert ("samples of all four" in page) != name.startswith("cells")


def test_faces_are_asked_for_by_attributes(home: Path) -> None:
    stages = build_experiment(find_experiment("asl.celeba"), TINY)
    stage = stages["on_demand"]
    assert isinstance(stage.batches, LabelledBatches)
    assert stage.batches.y.shape == (40, 2)
    stage.method.eval()
    scores = stage.evaluations["on_demand"](stage.method)
    assert isinstance(scores, dict)
    assert 0 <= scores["balanced_accuracy_on_demand"].value <= 100
    assert scores["balanced_accuracy_of_real"].n == 40


def test_the_paper_s_table_has_cifar10_too() -> None:
    rows = tables.make_table1("paper").rows
    assert [row.experiment for row in rows] == ["asl.fashion"] * 4 + ["asl.cifar10"] * 4
    told = json.dumps([row.paper for row in rows])
    assert all(number in told for number in ("47.19", "43.88", "38.39", "26.00", "86.51"))


def test_claims_say_whether_they_hold() -> None:
    names = [f"Fashion-MNIST: {m}" for m in ("VAE", "two-stage VAE", "VAE-ASL", "MI-ASL")]
    for values, holds in (((10, 9, 8, 5), 3), ((10, 9, 8.6, 5), 2), ((10, 11, 9, 9), 0)):
        means = {(name, tables.FD): v for name, v in zip(names, values, strict=True)}
        assert tables.check_asl_frechet_distances(means).count(": holds") == holds
    for ours, told in ((83.0, (True, True)), (81.0, (True, False)), (70.0, (False, False))):
        each = {"MI encoder": ours, "VAE encoder": 80.0, "VAE encoder, scale 1": 70.0}
        means = {(name, tables.NEIGHBOURS): value for name, value in each.items()}
        said = tables.check_code_neighbours(means).split("; ")
        assert tuple("does not" not in part for part in said) == told
