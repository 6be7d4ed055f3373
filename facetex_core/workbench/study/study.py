"""A two-alternative forced-choice study: which of two pictures? One page that needs nothing but itself, and its key.

The page names pictures by meaningless numbers; what they show stands in the key, which stays with whoever made the study.
Each participant gets an order and sides of their own, by a seed that the answers tell.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import UInt8

from facetex_core.delivery.pictures import data_uri, template

PHOTO_VARIANT = "photo"
"""What the photos themselves are called among the variants."""
STUDY_QUALITY = 95
"""Of every picture's JPEG, without thinned colour: real and made ones go through the same coding."""

Pixels = UInt8[np.ndarray, "height width 3"]


@dataclass(frozen=True, eq=False, slots=True)
class Case:
    """One face in two or more variants."""

    name: str
    pictures: Mapping[str, Pixels]
    """By variant, 8-bit sRGB."""


@dataclass(frozen=True, eq=False, slots=True)
class Picture:
    """One side of a trial."""

    id: str
    """Tells nothing."""
    variant: str
    pixels: Pixels


@dataclass(frozen=True, eq=False, slots=True)
class Trial:
    """One question: the pictures of two variants of a case."""

    id: str
    case: str
    pictures: tuple[Picture, Picture]
    """In chance order."""


@dataclass(frozen=True, eq=False, slots=True)
class Study:
    """All trials, in chance order, with the question that is asked of each."""

    id: str
    """Of the content: the same trials make the same study."""
    question: str
    seconds: float | None
    """For which a pair is shown; none: until it is answered."""
    variants: tuple[str, ...]
    trials: tuple[Trial, ...]

    def key(self) -> dict[str, object]:
        """What each picture shows, as JSON's types: what a report needs beside the answers."""
        return {
            "study": self.id,
            "question": self.question,
            "variants": list(self.variants),
            "trials": {
                trial.id: {"case": trial.case, "pictures": {each.id: each.variant for each in trial.pictures}}
                for trial in self.trials
            },
        }


def assemble(cases: Sequence[Case], question: str, *, seed: int = 0, seconds: float | None = None) -> Study:
    """Every two variants of every case as a trial; numbers, order and sides by the seed."""
    rng = np.random.default_rng(seed)
    trials = [_trial(case, pair, rng) for case in cases for pair in combinations(case.pictures, 2)]
    trials = [trials[k] for k in rng.permutation(len(trials))]
    variants = tuple(dict.fromkeys(variant for case in cases for variant in case.pictures))
    told = json.dumps([question, seconds, [trial.id for trial in trials]]).encode()
    pixels = (each.pixels.tobytes() for trial in trials for each in trial.pictures)
    return Study(hashlib.sha256(b"".join([told, *pixels])).hexdigest()[:12], question, seconds, variants, tuple(trials))


def _trial(case: Case, pair: tuple[str, str], rng: np.random.Generator) -> Trial:
    first, second = (Picture(rng.bytes(5).hex(), variant, case.pictures[variant]) for variant in rng.permutation(pair).tolist())
    return Trial(rng.bytes(5).hex(), case.name, (first, second))


def page(study: Study) -> str:
    """study.html."""
    trials = [
        {
            "id": trial.id,
            "pictures": [
                {"id": each.id, "uri": data_uri(each.pixels, quality=STUDY_QUALITY, subsampling=0)} for each in trial.pictures
            ],
        }
        for trial in study.trials
    ]
    data = {"id": study.id, "seconds": study.seconds, "trials": trials}
    return str(
        template(__package__, "study").render(question=study.question, count=len(trials), seconds=study.seconds, study=data)
    )
