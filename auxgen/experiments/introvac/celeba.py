"""CelebA (Liu et al., 2015) as the paper divides it: glasses, facial hair, and both (section 4).

    auxgen train introvac.eye --run runs/eye --size 32
    auxgen train introvac.facial --run runs/facial --size 32
    auxgen train introvac.eyefacial --run runs/eyefacial --budget paper --device cuda

Two attributes: Eyeglasses; FacialHair, which is a beard, a goatee or a mustache.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ...data.attributes import (
    NEGATION_PREFIX,
    blank_other_rows,
    derive_attributes,
    select_attribute_subset,
)
from ...data.images import load_image_dataset
from ...errors import InputError
from ...evaluation.attribute_scorers import MultilabelScorer
from ...stage import Experiment
from ..common import Budget
from .evaluations import IntrovacEvaluations
from .plans import FACE_EXTRACTOR, IntrovacFacePlan, PhotoSizeChoice, make_face_plan
from .stages import build_introvac_stages

GLASSES: Mapping[str, Sequence[str]] = {"Eyeglasses": ("Eyeglasses",)}
FACIAL_HAIR: Mapping[str, Sequence[str]] = {"FacialHair": ("not No_Beard", "Goatee", "Mustache")}
ATTRIBUTE_SCORERS: Mapping[int, tuple[str, ...]] = {
    32: ("features.celeba_32", "features.celeba_32-seed=1")
}
"""Classifiers that judge together how far edits go, by size; features.celeba for other sizes."""
SECOND_SCORERS: Mapping[int, str] = {32: "features.celeba_32-seed=2"}
"""Classifiers that say what else edits change, by size; for other sizes the scorers do."""


def make_eye_plan(budget: Budget = "cpu", size: PhotoSizeChoice = "auto") -> IntrovacFacePlan:
    """A plan for glasses, which the paper's figure moves less far than facial hair."""
    return replace(make_face_plan(budget, size), edit_distance=3.0)


make_facial_plan = make_eyefacial_plan = make_face_plan
EYE_PLAN, FACE_PLAN = make_eye_plan(), make_face_plan()


def eye(plan: IntrovacFacePlan = EYE_PLAN, *, seed: int = 0) -> Experiment:
    """Eye: faces with glasses, and twice as many without."""
    return _build_face_experiment(plan, seed, GLASSES, negatives=2)


def facial(plan: IntrovacFacePlan = FACE_PLAN, *, seed: int = 0) -> Experiment:
    """Facial: faces with a beard, goatee or mustache, and as many without."""
    return _build_face_experiment(plan, seed, FACIAL_HAIR, negatives=1)


def eyefacial(plan: IntrovacFacePlan = FACE_PLAN, *, seed: int = 0) -> Experiment:
    """EyeFacial: faces with glasses or facial hair, and as many without."""
    return _build_face_experiment(plan, seed, {**GLASSES, **FACIAL_HAIR}, negatives=1)


def _build_face_experiment(
    plan: IntrovacFacePlan, seed: int, attributes: Mapping[str, Sequence[str]], negatives: float
) -> Experiment:
    """The stages on one of the paper's three sets."""
    splits = ("train", plan.test_split)
    faces = [load_image_dataset("celeba", split, size=plan.size) for split in splits]
    train, test = (derive_attributes(part, attributes) for part in faces)
    select = blank_other_rows if plan.all_faces else select_attribute_subset
    # columns of which no attribute is made
    used = {c.removeprefix(NEGATION_PREFIX) for columns in attributes.values() for c in columns}
    rest = {name: (name,) for name in faces[0].attribute_names if name not in used}
    automatic = plan.scorers == ("auto",)
    scorers = ATTRIBUTE_SCORERS.get(plan.size, (FACE_EXTRACTOR,)) if automatic else plan.scorers
    second = plan.second_scorer
    if second == "auto":
        second = SECOND_SCORERS.get(plan.size) if automatic else None
    valid = None
    if plan.edit_rates:
        if plan.test_split == "valid":
            raise InputError(
                "edit_rates takes its strength from the split valid, which test_split names as "
                "that to be measured; expected test."
            )
        faces_to_choose_by = load_image_dataset("celeba", "valid", size=plan.size)
        valid = derive_attributes(faces_to_choose_by, attributes)
    evaluations = IntrovacEvaluations(
        select(train, negatives),
        test,
        [MultilabelScorer(name, attributes) for name in scorers],
        plan.extractor,
        split_name=plan.test_split,
        others=derive_attributes(faces[0], rest) if rest else None,
        second_scorer=MultilabelScorer(second, attributes) if second else None,
        valid=valid,
    )
    return build_introvac_stages(plan, evaluations, seed=seed, model=plan.model)
