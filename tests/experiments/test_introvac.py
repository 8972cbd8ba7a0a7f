"""IntroVAC's experiments, tables and figures at a budget of seconds."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from auxgen.builders import Recipe
from auxgen.cli.main import main
from auxgen.data.attributes import derive_attributes_from_classes
from auxgen.data.batches import LabelledBatches
from auxgen.data.dataset import Dataset
from auxgen.data.user import load_image_folder
from auxgen.engine.loop import Training
from auxgen.errors import InputError
from auxgen.evaluation.attribute_scorers import MulticlassScorer, MultilabelScorer, ScorerEnsemble
from auxgen.evaluation.equal_effect import EqualEffectComparison
from auxgen.experiments.introvac import (
    edit_rate_tables,
    equal_effect_tables,
    game_tables,
    tables,
)
from auxgen.experiments.introvac.celeba import make_eye_plan
from auxgen.experiments.introvac.classes import CLOTHES_ATTRIBUTES, plane
from auxgen.experiments.introvac.plans import (
    FASHION_PLAN,
    PHOTO_WIDTHS,
    PLANE_PLAN,
    IntrovacPlan,
    make_face_plan,
)
from auxgen.experiments.introvac.stages import STAGES, make_introvac_engine
from auxgen.experiments.option_values import build_experiment, resolve_options
from auxgen.experiments.registry import find_experiment, list_reproductions
from auxgen.experiments.runs import update_old_options
from auxgen.inference.conditional import sample_where
from auxgen.launch import draw_pictures, evaluate, train
from auxgen.methods.vac import Betas
from auxgen.model import load as opened
from auxgen.reproduction import load_reproduction, reproduce
from auxgen.runs.folder import Run

pytestmark = pytest.mark.usefixtures("few_draws", "coarse_pictures")

COLUMNS = ("Eyeglasses", "No_Beard", "Goatee", "Mustache", "Smiling")
TINY: dict[str, Any] = {"scale_epochs": 0.05, "batch": 8, "size": 32}
TINY |= {"widths": (4, 4, 4), "latent": 4}
FIGURES = tuple(f"figure{n}" for n in range(4, 10))
ON_FACES = ("table1", "equal_effect", "draws", *FIGURES)
PASSES = ("introvac_epochs", "vac_epochs", "pretraining_epochs", "scale_epochs")


def build(name: str, **options: Any) -> Any:
    return build_experiment(find_experiment(f"introvac.{name}"), options)


def slow(name: str) -> Any:
    """Those that train more than what all others are read off."""
    marks = [pytest.mark.slow] if name in ("figure4", "figure5", "figure7", "figure8") else []
    return pytest.param(name, marks=marks)


def write_faces(folder: Path, rows: int, blanks: bool = False) -> None:
    """Noise with a black bar where there are glasses; attributes in turn."""
    folder.mkdir(parents=True)
    with (folder / "metadata.csv").open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["file_name", *COLUMNS])
        for i in range(rows):
            pixels = np.random.default_rng(i).integers(256, size=(148, 148, 3), dtype=np.uint8)
            glasses = i % 3 == 0
            pixels[40:60] = 0 if glasses else 200
            Image.fromarray(pixels).save(folder / f"{i}.png")
            answers = [int(glasses), i % 2, 0, int(i % 5 == 0), i // 2 % 2]
            shown = ["" if blanks and (i + k) % 4 == 0 else a for k, a in enumerate(answers)]
            writer.writerow([f"{i}.png", *shown])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A few faces under CelebA's name, and a classifier of their attributes."""
    root = tmp_path_factory.mktemp("home")
    for part, rows in (("train", 48), ("test", 24), ("valid", 12)):
        write_faces(root / "data" / "celeba" / part, rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUXGEN_DATA", str(root / "data"))
        patch.setenv("AUXGEN_WEIGHTS", str(root / "weights"))
        patch.setenv("AUXGEN_CACHE", str(root / "cache"))
        small: dict[str, Any] = {"width": 4, "blocks": 1, "epochs": 4, "batch": 8}
        small_ones = [f"features.celeba_32{seed}" for seed in ("", "-seed=1", "-seed=2")]
        for name in ("features.celeba", *small_ones):
            judge = root / "weights" / name
            train(name.partition("-")[0], run=judge, device="cpu", quiet=True, **small)
            evaluate(judge, device="cpu")
        patch.setattr("auxgen.evaluation.edits.DELTAS", (0.0, 3.0, 6.0))
        patch.setattr("auxgen.evaluation.equal_effect.DELTAS", (0.0, 6.0, 12.0))
        short = partial(sample_where, steps=20)
        patch.setattr("auxgen.experiments.introvac.pictures.sample_where", short)
        yield root


@pytest.mark.parametrize("name", [slow(name) for name in ON_FACES])
def test_a_table_or_figure_of_faces_is_reproduced(name: str, home: Path) -> None:
    out = home / "out"
    folder = reproduce(f"introvac.{name}", seeds=1, out=out, device="cpu", quiet=True, **TINY)
    found = load_reproduction(folder)
    for row in found["rows"]:
        assert all(np.isfinite(column["mean"]) for column in row["columns"].values())
    assert "attributes added" in (folder / "report.html").read_text()
    runs = {file.parent.parent.name.split("-")[0] for file in out.rglob("run.json")}
    assert len(runs) == len({row["experiment"] for row in found["rows"]} | runs)


def test_every_reproduction_is_among_those_tried() -> None:
    made = {name for name in list_reproductions() if name.startswith("introvac.")}
    assert made == {
        f"introvac.{name}" for name in (*ON_FACES, "edit_rates", "game", "figure3", "digits")
    }


@pytest.mark.slow
def test_figure_3_is_reproduced(tmp_path: Path) -> None:
    judge = train("features.digits", run=tmp_path / "judge", device="cpu", quiet=True, epochs=3)
    evaluate(judge.path, device="cpu")
    folder = reproduce(
        "introvac.figure3",
        seeds=1,
        out=tmp_path / "out",
        device="cpu",
        quiet=True,
        vac_epochs=3,
        pretraining_epochs=0.3,
        scorers=(str(judge.path),),
    )
    found = load_reproduction(folder)["rows"][0]["columns"]
    assert 0 <= found["error of the attribute"]["mean"] < 60
    assert "codes of the plane" in (folder / "report.html").read_text()


@pytest.mark.slow
def test_digits_are_reproduced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge = train("features.digits", run=tmp_path / "features.digits", device="cpu", quiet=True)
    evaluate(judge.path, device="cpu")
    monkeypatch.setenv("AUXGEN_WEIGHTS", str(tmp_path))
    small: dict[str, Any] = {"introvac_epochs": 4, "vac_epochs": 4, "pretraining_epochs": 1}
    small |= {"widths": (8,), "device": "cpu"}
    folder = reproduce("introvac.digits", seeds=1, out=tmp_path / "out", quiet=True, **small)
    rows = {row["name"]: row["columns"] for row in load_reproduction(folder)["rows"]}
    assert rows.keys() == {"VAE, linear probe", "VAC", "IntroVAC"}
    for columns in rows.values():
        assert all(np.isfinite(column["mean"]) for column in columns.values())
        assert 0 <= columns["Loop comes at some distance up to 6"]["mean"] <= 100


@pytest.fixture(scope="module")
def faces(home: Path) -> Run:
    """EyeFacial, all models, with pictures: the run of table 1."""
    options: dict[str, Any] = {"seeds": 1, "device": "cpu", "quiet": True, **TINY}
    folder = reproduce("introvac.table1", out=home / "out", **options)
    return Run(folder / load_reproduction(folder)["rows"][0]["runs"][0])


def test_all_models_and_pages_come_of_one_run(faces: Run) -> None:
    assert tuple(faces.trained_stages()) == STAGES["all"]
    drawn = {file.stem for file in (faces.path / "pictures").iterdir()}
    titles = {"attributes added", "samples", "draws by attribute", "until it is sure"}
    assert drawn >= {f"introvac-{title}" for title in titles}
    assert {"introvac-reconstructions beside VAC's", "vae-attributes added"} <= drawn
    assert "introvac-edits at equal effect" in drawn
    assert "introvac-one attribute, the other kept" in drawn


def test_rows_are_those_with_an_attribute_and_as_many_without(home: Path) -> None:
    for name, ratio in (("eye", 2), ("facial", 1), ("eyefacial", 1)):
        stages = build(name, **TINY)
        y = stages["introvac"].data["train"].attributes
        assert y is not None
        having = int((y == 1).any(1).sum())
        assert (y == 1).any(1)[:having].all()
        without = 48 - having
        assert len(y) == having + min(ratio * having, without)
    assert build("eye", **TINY)["vae"].data["test"].x.shape == (24, 3, 32, 32)


def test_all_faces_are_learned_those_beyond_the_set_without_answers(home: Path) -> None:
    few, all_ = (build("eye", **TINY, all_faces=chosen)["vac"].data for chosen in (False, True))
    y = all_["train"].require_attributes()
    assert len(y) == 48
    assert (~y.isnan()).sum() == len(few["train"])
    assert torch.equal(all_["test"].x, few["test"].x)


def test_both_start_from_the_pretrained_weights(faces: Run) -> None:
    stages = build("eyefacial", **faces.config["options"])
    faces.restore_stage("pretrained", stages["pretrained"])
    expected = stages["pretrained"].method.state_dict()
    for name in ("vac", "introvac"):
        start = stages[name].start
        assert start is not None
        start(stages[name].method)
        got = stages[name].method.state_dict()
        assert all(torch.equal(got[k], v) for k, v in expected.items())


def test_edits_and_draws_on_the_command_line(
    faces: Run, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    artefact, image = faces.path / "introvac", home / "data" / "celeba" / "test" / "1.png"
    out = tmp_path / "edited"
    move = ["--attribute", "Eyeglasses=+3", "FacialHair=-1", "--out", str(out)]
    main(["edit", str(artefact), str(image), *move, "--until", "0.999"])
    assert sorted(f.name for f in out.iterdir()) == ["1.png", "edits.csv"]
    assert (tmp_path / "edited-triplets.png").exists()
    with Image.open(image) as photograph:
        width, height = photograph.size
    assert load_image_folder(out).x.shape == (1, 3, height, width)  # as compare reads it
    assert "1 of 1 do not reach 0.999 even at the full distance" in capsys.readouterr().out
    probed = ["--attribute", "Smiling=2", "--keep", "Eyeglasses", "--probe", "celeba"]
    vae = str(faces.path / "vae")
    main(["edit", vae, str(image), *probed, "--resize", "--out", str(tmp_path / "probed")])
    assert (tmp_path / "probed" / "1.png").exists()
    kept = ["--attribute", "FacialHair=3", "--keep", "Smiling", "--by", "celeba", "--resize"]
    main(["edit", str(artefact), str(image), *kept, "--out", str(tmp_path / "kept")])
    plain = [*kept[:2], "--resize", "--out", str(tmp_path / "plain")]
    main(["edit", str(artefact), str(image), *plain])
    ends = [(tmp_path / name / "1.png").read_bytes() for name in ("kept", "plain")]
    assert ends[0] != ends[1]
    direction = opened(artefact).direction("Eyeglasses")
    assert direction.vector.norm().item() == pytest.approx(1)


def test_digits_are_drawn_by_attribute_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small: dict[str, Any] = {"model": "vac", "vac_epochs": 6, "pretraining_epochs": 1}
    small["widths"] = (8,)
    run = train("introvac.digits", run=tmp_path / "run", device="cpu", quiet=True, **small)
    out = tmp_path / "drawn.npy"
    asked = ["sample", str(run.path), "--where", "Loop=1,RoundTop=0", "--n", "6", "--out", str(out)]
    main(asked)
    drawn = torch.from_numpy(np.load(out))
    probs = opened(run.path).method.attributes(drawn).probs  # pyright: ignore
    assert drawn.shape == (6, 1, 8, 8)
    assert (probs[:, 0] > 0.5).all()
    assert (probs[:, 1] <= 0.5).all()
    said = capsys.readouterr().err
    assert "% of steps accepted" in said
    assert "% of draws kept" in said
    main([*asked, "--codes-of", "digits"])
    of_codes = torch.from_numpy(np.load(out))
    assert of_codes.shape == drawn.shape
    assert not torch.equal(of_codes, drawn)
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["sample", str(run.path), "--codes-of", "digits", "--out", str(out)])
    assert "give --where NAME=1, too" in capsys.readouterr().err
    main([*asked, "--alpha", "0.1", "--steps", "40", "--no-corrected", "--no-rejecting"])
    said = capsys.readouterr().err
    assert said.startswith("6 chains, 100.0 % of steps accepted")
    assert "of draws kept" not in said


@pytest.mark.parametrize(
    ("stage", "words", "told"),
    [
        ("introvac", "--attribute Glasses=3 --resize", "no attribute 'Glasses'; did you mean"),
        ("introvac", "--attribute Eyeglasses --resize", "takes a name and a distance"),
        ("introvac", "--attribute Eyeglasses=3 --keep Eyeglasses --resize", "Nothing is left"),
        (
            "introvac",
            "--attribute Eyeglasses=3 --until 2 --resize",
            "until is 2.0; above 0 to below 1",
        ),
        ("vae", "--attribute Eyeglasses=3 --resize", "VAE cannot predict attributes by directions"),
        ("introvac", "--attribute Eyeglasses=3 --by celeba --resize", "expected --keep NAME"),
        ("introvac", "--attribute Eyeglasses=3 --keep Hat --by celeba --resize", "attribute 'Hat'"),
        ("vae", "--attribute Hat=1 --probe celeba --resize", "There is no attribute 'Hat'"),
    ],
)
def test_edits_that_cannot_be_made_are_refused(
    stage: str,
    words: str,
    told: str,
    faces: Run,
    home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    image = home / "data" / "celeba" / "test" / "1.png"
    where = ["--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as left:
        main(["edit", str(faces.path / stage), str(image), *words.split(), *where])
    assert left.value.code == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("stage", "words", "told"),
    [
        ("introvac", "--where Glasses=1", "no attribute 'Glasses'; did you mean 'Eyeglasses'"),
        ("introvac", "--where Eyeglasses", "takes names with 0 or 1"),
        ("introvac", "--where Eyeglasses=1 --by-class", "--where takes attributes"),
        ("vae", "--where Eyeglasses=1", "VAE cannot predict attributes by directions of its code"),
    ],
)
def test_draws_that_cannot_be_made_are_refused(
    stage: str,
    words: str,
    told: str,
    faces: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = ["--out", str(tmp_path / "drawn.png")]
    with pytest.raises(SystemExit) as left:
        main(["sample", str(faces.path / stage), *words.split(), *out])
    assert left.value.code == 2
    assert told in capsys.readouterr().err


def test_a_folder_with_blank_attributes_is_learned_from(home: Path, tmp_path: Path) -> None:
    write_faces(tmp_path / "mine", 30, blanks=True)
    options: dict[str, Any] = {"data": tmp_path / "mine", "least_steps": 2, **TINY}
    options["attribute"] = ("Eyeglasses", "Smiling")
    run = train("introvac.own", run=tmp_path / "run", device="cpu", quiet=True, **options)
    del options["attribute"]
    evaluate(run.path, device="cpu")
    found = run.read_scores()["scores"]
    assert 0 <= found["introvac/attribute_error"]["value"] <= 100
    assert found["introvac/l1"]["n"] == 3
    assert "introvac-answers, blanks and edits" in {file.stem for file in draw_pictures(run.path)}
    stage = build("own", **options)["introvac"]
    assert isinstance(stage.batches, LabelledBatches)
    assert stage.batches.y.isnan().any()
    assert stage.data["train"].attribute_names == ("Eyeglasses", "No_Beard", "Mustache", "Smiling")
    assert opened(run.path).space.attributes == ("Eyeglasses", "Smiling")
    with pytest.raises(InputError, match="no attribute 'Glasses'"):
        build("own", **options, attribute=("Glasses",))
    with pytest.raises(InputError, match=r"A share of 0\.001 of 30 images"):
        build("own", **options, test_fraction=0.001)


def test_a_column_with_one_answer_is_refused(home: Path, tmp_path: Path) -> None:
    write_faces(tmp_path / "mine", 12)
    with pytest.raises(InputError, match=r"Column 'Goatee' of .* has one answer only"):
        build("own", data=tmp_path / "mine", size=32, attribute=("Goatee",))


def test_pictures_of_one_class_alone_are_refused(home: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos" / "only"
    photos.mkdir(parents=True)
    for i in range(4):
        Image.new("RGB", (16, 16), (i, 0, 0)).save(photos / f"{i}.png")
    with pytest.raises(InputError, match=r"No attribute of .* has both answers"):
        build("own", data=photos.parent, size=32)


def test_most_answers_about_clothes_are_blank(home: Path) -> None:
    classes = ("T - shirt / top", "Trouser", "Pullover", "Coat", "Sandal", "Sneaker", "Ankle boot")
    made: Dataset = derive_attributes_from_classes(
        Dataset(
            torch.zeros(7, 1, 32, 32, dtype=torch.uint8), torch.arange(7), classes, "clothes", ""
        ),
        CLOTHES_ATTRIBUTES,
    )
    assert made.attributes is not None
    assert made.attributes.isnan().sum().item() == 8
    assert made.attributes[[0, 2, 3], 0].tolist() == [0, 1, 1]
    assert made.attributes[4:, 1].tolist() == [0, 0, 1]


def test_the_learning_rate_is_halved_at_epochs_60_90_and_120_of_150() -> None:
    plan = make_face_plan("paper")
    settings = make_introvac_engine("introvac", plan, rows=640)
    assert settings.steps == 1450
    rates = {e: settings.learning_rate(torch.tensor(10 * (e - 5))).item() for e in range(5, 150)}
    assert all(rates[e] == 1 for e in range(5, 60))
    assert all(rates[e] == 0.5 for e in range(60, 90))
    assert all(rates[e] == 0.25 for e in range(90, 120))
    assert all(rates[e] == 0.125 for e in range(120, 150))
    assert make_introvac_engine("pretrained", plan, 640).steps == 50
    assert make_introvac_engine("vac", plan, 640).steps == 5950
    assert make_introvac_engine("vac", plan, 640).learning_rate(torch.tensor(5949)) == 1


def test_the_schedule_reaches_the_optimisers() -> None:
    """The same three optimisers all along, each with the rate of the step and weight decay."""
    sizes: dict[str, Any] = {"widths": (4,), "latent": 3, "edit_distance": 1, "batch": 4}
    epochs: dict[str, Any] = {"introvac_epochs": 6, "vac_epochs": 6, "introvac_halvings": (0.9,)}
    plan = IntrovacPlan(lr=2e-4, **sizes, **epochs)
    images = {"channels": 1, "size": 8, "widths": [4], "z": 3}
    method = Recipe("introvac", {"images": images, "attributes": 1}).build()
    training = Training(method, make_introvac_engine("introvac", plan, rows=16), seed=0)
    first = dict(training.optimizers)
    x, y = torch.rand(8, 1, 8, 8), torch.ones(8, 1)
    batches = LabelledBatches(x, y, 4, 0)
    seen = []
    for step in range(4):
        training.run_round(batches(step, 0, 1, "cpu"))
        seen.append({o.param_groups[0]["lr"] for o in training.optimizers.values()})
    assert seen == [{2e-4}, {2e-4}, {1e-4}, {1e-4}]
    assert training.optimizers == first
    assert all(o.param_groups[0]["weight_decay"] == 1e-5 for o in first.values())


def test_the_paper_s_budget_is_the_paper_s() -> None:
    plan = make_face_plan("paper")
    assert (plan.introvac_epochs, plan.vac_epochs, plan.pretraining_epochs) == (150, 600, 5)
    assert (plan.lr, plan.batch, plan.latent, plan.vac_halvings) == (2e-4, 64, 256, ())
    assert (plan.size, plan.widths) == (128, (32, 64, 128, 256, 512))
    for (budget, size), widths in PHOTO_WIDTHS.items():
        assert make_face_plan(budget, size).widths == widths
        assert size == 4 * 2 ** len(widths)


def test_numbers_that_are_zero_are_taken_or_refused() -> None:
    """None of them means the budget's own."""
    stages = build("digits", model="all", scale_epochs=0)
    assert all(stage.engine.steps == 0 for stage in stages.values())
    assert build("digits", model="vae", vac_epochs=0)["vae"].engine.steps == 0
    for options, sentence in (
        ({"vac_epochs": 0}, "vac has 0 epochs, of which pretraining takes 5; expected as many"),
        ({"introvac_epochs": 0}, "introvac has 0 epochs, of which pretraining takes 5"),
        ({"lr": 0}, "lr is 0; a number above 0"),
        ({"batch": 0}, "batch is 0; 1 to 10,000,000"),
        ({"latent": 0}, "latent is 0; 1 or more"),
        ({"widths": ()}, "widths is 0; 1 or more"),
        ({"epochs": 3}, "'epochs' of introvac.digits is gone; give --introvac-epochs"),
    ):
        with pytest.raises(InputError, match=sentence):
            build("digits", **options)
    with pytest.raises(InputError, match="latent is 3; expected 2"):
        plane(replace(PLANE_PLAN, latent=3))
    with pytest.raises(InputError, match="no size '0'"):
        build("eye", size=0)


def test_who_judges_edits_follows_the_size_unless_they_are_named(home: Path) -> None:
    named = [("features.celeba_32", "features.celeba_32-seed=1"), "features.celeba_32-seed=2"]
    ours: dict[str, Any] = {"scorers": ("features.celeba",)}
    for given, scorers, second in (
        ({}, *named),
        (ours, ("features.celeba",), None),
        ({**ours, "second_scorer": named[1]}, ("features.celeba",), named[1]),
        ({"size": 64, "widths": (4, 4, 4, 4)}, ("features.celeba",), None),
    ):
        stages = build("eye", **{**TINY, **given})
        effect = stages["introvac"].evaluations["equal effect"]
        assert isinstance(effect, EqualEffectComparison)
        assert isinstance(effect.scorer, ScorerEnsemble)
        assert tuple(each.extractor_name for each in effect.scorer.scorers) == scorers  # pyright: ignore
        assert getattr(effect.second_scorer, "extractor_name", None) == second
    assert "edits" not in build("digits", scorers=())["introvac"].evaluations


def test_the_size_and_the_budget_choose_the_networks() -> None:
    for given, size, widths, latent in (
        ({}, 64, (16, 32, 64, 128), 64),
        ({"size": 32}, 32, (16, 32, 64), 64),
        ({"budget": "paper"}, 128, (32, 64, 128, 256, 512), 256),
        ({"budget": "paper", "size": 32}, 32, (128, 256, 512), 256),
        ({"size": 32, "widths": (8, 8, 8)}, 32, (8, 8, 8), 64),
    ):
        found = resolve_options(find_experiment("introvac.eye"), given)
        assert (found["size"], found["widths"], found["latent"]) == (size, widths, latent)
    assert make_eye_plan().edit_distance == 3
    assert make_face_plan().edit_distance == 4


def test_factors_of_earlier_runs_become_the_same_passes() -> None:
    """Of clothes, pretraining grew with the factor beyond 1."""
    entry = find_experiment("introvac.fashion")
    for factor, rounds in ((0.5, 5), (1.0, 10), (3.0, 30)):
        given = resolve_options(entry, update_old_options(entry, {"epochs": factor}))
        plan = replace(FASHION_PLAN, **{k: given[k] for k in PASSES})
        assert make_introvac_engine("pretrained", plan, rows=640).steps == rounds
        assert make_introvac_engine("vac", plan, rows=640).steps == 2 * rounds
    old = {"epochs": 3.0, "vac_epochs": None, "judge": None, "split": "valid"}
    new = {"scale_epochs": 3.0, "test_split": "valid"}
    assert update_old_options(find_experiment("introvac.eye"), old) == new


def test_claims_say_whether_they_hold() -> None:
    for values, held in (((60.0, 20.0, 0.1, 0.11), 2), ((20.0, 60.0, 0.1, 0.2), 0)):
        vac, own, error, worse = values
        means = {
            ("VAC", tables.FD): vac,
            ("IntroVAC", tables.FD): own,
            ("VAC", tables.ERROR): error,
            ("IntroVAC", tables.ERROR): worse,
        }
        assert tables.check_reconstruction_claims(means).count(": holds") == held
    figure: Any = tables.TABLES["figure4"]("cpu").claim
    for share, rising, held in ((95.0, 100.0, 2), (80.0, 100.0, 1), (80.0, 90.0, 0)):
        of = {tables.COMES: share, tables.RISING: rising}
        ways = tables.list_edit_directions(("Eyeglasses",))
        means = {(f"{w}: IntroVAC", column): value for w in ways for column, value in of.items()}
        assert figure(means).count(": holds") == 2 * held


def test_the_claim_at_equal_effect_is_that_less_changes() -> None:
    made = equal_effect_tables.make_equal_effect("cpu")
    assert made.claim is not None
    ours = (": IntroVAC, others kept", ": VAC, others kept")
    told = {r.name: 1.0 if any(o in r.name for o in ours) else 2.0 for r in made.rows}
    means = {(name, change): told[name] for name in told for change in equal_effect_tables.CHANGES}
    assert made.claim(means).count(": holds") == 2 * 2 * 4 * 4
    means["Eyeglasses, told to have it: VAE, linear probe, plain", "likeness lost"] = 0.5
    assert made.claim(means).count("does not hold") == 2


def test_the_claims_of_the_game_are_that_it_is_played_and_helps() -> None:
    columns = (game_tables.FD, *game_tables.EDIT_FD.values())
    for even, told, ordered, held in ((1.0, 55.0, 80.0, 9), (3.0, 50.0, 60.0, 1)):
        means = {(name, c): 2.0 for name in game_tables.OPTIONS for c in columns}
        means |= {(game_tables.EVEN_WEIGHTS, c): even for c in columns}
        means[game_tables.PAPER_WEIGHTS, game_tables.TOLD] = 50.0
        means[game_tables.EVEN_WEIGHTS, game_tables.TOLD] = told
        means[game_tables.EVEN_WEIGHTS, game_tables.ORDERED] = ordered
        assert game_tables.check_game_claims(means).count(": holds") == held


@pytest.mark.slow
def test_rates_of_edits_are_reproduced(home: Path) -> None:
    tiny = {**TINY, "vac_epochs": 0.5, "introvac_epochs": 0.5, "pretraining_epochs": 0.2}
    options: dict[str, Any] = {"device": "cpu", "quiet": True, "scale_epochs": 1, "seeds": 1}
    folder = reproduce("introvac.edit_rates", out=home / "rates", **{**tiny, **options})
    rows = {row["name"]: row["columns"] for row in load_reproduction(folder)["rows"]}
    assert rows.keys() == set(edit_rate_tables.MODELS.values())
    for columns in rows.values():
        assert len(columns) == 12
        assert all(0 <= column["mean"] <= 100 for column in columns.values())


def test_rates_of_edits_are_not_of_the_faces_that_their_strength_is_chosen_by(home: Path) -> None:
    with pytest.raises(InputError, match="expected test"):
        build("eye", **TINY, edit_rates=True, test_split="valid")


@pytest.mark.slow
def test_the_game_is_reproduced(home: Path) -> None:
    options: dict[str, Any] = {"seeds": 1, "device": "cpu", "quiet": True, **TINY}
    folder = reproduce("introvac.game", out=home / "game", **options)
    rows = {row["name"]: row["columns"] for row in load_reproduction(folder)["rows"]}
    assert rows.keys() == game_tables.OPTIONS.keys()
    assert game_tables.TOLD not in rows[game_tables.ATTRIBUTES_ALONE]
    assert "fake logit of samples" in rows[game_tables.EVEN_WEIGHTS]


def test_the_even_game_is_even() -> None:
    betas = Betas(ec=game_tables.EVEN_GAME["beta_ec"])
    assert abs(betas.best_fake_logit(len(tables.FACE_ATTRIBUTES))) < 0.01


def test_the_claim_of_draws_is_that_asking_and_rejecting_help() -> None:
    made = tables.make_draws("cpu")
    assert made.claim is not None
    for shares, held in (((9.0, 5.0, 1.0), 2), ((9.0, 1.0, 5.0), 0), ((3.0, 5.0, 1.0), 0)):
        columns = dict(zip((tables.KEPT, tables.ALL, tables.PRIOR), shares, strict=True))
        means = {(row.name, column): v for row in made.rows for column, v in columns.items()}
        assert made.claim(means).count("does not hold") == 2 - held


def test_judges_refuse_classifiers_of_something_else(home: Path) -> None:
    picture = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    with pytest.raises(InputError, match="knows no classes"):
        MulticlassScorer("features.celeba", {"A": {"cat": 1}})(picture, "cpu")
    with pytest.raises(InputError, match=r"no attribute of features\.celeba 'Hat'"):
        MultilabelScorer("features.celeba", {"A": ("Hat",)})(picture, "cpu")


def test_classes_of_ones_own_pictures_become_attributes(tmp_path: Path) -> None:
    """Those of class folders, or of the column that --label names; else the way is told."""
    for i in range(12):
        place = tmp_path / "zoo" / ["cow", "cat", "dog"][i % 3]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((40, 36, 3), 20 * i, np.uint8)).save(place / f"{i}.png")
    stages = build("own", data=tmp_path / "zoo", model="vac", size=32)
    train = stages["vac"].data["train"]
    assert train.attribute_names == stages["vac"].space.attributes == ("cat", "cow", "dog")
    assert "Each class is an attribute: cat, cow, dog." in train.notes
    flat = tmp_path / "flat"
    flat.mkdir()
    for file in (tmp_path / "zoo").rglob("*.png"):
        file.rename(flat / file.name)
    named = "".join(f"{i}.png,{'xy'[i % 2]}\n" for i in range(12))
    (flat / "metadata.csv").write_text(f"file_name,species\n{named}")
    with pytest.raises(InputError, match=r"flat/train has no attributes; .* or --label COLUMN are"):
        build("own", data=flat, model="vac", size=32)
    stages = build("own", data=flat, model="vac", size=32, label="species", attribute=("y",))
    y = stages["vac"].data["train"].require_attributes()
    assert stages["vac"].space.attributes == ("y",)
    assert set(y.flatten().tolist()) == {0.0, 1.0}
