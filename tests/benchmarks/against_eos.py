"""facetex's fitters beside eos with the Surrey model, on the same photos and the same detected landmarks.

facetex eval synthetic --model ict --save HEADS --cases 40
python tests/benchmarks/against_eos.py HEADS --share EOS/share -o OUT        (needs: pip install eos-py)

eos runs its whole pipeline: 68 landmarks, contour and edges, blend shapes. Surfaces are compared where the Surrey model has
one: at true points whose nearest point on its mean, laid over the true head, is not on its border. The same points count
for all. Of the landmarks, those that eos maps. `mean head` is facetex's mean laid over the truth: what knowing nothing gives.
"""

import time
from dataclasses import replace
from pathlib import Path

import click
import eos
import numpy as np
from facetex_cli.eval_run import bench, show
from tqdm import tqdm

from facetex_core.errors import PhotoError
from facetex_core.geometry.raycast import Scene
from facetex_core.registry import Registry
from facetex_core.workbench.evaluation.evaluate import attempt, compared, failed
from facetex_core.workbench.evaluation.suite import case_folders, read_case
from facetex_core.workbench.evaluation.surface_error import INNER, Skin, align, fitted_skin

MILLIMETRE = 0.001
FARTHEST = 0.01
"""Metres from the Surrey mean beyond which a true point is not what is near it."""
UPRIGHT = np.diag([1.0, -1.0, -1.0])
"""From OpenGL's camera axes to OpenCV's."""


class Eos:
    """eos with the files of its folder `share`."""

    def __init__(self, share: Path, rounds: int) -> None:
        shape = eos.morphablemodel.load_model(str(share / "sfm_shape_3448.bin"))
        moves = eos.morphablemodel.load_blendshapes(str(share / "expression_blendshapes_3448.bin"))
        self.model = eos.morphablemodel.MorphableModel(
            shape.get_shape_model(), moves, color_model=eos.morphablemodel.PcaModel(), vertex_definitions=None,
            texture_coordinates=shape.get_texture_coordinates(),
        )  # fmt: skip
        mapping = str(share / "ibug_to_sfm.txt")
        self.mapper = eos.core.LandmarkMapper(mapping)
        self.edges = eos.morphablemodel.load_edge_topology(str(share / "sfm_3448_edge_topology.json"))
        self.contour = eos.fitting.ContourLandmarks.load(mapping)
        self.outline = eos.fitting.ModelContour.load(str(share / "sfm_model_contours.json"))
        self.rounds = rounds
        self.numbers = [self.mapper.convert(str(number + 1)) for number in range(68)]
        mean = np.array(shape.get_shape_model().get_mean())
        self.mean = self.skin(mean.reshape(-1, 3), np.array(shape.get_shape_model().get_triangle_list()))

    def skin(self, vertices: np.ndarray, triangles: np.ndarray) -> Skin:
        """In metres, with the landmarks that eos maps."""
        metres = (MILLIMETRE * np.asarray(vertices)[:, :3]).astype(np.float32)
        landmarks = np.full((68, 3), np.nan, np.float32)
        for number, vertex in enumerate(self.numbers):
            if vertex is not None:
                landmarks[number] = metres[int(vertex)]
        return Skin(metres, np.asarray(triangles, np.int32), landmarks)

    def fit(self, landmarks: np.ndarray, size: tuple[int, int]) -> tuple[Skin, np.ndarray, np.ndarray]:
        """The skin, the turn of its frame to the camera's, and its landmarks in the photo."""
        given = [eos.core.Landmark(str(k + 1), [float(x), float(y)]) for k, (x, y) in enumerate(landmarks)]
        mesh, pose, _, _ = eos.fitting.fit_shape_and_pose(
            self.model, given, self.mapper, *size, self.edges, self.contour, self.outline, self.rounds
        )
        skin = self.skin(np.array(mesh.vertices), np.array(mesh.tvi))
        view, projection = np.array(pose.get_modelview()), np.array(pose.get_projection())
        seen = np.c_[skin.landmarks / MILLIMETRE, np.ones(68)] @ (projection @ view).T
        places = (seen[:, :2] / seen[:, 3:] * [1, -1] + 1) / 2 * size
        return skin, (UPRIGHT @ view[:3, :3]).astype(np.float32), places.astype(np.float32)


def covered(case, mean: Skin) -> np.ndarray:
    """The vertices of the true face that lie within the Surrey mean laid over it."""
    truth = case.truth
    points = truth.mesh.vertices[truth.face]
    laid, distances = align(points, truth.points, mean)
    ends = np.sort(mean.triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), 1)
    edges, times = np.unique(ends, axis=0, return_counts=True)
    border = np.isin(mean.triangles, edges[times == 1]).any(1)
    nearest, _ = Scene(mean.vertices, mean.triangles).nearest(laid.undo(points))
    return truth.face[~border[nearest] & (distances < FARTHEST)]


def comparable(case, surrey: Eos):
    """The case with the points and landmarks that all can be measured at."""
    landmarks = case.truth.landmarks.copy()
    lacking = [number for number in range(*INNER.indices(68)) if surrey.numbers[number] is None]
    landmarks[lacking] = np.nan
    return replace(case, truth=replace(case.truth, face=covered(case, surrey.mean), landmarks=landmarks))


@click.command(help=__doc__)
@click.argument("suite", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--share", type=click.Path(exists=True, file_okay=False, path_type=Path), required=True)
@click.option("--fitter", default="basis,landmarks", show_default=True)
@click.option("--rounds", default=5, show_default=True, help="Iterations of eos; 5 is its own choice.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder for eval.json and eval.csv.")
def main(suite: Path, share: Path, fitter: str, rounds: int, out: Path | None) -> None:
    """Prints the table."""
    surrey = Eos(share, rounds)
    observer, fitters = bench(Registry(), fitter)
    scores, counts = [], []
    for case in map(read_case, tqdm(case_folders(suite), unit="head", leave=False)):
        same = comparable(case, surrey)
        counts.append(len(same.truth.face) / len(case.truth.face))
        try:
            observation = observer.observe(case.photo)
        except PhotoError as error:
            scores += [failed(case, name, error).score for name in (*fitters, "eos")]
            continue
        done = [attempt(same, name, each, observation) for name, each in fitters.items()]
        begin = time.perf_counter()
        skin, turn, places = surrey.fit(observation.face.landmarks, case.photo.size)
        seconds = time.perf_counter() - begin
        scores += [each.score for each in done]
        scores.append(replace(compared(same, "eos", skin, turn, places)[0], seconds=seconds))
        plain = replace(done[0].fit, identity=0 * done[0].fit.identity, expression=0 * done[0].fit.expression)
        nothing = compared(same, "mean head", fitted_skin(plain), turn, places)[0]
        scores.append(replace(nothing, pose_deg=None, landmarks_percent=None))
    print(f"{len(counts)} heads, at {np.mean(counts):.0%} of the face's points; eos-py with {rounds} iterations")
    show(scores, [], out, as_json=False)


if __name__ == "__main__":
    main()
