"""A small finished run, without models."""

from dataclasses import replace

import numpy as np
from sampled import aim, all_skin, tiny_head

from facetex_core import Run
from facetex_core.geometry.camera import project
from facetex_core.structures import DelitView, Descriptor, Face, Merged, Photo


def tiny_run(name="tiny.jpg"):
    """A run as the pipeline would leave it."""
    head = tiny_head()
    fit, rng = head.fit, np.random.default_rng(0)
    photo = Photo(rng.uniform(0.1, 0.5, (200, 160, 3)).astype(np.float32), name)
    corners = fit.model.mesh.triangles[fit.model.embedding.landmark_triangles]
    points = np.einsum("pkc,pk->pc", fit.vertices[corners], fit.model.embedding.landmark_barycentric)
    landmarks = project(fit.camera, points.astype(np.float32))
    box = np.concatenate([landmarks.min(0), landmarks.max(0)])
    face = Face(box, landmarks, np.zeros((0, 2), np.float32), 0.9)
    layers = {layer: np.eye(4, dtype=np.float32) for layer in ("fine", "coarse")}
    seen = Descriptor("small", layers, dict.fromkeys(layers, 1.0))
    wanted = Descriptor("small", {layer: 1.5 * matrix for layer, matrix in layers.items()}, seen.support)
    weights = np.array([0.1, 0.7, 0, 0.2], np.float32)
    view = DelitView(replace(all_skin(photo), face=face), fit, head.lit, head.appearance, head.lit)
    shares = (head.lit.visibility > 0)[None].astype(np.float32)
    head = replace(head, name=name)
    return Run((view,), Merged(head.lit, shares), seen, weights, wanted, aim(wanted), head, {"detect": 0.25, "fit": 1.5})
