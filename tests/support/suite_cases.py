"""A case of a suite."""

from dataclasses import replace

import numpy as np

from facetex_core import Photo
from facetex_core.geometry.camera import project
from facetex_core.workbench.evaluation.suite import Case, Truth
from facetex_core.workbench.evaluation.surface_error import fitted_skin
from facetex_core.workbench.evaluation.synthetic import face_vertices


def case_of(fit, **more):
    """The fit itself as the truth."""
    skin, mesh = fitted_skin(fit), replace(fit.model.mesh, vertices=fit.vertices)
    photo = Photo(np.full((200, 160, 3), 0.3, np.float32), "case.png")
    truth = Truth(
        mesh,
        face_vertices(fit.model),
        skin.landmarks,
        project(fit.camera, skin.landmarks),
        camera=fit.camera,
        about={"note": "tiny"},
    )
    return Case("case", photo, replace(truth, **more))
