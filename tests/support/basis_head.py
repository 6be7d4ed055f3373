"""A head of the model that ships, in tiny maps: what pieces, joints and levels of detail are tried on."""

from dataclasses import replace

import numpy as np
from facetex_plugins.fit.basis import BasisFitter
from sampled import tiny_head

from facetex_core import Fit


def basis_head():
    """Somebody whose jaw is a little open, who looks to one side, and whose skin was moved by hand."""
    head, model = tiny_head(), BasisFitter().model
    identity = np.random.default_rng(3).normal(0, 0.7, len(model.identity)).astype(np.float32)
    expression = np.zeros(len(model.expression), np.float32)
    for name, weight in {"jawOpen": 0.2, "eyeLookOutLeft": 0.5, "eyeLookInRight": 0.5}.items():
        expression[model.expression_names.index(name)] = weight
    offsets = np.zeros_like(model.mean)
    skin = np.unique(model.mesh.triangles[model.mesh.parts["skin"]])
    offsets[skin, 1] = 1e-3 * np.sin(40 * model.mean[skin, 0])
    return replace(head, fit=Fit(model, identity, expression, head.fit.camera, vertex_offsets=offsets))
