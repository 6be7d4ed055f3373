"""REALY (Chai et al. 2022): four regions of 100 scans, each with an alignment of its own.

The head is laid onto 7 points with scale; then for each region rigidly onto the scan's region by its points and the nearest
places. The scan's region is drawn to the head non-rigidly, which says where on the head each of its vertices belongs; the
figure is the mean distance from there to the undeformed vertex.

FOLDER/REALY_image/.../ID.jpg or ID_VIEW.jpg        ID counts from 1
FOLDER/REALY_HIFI3D_keypoints/ID.obj                85 points, as vertices
FOLDER/REALY_scan_region/ID/nose.obj mouth.obj forehead.obj cheek.obj
FOLDER/metrical_scale.txt                           millimetres of a unit, a line for each ID
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, Float64, Int32

from facetex_core.errors import ConfigError
from facetex_core.geometry.raycast import Scene
from facetex_core.geometry.similarity import similarity
from facetex_core.structures import Fit, Mesh, MorphableModel
from facetex_core.workbench.evaluation.benchmarks.benchmark import (
    PICTURE_ENDINGS,
    PREDICTED,
    SEVEN,
    Benchmark,
    Figures,
    Item,
    groups_of,
    truth_mesh,
    write_head,
)
from facetex_core.workbench.evaluation.benchmarks.nonrigid import PickedPoints, deformed

EYE_POINTS, MOUTH_POINTS = tuple(range(36, 48)), (*range(48, 61), 64)
POINTS = {
    "nose": (*range(27, 36), 70, 71),
    "mouth": MOUTH_POINTS,
    "forehead": (*EYE_POINTS, *range(17, 27)),
    "cheek": (*MOUTH_POINTS, 76, 77, *EYE_POINTS, 7, 8, 9),
}
"""Of the 85, those by which each region is laid on rigidly."""
NOSE = tuple(range(27, 36))
"""Those that hold the nose when the scan is deformed: without the two on the cheeks. The cheek is held by none."""
SHARE = {"nose": 1.0, "mouth": 1.0, "forehead": 1.0, "cheek": 0.25}
"""What the points weigh together, in parts of what the region's vertices do."""
RIGID_ROUNDS, RIGID_STILL = 100, 1e-6
FOLDERS = ("", "data")
TEMPLATE = "facetex"

# Metres in the frame of our basis: seven landmarks, and the points 68 to 84, laid onto it from the makers' templates by the
# inner landmarks (the mean of three templates, both sides made equal; our measurement).
FRAME = (
    (-0.0457, 0.0352, 0.0877), (-0.0201, 0.0347, 0.0920), (0.0201, 0.0347, 0.0920), (0.0457, 0.0352, 0.0877),
    (0.0005, -0.0101, 0.1172), (-0.0253, -0.0351, 0.1020), (0.0253, -0.0351, 0.1020),
)  # fmt: skip
POINTS_BEYOND_68 = (
    (-0.0430, 0.0181, 0.0926), (0.0430, 0.0181, 0.0926), (-0.0270, -0.0003, 0.1028), (0.0270, -0.0003, 0.1028),
    (-0.0450, -0.0295, 0.0930), (0.0450, -0.0295, 0.0930), (-0.0676, 0.0205, 0.0693), (0.0676, 0.0205, 0.0693),
    (-0.0569, -0.0045, 0.0856), (0.0569, -0.0045, 0.0856), (-0.0197, -0.0606, 0.1046), (0.0000, -0.0581, 0.1108),
    (0.0197, -0.0606, 0.1046), (-0.0722, 0.0015, 0.0547), (0.0722, 0.0015, 0.0547), (-0.0658, -0.0264, 0.0602),
    (0.0658, -0.0264, 0.0602),
)  # fmt: skip

Vertices = Float64[np.ndarray, "vertices 3"]
Points = Float64[np.ndarray, "85 3"]


def items(folder: Path, images: Path | None) -> list[Item]:
    """Pictures that are called by a number; of several that share a name, the first by its path."""
    root = images or folder / "REALY_image"
    found = sorted(
        path for path in root.rglob("*") if path.suffix.lower() in PICTURE_ENDINGS and path.stem.replace("_", "").isdecimal()
    )
    shown = [path for path in found if "depth" not in str(path.relative_to(root)).lower()]
    if not shown:
        raise ConfigError(f"{root}: holds no pictures that are called by a number, such as 1.jpg; --images says where they are")
    first = {path.stem: path for path in reversed(shown)}
    return [Item(name, first[name]) for name in sorted(first, key=lambda name: int(name.replace("_", "")))]


def write(item: Item, fit: Fit, out: Path) -> None:
    """The head as photographed; beside the predictions the template and its 85 points, as the evaluation reads them."""
    write_head(out / PREDICTED / f"{item.name}.obj", fit.model.mesh, fit.vertices)
    template = out / f"{TEMPLATE}.txt"
    if not template.exists():
        write_head(template.with_suffix(".obj"), fit.model.mesh, fit.model.mean)
        places = points_85(fit.model)
        told = [[int(triangle), *map(float, weights[:2])] for triangle, weights in zip(*places, strict=True)]
        template.write_text(json.dumps(told), "utf-8")


def points_85(model: MorphableModel) -> tuple[Int32[np.ndarray, "85"], Float32[np.ndarray, "85 3"]]:
    """Triangles and weights of the 68 landmarks, and of the 17 others at the nearest places of the mean head."""
    e, triangles = model.embedding, model.mesh.triangles
    seven = _at(model.mean, triangles, e.landmark_triangles[list(SEVEN)], e.landmark_barycentric[list(SEVEN)])
    turn, scale, shift = similarity(np.array(FRAME), seven)
    others = (scale * np.array(POINTS_BEYOND_68) @ turn.T + shift).astype(np.float32)
    found, weights = Scene(model.mean, triangles[model.mesh.parts["skin"]]).nearest(others)
    start = model.mesh.parts["skin"].start or 0
    return np.concatenate([e.landmark_triangles, found + np.int32(start)]), np.concatenate([e.landmark_barycentric, weights])


def _at(
    vertices: Float[np.ndarray, "vertices 3"],
    triangles: Int32[np.ndarray, "triangles 3"],
    which: Int32[np.ndarray, "points"],
    weights: Float32[np.ndarray, "points 3"],
) -> Float64[np.ndarray, "points 3"]:
    return np.einsum("pk,pki->pi", weights.astype(np.float64), vertices[triangles[which]].astype(np.float64))


def measure(folder: Path, item: Item, fit: Fit) -> Figures | None:
    """Millimetres by region."""
    number = int(item.name.split("_")[0])
    root = next((folder / place for place in FOLDERS if (folder / place / "REALY_scan_region").is_dir()), folder)
    scans = {name: truth_mesh(root / "REALY_scan_region" / str(number) / f"{name}.obj") for name in POINTS}
    points = _vertices_of(root / "REALY_HIFI3D_keypoints" / f"{number}.obj")
    whole = {name: scan for name, scan in scans.items() if scan is not None}
    if points is None or len(whole) < len(POINTS):
        return None
    unit = _millimetres(root / "metrical_scale.txt", number)
    which, weights = points_85(fit.model)
    mine = _at(fit.vertices, fit.model.mesh.triangles, which, weights)
    head, mine = _laid(fit.vertices.astype(np.float64), mine, points)
    found = {
        name: region_error(name, scan, points, replace(fit.model.mesh, vertices=head.astype(np.float32)), mine)
        for name, scan in whole.items()
    }
    return {name: np.array([unit * value]) for name, value in found.items()}


def _vertices_of(path: Path) -> Points | None:
    """A file of 85 points may have no triangles."""
    if not path.is_file():
        return None
    lines = path.read_text("utf-8", "replace").splitlines()
    found = np.array([line.split()[1:4] for line in lines if line.startswith("v ")], dtype=object)
    try:
        points = found.astype(np.float64)
    except ValueError:
        points = np.zeros((0, 3))
    if points.shape != (85, 3):
        raise ConfigError(f"{path}: 85 points were expected")
    return points


def _millimetres(path: Path, number: int) -> float:
    try:
        return float(path.read_text("utf-8").split()[number - 1])
    except (OSError, ValueError, IndexError):
        raise ConfigError(f"{path}: has no number in line {number}") from None


def _laid(head: Vertices, mine: Points, points: Points) -> tuple[Vertices, Points]:
    """By the 7 points; the scale is the ratio of the sums of absolute coordinates, as in the benchmark."""
    seven = list(SEVEN)
    turn, _, _ = similarity(mine[seven], points[seven])
    own, wanted = mine[seven] - mine[seven].mean(0), points[seven] - points[seven].mean(0)
    scale = np.abs(wanted).sum() / np.abs(own @ turn.T).sum()
    shift = points[seven].mean(0) - scale * turn @ mine[seven].mean(0)
    return scale * head @ turn.T + shift, scale * mine @ turn.T + shift


def region_error(name: str, scan: Mesh, points: Points, head: Mesh, mine: Points) -> float:
    """In the unit of the scan; `head` is the fit laid onto the scan by the 7 points, and `mine` are its 85."""
    wanted = scan.vertices.astype(np.float64)
    which = list(POINTS[name])
    vertices, own = rigid(head, wanted, mine, points, which, SHARE[name])
    scene = Scene(vertices.astype(np.float32), head.triangles)
    targets = scene.closest_points(scan.vertices).astype(np.float64)
    held = None if name == "cheek" else list(NOSE if name == "nose" else which)
    picked = None if held is None else PickedPoints(_nearest(wanted, points[held]), own[held])
    drawn = deformed(wanted, scan.triangles, targets, picked)
    belongs = scene.closest_points(drawn.astype(np.float32))
    return float(np.linalg.norm(belongs - wanted, axis=1).mean())


def rigid(
    head: Mesh, wanted: Float64[np.ndarray, "scan 3"], mine: Points, points: Points, which: list[int], share: float
) -> tuple[Vertices, Points]:
    """The head and its 85 points, moved without scale until the region's vertices are nearest to it."""
    from scipy.spatial.transform import Rotation

    vertices, own, before = head.vertices.astype(np.float64), mine, 0.0
    repeats = max(int(share * len(wanted) / len(which)), 1)
    weights = np.concatenate([np.ones(len(wanted)), np.full(len(which), repeats)])
    target = np.concatenate([wanted, points[which]])
    for _ in range(RIGID_ROUNDS):
        near = Scene(vertices.astype(np.float32), head.triangles).closest_points(wanted.astype(np.float32))
        source = np.concatenate([near.astype(np.float64), own[which]])
        middles = [np.average(places, axis=0, weights=weights) for places in (source, target)]
        turn = Rotation.align_vectors(target - middles[1], source - middles[0], weights=weights)[0].as_matrix()
        shift = middles[1] - turn @ middles[0]
        error = float(np.average(((source @ turn.T + shift - target) ** 2).sum(1), weights=weights))
        if abs(error - before) < RIGID_STILL:
            break
        vertices, own, before = vertices @ turn.T + shift, own @ turn.T + shift, error
    return vertices, own


def _nearest(vertices: Vertices, points: Float64[np.ndarray, "points 3"]) -> Int32[np.ndarray, "points"]:
    from scipy.spatial import KDTree

    return np.asarray(KDTree(vertices).query(points)[1], np.int32)


def rows(measured: Sequence[tuple[Item, Figures]]) -> dict[str, tuple[float, ...]]:
    """Means over the pictures, and the mean of the four regions."""
    means = {
        name: [float(np.mean([each[region] for each in parts])) for region in POINTS]
        for name, parts in groups_of(measured).items()
    }
    return {name: (*each, float(np.mean(each))) for name, each in means.items()}


REALY = Benchmark(
    items,
    write,
    measure,
    rows,
    ("nose mm", "mouth mm", "forehead mm", "cheek mm", "all mm"),
    3,
    {
        name: (float("nan"),) * 4 + (mean,)
        for name, mean in {
            "HiFace": 1.275, "3DDFA-V3": 1.436, "HRN": 1.537, "Deep3D": 1.657, "3DDFA-V2": 1.926,
            "DECA coarse": 2.010, "MICA": 2.134,
        }.items()
    },
    "Published rows are the mean of the four regions by the makers' program. Ours is written anew from its description and was "
    "not checked against its figures; run theirs on the predictions for a figure that counts.",
)  # fmt: skip
