"""Edits and draws on request, of a model that can be checked by hand: z = 4 x - 2, both ways."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from torch.distributions import Bernoulli, Categorical, Distribution

from auxgen.cli.edits import make_edit_file_names, write_edits
from auxgen.data.dataset import Dataset, Preprocessor
from auxgen.data.inputs import InputRows
from auxgen.errors import InputError
from auxgen.inference.code_moments import CodeMoments, measure_code_moments
from auxgen.inference.conditional import parse_conditions, sample_where
from auxgen.inference.editing import edit_rows
from auxgen.inference.moves import (
    fit_probe_directions,
    get_classifier_directions,
    make_moves,
    parse_distances,
)
from auxgen.method import Method, Moves
from auxgen.model import Model
from auxgen.networks.distributions import normal
from auxgen.networks.priors import StandardNormal

SPACE = Preprocessor(kind="images", shape=(1, 2, 2), flat=True, attributes=("Round", "Red"))


class Plain(Method):
    """Codes of 4 pixels; predicts nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.p_z = StandardNormal(4)

    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        return {}

    def round(self, batch: object, step: Tensor) -> Moves:
        yield from ()

    def encode(self, x: Tensor) -> Distribution:
        return normal(4 * x - 2, torch.ones_like(x), 1)

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        return normal((z + 2) / 4, torch.ones_like(z), 1)


class Describing(Plain):
    """Round: 3 z_0; Red: 2 z_0 + 2 z_1."""

    def attribute_weights(self) -> Tensor:
        return torch.tensor([[3.0, 0, 0, 0], [2.0, 2, 0, 0]])

    def attributes(self, x: Tensor) -> Bernoulli:
        return Bernoulli(logits=self.encode(x).mean @ self.attribute_weights().T)


def rows(n: int = 3) -> Tensor:
    return torch.rand(n, 1, 2, 2, generator=torch.Generator().manual_seed(0))


def codes(raw: Tensor) -> Tensor:
    return 4 * raw.flatten(1) - 2


def test_a_model_s_directions_have_unit_vectors_and_scales_in_logits() -> None:
    model = Model(Describing(), SPACE, "describing", {})
    assert model.direction("Round").vector.tolist() == [1, 0, 0, 0]
    assert model.direction("Round").scale == 3
    assert model.direction("Red").scale == pytest.approx(8**0.5)
    with pytest.raises(InputError, match="no attribute 'Roud'; did you mean 'Round'"):
        model.direction("Roud")
    with pytest.raises(
        InputError, match="Plain cannot predict attributes by directions of its code"
    ):
        Model(Plain(), SPACE, "plain", {}).direction("Round")


def test_an_edit_moves_codes_by_the_distances() -> None:
    raw, known = rows(), get_classifier_directions(Describing(), SPACE)
    moves = make_moves({"Round": 3, "Red": -1}, known)
    edits = edit_rows(Describing(), SPACE, raw, moves)
    way = 3 * known["Round"].vector - known["Red"].vector
    torch.testing.assert_close(codes(edits.edited), codes(raw) + way)
    torch.testing.assert_close(edits.reconstruction, raw)
    torch.testing.assert_close(edits.before[:, 0], (3 * codes(raw)[:, 0]).sigmoid())
    assert (edits.after[:, 0] > edits.before[:, 0]).all()
    assert edits.reached is None


class OfClasses(Describing):
    """Decodes only under a class, which the second entry of x gives."""

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        return Categorical(logits=torch.stack((0.5 - x[:, 1], x[:, 1] - 0.5), -1))

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        assert y is not None
        return normal((z + 2 + y[:, None]) / 4, torch.ones_like(z), 1)


def test_a_model_of_classes_keeps_the_class_that_it_finds() -> None:
    raw = rows(8)
    y = (raw.flatten(1)[:, 1] > 0.5).float()
    moves = make_moves({"Round": 2}, get_classifier_directions(OfClasses(), SPACE))
    for until in (None, 0.99):
        found = edit_rows(OfClasses(), SPACE, raw, moves, target_probability=until)
        z = codes(raw) + 2 * found.distance_share[:, None] * moves[0].along.vector
        there = (z + 2 + y[:, None]) / 4
        torch.testing.assert_close(found.edited.flatten(1), there)


def test_an_edit_stops_as_soon_as_the_model_is_sure() -> None:
    raw = rows(40)
    moves = make_moves({"Round": 6}, get_classifier_directions(Describing(), SPACE))
    edits = edit_rows(Describing(), SPACE, raw, moves, target_probability=0.95)
    assert edits.reached is not None
    assert edits.reached.all()
    assert (edits.after >= 0.95).all()
    step = 6 / 24
    behind = codes(edits.edited)[:, 0] - step
    moved = edits.distance_share > 0
    assert ((3 * behind[moved]).sigmoid() < 0.95).all()
    sure = (edits.before >= 0.95)[:, 0]
    assert sure.any()
    assert (edits.distance_share[sure] == 0).all()
    torch.testing.assert_close(edits.edited[sure], raw[sure])


def test_an_edit_that_cannot_be_sure_says_so() -> None:
    raw = torch.zeros(2, 1, 2, 2)
    edits = edit_rows(
        Describing(),
        SPACE,
        raw,
        make_moves({"Round": 0.5}, get_classifier_directions(Describing(), SPACE)),
        0.9,
    )
    assert edits.reached is not None
    assert not edits.reached.any()
    torch.testing.assert_close(codes(edits.edited)[:, 0], torch.full((2,), -1.5))


def test_taking_away_is_sure_when_the_model_says_no() -> None:
    raw = torch.full((1, 1, 2, 2), 0.9)
    edits = edit_rows(
        Describing(),
        SPACE,
        raw,
        make_moves({"Round": -6}, get_classifier_directions(Describing(), SPACE)),
        0.9,
    )
    assert edits.after.item() <= 0.1
    assert edits.reached is not None
    assert edits.reached.all()


def test_what_is_kept_is_projected_out() -> None:
    raw, known = rows(), get_classifier_directions(Describing(), SPACE)
    edits = edit_rows(Describing(), SPACE, raw, make_moves({"Round": 3}, known, keep=["Red"]))
    red = known["Red"]
    torch.testing.assert_close(red.logit(codes(edits.edited)), red.logit(codes(raw)))
    assert (edits.after > edits.before).all()


def test_a_probe_finds_directions_of_a_model_that_has_none() -> None:
    torch.manual_seed(0)
    x = torch.randint(256, (600, 1, 2, 2), dtype=torch.uint8)
    y = torch.stack([(x[:, 0, 0, 0] > 127).float(), torch.ones(600)], 1)
    y[::5, 0] = torch.nan
    made = Dataset(x, torch.full((600,), -1), (), "dots", "", y, ("Dark", "Always"))
    found = fit_probe_directions(Plain(), SPACE, made)
    assert set(found) == {"Dark"}
    assert found["Dark"].vector[0] > 0.9
    model = Model(Plain(), SPACE, "plain", {})
    assert model.probe("Dark", made.raw_rows(), y[:, 0]).cosine_similarity(
        found["Dark"]
    ) == pytest.approx(1)
    with pytest.raises(InputError, match="has no attributes; columns of 0 and 1"):
        fit_probe_directions(Plain(), SPACE, Dataset(x, made.y, (), "dots", ""))
    other = Preprocessor(kind="images", shape=(1, 4, 4))
    with pytest.raises(InputError, match="dots has images of 1 x 2 x 2"):
        fit_probe_directions(Plain(), other, made)


@pytest.mark.parametrize("text", ["Round", "Round=", "Round=far", "Round=nan", "=3"])
def test_moves_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"--attribute takes a name|no attribute ''|is nan"):
        make_moves(parse_distances([text]), get_classifier_directions(Describing(), SPACE))


def test_moves_are_read_as_they_are_typed() -> None:
    assert parse_distances(["Round=+3", "a=b=-1.5"]) == [("Round", 3.0), ("a=b", -1.5)]
    with pytest.raises(InputError, match="--attribute names 'Round' twice; one distance for each"):
        parse_distances(["Round=+3", "Round=-1"])
    with pytest.raises(InputError, match="no attribute to edit"):
        make_moves({}, {})


def test_draws_are_as_required_once_the_others_are_rejected() -> None:
    torch.manual_seed(0)
    settings = {"alpha": 0.1, "steps": 100}
    drawn = sample_where(Describing(), SPACE, {"Round": True, "Red": False}, 64, **settings)
    logits = codes(drawn.x) @ Describing().attribute_weights().T
    assert (logits[:, 0] > 0).all()
    assert (logits[:, 1] < 0).all()
    torch.testing.assert_close(codes(drawn.x), drawn.z, atol=1e-5, rtol=0)
    assert drawn.x.shape == (64, 1, 2, 2)
    assert 0.3 < drawn.kept_share < 1
    assert 0.8 < drawn.acceptance < 1
    assert drawn.effective_size > 2
    every = sample_where(Describing(), SPACE, {"Round": True}, 64, rejecting=False, **settings)
    assert every.kept_share == 1
    assert every.chains == 64


def test_draws_are_of_the_codes_gaussian_where_its_moments_are_given() -> None:
    """Against its density times the classifier's, summed over a grid along the direction."""
    torch.manual_seed(0)
    weight = Describing().attribute_weights()[1]
    d = len(weight)
    factor = torch.eye(d) + 0.5 * torch.ones(d, d).tril(-1)
    mean = torch.linspace(-1, 1, d)
    moments, settings = CodeMoments(mean, factor), {"alpha": 0.1, "steps": 300, "rejecting": False}
    drawn = sample_where(Describing(), SPACE, {"Red": True}, 2000, **settings, moments=moments)
    centre, width = weight @ mean, (factor.T @ weight).norm()
    logit = torch.linspace(-8, 8, 4001) * width + centre
    density = torch.exp(-0.5 * ((logit - centre) / width) ** 2) * logit.sigmoid()
    density /= density.sum()
    expected = (density * logit).sum()
    spread = (density * (logit - expected) ** 2).sum().sqrt()
    found = drawn.z @ weight
    assert found.mean().item() == pytest.approx(expected.item(), abs=5 * spread.item() / 2000**0.5)
    assert found.std().item() == pytest.approx(spread.item(), rel=0.1)


def test_moments_are_those_of_draws_of_the_encoder() -> None:
    torch.manual_seed(0)
    raw = rows(400)
    moments = measure_code_moments(Describing(), SPACE, raw)
    with torch.no_grad():
        z = Describing().encode(SPACE.transform(raw)).expand(torch.Size([200, 400])).sample()
    flat = z.flatten(0, 1)
    torch.testing.assert_close(moments.mean, flat.mean(0), atol=0.02, rtol=0)
    covariance = moments.factor @ moments.factor.T
    torch.testing.assert_close(covariance, torch.cov(flat.T), atol=0.03, rtol=0.02)
    assert moments.place(torch.zeros(3, len(moments.mean))).tolist() == [moments.mean.tolist()] * 3


def test_what_hardly_ever_happens_is_not_waited_for() -> None:
    class Contrary(Describing):
        def attributes(self, x: Tensor) -> Bernoulli:
            return Bernoulli(logits=torch.full((len(x), 2), -9.0))

    with pytest.raises(
        InputError, match="Of 640 draws the model classifies 0 as Round=1; expected 4"
    ):
        sample_where(Contrary(), SPACE, {"Round": True}, 4, steps=8)


def test_fewer_are_found_where_many_are_not() -> None:
    """Of 2 % of the draws, 64 are too many, and 4 are not."""

    class Sceptic(Describing):
        def attributes(self, x: Tensor) -> Bernoulli:
            return Bernoulli(logits=torch.where(torch.rand(len(x), 2) < 0.02, 9.0, -9.0))

    torch.manual_seed(0)
    with pytest.raises(InputError, match=r"Of 640 draws the model .* ask for fewer"):
        sample_where(Sceptic(), SPACE, {"Round": True}, 64, steps=8)
    drawn = sample_where(Sceptic(), SPACE, {"Round": True}, 4, steps=8)
    assert len(drawn.x) == 4
    assert drawn.kept_share < 0.1


def test_answers_are_read_as_they_are_typed() -> None:
    assert parse_conditions("Round=1, Red=0") == {"Round": True, "Red": False}
    for text, message in (
        ("Round", "takes names with 0 or 1"),
        ("Round=2", "takes names with 0 or 1"),
        ("Round=1,Round=0", "names 'Round' twice"),
    ):
        with pytest.raises(InputError, match=message):
            parse_conditions(text)
    with pytest.raises(InputError, match="no attribute 'Blue'"):
        sample_where(Describing(), SPACE, {"Blue": True}, 4)
    with pytest.raises(InputError, match="Describing cannot recognise fakes"):
        sample_where(Describing(), SPACE, {"Red": True}, 4, real=True)


def test_files_of_an_edit(tmp_path: Path) -> None:
    raw, known = rows(), get_classifier_directions(Describing(), SPACE)
    moves = make_moves({"Round": 1}, known)
    edits = edit_rows(Describing(), SPACE, raw, moves)
    sources = InputRows(raw, ("a.jpg", "deep/a.png", "a.png"))
    write_edits(tmp_path / "out", sources, edits)
    assert make_edit_file_names(("x-3.png", "x.npy:3")) == ["x-3.png", "x-3-2.png"]
    with (tmp_path / "out" / "edits.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [line["file"] for line in lines] == ["a.png", "deep-a.png", "a-2.png"]
    assert lines[0]["distance of Round"] == "1"
    assert float(lines[0]["p(Round) after"]) > float(lines[0]["p(Round) before"])
    with Image.open(tmp_path / "out" / "a.png") as picture:
        assert picture.size == (2, 2)
        first = edits.edited[0, 0, 0, 0].clamp(0, 1).item()
        assert picture.getpixel((0, 0)) == pytest.approx(255 * first, abs=1)


def test_reconstructions_are_what_an_edit_starts_from() -> None:
    edits = edit_rows(
        Describing(),
        SPACE,
        rows(),
        make_moves({"Round": 0}, get_classifier_directions(Describing(), SPACE)),
    )
    torch.testing.assert_close(edits.edited, edits.reconstruction)
