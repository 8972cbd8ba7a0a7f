"""How edited pictures compare, as a set, with real ones that have the attribute."""

from dataclasses import KW_ONLY, dataclass
from typing import final

from ..data.attributes import find_rows_by_answer
from ..data.dataset import Dataset, Preprocessor, add_fingerprint
from ..features.extractors import extract_features, quantise_pictures
from ..features.registry import load_extractor
from ..inference.codes import decode_to_rows, embed_rows
from ..rng import get_device
from ..score import Score
from .edits import find_directions
from .images import score_picture_sets
from .protocol import SplitEvaluation


@final
@dataclass(frozen=True, eq=False)
class EditedPictureQuality(SplitEvaluation):
    """Rows without an attribute, moved towards it, beside real rows that have it.

    What is edited are reconstructions: codes are moved by one distance, along the model's own
    direction or, where it has none, that of a linear probe, and decoded.

    Attributes:
        real: Raw rows with attributes; those that have one are compared with. Probes learn of all.
        test: Raw rows with attributes; those that lack one are edited.
        extractor: Network in whose features the Frechet distance is taken.
        distance: Distance by which codes are moved.
    """

    real: Dataset
    test: Dataset
    space: Preprocessor
    _: KW_ONLY
    extractor: str
    distance: float

    def __call__(self, method: object) -> dict[str, Score]:
        extractor, device = load_extractor(self.extractor), str(get_device(method))
        directions = find_directions(method, self.space, self.real)
        scores: dict[str, Score] = {}
        for k, name in enumerate(self.test.attribute_names):
            lacking = find_rows_by_answer(self.test, k, 0)
            having = find_rows_by_answer(self.real, k, 1)
            if name not in directions or not len(lacking) or not len(having):
                continue
            z = embed_rows(method, self.space, self.test[lacking].raw_rows())
            edited = decode_to_rows(
                method, self.space, directions[name].move(z, self.distance), None
            )
            features = extract_features(extractor, quantise_pictures(edited), device=device)
            what = (
                f"{self.describe_rows(len(lacking))} without {name}, reconstructed and moved by "
                f"{self.distance:g}, beside {len(having)} training rows that have it"
            )
            real = add_fingerprint(self.real[having])
            found = score_picture_sets(extractor, real, features, ("FD",), what)
            scores |= {f"{name} edited {label}": score for label, score in found.items()}
        return scores
