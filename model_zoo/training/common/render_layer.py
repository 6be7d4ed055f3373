"""The rendering layer of Richardson et al. 2017: a mesh to depth, normals, PNCC and mask, with a gradient.

Which triangle a pixel shows, and its barycentric weights, are found by a z-buffer and held; the gradient goes to what they
interpolate (section 3.3). The camera is a pinhole, not the paper's weak perspective. Runs where its tensors are.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor
from torch.nn import functional

NEAREST = 1e-3
"""Metres before the camera, from which a vertex is drawn."""


@dataclass(frozen=True)
class Layers:
    """0 where there is no mesh; units and frames as in facetex_core.geometry.geometry_images."""

    depth: Float[Tensor, "batch height width"]
    normals: Float[Tensor, "batch height width 3"]
    pncc: Float[Tensor, "batch height width 3"]
    mask: Bool[Tensor, "batch height width"]


@dataclass(frozen=True)
class Visible:
    """What each pixel shows."""

    triangle: Int64[Tensor, "batch height width"]
    """-1: nothing."""
    weights: Float[Tensor, "batch height width 3"]
    """Barycentric, in space; they carry no gradient."""


def to_camera(
    vertices: Float[Tensor, "batch vertices 3"], rotation: Float[Tensor, "batch 3 3"], translation: Float[Tensor, "batch 3"]
) -> Float[Tensor, "batch vertices 3"]:
    """World metres to the camera's frame."""
    return vertices @ rotation.mT + translation[:, None]


def vertex_normals(
    vertices: Float[Tensor, "batch vertices 3"], triangles: Int64[Tensor, "triangles 3"]
) -> Float[Tensor, "batch vertices 3"]:
    """Unit normals: those of the triangles round a vertex, weighted by area."""
    a, b, c = vertices[:, triangles].unbind(2)
    across = torch.linalg.cross(b - a, c - a)
    summed = torch.zeros_like(vertices)
    for corner in range(3):
        summed = summed.index_add(1, triangles[:, corner], across)
    return functional.normalize(summed, dim=2, eps=1e-20)


@torch.no_grad()
def visible(
    seen: Float[Tensor, "batch vertices 3"],
    triangles: Int64[Tensor, "triangles 3"],
    intrinsics: Float[Tensor, "batch 3 3"],
    size: tuple[int, int],
) -> Visible:
    """The nearest triangle at the centre of every pixel; `seen` in the camera's frame, `size` width and height."""
    batch, (width, height) = len(seen), size
    corners = _on_screen(seen, intrinsics)[:, triangles].flatten(0, 1)
    depths = seen[..., 2][:, triangles].flatten(0, 1)
    number, x, y = _candidates(corners, (depths > NEAREST).all(1), size)
    weights = _flat_weights(corners[number], x + 0.5, y + 0.5)
    inverse = weights / depths[number]
    inside = (weights >= 0).all(1)
    number, inverse = number[inside], inverse[inside]
    pixel = ((number // len(triangles)) * height + y[inside]) * width + x[inside]
    winner = _nearest(pixel, 1 / inverse.sum(1), batch * height * width)
    shown = winner >= 0
    found = torch.where(shown, number[winner.clamp_min(0)] % len(triangles), -1) if len(number) else winner
    spatial = torch.zeros(len(winner), 3, dtype=seen.dtype, device=seen.device)
    spatial[shown] = (inverse / inverse.sum(1, keepdim=True))[winner[shown]]
    return Visible(found.view(batch, height, width), spatial.view(batch, height, width, 3))


def _on_screen(seen: Tensor, intrinsics: Tensor) -> Tensor:
    """Pixels (batch, vertices, 2); vertices behind the camera land anywhere, and their triangles are not drawn."""
    projected = seen @ intrinsics.mT
    return projected[..., :2] / projected[..., 2:].clamp_min(NEAREST)


def _candidates(corners: Tensor, drawn: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """Every triangle with every pixel whose centre lies in its box: number of the triangle, column, row."""
    most = torch.tensor(size, device=corners.device)
    low = (corners.amin(1) - 0.5).ceil().clamp_min(0).minimum(most).long()
    high = (corners.amax(1) - 0.5).floor().clamp_min(-1).minimum(most - 1).long()
    extent = (high - low + 1).clamp_min(0) * drawn[:, None]
    counts = extent.prod(1)
    number = torch.repeat_interleave(counts)
    order = torch.arange(len(number), device=corners.device) - (counts.cumsum(0) - counts)[number]
    columns = extent[number, 0]
    return number, low[number, 0] + order % columns, low[number, 1] + order // columns


def _flat_weights(corners: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Barycentric weights on the screen (candidates, 3); negative outside."""
    (ax, ay), (bx, by), (cx, cy) = (point.unbind(1) for point in corners.unbind(1))
    area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    first = ((bx - x) * (cy - y) - (cx - x) * (by - y)) / area
    second = ((cx - x) * (ay - y) - (ax - x) * (cy - y)) / area
    weights = torch.stack([first, second, 1 - first - second], 1)
    return torch.where(area[:, None].abs() > 1e-12, weights, -1.0)


def _nearest(pixel: Tensor, depth: Tensor, count: int) -> Tensor:
    """The number of the nearest candidate of every pixel, -1 for none: the least of depth, then number, in one integer."""
    last = torch.iinfo(torch.int64).max
    bits = depth.float().view(torch.int32).long()  # positive floats have the order of their bits
    keys = bits << 32 | torch.arange(len(pixel), device=pixel.device)
    least = torch.full((count,), last, device=pixel.device).scatter_reduce(0, pixel, keys, "amin")
    return torch.where(least == last, -1, least & 0xFFFFFFFF)


def interpolated(values: Float[Tensor, "batch vertices k"], triangles: Int64[Tensor, "triangles 3"], shown: Visible) -> Tensor:
    """Values at the vertices to pixels (batch, height, width, k)."""
    corners = triangles[shown.triangle.clamp_min(0)].flatten(1)
    taken = torch.gather(values, 1, corners[..., None].expand(-1, -1, values.shape[2]))
    return (taken.view(*shown.weights.shape, -1) * shown.weights[..., None]).sum(3)


def render_layers(
    vertices: Float[Tensor, "batch vertices 3"],
    rotation: Float[Tensor, "batch 3 3"],
    translation: Float[Tensor, "batch 3"],
    intrinsics: Float[Tensor, "batch 3 3"],
    triangles: Int64[Tensor, "triangles 3"],
    code: Float[Tensor, "vertices 3"],
    size: tuple[int, int],
) -> Layers:
    """All four, with a gradient to vertices and pose; `code` is facetex_core's coordinate_code, `size` (width, height)."""
    seen = to_camera(vertices, rotation, translation)
    shown = visible(seen, triangles, intrinsics, size)
    codes = code.expand(len(vertices), -1, -1)
    values = torch.cat([seen[..., 2:], vertex_normals(seen, triangles), codes], 2)
    made = interpolated(values, triangles, shown)
    normals = functional.normalize(made[..., 1:4], dim=3, eps=1e-20)
    return Layers(made[..., 0], normals, made[..., 4:], shown.triangle >= 0)
