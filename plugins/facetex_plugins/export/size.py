"""The size of an exported head: that of the fit, or one whose pupils are as far apart as the person's."""

from dataclasses import replace
from typing import Annotated

import numpy as np
from jaxtyping import Float64

from facetex_core import Fit, Meta
from facetex_core.geometry.landmarks import EYES_68
from facetex_core.parts.eyes import eye_frame, eyes_of

PupilDistance = (
    Annotated[
        float, Meta(gt=10, le=200, description="millimetres between the pupils, to which the head is scaled; as fitted without")
    ]
    | None
)


def scaled(fit: Fit, pupil_distance: float | None) -> Fit:
    """The head with its pupils so many millimetres apart; as it is where none are given."""
    if pupil_distance is None:
        return fit
    right, left = pupils(fit)
    factor = np.float32(pupil_distance / 1000 / np.linalg.norm(left - right))
    model, mesh = fit.model, fit.model.mesh
    grown = replace(
        model,
        mean=factor * model.mean,
        identity=factor * model.identity,
        expression=factor * model.expression,
        mesh=replace(mesh, vertices=factor * mesh.vertices),
    )
    return replace(fit, model=grown, vertex_offsets=None if fit.vertex_offsets is None else factor * fit.vertex_offsets)


def pupils(fit: Fit) -> tuple[Float64[np.ndarray, "3"], Float64[np.ndarray, "3"]]:
    """Right and left, of the head without expression; where it has no eyeballs, the middle of the lids' landmarks."""
    model, points = replace(fit.model, mean=fit.neutral), fit.model.embedding
    if len(eyes_of(model)) == 2:
        centres = [centre + radius * axis for centre, radius, axis in (eye_frame(model, eye) for eye in EYES_68)]
    else:
        corners = model.mean[model.mesh.triangles[points.landmark_triangles]].astype(np.float64)
        landmarks = np.einsum("pk,pki->pi", points.landmark_barycentric, corners)
        centres = [landmarks[list(which)].mean(0) for which in EYES_68.values()]
    return centres[0], centres[1]
