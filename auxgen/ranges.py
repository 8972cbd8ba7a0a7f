"""The ranges of numeric options: one table, by name, for experiments and commands alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from types import MappingProxyType
from typing import Any, TypeGuard

from .errors import InputError

MAX_SEED = 2**63 - 1


@dataclass(frozen=True)
class Range:
    """Finite numbers from `low` to `high`; an end that is not included is `open`."""

    low: float = -inf
    high: float = inf
    open_low: bool = False
    open_high: bool = False

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below and abs(value) != inf

    def __str__(self) -> str:
        low = f"above {self.low:g}" if self.open_low else f"{self.low:g}"
        if self.high == inf:
            if self.low == -inf:
                return "a finite number"
            return f"a number {low}" if self.open_low else f"{low} or more"
        high = f"{self.high:,}" if isinstance(self.high, int) else f"{self.high:g}"
        return f"{low} to {'below ' if self.open_high else ''}{high}"


COUNT = Range(1)
BATCH = Range(1, 10_000_000)
DEPTH = Range(1, 1000)
FROM_ZERO = Range(0)
POSITIVE = Range(0, open_low=True)
SHARE = Range(0, 1)
FINITE = Range()


def _make_ranges(names: Mapping[Range, str]) -> dict[str, Range]:
    return {name: ends for ends, text in names.items() for name in text.split()}


RANGES: Mapping[str, Range] = MappingProxyType(
    _make_ranges(
        {
            BATCH: "batch classifier_batch",
            DEPTH: "blocks denoiser_depth encoder_layers transforms",
            COUNT: """
                accumulate adjusting_batches classes_summed classifier_hidden classifier_width
                components coupling_hidden crop denoiser_width
                draws hidden hidden_above importance_samples iwae_weights
                labels_per_class latent latent_above mapped_codes measured_samples most_steps n
                nll_rows resamplings rows second_hidden seeds size steps test_rows train_rows
                width widths
                """,
            FROM_ZERO: """
                a adjusting_epochs beta_cl beta_ec beta_g blur
                classification_weight classifier_epochs data_noise denoising_weight energy_from
                epochs feature_noise feature_weight folds held_out_rows history_weight
                introvac_epochs keep_above layer_weights least_steps mean_spread mi_asl_epochs
                mi_epochs monitor_epochs multiplier on_demand_epochs pretraining_epochs
                scale_epochs shift stein_weight stop_early strength temperature_from
                two_stage_epochs vac_epochs vae_asl_epochs vae_epochs vae_unit_epochs valid_rows
                variance_floor warm_up warm_up_from warm_up_steps warp
                """,
            POSITIVE: """
                alpha beta_ae beta_reg classifier_lr denoiser_lr density_lr discriminator_lr
                edit_distance
                feature_scale init_scale joint_edit_distance kernel_exponent lr measured_epochs
                pixel_scale second_lr temperature
                """,
            SHARE: "hold introvac_halvings vac_halvings warm_up_share",
            Range(0, 1, open_high=True): "abstain average skip_below",
            Range(0, 1, open_low=True): "recognition_crop",
            Range(0, 1, open_low=True, open_high=True): "test_fraction until",
            Range(0, MAX_SEED): "seed",
            Range(0, 65_535): "port",
            Range(1 / 16): "memory_for_rows",
            FINITE: "log_std_z",
        }
    )
)
"""By the option's name; a test holds that every numeric option of auxgen has one."""


def check_ranges(options: Mapping[str, Any]) -> None:
    """Check numbers, alone or in sequences, by their options' names; None is left to its option.

    Raises:
        InputError: One is out of its range, or is not a number.
    """
    for name, value in options.items():
        each = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        for number in each if name in RANGES else ():
            if number is None:
                continue
            if not _is_number(number) or float(number) not in RANGES[name]:
                raise InputError(f"{name} is {number!r}; {RANGES[name]} is expected.")


def _is_number(value: object) -> TypeGuard[int | float]:
    """Whether a value is a number that a float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, float) or abs(value) < 10**300
