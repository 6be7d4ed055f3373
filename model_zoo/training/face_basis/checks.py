"""Checks of a face basis by itself: its mesh, and how its layout spends the texels."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float

from training.face_basis.source import Arrays, border_chains, signed_areas, triangle_areas
from training.face_basis.stretch import ratios, share_below

MILLIMETRES = 1000
TEXELS = 1024
HALF = 127
"""A stored weight above it counts a vertex to a region."""


def parts(arrays: Arrays) -> dict[str, slice]:
    """Triangle ranges by part name."""
    return {str(name): slice(int(a), int(b)) for name, (a, b) in zip(arrays["part_names"], arrays["part_ranges"], strict=True)}


def in_region(arrays: Arrays, number: int) -> Bool[np.ndarray, " triangles"]:
    """Triangles with all corners in a region."""
    return np.asarray((arrays["regions"][number][arrays["triangles"]] > HALF).all(1))


def uv_areas(arrays: Arrays) -> Float[np.ndarray, " triangles"]:
    """Shares of the UV square, positive where a triangle is not folded over."""
    return signed_areas(arrays["uvs"].astype(np.float64), arrays["uv_triangles"])


def texel_sizes(arrays: Arrays) -> Float[np.ndarray, " triangles"]:
    """Millimetres per texel at 1024, the square root of the area ratio."""
    space = triangle_areas(arrays["mean"].astype(np.float64), arrays["triangles"])
    return np.sqrt(space / uv_areas(arrays)) * MILLIMETRES / TEXELS


def part_lines(arrays: Arrays) -> Iterator[str]:
    """Counts, smallest triangles and borders of each part; borders of skin and mouth together."""
    triangles, plane = arrays["triangles"].astype(np.int64), uv_areas(arrays)
    space = triangle_areas(arrays["mean"].astype(np.float64), triangles)
    for name, span in parts(arrays).items():
        borders = sorted(len(loop) for loop in border_chains(triangles[span]))
        yield (
            f"{name}: {len(np.unique(triangles[span]))} vertices, {span.stop - span.start} triangles,"
            f" smallest UV area {plane[span].min():.2e}, smallest area {space[span].min() * 1e6:.4f} mm2,"
            f" UV share {plane[span].sum():.3f}, borders {borders}"
        )
    together = np.concatenate([triangles[parts(arrays)[name]] for name in ("skin", "mouth")])
    yield f"skin with mouth: borders {sorted(len(loop) for loop in border_chains(together))} (neck, lids)"


def symmetry_line(arrays: Arrays) -> str:
    """Whether the left side is the right one's image, to the bit."""
    mean, mirror, triangles = arrays["mean"].astype(np.float64), arrays["mirror"], arrays["triangles"]
    same = {tuple(sorted(t)) for t in mirror[triangles].tolist()} == {tuple(sorted(t)) for t in triangles.tolist()}
    uneven = np.abs(mean[mirror] * [-1, 1, 1] - mean).max() * MILLIMETRES
    inverse = (mirror[mirror] == np.arange(len(mirror))).all()
    return f"symmetry: largest {uneven:.2e} mm, triangles map onto triangles: {same}, permutation own inverse: {inverse}"


def vertex_line(arrays: Arrays) -> str:
    """Vertices that no triangle has, or that lie on one another."""
    mean, triangles = arrays["mean"].astype(np.float64), arrays["triangles"]
    skin = np.unique(triangles[parts(arrays)["skin"]])
    doubles = len(skin) - len(np.unique(np.round(mean[skin] * 1e7), axis=0))
    return f"unused vertices {len(mean) - len(np.unique(triangles))}, skin vertices that share a place {doubles}"


def layout_line(arrays: Arrays) -> str:
    """Share of the regions in UV and their texel size."""
    plane, sizes = uv_areas(arrays), texel_sizes(arrays)
    shares = []
    for number, name in enumerate(arrays["region_names"]):
        own = in_region(arrays, number)
        shares.append(f"{name} {plane[own].sum():.3f} ({np.average(sizes[own], weights=plane[own]):.2f})")
    used = arrays["uvs"][np.unique(arrays["uv_triangles"][in_region(arrays, 0)])]
    across, down = np.ptp(used, axis=0)
    box = (arrays["face_box"] * TEXELS).tolist()
    return f"UV share (mm per texel): {', '.join(shares)}; face spans {across:.3f} x {down:.3f} of UV; face box at 1024 {box}"


def stretches(arrays: Arrays, region: str) -> tuple[float, float]:
    """Largest by smallest stretch of the map of a region: half and nine tenths of its area on the mean head lie below."""
    own = in_region(arrays, arrays["region_names"].tolist().index(region))
    space, flat = arrays["mean"].astype(np.float64)[arrays["triangles"][own]], arrays["uvs"][arrays["uv_triangles"][own]]
    each, areas = (
        ratios(space, flat.astype(np.float64)),
        triangle_areas(arrays["mean"].astype(np.float64), arrays["triangles"][own]),
    )
    return share_below(each, areas, 0.5), share_below(each, areas, 0.9)


def stretch_line(arrays: Arrays) -> str:
    """Of each region."""
    each = (f"{name} " + " / ".join(f"{value:.2f}" for value in stretches(arrays, name)) for name in arrays["region_names"])
    return f"largest by smallest stretch of UV, 50 % / 90 % of the area: {', '.join(each)}"
