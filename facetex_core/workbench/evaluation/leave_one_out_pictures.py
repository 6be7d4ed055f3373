"""The sheet of a leave-one-out: the face, what was shown of it, and what each synthesizer made of that."""

import numpy as np
from jaxtyping import UInt8

from facetex_core.imaging.colour import to_bytes
from facetex_core.structures import Texture
from facetex_core.texture.regions import face_crop
from facetex_core.workbench.evaluation.leave_one_out import Subject, Trial
from facetex_core.workbench.evaluation.pictures import tile


def row_of(subject: Subject, trial: Trial, deciding: str) -> UInt8[np.ndarray, "side wide 3"]:
    """Albedos of the face's box side by side; under each prediction its deciding measure."""
    tiles = [_box(subject, subject.albedo, subject.name), _box(subject, trial.shown, trial.part)]
    for name, texture in trial.found.items():
        tiles.append(_box(subject, texture, f"{name} {trial.errors[name][deciding]:.2f}"))
    return np.concatenate(tiles, 1)


def _box(subject: Subject, texture: Texture, text: str) -> UInt8[np.ndarray, "side side 3"]:
    return tile(to_bytes(face_crop(texture, subject.fit.model).rgb), text)
