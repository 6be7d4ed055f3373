"""Light and low-frequency albedo from a photo under a fitted mesh.

    I(u, v) = albedo(u, v) sum_k l_k Y_k(n(u, v)),    log albedo = mean + modes . c

the photo-consistency term of Saito 2017 (section 4.1) with the shape held: solved in turn for the light l, by
reweighted least squares, and for the albedo coefficients c, in logarithms. Priors in standard deviations decide
what the product cannot: how much of the brightness is skin.
"""

import numpy as np
from jaxtyping import Float32

from facetex_core.crop import region, skin_texels
from facetex_core.harmonics import harmonics
from facetex_core.mesh import spread, vertex_normals
from facetex_core.structures import AlbedoModel, Fit, Lighting, MorphableModel, Photo
from facetex_core.unwrap import unwrap

SIZE = 128
"""Texels of the map on which light and albedo are found: both are low-frequency."""
ROUNDS = 4
RIDGE = np.array([0.02, *[0.02] * 3, *[0.06] * 5])
"""Of the light's coefficients, relative to a texel's weight; the second band thrice (measured)."""
HIGHLIGHT = 0.3
"""Weight of texels brighter than explained: highlights are no diffuse light."""
EXPOSURE_PRIOR = 0.35
"""Standard deviation of the light's mean about 1, in logarithms: photographers expose for the face."""
ALBEDO_NOISE = 0.15
"""What a texel's log albedo deviates by from the best low-frequency model."""
INDEPENDENT = 0.05
"""Share of texels that count as independent evidence: neighbours err together."""
SKIN_TONE = np.log(np.array([0.42, 0.24, 0.16], np.float32))
"""A middle skin in log linear RGB, for models that bring no albedo."""


def explain_light(photo: Photo, fit: Fit) -> tuple[Lighting, Float32[np.ndarray, "size size 3"], float]:
    """Light, albedo, and the root mean square of what they leave unexplained, as a share of the photo's."""
    skin = np.ones(photo.rgb.shape[:2], np.float32)
    seen = unwrap(photo, fit, skin, SIZE)
    normals = normal_map(fit, SIZE)
    basis = harmonics(normals).astype(np.float64)
    weight = (seen.visibility * region(fit.model, "face", SIZE)).astype(np.float64)
    on = weight > 0
    model = albedo_model(fit.model)
    coefficients = np.zeros(len(model.modes))
    for _ in range(ROUNDS):
        albedo = np.exp(model.mean + np.tensordot(coefficients, model.modes, 1)).astype(np.float64)
        light = _solve_light(seen.rgb[on], albedo[on], basis[on], weight[on])
        shading = np.maximum(basis @ light, 0.05)
        coefficients = _solve_albedo(seen.rgb[on] / shading[on], model, on, weight[on])
    explained = albedo * shading
    left = np.average((seen.rgb[on] - explained[on]).mean(1) ** 2, weights=weight[on])
    rms = float(np.sqrt(left / np.average(seen.rgb[on].mean(1) ** 2, weights=weight[on])))
    return Lighting(light.astype(np.float32)), albedo.astype(np.float32), rms


def normal_map(fit: Fit, size: int) -> Float32[np.ndarray, "size size 3"]:
    """Unit normals of the fitted skin in world coordinates, by texel; 0 where there is none."""
    mesh, texels = fit.model.mesh, skin_texels(fit.model, size)
    normals = spread(texels, mesh, vertex_normals(fit.vertices, mesh.triangles[mesh.parts["skin"]]))
    return np.asarray(normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-12), np.float32)


def albedo_model(model: MorphableModel) -> AlbedoModel:
    """The model's own, or one even tone that may turn lighter and darker."""
    if model.albedo is not None and model.albedo.mean.shape[0] == SIZE:
        return model.albedo
    ones = np.ones((SIZE, SIZE, 3), np.float32)
    return AlbedoModel(ones * SKIN_TONE, (0.4 * ones)[None])


def _solve_light(seen: np.ndarray, albedo: np.ndarray, basis: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Each channel by itself, pulled weakly to even white light; highlights and cast shadow lose weight."""
    prior = np.zeros(9)
    prior[0] = 1.0
    light = np.zeros((9, 3))
    for channel in range(3):
        design = basis * albedo[:, channel, None]
        scale = np.average(albedo[:, channel], weights=weight)
        w = weight.copy()
        for _ in range(4):
            matrix = (design * w[:, None]).T @ design
            ridge = np.diag(RIDGE) * w.sum() * scale**2
            light[:, channel] = np.linalg.solve(matrix + ridge, (design * w[:, None]).T @ seen[:, channel] + ridge @ prior)
            error = (seen[:, channel] - design @ light[:, channel]) / scale
            w = weight / (1 + (error / 0.15) ** 2) * np.where(error > 0.1, HIGHLIGHT, 1.0)
    return light


def _solve_albedo(observed: np.ndarray, model: AlbedoModel, on: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Ridge regression in logarithms; the exposure is a further unknown with a prior of its own."""
    target = np.log(np.clip(observed, 0.01, 2.0)) - model.mean[on]
    design = np.concatenate([model.modes[:, on].reshape(len(model.modes), -1), np.ones((1, target.size))]).T
    w = np.repeat(weight, 3) * INDEPENDENT / ALBEDO_NOISE**2
    prior = np.diag(np.append(np.ones(len(model.modes)), EXPOSURE_PRIOR**-2))
    solved = np.zeros(design.shape[1])
    for _ in range(3):
        error = target.ravel() - design @ solved
        robust = w / (1 + (error / 0.3) ** 2)
        solved = np.linalg.solve((design * robust[:, None]).T @ design + prior, (design * robust[:, None]).T @ target.ravel())
    return solved[:-1]
