"""NoW (Sanyal et al. 2019): neutral heads against scans of 100 people.

The scan is cropped to a sphere round the face, the head laid onto it by 7 points and then by the nearest points, with scale;
the figure is the distance of every vertex of the cropped scan from the head.

FOLDER/imagepathsvalidation.txt                     SUBJECT/CHALLENGE/FILE.jpg in each line (or imagepathstest.txt)
FOLDER/NoW_Dataset/final_release_version/iphone_pictures/SUBJECT/CHALLENGE/FILE.jpg
FOLDER/scans/SUBJECT/*.obj                          millimetres
FOLDER/scans_lmks_onlypp/SUBJECT/*.pp               7 points, MeshLab's picked points
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32

from facetex_core.errors import ConfigError
from facetex_core.structures import Fit
from facetex_core.workbench.evaluation.benchmarks.benchmark import (
    PREDICTED,
    SEVEN,
    Benchmark,
    Figures,
    Item,
    groups_of,
    seven_of,
    statistics,
    truth_mesh,
    write_head,
)
from facetex_core.workbench.evaluation.surface_error import Skin, align

NOW_LISTS = ("imagepathsvalidation.txt", "imagepathstest.txt")
PLACES = ("NoW_Dataset/final_release_version/iphone_pictures", "final_release_version/iphone_pictures", "iphone_pictures", "")
MILLIMETRE = 0.001
CENTRE, RADIUS = 0.3, 1.4
"""Of the sphere: how far from the base of the nose to its bridge, and by how much of the mean of eye and nose distance."""
POINT = r"<point\b[^>]*>"
NOW_HEADINGS = ("median mm", "mean mm", "std mm")


def items(folder: Path, images: Path | None) -> list[Item]:
    """The pictures of the benchmark's list."""
    listed = next((folder / name for name in NOW_LISTS if (folder / name).is_file()), None)
    if listed is None:
        raise ConfigError(f"{folder}: has neither {' nor '.join(NOW_LISTS)}; NoW's list of pictures is needed")
    lines = [line.strip().strip("/") for line in listed.read_text("utf-8", "replace").splitlines() if line.strip()]
    paths = ["/".join(line.split("/")[-3:]) for line in lines]
    places = [images] if images else [folder / place for place in PLACES]
    root = next((place for place in places if paths and (place / paths[0]).is_file()), None)
    if root is None:
        raise ConfigError(f"{listed}: the first picture that it names is not there; --images says where they are")
    if any(path.count("/") != 2 or ".." in path.split("/") for path in paths):
        raise ConfigError(f"{listed}: a line is no SUBJECT/CHALLENGE/FILE.jpg")
    return [Item(str(Path(path).with_suffix("")), root / path, path.split("/")[1]) for path in paths]


def write(item: Item, fit: Fit, out: Path) -> None:
    """The whole head at rest, in metres, and its 7 points beside it."""
    path = out / PREDICTED / f"{item.name}.obj"
    write_head(path, fit.model.mesh, fit.neutral)
    np.save(path.with_suffix(".npy"), seven_of(fit, fit.neutral))


def measure(folder: Path, item: Item, fit: Fit) -> Figures | None:
    """Millimetres of every vertex of the cropped scan."""
    subject = item.name.split("/")[0]
    scan, points = (
        sorted((folder / place / subject).glob(ending)) for place, ending in (("scans", "*.obj"), ("scans_lmks_onlypp", "*.pp"))
    )
    mesh = truth_mesh(scan[0]) if scan and points else None
    if mesh is None:
        return None
    seven = picked_points(points[0])
    return {"mm": scan_to_mesh(mesh.vertices, seven, fit).astype(np.float64)}


def scan_to_mesh(
    scan: Float32[np.ndarray, "vertices 3"], seven: Float32[np.ndarray, "7 3"], fit: Fit
) -> Float32[np.ndarray, "cropped"]:
    """Distances in millimetres, as the scan is measured."""
    cropped = MILLIMETRE * scan[inside(scan, seven)]
    if not len(cropped):
        raise ConfigError("the 7 points of a scan lie beside it")
    true, found = (np.full((68, 3), np.nan, np.float32) for _ in range(2))
    true[list(SEVEN)], found[list(SEVEN)] = MILLIMETRE * seven, seven_of(fit, fit.neutral)
    _, distances = align(cropped.astype(np.float32), true, Skin(fit.neutral, fit.model.mesh.triangles, found))
    return np.asarray(distances / MILLIMETRE, np.float32)


def inside(scan: Float32[np.ndarray, "vertices 3"], seven: Float32[np.ndarray, "7 3"]) -> Bool[np.ndarray, "vertices"]:
    """The vertices of the face: in a sphere a little above the base of the nose."""
    bridge, base = seven[1:3].mean(0), seven[4]
    radius = RADIUS * (np.linalg.norm(seven[0] - seven[3]) + np.linalg.norm(bridge - base)) / 2
    return np.asarray(np.linalg.norm(scan - (base + CENTRE * (bridge - base)), axis=1) <= radius)


def picked_points(path: Path) -> Float32[np.ndarray, "7 3"]:
    """MeshLab's picked points, in the order of the file."""
    found = [
        [float(value) for axis in "xyz" for value in re.findall(rf'\b{axis}="([^"]*)"', point)]
        for point in re.findall(POINT, path.read_text("utf-8", "replace"))
    ]
    if len(found) != len(SEVEN) or any(len(point) != 3 for point in found):
        raise ConfigError(f"{path}: 7 points were expected, not {len(found)}")
    return np.array(found, np.float32)


def rows(measured: Sequence[tuple[Item, Figures]]) -> dict[str, tuple[float, ...]]:
    """Over all vertices of all pictures."""
    return {
        name: statistics(np.concatenate([figures["mm"] for figures in parts])) for name, parts in groups_of(measured).items()
    }


NOW = Benchmark(
    items,
    write,
    measure,
    rows,
    NOW_HEADINGS,
    2,
    {
        "MICA": (0.90, 1.11, 0.92),
        "dense landmarks": (1.02, 1.28, 1.08),
        "DECA": (1.09, 1.38, 1.18),
        "Deep3D": (1.11, 1.41, 1.21),
        "3DDFA-V2": (1.23, 1.57, 1.39),
        "PRNet": (1.50, 1.98, 1.88),
    },
    "Published rows are of the test set, 80 people, whose scans stay with the makers. On the validation set, 20 people, "
    "figures of one method are 0.1 to 0.2 mm larger. Submit the predictions for a figure that counts.",
)
