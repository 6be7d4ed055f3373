"""Depth as a height over the picture, in pixels: the frame in which slopes have no unit (weak perspective, as published)."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

Height = Float[Tensor, "batch rows columns"]


def normals(height: Height) -> Float[Tensor, "batch 3 rows columns"]:
    """Unit, by central differences: x right, y down, z to the camera. Richardson 2017, section 3.2: (-dz/dx, -dz/dy, 1)."""
    along_x, along_y = slopes(height)
    return functional.normalize(torch.stack([-along_x, -along_y, torch.ones_like(height)], 1), dim=1)


def slopes(height: Height) -> tuple[Height, Height]:
    """By x and by y, as wide as the picture."""
    padded = functional.pad(height[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    return (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / 2, (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / 2


def laplacian(height: Height) -> Height:
    """Five points."""
    padded = functional.pad(height[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    return padded[:, 1:-1, 2:] + padded[:, 1:-1, :-2] + padded[:, 2:, 1:-1] + padded[:, :-2, 1:-1] - 4 * height


def mean_of(values: Height, mask: Height) -> Float[Tensor, " batch"]:
    """Over each picture's mask."""
    return (values * mask).sum((1, 2)) / mask.sum((1, 2)).clamp_min(1)


def shading(
    photo: Height, height: Height, coarse: Height, albedo: Float[Tensor, "batch modes rows columns"], mask: Height
) -> Height:
    """What the photo should be by this height: rho l^T Y(n), with first-order harmonics Y = (1, nx, ny, nz).

    Light by least squares from the coarse normals under the mean albedo (the first mode), then the albedo's coefficients
    under that light, both over the mask, as published; neither carries a gradient.
    """
    with torch.no_grad():
        harmonics = _harmonics(normals(coarse))
        light = _solved(harmonics * albedo[:, :1], photo, mask)
        lit = torch.einsum("bk,bkyx->byx", light, harmonics)
        weights = _solved(albedo * lit[:, None], photo, mask)
        tone = torch.einsum("bk,bkyx->byx", weights, albedo)
    return tone * torch.einsum("bk,bkyx->byx", light, _harmonics(normals(height)))


def _harmonics(ways: Float[Tensor, "batch 3 rows columns"]) -> Float[Tensor, "batch 4 rows columns"]:
    return torch.cat([torch.ones_like(ways[:, :1]), ways], 1)


def _solved(
    design: Float[Tensor, "batch unknowns rows columns"], wanted: Height, mask: Height
) -> Float[Tensor, "batch unknowns"]:
    """Least squares over the mask, held a little so that a flat face has one answer, and an empty mask too."""
    weighted = (design * mask[:, None]).flatten(2)
    matrix = weighted @ design.flatten(2).mT
    least = 1e-3 * matrix.diagonal(dim1=1, dim2=2).mean(1)[:, None, None] + 1e-6
    held = least * torch.eye(matrix.shape[1], device=matrix.device)
    right = (weighted * wanted.flatten(1)[:, None]).sum(2)
    return torch.linalg.solve(matrix + held, right)
