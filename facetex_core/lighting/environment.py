"""Light as a picture all round the head: from harmonics back to radiance, to a Radiance .hdr file, and at a wanted strength."""

import numpy as np
from jaxtyping import Float, Float32

from facetex_core.imaging.colour import luminance
from facetex_core.lighting.harmonics import harmonics
from facetex_core.lighting.panorama import panorama_directions
from facetex_core.structures import Lighting

ENVIRONMENT_FILE = "environment.hdr"
ENVIRONMENT_ROWS = 64
"""Of a panorama made from harmonics: finer than anything they hold."""
SHARP = 256
"""Rows at most of a panorama that a path tracer gets: a softbox keeps its edges in the eyes."""
COSINE = np.array([1.0, *[2 / 3] * 3, *[1 / 4] * 5])
"""What the cosine leaves of each order of the radiance (Ramamoorthi and Hanrahan 2001, equation 8, over pi)."""
DESCENT_STEPS = 300


def radiance_of(lighting: Lighting) -> Float32[np.ndarray, "rows columns 3"]:
    """A panorama that is negative nowhere and whose irradiance is the lighting: of all such, the least in squares.

    It is max(0, Y a): a is found by climbing the dual, whose curvature is at most the Gram matrix of Y. Where the lighting
    is darker than black somewhere, no light gives it, and the panorama is a near one. Laid out as `panorama_directions` has it.
    """
    basis, weight = _basis(ENVIRONMENT_ROWS // 2)
    gram = basis.T @ (weight * basis)
    wanted = lighting.coefficients.astype(np.float64) / COSINE[:, None]
    found = wanted.copy()
    for _ in range(DESCENT_STEPS):
        moments = basis.T @ (weight * np.maximum(basis @ found, 0))
        found += wanted - np.linalg.solve(gram, moments)
    radiance = np.maximum(_basis(ENVIRONMENT_ROWS)[0] @ found, 0)
    return radiance.reshape(ENVIRONMENT_ROWS, 2 * ENVIRONMENT_ROWS, 3).astype(np.float32)


def _basis(rows: int) -> tuple[Float[np.ndarray, "pixels 9"], Float[np.ndarray, "pixels 1"]]:
    """The harmonics at the pixels of a panorama, and each pixel's share of the sphere."""
    edges = np.cos(np.linspace(0, np.pi, rows + 1))
    weight = np.repeat((edges[:-1] - edges[1:]) / (4 * rows), 2 * rows)
    return harmonics(panorama_directions(rows, 2 * rows).astype(np.float32)).astype(np.float64), weight[:, None]


def hdr_bytes(panorama: Float32[np.ndarray, "rows columns 3"]) -> bytes:
    """A Radiance .hdr file: 8 bits a channel and a common exponent, about one part in two hundred."""
    import cv2

    return bytes(cv2.imencode(".hdr", np.ascontiguousarray(panorama[..., ::-1]))[1].tobytes())


def surroundings(
    lighting: Lighting, panorama: Float32[np.ndarray, "rows columns 3"] | None
) -> Float32[np.ndarray, "high wide 3"]:
    """The lighting as a panorama; or the one given, made as strong as the lighting is."""
    if panorama is None:
        return radiance_of(lighting)
    share = _basis(panorama.shape[0])[1].reshape(panorama.shape[0], -1, 1)
    strength = luminance((panorama * share).sum((0, 1)).astype(np.float32))
    wanted = luminance(lighting.coefficients[0])
    return np.asarray(panorama * (max(float(wanted), 0) / max(float(strength), 1e-12)), np.float32)
