"""FaceScape's wild set (Zhu et al. 2023): 400 pictures in four ranges of yaw, heads with their expression.

Heads are compared as the photo shows them: no turn, depth shifted only, pupils 62.85 mm apart. Both go onto a cylinder of 256 x
256 about the true head's axis: chamfer distance, normal error, and how much of the true face the head covers.

FOLDER/data/wild_gt_mesh/000.obj           x and y from -1 to 1 over the picture, y up, seen along -z
FOLDER/data/wild.../000.jpg                the pictures, wherever below data they are
FOLDER/code/predef/wild_pupil_scales.npy   millimetres of a unit; wild_head_centers.npy, wild_rotations.npy: the cylinder's axis
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float64, Int32

from facetex_core.errors import ConfigError
from facetex_core.geometry.camera import project
from facetex_core.geometry.mesh import triangle_normals
from facetex_core.geometry.raycast import Scene
from facetex_core.structures import Fit, Mesh
from facetex_core.workbench.evaluation.benchmarks.benchmark import (
    PICTURE_ENDINGS,
    PREDICTED,
    Benchmark,
    Figures,
    Item,
    truth_mesh,
    write_head,
)

BINS = {"0 to 5 degrees": range(100), "5 to 30": range(100, 200), "30 to 60": range(200, 300), "60 to 90": range(300, 400)}
"""The pictures are in order of yaw."""
CYLINDER_SIZE = 256
HIGH = 150.0
"""Millimetres above and below the middle of the head."""
OUTSIDE = 1000.0
"""Millimetres from the axis, from where rays look inwards."""
CYLINDER_STEP = 15.0
"""Millimetres between neighbours on the cylinder beyond which no surface joins them."""
DEPTH_BEFORE = 2.0
"""Where the middle of a prediction lies along -z before its depth is shifted."""


@dataclass(frozen=True, eq=False, slots=True)
class Cylinder:
    """What rays towards the axis meet first; 0 where that is nothing."""

    radius: Float64[np.ndarray, "rows columns"]
    normals: Float64[np.ndarray, "rows columns 3"]

    @property
    def seen(self) -> Bool[np.ndarray, "rows columns"]:
        """Where there is a surface."""
        return self.radius > 0


def items(folder: Path, images: Path | None) -> list[Item]:
    """Pictures that are called by a number of three digits."""
    root = images or folder / "data"
    found = sorted(path for path in root.rglob("*") if path.suffix.lower() in PICTURE_ENDINGS and path.stem.isdecimal())
    wild = [path for path in found if images or "wild" in path.relative_to(root).as_posix()]
    if not wild:
        raise ConfigError(f"{root}: holds no pictures of the wild set, such as 000.jpg; --images says where they are")
    first = {int(path.stem): path for path in reversed(wild)}
    return [Item(f"{number:03d}", first[number], _bin(number)) for number in sorted(first)]


def _bin(number: int) -> str:
    return next((name for name, numbers in BINS.items() if number in numbers), "")


def write(item: Item, fit: Fit, out: Path) -> None:
    """The head as photographed, in the space of the true meshes."""
    write_head(out / PREDICTED / f"{item.name}.obj", fit.model.mesh, in_picture(fit).astype(np.float32))


def in_picture(fit: Fit) -> Float64[np.ndarray, "vertices 3"]:
    """Where the photo shows each vertex, over half of the picture's width; depth to the scale of the head's middle."""
    width, height = fit.camera.size
    depth = fit.vertices @ fit.camera.world_to_camera[2, :3] + fit.camera.world_to_camera[2, 3]
    x, y = project(fit.camera, fit.vertices).astype(np.float64).T
    half, per_metre = width / 2, fit.camera.intrinsics[0, 0] / depth.mean()
    z = -(depth - depth.mean()) * per_metre / half - DEPTH_BEFORE
    return np.stack([x / half - 1, (height / 2 - y) / half, z], 1).astype(np.float64)


def measure(folder: Path, item: Item, fit: Fit) -> Figures | None:
    """Chamfer distance in mm, normal error in radians, share covered."""
    true, number = truth_mesh(folder / "data" / "wild_gt_mesh" / f"{item.name}.obj"), int(item.name)
    if true is None:
        return None
    unit, centre, turn = (_known(folder, name, number) for name in ("pupil_scales", "head_centers", "rotations"))
    scale = float(unit)
    mesh = fit.model.mesh
    truth = scale * true.vertices.astype(np.float64)
    found = shifted(truth, true.triangles, scale * in_picture(fit), mesh.triangles, scale)
    heads = []
    for vertices, triangles in ((truth, true.triangles), (found, mesh.triangles)):
        heads.append(on_cylinder((vertices - scale * centre) @ turn, triangles))
    return compared(*heads)


def _known(folder: Path, name: str, number: int) -> Float64[np.ndarray, "..."]:
    path = folder / "code" / "predef" / f"wild_{name}.npy"
    try:
        return np.asarray(np.load(path, allow_pickle=False)[number], np.float64)
    except (OSError, ValueError, IndexError, EOFError) as error:
        raise ConfigError(f"{path}: cannot be used for picture {number:03d} ({type(error).__name__})") from None


def shifted(
    truth: Float64[np.ndarray, "true_vertices 3"],
    true_triangles: Int32[np.ndarray, "true_triangles 3"],
    found: Float64[np.ndarray, "vertices 3"],
    triangles: Int32[np.ndarray, "triangles 3"],
    half: float,
) -> Float64[np.ndarray, "vertices 3"]:
    """The prediction moved in depth by the median difference over the pixels that both show: the least sum of distances."""
    x, y = (side.ravel() for side in np.meshgrid(*[half * ((np.arange(CYLINDER_SIZE) + 0.5) / CYLINDER_SIZE * 2 - 1)] * 2))
    top = max(truth[:, 2].max(), found[:, 2].max()) + 1
    origins = np.stack([x, y, np.full_like(x, top)], 1).astype(np.float32)
    ways = np.broadcast_to(np.array([0, 0, -1], np.float32), origins.shape)
    depths = [
        Scene(vertices.astype(np.float32), corners).first_hits(origins, ways)[2].astype(np.float64)
        for vertices, corners in ((truth, true_triangles), (found, triangles))
    ]
    both = np.isfinite(depths[0]) & np.isfinite(depths[1])
    if not both.any():
        return found
    return np.asarray(found + np.array([0, 0, np.median(depths[1][both] - depths[0][both])]), np.float64)


def on_cylinder(vertices: Float64[np.ndarray, "vertices 3"], triangles: Int32[np.ndarray, "triangles 3"]) -> Cylinder:
    """Rays at 256 heights from all round; y is the axis, and column 0 is the back of the head."""
    angle = np.arange(CYLINDER_SIZE) * 2 * np.pi / (CYLINDER_SIZE - 1)
    outwards = np.stack([-np.sin(angle), np.zeros(CYLINDER_SIZE), -np.cos(angle)], 1)
    heights = np.linspace(HIGH, -HIGH, CYLINDER_SIZE)
    origins = OUTSIDE * outwards[None] + np.array([0.0, 1.0, 0.0]) * heights[:, None, None]
    ways = np.broadcast_to(-outwards[None], origins.shape)
    flat = [each.reshape(-1, 3).astype(np.float32) for each in (origins, ways)]
    triangle, _, distance = Scene(vertices.astype(np.float32), triangles).first_hits(*flat)
    radius = OUTSIDE - distance.astype(np.float64)
    hit = (triangle >= 0) & (radius > 0)
    normals = triangle_normals(vertices.astype(np.float32), triangles)[triangle].astype(np.float64)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
    return Cylinder(
        np.where(hit, radius, 0.0).reshape(CYLINDER_SIZE, CYLINDER_SIZE),
        (normals * hit[:, None]).reshape(CYLINDER_SIZE, CYLINDER_SIZE, 3),
    )


def compared(true: Cylinder, found: Cylinder) -> Figures:
    """Over what both have; not numbers where that is nothing."""
    both = true.seen & found.seen
    covered = float(both.sum() / max(true.seen.sum(), 1))
    if not both.any():
        return {"chamfer": np.array([np.nan]), "normal": np.array([np.nan]), "covered": np.array([covered])}
    away = compressed_angle(true.normals[both], found.normals[both])
    distance = chamfer(surface_of(true, both), surface_of(found, both))
    return {"chamfer": np.array([distance]), "normal": np.array([away.mean()]), "covered": np.array([covered])}


def compressed_angle(
    one: Float64[np.ndarray, "places 3"], other: Float64[np.ndarray, "places 3"]
) -> Float64[np.ndarray, "places"]:
    """Radians between (n + 1) / |n + 1|, as the benchmark has it: smaller than between the normals themselves."""
    pressed = [(each + 1) / np.maximum(np.linalg.norm(each + 1, axis=1, keepdims=True), 1e-20) for each in (one, other)]
    return np.asarray(np.arccos(np.clip((pressed[0] * pressed[1]).sum(1), -1, 1)))


def surface_of(cylinder: Cylinder, where: Bool[np.ndarray, "rows columns"]) -> Mesh:
    """The grid's places as vertices, two triangles for each cell of it without a step."""
    angle, heights = np.arange(CYLINDER_SIZE) * 2 * np.pi / (CYLINDER_SIZE - 1), np.linspace(HIGH, -HIGH, CYLINDER_SIZE)
    radius = np.where(where, cylinder.radius, 0.0)
    up = np.broadcast_to(heights[:, None], radius.shape)
    places = np.stack([-radius * np.sin(angle), up, -radius * np.cos(angle)], -1).reshape(-1, 3)
    corner = np.arange(CYLINDER_SIZE * CYLINDER_SIZE).reshape(CYLINDER_SIZE, CYLINDER_SIZE)
    a, b, c, d = (corner[rows, columns] for rows in _SIDES for columns in _SIDES)
    steps = np.abs(np.stack([radius.ravel()[each] - radius.ravel()[a] for each in (b, c, d)])).max(0)
    whole = (steps < CYLINDER_STEP) & np.all([where.ravel()[each] for each in (a, b, c, d)], axis=0)
    cells = [np.stack([part[whole] for part in each], 1) for each in ((a, b, c), (b, d, c))]
    triangles = np.concatenate(cells).astype(np.int32)
    used, numbers = np.unique(triangles, return_inverse=True)
    triangles = numbers.reshape(-1, 3).astype(np.int32)
    return Mesh(
        places[used].astype(np.float32),
        triangles,
        np.zeros((1, 2), np.float32),
        0 * triangles,
        {"skin": slice(0, len(triangles))},
    )


_SIDES = (slice(None, -1), slice(1, None))


def chamfer(one: Mesh, other: Mesh) -> float:
    """Mean distance of the vertices of both from the other's surface."""
    if not (len(one.triangles) and len(other.triangles)):
        return float("nan")
    far = [
        np.linalg.norm(Scene(b.vertices, b.triangles).closest_points(a.vertices) - a.vertices, axis=1)
        for a, b in ((one, other), (other, one))
    ]
    return float(np.concatenate(far).mean())


def rows(measured: Sequence[tuple[Item, Figures]]) -> dict[str, tuple[float, ...]]:
    """Means over all pictures and over each range of yaw, the share covered in percent."""
    parts = {name: [each for item, each in measured if item.group == name] for name in BINS}
    return {name: _means(each) for name, each in {"all": [each for _, each in measured], **parts}.items() if each}


def _means(parts: Sequence[Figures]) -> tuple[float, ...]:
    columns = {name: np.concatenate([each[name] for each in parts]) for name in ("chamfer", "normal", "covered")}
    chamfers, normals, covered = (
        float(values[np.isfinite(values)].mean()) if np.isfinite(values).any() else float("nan") for values in columns.values()
    )
    return chamfers, normals, 100 * covered


FACESCAPE = Benchmark(
    items,
    write,
    measure,
    rows,
    ("chamfer mm", "normals rad", "covered %"),
    3,
    {
        f"{name}, {part}": (value, float("nan"), float("nan"))
        for name, values in {
            "3DDFA-V2": (3.04, 2.56),
            "DECA": (3.32, 2.92),
            "PRNet": (3.47, 2.64),
            "Deep3D": (5.50, 3.21),
            "Chen 2019": (8.20, 3.65),
        }.items()
        for part, value in zip(("all", "0 to 5 degrees"), values, strict=True)
    },
    "Published rows are of all 400 wild pictures, by the makers' program; a method's pictures without a result do not count "
    "(Chen 2019 has results for 89 %). The set of the lab, 660 pictures, is not measured here.",
)
