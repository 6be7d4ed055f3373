"""Moves the basis' landmarks to where the detector sees them on portraits: what nearly all fits leave over is nobody's shape.

Each round fits every portrait with weak priors, takes the median of what is left of each point, carries it onto the head,
and looks up the nearest place on the skin. A point and its twin on the other side share their moves.
"""

from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import click
import numpy as np
from facetex_plugins.fit.closest_point import Surface
from facetex_plugins.fit.energy import gauss_newton
from facetex_plugins.fit.energy.landmark_term import LandmarkObservation, fit_landmarks, inner_error, misses, observe_landmarks
from facetex_plugins.fit.energy.surface_points import world
from jaxtyping import Float, Float32, Float64, Int, Int32

from facetex_core import Embedding, Face, MorphableModel, Registry, load_preset
from facetex_core.geometry.mesh import vertex_normals
from facetex_core.geometry.model_file import load_morphable_model
from facetex_core.io.photo_file import load_photo
from training.common.data import DATA, save_arrays
from training.common.steps import Run
from training.face_basis.make import FILE, UNREGISTERED, Settings, read_arrays
from training.landmarks.labels import FLIP_68, flip_468

PRIOR = 1.0
"""Of identity and expression: strong priors would leave the smile of all these people to the landmarks."""
LOWER_DENSE, UPPER_DENSE = (88, 178, 87, 14, 317, 402, 318), (81, 80, 82, 13, 312, 310, 311)
LOWER_68, UPPER_68 = (65, 66, 67), (61, 62, 63)
"""The inner lips without their corners: lips touch, so a point may lie nearest to the other one."""
BETWEEN = {14: (87, 317), 178: (87, 88), 402: (317, 318), 80: (81, 191), 310: (311, 415)}
"""Points of the inner lips that the canonical face's registration may lay on the other lip, and neighbours that it does not."""
JAW_DROP = 0.018
"""Metres that the lower lip sinks by at least when the jaw opens."""

Seen = list[tuple[Face, tuple[int, int]]]
"""Faces, and the width and height of their photos."""
Triangles = Int[np.ndarray, " points"]
Weights = Float[np.ndarray, "points 3"]
Moves = Float64[np.ndarray, "points 3"]
"""Metres in the head's frame."""
Lips = tuple[tuple[int, ...], tuple[int, ...]]
"""Points of the lower and of the upper lip."""


class Skin:
    """The skin of the mean head, and each lip by itself."""

    def __init__(self, model: MorphableModel) -> None:
        self.model = model
        self.triangles = model.mesh.triangles[model.mesh.parts["skin"]]
        self.ways = vertex_normals(model.mean, self.triangles)
        drop = model.expression[model.expression_names.index("jawOpen"), :, 1][self.triangles].mean(1)
        self.groups = [np.ones(len(drop), bool), drop < -JAW_DROP, drop >= -JAW_DROP]

    def places(self, triangles: Triangles, weights: Weights) -> Moves:
        """Where embedded points lie."""
        return np.einsum("pk,pki->pi", weights, self.model.mean[self.model.mesh.triangles[triangles]]).astype(np.float64)

    def embed(
        self, triangles: Triangles, weights: Weights, moves: Moves, lips: Lips
    ) -> tuple[Int32[np.ndarray, " points"], Float32[np.ndarray, "points 3"]]:
        """The points moved, and laid on the skin again, each lip's on its own lip."""
        points = (self.places(triangles, weights) + moves).astype(np.float32)
        ways = np.einsum("pk,pki->pi", weights, self.ways[self.model.mesh.triangles[triangles]])
        ways /= np.linalg.norm(ways, axis=1, keepdims=True)
        which = np.zeros(len(points), int)
        which[list(lips[0])], which[list(lips[1])] = 1, 2
        chosen, shares = np.zeros(len(points), np.int32), np.zeros((len(points), 3), np.float32)
        for number, group in enumerate(self.groups):
            mine = which == number
            place, share = Surface(self.model.mean, self.triangles[group]).nearest(points[mine], ways[mine].astype(np.float32))
            chosen[mine], shares[mine] = np.flatnonzero(group)[place], share
        return chosen, shares


def left_over(model: MorphableModel, seen: Seen, twins: Triangles, *, sparse: bool) -> tuple[Moves, float]:
    """Metres on the head that each point is seen away from the model's, medians over the portraits; and the mean residual.

    The inner lips stay on the line where the lips touch, whatever smiles leave over.
    """
    moves, errors = [], []
    for face, size in seen:
        sight = observe_landmarks(model, face, size)
        state = fit_landmarks(model, [sight])
        errors.append(inner_error(sight, state, state.poses[0]))
        if sparse:
            sight = observe_landmarks(model, replace(face, dense=face.dense[:0]), size)
        moves.append(_on_head(sight, state))
    middle = np.median(moves, axis=0)
    middle[list(LOWER_68 + UPPER_68 if sparse else LOWER_DENSE + UPPER_DENSE), 1:] = 0
    return (middle + middle[twins] * [-1, 1, 1]) / 2, float(np.mean(errors))


def _on_head(sight: LandmarkObservation, state: gauss_newton.State) -> Moves:
    """Pixels that the points were missed by as metres across the line of sight, in the head's frame."""
    pose = state.poses[0]
    depth = (world(sight.surface_points, state, pose) @ pose.rotation.T + pose.translation)[:, 2:]
    across = misses(sight, state, pose) * depth / sight.intrinsics[0, 0]
    return np.pad(across, ((0, 0), (0, 1))) @ pose.rotation


def detect(photos: list[Path]) -> Seen:
    """The first face of every portrait that has one."""
    detector = load_preset("embedded").make("detector", Registry())
    seen = []
    for path in photos:
        photo = load_photo(path)
        seen += [(face, photo.size) for face in detector.detect(photo)[:1]]
    return seen


def registered(model: MorphableModel, seen: Seen, rounds: int) -> Embedding:
    """The embeddings moved: first each lip's points onto their own lip, then by what the fits leave over."""
    skin, e = Skin(model), model.embedding
    places = skin.places(e.dense_triangles, e.dense_barycentric)
    moves = np.zeros_like(places)
    for point, pair in BETWEEN.items():
        moves[point] = places[list(pair)].mean(0) - places[point]
    for number in range(rounds + 1):
        triangles, weights = skin.embed(e.dense_triangles, e.dense_barycentric, moves, (LOWER_DENSE, UPPER_DENSE))
        e = replace(e, dense_triangles=triangles, dense_barycentric=weights)
        moves, error = left_over(replace(model, embedding=e), seen, flip_468(), sparse=False)
        click.echo(f"round {number}: inner face {error:.3f} % of the eye distance")
    for _ in range(rounds):
        moves, _ = left_over(replace(model, embedding=e), seen, FLIP_68, sparse=True)
        triangles, weights = skin.embed(e.landmark_triangles, e.landmark_barycentric, moves, (LOWER_68, UPPER_68))
        e = replace(e, landmark_triangles=triangles, landmark_barycentric=weights)
    return e


def register(run: Run[Settings]) -> None:
    """Writes face_basis.npz: the basis that was built, its landmarks moved; from the same photos, the same bytes."""
    photos = sorted((DATA / "photos/bank").glob("*.jpg"))[: run.settings.people]
    built = run.work / UNREGISTERED
    # Fits inside hold to the mean shape and to rest less than those of a run do.
    with patch.multiple(gauss_newton, IDENTITY_PRIOR=PRIOR, EXPRESSION_PRIOR=PRIOR):
        e = registered(load_morphable_model(built), detect(photos), run.settings.rounds)
    names = ("landmark_triangles", "landmark_barycentric", "dense_triangles", "dense_barycentric")
    save_arrays(run.work / FILE, read_arrays(built) | {name: getattr(e, name) for name in names}, compressed=True)
    click.echo(f"{FILE}: {(run.work / FILE).stat().st_size / 1e6:.2f} MB")
