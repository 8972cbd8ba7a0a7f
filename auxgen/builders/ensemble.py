"""Ensembles of models that another builder makes."""

from typing import Any, cast

from ..errors import InputError, unknown_name
from ..method import Method
from ..methods.ensemble import Ensemble
from ..methods.semi_supervised_model import SemiSupervisedModel
from . import adgm

_MEMBERS = {"m2": adgm.m2, "adgm": adgm.adgm, "sdgm": adgm.sdgm}


def ensemble(*, member: str, members: int, **arguments: Any) -> Method:
    """An equal mixture of models with weights of their own.

    Args:
        member: Builder of a member: "m2", "adgm" or "sdgm".
        members: Number of members.
        arguments: The builder's arguments.

    Raises:
        InputError: There is no such member, or fewer than one.
    """
    if member not in _MEMBERS:
        raise unknown_name("member", member, _MEMBERS)
    if members < 1:
        raise InputError(f"An ensemble of {members} members was asked for; expected 1 or more.")
    made = [_MEMBERS[member](**arguments) for _ in range(members)]
    return Ensemble([cast(SemiSupervisedModel, each) for each in made])
