"""Identity modes of our mesh, learned from the source's linear model.

The source's coefficients are independent standard normals, so the covariance of its samples is B^T B exactly, without
sampling noise; the modes, each one standard deviation long, are U^T B with B W B^T = U S^2 U^T, W the weights of the vertices.
"""

import numpy as np
from jaxtyping import Float

MODES = 80
FRONT_WEIGHT = 8.0


def principal_modes(
    fields: Float[np.ndarray, "modes vertices 3"], weights: Float[np.ndarray, " vertices"]
) -> Float[np.ndarray, "kept vertices 3"]:
    """The leading principal modes of standard-normal mixtures of the fields, each as long as one standard deviation.

    The weights say which vertices matter for the order of the modes.
    """
    flat = fields.reshape(len(fields), -1).astype(np.float64)
    variances, turns = np.linalg.eigh((flat * np.repeat(weights, 3)) @ flat.T)
    leading = turns[:, np.argsort(-variances)[:MODES]]
    modes = leading.T @ flat
    signs = np.sign(modes[np.arange(len(modes)), np.abs(modes).argmax(1)])
    return (modes * signs[:, None]).reshape(len(modes), *fields.shape[1:])


def front_weights(mean: Float[np.ndarray, "vertices 3"]) -> Float[np.ndarray, " vertices"]:
    """More for the front of the face than for ears, scalp, neck and what lies inside."""
    return np.where((mean[:, 2] > 0.04) & (mean[:, 1] > -0.085) & (mean[:, 1] < 0.10), FRONT_WEIGHT, 1.0)
