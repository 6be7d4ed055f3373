"""The similarity transform nearest to pairs of points."""

import numpy as np
from jaxtyping import Float64


def similarity(
    source: Float64[np.ndarray, "points 3"], target: Float64[np.ndarray, "points 3"]
) -> tuple[Float64[np.ndarray, "3 3"], float, Float64[np.ndarray, "3"]]:
    """The rotation, scale and shift nearest in least squares (Umeyama 1991)."""
    from scipy.spatial.transform import Rotation

    a, b = source - source.mean(0), target - target.mean(0)
    rotation = Rotation.align_vectors(b, a)[0].as_matrix()
    scale = float((b * (a @ rotation.T)).sum() / (a**2).sum())
    return rotation, scale, target.mean(0) - scale * rotation @ source.mean(0)
