"""A report of made-up runs: sound HTML, complete, harmless and self-contained."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch

from auxgen.errors import InputError
from auxgen.plotting.grids import write_grid
from auxgen.report import write_report
from auxgen.report.figures import compute_axis_limits, thin_curve
from auxgen.report.read import Curve
from auxgen.report.words import name_score

VOID = {"meta", "img", "br", "link", "input"}
EVIL = '<script>alert("$x$")</script>'


class Outline(HTMLParser):
    """Checks that every element is closed in order, and keeps tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, key, value or "") for key, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)


def parse_page(path: Path) -> Outline:
    outline = Outline()
    outline.feed(path.read_text(encoding="utf-8"))
    outline.close()
    assert outline.open == []
    return outline


def make_score(value: float, **more) -> dict:
    score = {"value": value, "unit": "%", "n": 540, "spread": 1.1, "protocol": "test split, seed 0"}
    return score | more


def write_run(
    path: Path, *, error: float = 8.33, name: str = "test error", protocol="test split"
) -> Path:
    """A finished run with everything in it."""
    path.mkdir()
    config = {"experiment": "adgm.digits", "options": {"labels": 50}, "seed": 3, "commit": "0a1b2c"}
    (path / "run.json").write_text(json.dumps({**config, "versions": {"torch": "2.13"}}))
    logged = [
        {"stage": "sdgm", "step": s, "seconds": s / 9, "terms": {"labelled": 1 / s, name: 2.0}}
        for s in range(10, 5000, 10)
    ]
    logged.append({"stage": "sdgm", "step": 5000, "seconds": 1.0, "scores": {"error": error}})
    (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in logged))
    confusion = {"confusion": [[50, 4], [1, 485]], "classes": ["zero", name]}
    curve = {"confidence": [0.0, 0.9], "accuracy": [0.0, 0.8], "rows": [0, 540]}
    scores = {
        f"sdgm/{name}": make_score(error, detail=confusion, protocol=protocol),
        "sdgm/calibration": make_score(2.5, detail={"reliability": curve}, spread=None),
        "sdgm/elbo": make_score(-23.456, unit="nats"),
    }
    (path / "scores.json").write_text(json.dumps({"run": {}, "scores": scores}))
    write_grid(torch.rand(4, 1, 8, 8), path / "pictures" / "sdgm-samples_by_class.png")
    return path


def test_a_report_is_sound_html_with_values_protocols_pictures_and_run_card(tmp_path):
    outline = parse_page(write_report([write_run(tmp_path / "one")], tmp_path / "report.html"))
    words = " ".join(outline.words)
    for text in ("8.33", "\u00b1 1.10", "\u221223.46", "test split, seed 0", "485", "0a1b2c"):
        assert text in words
    titles = [
        "Key numbers", "Pictures", "Scores", "Confusion matrix", "Reliability",
        "Curves of training", "Run card",
    ]  # fmt: skip
    assert [word for word in outline.words if word in titles] == titles
    assert "The test error of SDGM is 8.33\u202f% \u00b1 1.10 on 540 rows." in outline.words
    assert ("img", "alt", "sdgm samples by class") in outline.attributes


def write_few_labels(path: Path, *, alone: float | None, peers: dict[str, float]) -> Path:
    """A run of few labels, with the error of a classifier of the labels alone and of peers."""
    run = write_run(path)
    scores = {f"supervised/{name}": make_score(value) for name, value in peers.items()}
    if alone is not None:
        scores["supervised/test_error"] = make_score(alone)
    scores["sdgm/test_error"] = make_score(7.2, interval=[5.25, 9.81])
    (run / "scores.json").write_text(json.dumps({"run": {}, "scores": scores}))
    split = {
        "name": "digits", "rows": 1297, "shape": [64], "labelled": {"a": 30, "b": 20},
        "columns": [], "attributes": [], "frame": None, "notes": [],
    }  # fmt: skip
    config = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**config, "datasets": {"train": split}}))
    return run


@pytest.mark.parametrize(
    ("alone", "peers", "sentence"),
    [
        (
            13.6,
            {"peer_label_spreading_rbf_error": 9.6, "peer_label_spreading_knn_error": 10.6},
            "With the 50 labels alone, 13.60 % of 540 rows that training did not see are "
            "predicted wrong; with the 1,247 rows without a label too, 7.20 % (5.25 to 9.81). "
            "The best simple method, label spreading, RBF: 9.60 %.",
        ),
        (
            None,
            {},
            "7.20 % (5.25 to 9.81) of 540 rows that training did not see are predicted wrong.",
        ),
    ],
)
def test_the_answer_of_few_labels_comes_first_in_a_sentence(
    tmp_path: Path, alone: float | None, peers: dict[str, float], sentence: str
) -> None:
    run = write_few_labels(tmp_path / "one", alone=alone, peers=peers)
    words = parse_page(write_report([run], tmp_path / "r.html")).words
    assert sentence in [word.replace("\u202f", " ") for word in words]


@pytest.mark.parametrize(
    ("score", "words"),
    [
        ("sdgm/test_error", "wrong predictions (SDGM)"),
        ("supervised/test_error", "wrong predictions (labels alone)"),
        ("m2/peer_label_spreading_knn_error", "wrong predictions of label spreading, KNN"),
        ("dfm/fd(features.digits)", "Fr\u00e9chet distance (features.digits) (DFM)"),
        ("vae_adjusted/a_new_measure", "a new measure (VAE adjusted)"),
        ("psnr", "PSNR"),
    ],
)
def test_scores_have_names_of_a_person(score: str, words: str) -> None:
    assert name_score(score) == words


def test_a_report_needs_nothing_from_outside_and_runs_nothing(tmp_path):
    path = write_report([write_run(tmp_path / "one"), write_run(tmp_path / "two")], tmp_path)
    assert path == tmp_path / "report.html"
    content = path.read_text()
    assert not re.search(r"https?://", content)
    assert not re.search(r"@import|url\((?!#)", content)
    outline = parse_page(path)
    assert not {"script", "link", "iframe", "object"} & set(outline.tags)
    sources = [value for _, key, value in outline.attributes if key in ("src", "href")]
    assert all(value.startswith(("data:image/png;base64,", "#")) for value in sources)
    assert str(tmp_path) not in content


def test_every_plot_and_picture_has_words_for_those_who_do_not_see_it(tmp_path):
    outline = parse_page(write_report([write_run(tmp_path / "one")], tmp_path / "r.html"))
    with_words = [
        tag for tag, key, value in outline.attributes if key in ("alt", "aria-label") and value
    ]
    assert with_words.count("img") == outline.tags.count("img") == 1
    assert with_words.count("svg") == outline.tags.count("svg") == 4


def test_ids_are_unique_and_references_find_them(tmp_path):
    outline = parse_page(
        write_report([write_run(tmp_path / "a"), write_run(tmp_path / "b")], tmp_path / "r.html")
    )
    ids = [value for _, key, value in outline.attributes if key == "id"]
    assert len(ids) == len(set(ids))
    assert {v[1:] for _, key, v in outline.attributes if key == "href"} <= set(ids)


def test_hostile_names_are_shown_and_never_run(tmp_path):
    path = write_report(
        [write_run(tmp_path / "one", name=EVIL, protocol=EVIL)], tmp_path / "r.html"
    )
    outline = parse_page(path)
    assert "script" not in outline.tags
    assert EVIL in outline.words


def test_several_runs_stand_side_by_side_and_the_best_is_named(tmp_path):
    runs = [write_run(tmp_path / "a", error=9.0), write_run(tmp_path / "b", error=7.5)]
    outline = parse_page(write_report(runs, tmp_path / "r.html"))
    text = "b is the best of 2 runs: test error of SDGM 7.50\u202f%; the highest is 9.00\u202f%."
    assert text in outline.words
    assert "adgm.digits: 2 runs compared" in outline.words


def test_runs_measured_in_different_ways_are_not_ranked(tmp_path):
    runs = [
        write_run(tmp_path / "a", protocol="5 draws"),
        write_run(tmp_path / "b", protocol="100 draws"),
    ]
    words = parse_page(write_report(runs, tmp_path / "r.html")).words
    assert any("not all measured in the same way" in word for word in words)
    assert "Measured differently:" in words


def test_runs_of_one_name_are_told_apart_by_their_parents(tmp_path):
    for parent in ("x", "y"):
        (tmp_path / parent).mkdir()
    runs = [write_run(tmp_path / "x" / "run"), write_run(tmp_path / "y" / "run")]
    words = parse_page(write_report(runs, tmp_path / "r.html")).words
    assert "x/run" in words
    assert "y/run" in words


def test_an_unfinished_run_says_what_is_missing(tmp_path):
    run = tmp_path / "early"
    run.mkdir()
    (run / "run.json").write_text('{"experiment": "adgm.digits"}')
    (run / "metrics.jsonl").write_text(
        '{"stage": "s", "step": 1, "seconds": 0.1, "terms": {"b": NaN}}\n{"stage": "s", "st'
    )
    words = parse_page(write_report([run], tmp_path / "r.html")).words
    assert "This run has no scores yet." in words
    assert "There are no scores: the run is unfinished, or was not evaluated." in words
    assert "No finite value was logged." in words


@pytest.mark.parametrize(
    ("file", "content", "text"),
    [
        ("run.json", "{", "is not JSON"),
        ("run.json", "[]", "holds no JSON object"),
        ("metrics.jsonl", '{"step": 1, "terms": {"a": 1}}\n', "line 1, is malformed"),
        ("metrics.jsonl", "oops\n", "line 1, is malformed"),
        ("scores.json", '{"scores": {"a": {}}}', "is malformed"),
        ("scores.json", '{"scores": []}', "is malformed"),
        ("run.json", '{"cautions": [1]}', "is malformed; expected cautions by stage"),
        ("pictures/a.png", "GIF", "is not a PNG"),
    ],
)
def test_a_malformed_file_is_named_in_one_sentence(tmp_path, file, content, text):
    run = write_run(tmp_path / "run")
    (run / file).write_text(content)
    with pytest.raises(InputError, match=text) as caught:
        write_report([run], tmp_path / "r.html")
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "r.html").exists()


@pytest.mark.parametrize(
    "detail",
    [
        {"confusion": [[1, 2]], "classes": ["a", "b"]},
        {"confusion": [["x"]], "classes": ["a"]},
        {"reliability": {"confidence": [0.5]}},
    ],
)
def test_a_malformed_detail_is_refused_in_one_sentence(tmp_path, detail):
    run = write_run(tmp_path / "run")
    (run / "scores.json").write_text(
        json.dumps({"scores": {"s/e": make_score(1.0, detail=detail)}})
    )
    with pytest.raises(InputError):
        write_report([run], tmp_path / "r.html")


def test_folders_that_hold_no_run_are_refused(tmp_path):
    with pytest.raises(InputError, match="There is no run folder"):
        write_report([tmp_path / "none"], tmp_path / "r.html")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no run"):
        write_report([tmp_path / "empty"], tmp_path / "r.html")
    with pytest.raises(InputError, match="no run to report"):
        write_report([], tmp_path / "r.html")


def test_many_classes_become_their_commonest_confusions(tmp_path):
    run = write_run(tmp_path / "run")
    counts = [[0] * 30 for _ in range(30)]
    counts[3][7] = 12
    detail = {"confusion": counts, "classes": [f"class {i}" for i in range(30)]}
    (run / "scores.json").write_text(
        json.dumps({"scores": {"s/error": make_score(1.0, detail=detail)}})
    )
    words = parse_page(write_report([run], tmp_path / "r.html")).words
    assert "12 of class 3 taken for class 7" in words


def test_long_curves_are_thinned_to_means_that_keep_the_whole_mean():
    steps, values = thin_curve(Curve(list(range(4000)), [float(i % 7) for i in range(4000)]))
    assert len(steps) == 400
    assert values.mean() == pytest.approx(sum(i % 7 for i in range(4000)) / 4000)


def test_the_axis_leaves_out_a_few_far_values_but_no_near_ones():
    import numpy as np

    near = np.linspace(0, 1, 200)
    assert compute_axis_limits(near) == (0.0, 1.0)
    assert compute_axis_limits(np.append(near, 1000.0))[1] < 2.0
    assert compute_axis_limits(np.array([2.0])) == (2.0, 2.0)
