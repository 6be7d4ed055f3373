"""Many correlation matrices as sums of few: principal components of their upper triangles, coded in even steps.

A triangle's entries off the diagonal are scaled by sqrt(2), so that distances between triangles are those between
matrices (Frobenius). Cells of faces are much alike: most of a bank's bytes would say the same again.
"""

import numpy as np
from jaxtyping import Float32, Int

LEVEL_STEP = 0.0025
"""Between two levels of a coefficient, as a share of the matrices' root mean square: whole faces are met within 1 %."""
LEVELS = 32767


def pack_symmetric(matrices: Float32[np.ndarray, "*many channels channels"]) -> Float32[np.ndarray, "*many pairs"]:
    """Upper halves of symmetric matrices as vectors of the same length."""
    rows, columns = np.triu_indices(matrices.shape[-1])
    return np.asarray(matrices[..., rows, columns] * _scale(rows, columns), np.float32)


def unpack_symmetric(vectors: Float32[np.ndarray, "*many pairs"]) -> Float32[np.ndarray, "*many channels channels"]:
    """The symmetric matrices of such vectors."""
    channels = round((np.sqrt(8 * vectors.shape[-1] + 1) - 1) / 2)
    rows, columns = np.triu_indices(channels)
    full = np.zeros((*vectors.shape[:-1], channels, channels), np.float32)
    full[..., rows, columns] = full[..., columns, rows] = vectors / _scale(rows, columns)
    return full


def _scale(rows: Int[np.ndarray, "pairs"], columns: Int[np.ndarray, "pairs"]) -> Float32[np.ndarray, "pairs"]:
    return np.where(rows == columns, 1, np.sqrt(2)).astype(np.float32)


def principal(
    vectors: Float32[np.ndarray, "exemplars cells pairs"], support: Float32[np.ndarray, "exemplars cells"]
) -> tuple[Float32[np.ndarray, "exemplars cells entries"], Float32[np.ndarray, "entries pairs"]]:
    """Coefficients and basis; components that vary by less than half a step are left out.

    A vector counts by its support. The moments are about zero, not about the mean: means of vectors are then means of
    coefficients, whatever the weights add up to.
    """
    flat, weight = vectors.reshape(-1, vectors.shape[-1]), support.ravel() / max(float(support.sum()), 1e-12)
    weighted = flat * np.sqrt(weight)[:, None].astype(np.float32)
    few = len(weighted) < weighted.shape[1]  # the smaller of the two products has the same values
    values, directions = np.linalg.eigh((weighted @ weighted.T if few else weighted.T @ weighted).astype(np.float64))
    values, directions = values[::-1], directions[:, ::-1]
    kept = max(int((values > (LEVEL_STEP / 2) ** 2 * values.clip(0).sum()).sum()), 1)
    basis = directions[:, :kept].T.astype(np.float32)
    if few:
        basis = basis @ weighted
        basis /= np.maximum(np.linalg.norm(basis, axis=1, keepdims=True), 1e-20)
    basis = np.ascontiguousarray(basis, np.float32)
    return (flat @ basis.T).reshape(*vectors.shape[:2], kept), basis


def in_steps(
    coefficients: Float32[np.ndarray, "exemplars cells entries"], support: Float32[np.ndarray, "exemplars cells"]
) -> float:
    """The step between two levels that the coefficients are written in."""
    weight = support / max(float(support.sum()), 1e-12)
    spread = float(np.sqrt((weight * (coefficients**2).sum(-1)).sum()))
    return max(LEVEL_STEP * spread, float(np.abs(coefficients).max()) / LEVELS, 1e-20)
