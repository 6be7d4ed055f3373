"""Meshes of fewer triangles."""

import numpy as np
from facetex_plugins.fit.feedback.decimate import decimated
from sampled import tiny_model

from facetex_core.geometry.raycast import Scene
from facetex_core.values import locked


def test_fewer_triangles_lie_on_the_same_surface_and_face_the_same_way():
    model = tiny_model()
    skin = model.mesh.triangles[model.mesh.parts["skin"]]
    vertices, triangles = decimated(*locked((model.mean, skin)), 300)
    assert len(triangles) == 300
    assert set(triangles.ravel()) == set(range(len(vertices)))
    off = np.linalg.norm(Scene(model.mean, skin).closest_points(vertices) - vertices, axis=1)
    assert off.max() < 0.004  # the head is 22 cm high
    volumes = [
        np.linalg.det(points[corners].astype(float)).sum() / 6
        for points, corners in ((model.mean, skin), (vertices, triangles))
    ]
    np.testing.assert_allclose(volumes[1], volumes[0], rtol=0.08)
