"""What every fitter promises."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float32

from facetex_core.geometry.camera import project
from facetex_core.geometry.landmarks import eye_distance
from facetex_core.structures import Face, Fit, Observation, Photo
from facetex_core.testing.contract import Contract, demand, demand_near
from facetex_core.testing.samples import moved, moved_face, observation, portrait, portrait_face
from facetex_core.values import locked

INNER = slice(27, 68)
"""Nose, eyes and mouth: jaw and brows lie at another place of every model."""
OFF = 0.03
"""Share of the eye distance that landmarks may be off in the middle; ours are by 0.006."""
SAME = 0.01
"""The same for what the fitter has made itself, and for a photo that is moved; ours are by 0.002."""
WIDTHS = (0.06, 0.13)
"""Metres between the outer corners of the eyes: adults have 0.08 to 0.1."""
MOVE = (14, 9)


class FitterContract(Contract):
    """The head is in metres in front of the camera, its landmarks match the photo's, all photos share one identity."""

    role = "fitter"

    @property
    def photo(self) -> Photo:
        """A portrait."""
        return portrait()

    @property
    def face(self) -> Face:
        """As the default detector sees it."""
        return portrait_face()

    def given(self) -> tuple[Sequence[Observation]]:
        """One photo, one face."""
        return ((observation(self.photo, self.face),),)

    def test_every_photo_has_a_fit_and_all_one_identity(self) -> None:
        """Two photos of one person."""
        elsewhere = observation(moved(self.photo, *MOVE), moved_face(self.face, *MOVE))
        photos = (observation(self.photo, self.face), elsewhere)
        fits = self.plugin.fit(photos)
        demand(
            len(fits) == len(photos),
            f"fit() of {len(photos)} photos: expected as many fits; found {len(fits)}: one for each, in order",
        )
        mend = "they show one person: solve for one identity and give it to every fit"
        demand_near(fits[1].identity, fits[0].identity, "identity of the second photo", mend)

    def test_the_head_is_in_metres(self) -> None:
        """As wide between the eyes as heads are."""
        corners = _landmarks(self._fit())[[36, 45]]
        wide, (least, most) = float(np.linalg.norm(corners[0] - corners[1])), WIDTHS
        unit = {0: " (it looks like centimetres: multiply by 0.01)", 1: " (it looks like millimetres: multiply by 0.001)"}
        guess = unit.get(int(np.searchsorted([3.0, 200.0], wide)) if wide > 3 * most else -1, "")
        found = f"eyes {wide:.4g} apart at their outer corners, expected {least} to {most} metres{guess}"
        demand(least <= wide <= most, f"fit()[0].vertices: {found}: the model must be in metres")

    def test_the_head_stands_upright_and_looks_along_z(self) -> None:
        """The subject's left is +x, up is +y; the nose is before the jaw's ends."""
        points = _landmarks(self._fit())
        mend = "turn the model: x to the subject's left, y up, the face looks along +z"
        demand(points[45, 0] > points[36, 0], f"fit()[0].vertices: the left eye has a smaller x than the right one: {mend}")
        demand(points[27, 1] > points[8, 1], f"fit()[0].vertices: the nose has a smaller y than the chin: {mend}")
        demand(points[30, 2] > points[[0, 16], 2].max(), f"fit()[0].vertices: the nose has a smaller z than the ears: {mend}")

    def test_the_camera_is_a_rigid_one_of_the_photo(self) -> None:
        """A rotation and a shift, the photo's size, and the head before it."""
        camera = self._fit().camera
        pose = camera.world_to_camera.astype(np.float64)
        turn, name = pose[:3, :3], "fit()[0].camera.world_to_camera"
        demand_near(turn @ turn.T, np.eye(3), f"{name}, R R^T", "R is a rotation: keep scale in the intrinsics", atol=1e-4)
        demand(np.linalg.det(turn) > 0, f"{name}: R mirrors (its determinant is -1): x right, y down, z forward")
        demand_near(pose[3], [0, 0, 0, 1], f"{name}[3]", "the last row of a 4 x 4 pose is 0 0 0 1")
        size, wanted = tuple(camera.size), self.photo.size
        demand(size == wanted, f"fit()[0].camera.size: expected {wanted} (width, height); found {size}: take photo.size")
        depth = self._fit().vertices @ pose[2, :3] + pose[2, 3]
        demand(depth.min() > 0, "fit()[0].camera: the head is behind it: z points forward, and R and t map world to camera")

    def test_landmarks_are_where_the_photo_shows_them(self) -> None:
        """Projected, in the middle of nose, eyes and mouth."""
        self._demand_on(self._fit(), self.face.landmarks, OFF, "the photo's landmarks")

    def test_its_own_head_is_found_again(self) -> None:
        """Landmarks of the fitted head, as its camera sees them, are fitted nearly exactly."""
        fit = self._fit()
        model, points = fit.model, _landmarks(fit)
        triangles, weights = model.embedding.dense_triangles, model.embedding.dense_barycentric
        dense = np.einsum("pc,pcd->pd", weights, fit.vertices[model.mesh.triangles[triangles]])
        seen = [project(fit.camera, np.asarray(each, np.float32).reshape(-1, 3)) for each in (points, dense)]
        face = locked(Face(self.face.box, seen[0], seen[1], 1.0))
        again = self.plugin.fit((observation(self.photo, face),))[0]
        self._demand_on(again, seen[0], SAME, "landmarks of its own head")

    def test_a_moved_photo_has_the_moved_fit(self) -> None:
        """By as many pixels."""
        face = moved_face(self.face, *MOVE)
        there = self.plugin.fit((observation(moved(self.photo, *MOVE), face),))[0]
        here = project(self._fit().camera, _landmarks(self._fit()))
        self._demand_on(there, here + np.array(MOVE, np.float32), SAME, f"what it was, moved by {MOVE} pixels")

    def _fit(self) -> Fit:
        fits: tuple[Fit, ...] = self.result
        demand(len(fits) == 1, f"fit() of one photo: expected one fit; found {len(fits)}: one fit for each photo")
        return fits[0]

    def _demand_on(self, fit: Fit, wanted: Float[np.ndarray, "68 2"], share: float, what: str) -> None:
        off = np.linalg.norm(project(fit.camera, _landmarks(fit)) - wanted, axis=1)[INNER] / eye_distance(wanted)
        middle = float(np.median(off))
        told = f"fit()[0]: projected landmarks are {middle:.1%} of the eye distance from {what}; at most {share:.0%}"
        demand(middle <= share, f"{told}: pixels are x, y, the centre of the upper left one at (0.5, 0.5), y down")


def _landmarks(fit: Fit) -> Float32[np.ndarray, "68 3"]:
    """The 68, in metres."""
    where = fit.model.embedding
    corners = fit.vertices[fit.model.mesh.triangles[where.landmark_triangles]]
    return np.einsum("pc,pcd->pd", where.landmark_barycentric, corners)
