"""Second-order real spherical harmonics, the basis of diffuse light (Ramamoorthi and Hanrahan 2001, equation 3)."""

import numpy as np
from jaxtyping import Float32

from facetex_core.structures import Lighting


def harmonics(normals: Float32[np.ndarray, "*shape 3"]) -> Float32[np.ndarray, "*shape 9"]:
    """The nine basis functions at unit normals, scaled so that the first is 1 (light per unit of ambient light)."""
    x, y, z = np.moveaxis(normals, -1, 0)
    return np.stack([np.ones_like(x), x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1], -1).astype(np.float32)


def harmonics_slopes(normals: Float32[np.ndarray, "*shape 3"]) -> Float32[np.ndarray, "*shape 3 9"]:
    """Their derivatives by x, y and z."""
    x, y, z = np.moveaxis(normals, -1, 0)
    zero, one = np.zeros_like(x), np.ones_like(x)
    rows = (
        (zero, one, zero, zero, y, z, zero, 2 * x, zero),
        (zero, zero, one, zero, x, zero, z, -2 * y, zero),
        (zero, zero, zero, one, zero, x, y, zero, 6 * z),
    )
    return np.stack([np.stack(row, -1) for row in rows], -2).astype(np.float32)


def shade(lighting: Lighting, normals: Float32[np.ndarray, "*shape 3"]) -> Float32[np.ndarray, "*shape 3"]:
    """What a white Lambertian surface of these normals sends back; never negative."""
    return np.asarray(np.maximum(harmonics(normals) @ lighting.coefficients, 0), np.float32)


def ambient(level: float = 1.0) -> Lighting:
    """The same white light from everywhere."""
    coefficients = np.zeros((9, 3), np.float32)
    coefficients[0] = level
    return Lighting(coefficients)
