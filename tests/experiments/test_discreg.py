"""Discriminative regularisation of images, at a budget of seconds."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from backbones import install_random_weights
from PIL import Image
from safetensors.torch import save_file
from torch import nn

import auxgen
from auxgen.data.dataset import Dataset
from auxgen.errors import InputError
from auxgen.experiments.discreg import budgets, pattern, tables
from auxgen.experiments.discreg.classifiers import build_regularising_classifier
from auxgen.experiments.discreg.layers import TITLES
from auxgen.experiments.option_values import build_experiment
from auxgen.experiments.registry import find_experiment
from auxgen.experiments.runs import read_run_options
from auxgen.features import pretrained
from auxgen.launch import draw_pictures, evaluate, train
from auxgen.networks.taps import VGG
from auxgen.reproduction import load_reproduction, reproduce
from auxgen.runs.folder import Run

pytestmark = pytest.mark.usefixtures("few_draws", "coarse_pictures")

TINY: dict[str, Any] = {
    "scale_epochs": 0.02,
    "batch": 8,
    "widths": (2, 4),
    "latent": 2,
    "test_rows": 16,
}
DIGITS: dict[str, Any] = {**TINY, "data": "digits", "valid_rows": 100}
STAGES = ["classifier", "vae", "discriminative", "vae_adjusted", "discriminative_adjusted"]
FACES = ["table2", "figure4", "figure5", "figure6"]


def network(name: str, folder: Path, **options: Any) -> Path:
    run = train(f"features.{name}", run=folder, device="cpu", quiet=True, width=4, **options)
    return run.path


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return network("digits", tmp_path_factory.mktemp("features") / "run", epochs=1)


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory, features: Path) -> Run:
    folder = tmp_path_factory.mktemp("digits") / "run"
    options = {**DIGITS, "scale_epochs": 0.1, "extractor": str(features)}
    run = train("discreg.fashion", run=folder, device="cpu", quiet=True, **options)
    evaluate(run.path, device="cpu")
    return run


def test_all_models_are_trained_and_measured_alike(digits: Run) -> None:
    assert digits.trained_stages() == STAGES
    found = digits.read_scores()["scores"]
    for stage in STAGES[1:]:
        for split in ("train", "valid", "test"):
            nll = found[f"{stage}/nll_per_dimension of {split}"]
            assert nll["value"] * 64 == pytest.approx(found[f"{stage}/nll of {split}"]["value"])
            assert split in nll["protocol"]
        # IS-NLL <= -ELBO on the same images
        assert found[f"{stage}/nll of test"]["value"] < -found[f"{stage}/elbo"]["value"] + 1e-3
        assert f"{stage}/feature error at convolutions.norm6" in found
        assert f"{stage}/accuracy of reconstructions" in found
        assert found[f"{stage}/FD(features.run)"]["value"] > 0


def test_the_classifier_is_the_same_to_the_last_bit_after_training(digits: Run) -> None:
    trained: Any = auxgen.load(digits.path / "classifier").method
    held: Any = auxgen.load(digits.path / "discriminative").method
    own, other = trained.q_y.network.state_dict(), held.d.network.state_dict()
    assert own.keys() == other.keys()
    assert any("running_mean" in name for name in own)
    assert all(torch.equal(own[name], other[name]) for name in own)


def test_adjusting_leaves_the_decoder_s_weights(digits: Run) -> None:
    before: Any = auxgen.load(digits.path / "discriminative").method
    after: Any = auxgen.load(digits.path / "discriminative_adjusted").method
    weights, adjusted = before.p_x.state_dict(), after.p_x.state_dict()
    moved = {name for name in weights if not torch.equal(weights[name], adjusted[name])}
    assert moved
    assert all("running" in name or "num_batches" in name for name in moved)
    encoder = zip(before.q_z.parameters(), after.q_z.parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in encoder)


def test_pictures_are_drawn(digits: Run) -> None:
    drawn = {file.stem for file in draw_pictures(digits.path)}
    for what in ("samples", "reconstructions", "interpolations"):
        assert f"discriminative_adjusted-{what} with and without" in drawn


def test_any_trained_classifier_will_do(features: Path, tmp_path: Path) -> None:
    options = {**DIGITS, "adjusted": False}
    run = train(
        "discreg.fashion",
        run=tmp_path / "run",
        device="cpu",
        quiet=True,
        classifier=str(features),
        classifier_layers=("layer2",),
        layer_weights=(0.5,),
        **options,
    )
    assert run.trained_stages() == ["vae", "discriminative"]
    held: Any = auxgen.load(run.path / "discriminative").method
    trained: Any = auxgen.load(features / "classifier").method
    other = held.d.network.state_dict()
    assert all(torch.equal(v, other[k]) for k, v in trained.q_y.network.state_dict().items())
    assert held.layers == ("layer2",)
    assert held.weights == {"layer2": 0.5}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"valid_rows": 5000}, "valid_rows is 5000 of 1297 training rows; expected fewer"),
        ({"batch": 1}, "batch is 1; 2 or more"),
        ({"latent": 0}, "latent is 0; 1 or more"),
        ({"test_rows": 0}, "test_rows is 0; 1 or more"),
        ({"scale_epochs": -1.0}, "scale_epochs is -1.0; 0 or more"),
        ({"recognition_crop": 0.0}, "recognition_crop is 0.0; above 0 to 1 is expected"),
        ({"z": 2}, "option 'z' of discreg.fashion is called 'latent' now"),
        ({"classifier_layers": ("convolutions.norm7",)}, "There is no layer 'convolutions.norm7'"),
        ({"layer_weights": (1.0,)}, "1 weights for 3 layers; one each is expected"),
        ({"classifier": "nowhere"}, "no folder nowhere"),
        ({"widths": (2, 2, 2, 2)}, "8 x 8 pixels; a multiple of 16 is expected"),
    ],
)
def test_options_that_will_not_do_are_refused(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        build_experiment(find_experiment("discreg.fashion"), {**DIGITS, **wrong})


@pytest.mark.parametrize(("options", "cut"), [({}, 54), ({"size": 32}, 27), ({"data": True}, None)])
def test_a_verdict_on_faces_is_asked_on_what_its_classifier_was_taught(
    options: dict[str, Any], cut: int | None, home: Path
) -> None:
    if "data" in options:
        options = {"data": str(home / "data" / "celeba")}
    options = {**SMALL, "adjusted": False, **options}
    stages = build_experiment(find_experiment("discreg.celeba"), options)
    recognised: Any = stages["vae"].evaluations["recognised"]
    assert recognised.cut == cut


@pytest.mark.parametrize(
    ("extractor", "found"),
    [("auto", "features.digits"), ("vgg19-relu3_1", "vgg19-relu3_1"), (None, None)],
)
def test_a_verdict_is_that_of_the_extractor(extractor: str | None, found: str | None) -> None:
    options = {**DIGITS, "adjusted": False, "extractor": extractor}
    stages = build_experiment(find_experiment("discreg.fashion"), options)
    evaluations: Any = stages["vae"].evaluations
    assert ("samples" in evaluations) == (found is not None)
    if found:
        assert evaluations["recognised"].extractor == evaluations["samples"].extractor == found


def test_the_paper_s_budget_has_the_authors_networks() -> None:
    paper = budgets.CELEBA["paper"]
    assert paper.widths == (32, 64, 128, 256)
    assert (paper.hidden, paper.latent, paper.pixel_scale, paper.batch) == (1000, 500, 1.0, 100)
    assert (paper.classifier_width, paper.classifier_hidden) == (32, 1000)
    assert (paper.lr, paper.vae_epochs, paper.classifier_epochs) == (2e-3, 75, 50)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Small sets under the names of the real ones, weights of VGG-19, and other networks."""
    root = tmp_path_factory.mktemp("home")
    random = np.random.default_rng(0)

    def picture(file: Path, shape: tuple[int, ...]) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(256, size=shape, dtype=np.uint8)).save(file)

    for i in range(48):
        part = "train" if i < 32 else "test"
        for name in ("cifar10", "svhn"):
            picture(root / "data" / name / part / str(i % 10) / f"{i}.png", (32, 32, 3))
        picture(root / "data" / "fashion_mnist" / part / str(i % 10) / f"{i}.png", (28, 28))
    for part in ("train", "valid", "test"):
        for i in range(20):
            picture(root / "data" / "celeba" / part / f"{i}.png", (178, 178, 3))
        with (root / "data" / "celeba" / part / "metadata.csv").open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["file_name", "Smiling", "Wearing_Hat"])
            writer.writerows([f"{i}.png", i % 2, (i // 2) % 2] for i in range(20))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUXGEN_DATA", str(root / "data"))
        patch.setenv("AUXGEN_WEIGHTS", str(root / "weights"))
        patch.setenv("AUXGEN_CACHE", str(root / "cache"))
        for name in ("celeba", "fashion_mnist"):
            folder = root / "weights" / f"features.{name}"
            network(name, folder, epochs=1, blocks=1, batch=10)
        save_file(VGG().state_dict(), root / "weights" / pretrained.VGG19_FILE)
        yield root


SMALL: dict[str, Any] = {**TINY, "scale_epochs": 0.05}


@pytest.mark.parametrize("name", FACES)
def test_a_table_of_faces_is_reproduced(name: str, home: Path) -> None:
    assert_reproduced(name, home, **SMALL)
    (run,) = (home / "out").glob("discreg.celeba-*/*/run.json")
    drawn = {file.stem for file in (run.parent / "pictures").glob("*.png")}
    for stage in ("discriminative", "discriminative_adjusted"):
        shown = ("samples", "reconstructions", "interpolations")
        assert {f"{stage}-{what} with and without" for what in shown} <= drawn


@pytest.mark.parametrize("name", ["figure2", pytest.param("figure3", marks=pytest.mark.slow)])
def test_a_figure_by_vgg_is_reproduced(name: str, home: Path) -> None:
    assert_reproduced(name, home, **SMALL, valid_rows=8, extractor=None)


def test_layers_are_studied_in_one_run(home: Path) -> None:
    folder = assert_reproduced("layers", home, **SMALL, valid_rows=2)
    (run,) = {Path(run) for row in load_reproduction(folder)["rows"] for run in row["runs"]}
    assert Run(folder / run).trained_stages() == ["classifier", *TITLES]
    held: Any = auxgen.load(folder / run / "second").method
    assert held.layers == ("convolutions.norm4",)
    tenth: Any = auxgen.load(folder / run / "tenth").method
    assert set(tenth.weights.values()) == {0.1}
    drawn = folder / run / "pictures" / "decoder-reconstructions of all.png"
    assert drawn.is_file()


@pytest.mark.slow
def test_the_pattern_is_studied_in_one_run(home: Path) -> None:
    folder = assert_reproduced("pattern", home, **SMALL, valid_rows=2)
    (run,) = {Path(run) for row in load_reproduction(folder)["rows"] for run in row["runs"]}
    stages = Run(folder / run).trained_stages()
    assert stages == ["classifier", "pooled_classifier", *pattern.TITLES]
    held: dict[str, Any] = {s: auxgen.load(folder / run / s).method for s in stages}
    usual = held["all"].d.network.state_dict()
    for name in ("relu", "tenth", "moved", "resized"):
        other = held[name].d.network.state_dict()
        assert all(torch.equal(v, other[k]) for k, v in usual.items())
    own = held["pooled_classifier"].q_y.network.state_dict()
    assert all(torch.equal(v, own[k]) for k, v in held["pooled"].d.network.state_dict().items())
    assert held["relu"].layers == ("convolutions.relu2", "convolutions.relu4", "convolutions.relu6")
    assert (held["moved"].shift, held["all"].shift) == (4, 0)
    resized = [n for n, m in held.items() if any(isinstance(u, nn.Upsample) for u in m.modules())]
    assert resized == ["resized_vae", "resized"]


def test_the_artefacts_are_reproduced_at_64_pixels_too(home: Path) -> None:
    options = {"steps": 1, "size": 64, "latent": 3, "classifier_epochs": 0.2, "train_rows": 4}
    assert_reproduced("figure7", home, **options, widths=(2, 4))


def test_the_artefacts_are_reproduced(home: Path) -> None:
    options = {"steps": 3, "widths": (2, 4), "latent": 3, "classifier_epochs": 0.2}
    folder = assert_reproduced("figure7", home, **options)
    drawn = [file.name for file in folder.rglob("*.png")]
    assert "blurred-panels.png" in drawn or "panels" in (folder / "report.html").read_text()


def test_vgg_is_the_same_to_the_last_bit_after_training(home: Path, tmp_path: Path) -> None:
    options = {**SMALL, "valid_rows": 8, "extractor": None, "adjusted": False}
    options |= {"classifier_layers": ("relu1_2",)}
    run = train("discreg.cifar10", run=tmp_path / "run", device="cpu", quiet=True, **options)
    held: Any = auxgen.load(run.path / "discriminative").method
    given = pretrained.load_vgg19().state_dict()
    other = held.d.network.state_dict()
    assert given.keys() == other.keys()
    assert all(torch.equal(given[name], other[name]) for name in given)


def test_a_network_of_photographs_regularises_and_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = install_random_weights(tmp_path / "site", monkeypatch)
    random, folder = np.random.default_rng(0), tmp_path / "photos"
    folder.mkdir()
    for i in range(12):
        pixels = random.integers(256, size=(36, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    options = {**SMALL, "classifier": "efficientnet-lite0", "adjusted": False, "data": folder}
    train("discreg.own", run=tmp_path / "run", device="cpu", quiet=True, **options)
    held: Any = auxgen.load(tmp_path / "run" / "discriminative").method
    assert held.d.layers == ("blocks.0", "blocks.2", "blocks.4")
    given, other = network.state_dict(), held.d.network.state_dict()
    assert given.keys() == other.keys()
    assert all(torch.equal(given[name], other[name]) for name in given)


def test_a_network_of_photographs_sees_no_grey_images() -> None:
    grey = Dataset(torch.zeros(4, 1, 8, 8, dtype=torch.uint8), torch.zeros(4).long(), (), "g", "")
    with pytest.raises(InputError, match="sees colours"):
        build_regularising_classifier("efficientnet-lite0", (), {"train": grey}, budgets.OWN[32], 0)


@pytest.mark.parametrize(
    "kind", ["classes", "attributes", pytest.param("none", marks=pytest.mark.slow)]
)
def test_own_images_regularise_by_what_is_known_of_them(
    kind: str, home: Path, tmp_path: Path
) -> None:
    random, folder = np.random.default_rng(0), tmp_path / "photos"
    for i in range(60):
        file = folder / (f"{i % 3}/{i}.png" if kind == "classes" else f"{i}.png")
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(256, size=(36, 40, 3), dtype=np.uint8)).save(file)
    if kind == "attributes":
        with (folder / "metadata.csv").open("w", newline="") as out:
            answers = [["", 0, 1][i % 3] for i in range(60)]
            named = [[f"{i}.png", answers[i], i % 2] for i in range(60)]
            csv.writer(out).writerows([["file_name", "Smiling", "Hat"], *named])
    classifier = "vgg19" if kind == "none" else "own"
    options = {**SMALL, "batch": 4, "test_rows": 4, "classifier": classifier, "adjusted": False}
    run = train(
        "discreg.own", run=tmp_path / "run", device="cpu", quiet=True, data=folder, **options
    )
    evaluate(run.path, device="cpu")
    assert ("classifier" in run.trained_stages()) == (kind != "none")
    if kind != "none":
        space = auxgen.load(run.path / "classifier").space
        told = space.classes if kind == "classes" else space.attributes
        assert told == (("0", "1", "2") if kind == "classes" else ("Smiling", "Hat"))
    found = run.read_scores()["scores"]
    assert np.isfinite(found["discriminative/nll_per_dimension of valid"]["value"])


def test_the_artefacts_cut_and_resize_faces_alone() -> None:
    digits = {"data": "digits", "widths": (2,), "latent": 2, "steps": 1}
    stages = build_experiment(find_experiment("discreg.artefacts"), digits)
    assert stages["identity"].data["train"].x.shape == (100, 1, 8, 8)


def assert_reproduced(name: str, home: Path, **options: Any) -> Path:
    folder = reproduce(
        f"discreg.{name}", seeds=1, out=home / "out", device="cpu", quiet=True, **options
    )
    for row in load_reproduction(folder)["rows"]:
        assert all(np.isfinite(column["mean"]) for column in row["columns"].values())
    return folder


def of_both(without: dict[str, float], with_: dict[str, float]) -> dict[tuple[str, str], float]:
    both = zip(tables.VAES.values(), (without, with_), strict=True)
    return {(row, column): value for row, columns in both for column, value in columns.items()}


def test_the_table_s_claims_say_whether_they_hold() -> None:
    splits = [f"NLL, {split}" for split in tables.SPLITS]
    base = {**dict.fromkeys(splits, -1.2), tables.EACH: -1.2, tables.BOUND: 1.1, tables.FOUND: 70.0}
    base |= dict.fromkeys(tables.ERRORS, 1.0)
    assert tables.check_likelihood_claims(of_both(base, base)).count(": holds") == 1  # the ELBO
    worse = {**base, **dict.fromkeys(splits, -0.9)}
    assert tables.check_likelihood_claims(of_both(base, worse)).count(": holds") == 2
    seen = {**base, **dict.fromkeys(splits, -1.1), **dict.fromkeys(tables.ERRORS, 0.75)}
    seen[tables.FOUND] = 75.0
    assert tables.check_likelihood_claims(of_both(base, seen)).count(": holds") == 5
    assert "lower (25%): holds" in tables.check_likelihood_claims(of_both(base, seen))
    one = {**seen, next(iter(tables.ERRORS)): 0.9}
    assert "lower (10%): does not hold" in tables.check_likelihood_claims(of_both(base, one))
    broken = tables.check_likelihood_claims(of_both(base, {**seen, tables.BOUND: 1.3}))
    assert "minus the ELBO: does not hold" in broken


def test_the_pattern_s_claims_say_whether_they_hold() -> None:
    power = {"vae": 40.0, "all": 2500.0, "resized": 100.0}
    means = {(title, tables.GRID): power.get(n, 1.0) for n, title in pattern.TITLES.items()}
    said = tables.check_pattern_claims(means)
    assert "(62.5 times the power): holds" in said
    assert "(0.040 of it): holds" in said
    means[pattern.TITLES["resized"], tables.GRID] = 3000.0
    assert "(1.200 of it): does not hold" in tables.check_pattern_claims(means)


def test_own_images_have_resize_convolutions_unless_their_run_is_older(
    home: Path, tmp_path: Path
) -> None:
    assert all(plan.resize_convolutions for plan in budgets.OWN.values())
    assert not any(plan.resize_convolutions for plan in budgets.CELEBA.values())
    options = {**SMALL, "classifier": "vgg19", "adjusted": False, "batch": 4, "test_rows": 4}
    options |= {"data": home / "data" / "celeba", "least_steps": 1}
    run = train("discreg.own", run=tmp_path / "run", device="cpu", quiet=True, **options)
    images = auxgen.load(run.path / "discriminative").config["arguments"]["images"]
    assert images["resize_convolutions"] is True
    entry = find_experiment("discreg.own")
    older = json.loads((run.path / "run.json").read_text())
    del older["options"]["resize_convolutions"]
    (run.path / "run.json").write_text(json.dumps(older))
    assert read_run_options(Run(run.path), entry)["resize_convolutions"] is False


def test_the_figure_s_claims_say_whether_they_hold() -> None:
    means = {
        (tables.CONTROL, tables.PSNR): 30.0,
        (tables.BLURRED, tables.PSNR): 26.0,
        (tables.CONTROL, tables.HIGH): 1.0,
        (tables.BLURRED, tables.HIGH): 2.0,
    }
    assert "does not hold" in tables.check_blur_claims(means)
    assert "2.0 times): holds" in tables.check_blur_claims(means)


def test_vgg_comes_from_the_hub_where_no_weights_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AUXGEN_WEIGHTS", raising=False)
    theirs = {}
    for (name, wide, out), place in zip(pretrained.TRUNK, (0, 2, 5, 7, 10), strict=True):
        del name
        theirs[f"features.{place}.weight"] = torch.randn(out, wide, 3, 3)
        theirs[f"features.{place}.bias"] = torch.randn(out)
    save_file(theirs, tmp_path / "model.safetensors")
    asked: list[tuple[str, str]] = []

    def download(repository: str, file: str) -> str:
        asked.append((repository, file))
        return str(tmp_path / file)

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    vgg = pretrained.load_vgg19()
    assert asked == [("timm/vgg19.tv_in1k", "model.safetensors")]
    assert torch.equal(vgg.get_submodule("conv3_1").weight, theirs["features.10.weight"])  # pyright: ignore
    x = torch.rand(1, 3, 4, 4)
    mean, std = (
        torch.tensor(v).view(3, 1, 1) for v in (pretrained.IMAGENET_MEAN, pretrained.IMAGENET_STD)
    )
    torch.testing.assert_close(vgg.preprocess(x), (x - mean) / std)

    def offline(repository: str, file: str) -> str:
        raise OSError(f"{repository}/{file}")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", offline)
    with pytest.raises(InputError, match="VGG-19 is neither in AUXGEN_WEIGHTS"):
        pretrained.load_vgg19()
