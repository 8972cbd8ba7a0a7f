"""PSNR, L1 and SSIM against torchmetrics, loops over windows and closed forms."""

from __future__ import annotations

from math import exp, inf, log10

import numpy as np
import pytest
import torch
from torch import Tensor
from torchmetrics.functional.image import (
    peak_signal_noise_ratio,
    structural_similarity_index_measure,
)

from auxgen.errors import InputError
from auxgen.metrics.checks import check_picture_sets
from auxgen.metrics.reconstruction import (
    explained_variance,
    grid_power,
    high_frequency_error,
    mean_absolute_error,
    psnr,
    ssim,
    ssim_window,
)


def pair(side: int = 32, n: int = 5) -> tuple[Tensor, Tensor]:
    """Smooth pictures, and the same with noise that grows from row to row."""
    generator = torch.Generator().manual_seed(0)
    small = torch.rand(n, 3, 4, 4, generator=generator, dtype=torch.float64)
    x = torch.nn.functional.interpolate(small, size=(side, side + 3), mode="bilinear")
    noise = torch.randn(x.shape, generator=generator, dtype=torch.float64)
    size = torch.linspace(0.01, 0.3, n, dtype=torch.float64)[:, None, None, None]
    return x, (x + size * noise).clamp(0, 1)


def ssim_by_loop(x: np.ndarray, y: np.ndarray, window: int, sd: float) -> float:
    """Equation 13 of Wang et al. (2004) in every whole window of one channel."""
    radius = window // 2
    line = [exp(-((i - radius) ** 2) / (2 * sd**2)) for i in range(window)]
    weights = np.outer(line, line) / sum(line) ** 2
    found = []
    for i in range(x.shape[0] - window + 1):
        for j in range(x.shape[1] - window + 1):
            a, b = (z[i : i + window, j : j + window] for z in (x, y))
            m_a, m_b = (weights * a).sum(), (weights * b).sum()
            v_a, v_b = (weights * (a - m_a) ** 2).sum(), (weights * (b - m_b) ** 2).sum()
            c = (weights * (a - m_a) * (b - m_b)).sum()
            above = (2 * m_a * m_b + 1e-4) * (2 * c + 9e-4)
            found.append(above / ((m_a**2 + m_b**2 + 1e-4) * (v_a + v_b + 9e-4)))
    return float(np.mean(found))


@pytest.mark.parametrize(("side", "window"), [(32, 11), (11, 11), (10, 9), (8, 7), (3, 3)])
def test_ssim_is_that_by_a_loop_over_windows(side, window):
    x, y = pair(side, n=2)
    assert ssim_window(*x.shape[2:]) == window
    channels = zip(x.flatten(0, 1).numpy(), y.flatten(0, 1).numpy(), strict=True)
    each = [ssim_by_loop(a, b, window, 1.5 * (window - 1) / 10) for a, b in channels]
    np.testing.assert_allclose(ssim(x, y), np.reshape(each, (2, 3)).mean(1), rtol=1e-12)


def test_ssim_is_that_of_torchmetrics_away_from_mirrored_borders():
    x, y = pair()
    found = structural_similarity_index_measure(
        x, y, data_range=1.0, reduction="none", return_full_image=True
    )
    theirs = found[1][..., 5:-5, 5:-5].flatten(1).mean(1)
    np.testing.assert_allclose(ssim(x, y), theirs, rtol=1e-13)


def test_ssim_of_flat_pictures_is_their_closed_form():
    x, y = torch.full((1, 1, 16, 16), 0.2), torch.full((1, 1, 16, 16), 0.6)
    luminance = (2 * 0.12 + 1e-4) / (0.04 + 0.36 + 1e-4)
    assert ssim(x, y).item() == pytest.approx(luminance, rel=1e-6)  # of float32's 0.2 and 0.6


def test_ssim_of_identical_pictures_is_one_and_falls_with_noise():
    x, y = pair()
    assert ssim(x, x).tolist() == pytest.approx([1] * 5, abs=1e-14)
    assert (ssim(x, y).diff() < 0).all()


def test_ssim_does_not_depend_on_what_is_measured_beside_it():
    x, y = pair(n=5)
    many, others = x.repeat(60, 1, 1, 1), y.repeat(60, 1, 1, 1)
    np.testing.assert_allclose(ssim(many, others), ssim(x, y).repeat(60), rtol=1e-14)


def test_psnr_is_that_of_torchmetrics():
    x, y = pair()
    theirs = peak_signal_noise_ratio(x, y, data_range=1.0, reduction="none", dim=(1, 2, 3))
    np.testing.assert_allclose(psnr(x, y), theirs, rtol=1e-6)  # its log10 is float32's


def test_psnr_and_l1_of_a_constant_difference_are_closed_forms():
    x = torch.full((2, 3, 4, 4), 0.5, dtype=torch.float64)
    y = x + torch.tensor([0.25, -0.5], dtype=torch.float64)[:, None, None, None]
    assert psnr(x, y).tolist() == pytest.approx([-20 * log10(0.25), -20 * log10(0.5)], rel=1e-14)
    assert mean_absolute_error(x, y).tolist() == [0.25, 0.5]


def test_l1_is_torchs():
    x, y = pair()
    each = [torch.nn.functional.l1_loss(a, b).item() for a, b in zip(x, y, strict=True)]
    assert mean_absolute_error(x, y).tolist() == pytest.approx(each, rel=1e-14)


def test_identical_pictures_have_infinite_psnr_and_no_l1():
    x, _ = pair()
    assert psnr(x, x).tolist() == [inf] * 5
    assert mean_absolute_error(x, x).tolist() == [0] * 5


BAD = torch.zeros(2, 3, 8, 8)
BAD[0, 0, 0, 0] = torch.nan


@pytest.mark.parametrize("measure", [psnr, mean_absolute_error, ssim])
@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (torch.zeros(2, 3, 8, 8), torch.zeros(2, 1, 8, 8), "3 channels in one set and 1"),
        (torch.zeros(2, 3, 8, 8), torch.zeros(3, 3, 8, 8), "each picture beside its own"),
        (torch.zeros(2, 3, 8, 8), torch.zeros(2, 3, 8, 9), "each picture beside its own"),
        (torch.zeros(2, 3, 8, 8), torch.full((2, 3, 8, 8), 1.5), r"lie in \[1.5, 1.5\]"),
        (torch.full((2, 3, 8, 8), -1.0), torch.zeros(2, 3, 8, 8), r"lie in \[-1, -1\]"),
        (BAD, torch.zeros(2, 3, 8, 8), "lie in .*nan"),
        (torch.zeros(0, 3, 8, 8), torch.zeros(0, 3, 8, 8), r"shape \(0, 3, 8, 8\)"),
        (torch.zeros(3, 8, 8), torch.zeros(3, 8, 8), r"shape \(3, 8, 8\)"),
        (torch.zeros(2, 3, 8, 8).byte(), torch.zeros(2, 3, 8, 8), "type torch.uint8"),
    ],
)
def test_bad_pictures_are_refused_in_a_sentence(measure, x, y, message):
    with pytest.raises(InputError, match=message):
        measure(x, y)


def test_pictures_too_small_for_any_window_are_refused_in_a_sentence():
    with pytest.raises(InputError, match="2 by 9"):
        ssim(torch.zeros(1, 1, 2, 9), torch.zeros(1, 1, 2, 9))


def test_sets_of_pictures_may_differ_in_number_and_size():
    x, y = torch.zeros(2, 3, 8, 8), torch.ones(5, 3, 16, 16)
    kept = check_picture_sets(x, y)
    assert torch.equal(kept[0], x)
    assert torch.equal(kept[1], y)


@pytest.mark.parametrize(("cycles", "kept"), [(2, 0.0), (4, 0.0), (5, 1.0), (8, 1.0)])
def test_power_of_high_frequencies_is_that_of_a_wave_above_a_quarter(
    cycles: int, kept: float
) -> None:
    line = torch.arange(16, dtype=torch.float64) / 16
    wave = 0.2 * torch.cos(2 * torch.pi * cycles * line).expand(1, 2, 16, 16)
    x = torch.full_like(wave, 0.5)
    each = high_frequency_error(x, x + wave)
    torch.testing.assert_close(each, kept * wave.square().mean()[None], atol=1e-12, rtol=1e-9)
    turned = high_frequency_error(x, (x + wave).transpose(2, 3))
    torch.testing.assert_close(turned, each)


def test_waves_that_both_pictures_have_are_no_error() -> None:
    x = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    assert high_frequency_error(x, x).tolist() == [0, 0]


def test_a_diagonal_wave_counts_by_its_own_length() -> None:
    line = torch.arange(16, dtype=torch.float64) / 16
    for cycles, kept in ((2, 0.0), (3, 1.0)):
        phase = 2 * torch.pi * cycles * (line[:, None] + line)
        wave = (0.2 * torch.cos(phase)).expand(1, 1, 16, 16)
        each = high_frequency_error(torch.full_like(wave, 0.5), 0.5 + wave)
        torch.testing.assert_close(each, kept * wave.square().mean()[None], atol=1e-12, rtol=1e-9)


def test_what_is_explained_of_colours_and_brightness() -> None:
    """Scikit-learn's coefficient of determination, weighted by variance; 0 for what is lost."""
    from sklearn.metrics import r2_score

    generator = torch.Generator().manual_seed(0)
    x = 0.2 + 0.6 * torch.rand(40, 3, 8, 8, generator=generator, dtype=torch.float64)
    y = (x + 0.1 * torch.randn(x.shape, generator=generator, dtype=torch.float64)).clamp(0, 1)
    means = [each.unflatten(3, (4, 2)).unflatten(2, (4, 2)).mean((3, 5)) for each in (x, y)]
    grey = [each.mean(1) for each in means]
    colours = [each - g[:, None] for each, g in zip(means, grey, strict=True)]
    found = explained_variance(x, y)
    for name, parts in {"brightness": grey, "colours": colours}.items():
        theirs = r2_score(*(p.flatten(1).numpy() for p in parts), multioutput="variance_weighted")
        assert found[name] == pytest.approx(theirs)
    faded = x.mean(1, keepdim=True) + (x - x.mean(1, keepdim=True)).mean(0)
    assert explained_variance(x, faded) == pytest.approx({"brightness": 1, "colours": 0}, abs=1e-9)
    assert explained_variance(x[:, :1], x[:, :1]) == {"brightness": 1}
    with pytest.raises(InputError, match="equal shapes are expected, each picture beside its own"):
        explained_variance(x, y[:-1])


def test_nothing_is_explained_of_what_does_not_vary() -> None:
    """Grey pictures with three channels have no colours: the error is not divided by 0."""
    grey = 0.1 + 0.8 * torch.rand(6, 1, 9, 7, generator=torch.Generator().manual_seed(0))
    x = grey.expand(-1, 3, -1, -1)
    y = (x + 0.01 * torch.arange(3).view(3, 1, 1)).clamp(0, 1)
    assert explained_variance(x, y).keys() == {"brightness"}
    for still in (x[:1], x[:1].expand(4, -1, -1, -1)):
        with pytest.raises(InputError, match=r"brightness of [14] pictures does not vary"):
            explained_variance(still, still)


def test_a_difference_of_one_grey_level_in_one_pixel_is_explained() -> None:
    """Of brightness and of colours: only round-off counts as no variance."""
    x = torch.full((8, 3, 32, 32), 0.5)
    x[0, 0, 5, 5] += 1 / 255
    assert explained_variance(x, x) == {"brightness": 1, "colours": 1}


def smooth_waves(side: int, n: int = 6) -> Tensor:
    """Pictures with power at every frequency, around 1/2 and small enough to stay in [0, 1]."""
    generator = torch.Generator().manual_seed(0)
    return 0.4 + 0.2 * torch.rand(n, 3, side, side, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize(("side", "period"), [(16, 2), (28, 2), (32, 4), (24, 3)])
def test_a_pattern_of_so_many_pixels_is_power_on_its_grid_alone(side: int, period: int) -> None:
    """Its power by hand: amplitude times the window's sum, squared, at each grid frequency."""
    x = smooth_waves(side)
    same = grid_power(x, x, period)
    assert same == pytest.approx({"grid": 1.0, "beside": 1.0})
    faded = 0.5 + 0.5 * (x - 0.5)
    assert grid_power(x, faded, period) == pytest.approx({"grid": 0.25, "beside": 0.25})
    pattern = torch.zeros(side, dtype=torch.float64)
    pattern[::period] = 0.1  # lines: a comb, whose power is alike at all multiples of 1 / period
    lined = x + pattern
    found = grid_power(x, lined, period)
    assert found["grid"] > 10
    assert found["beside"] == pytest.approx(1.0, rel=1e-9)
    window = torch.hann_window(side, dtype=torch.float64)
    window = window[:, None] * window
    flat = torch.full_like(x, 0.5)
    ripple = x - x.mean((2, 3), keepdim=True)
    spectrum = torch.fft.fft2(ripple * window)
    each = 0.1 / period * window.sum()
    step = side // period
    on = [(i, j) for i in range(0, side, step) for j in range(0, side, step) if i or j]
    below = sum(spectrum[..., i, j].abs().square().sum() for i, j in on)
    above = sum((spectrum[..., i, j] + (each if i == 0 else 0)).abs().square().sum() for i, j in on)
    assert found["grid"] == pytest.approx(float(above / below))
    assert grid_power(x, flat, period) == pytest.approx({"grid": 0.0, "beside": 0.0}, abs=1e-12)


@pytest.mark.parametrize(("sides", "period"), [((8, 8), 2), ((16, 24), 4), ((12, 15), 3)])
def test_grids_and_what_is_beside_them_are_those_by_a_loop_over_frequencies(
    sides: tuple[int, int], period: int
) -> None:
    """Beside is what is two bins away from a frequency of the grid, across the ends as well."""
    x, y = np.random.default_rng(0).random((2, 20, 2, *sides))
    window = np.outer(*(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n) for n in sides))
    powers = [
        (np.abs(np.fft.fft2((z - z.mean((2, 3), keepdims=True)) * window)) ** 2).sum((0, 1))
        for z in (x, y)
    ]
    rows, columns = (range(0, n, n // period) for n in sides)
    on = [(i, j) for i in rows for j in columns if i or j]

    def gap(i: int, j: int, n: int) -> int:
        return min((i - j) % n, (j - i) % n)

    def lies_beside(i: int, j: int) -> bool:
        return any(max(gap(i, a, sides[0]), gap(j, b, sides[1])) == 2 for a, b in on)

    beside = [(i, j) for i in range(sides[0]) for j in range(sides[1]) if lies_beside(i, j)]
    found = grid_power(torch.from_numpy(x), torch.from_numpy(y), period)
    for name, among in (("grid", on), ("beside", beside)):
        before, after = (sum(power[each] for each in among) for power in powers)
        assert found[name] == pytest.approx(after / before, rel=1e-9)


def test_sides_that_hold_no_grid_are_refused() -> None:
    for shape in ((6, 8), (8, 9)):
        with pytest.raises(InputError, match="sides that are multiples of 2, and 8 or more"):
            grid_power(torch.rand(2, 1, *shape), torch.rand(2, 1, *shape))
