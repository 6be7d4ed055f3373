"""What every segmenter promises."""

import numpy as np
from jaxtyping import Float32, Shaped

from facetex_core.structures import Face, Photo
from facetex_core.testing.contract import Contract, demand
from facetex_core.testing.samples import mirrored, mirrored_landmarks, moved, moved_face, portrait, portrait_face
from facetex_core.values import locked

MOVE = (24, 10)
ALIKE = 0.1
"""Share of the mask by which a mirrored or moved photo's may differ."""


class SegmenterContract(Contract):
    """A probability for every pixel: high on the face, low far from it; it moves and turns with the photo."""

    role = "segmenter"

    @property
    def photo(self) -> Photo:
        """A portrait."""
        return portrait()

    @property
    def face(self) -> Face:
        """As the default detector sees it, by its 68 landmarks alone."""
        found = portrait_face()
        return locked(Face(found.box, found.landmarks, np.zeros((0, 2), np.float32), found.score))

    def given(self) -> tuple[Photo, Face]:
        """A portrait and its face."""
        return self.photo, self.face

    def test_the_face_is_skin_and_the_background_is_none(self) -> None:
        """Nose and cheeks against all that is a face away."""
        points, mask = self.face.landmarks, self.result.skin
        x, y = np.round(
            np.stack([points[29], *((points[2:5] + points[31]) / 2), *((points[12:15] + points[35]) / 2)]).T
        ).astype(int)
        left, top, right, _ = self.face.box
        columns, rows = np.arange(self.photo.size[0]), np.arange(self.photo.size[1])
        wide = right - left
        far = ((columns < left - wide) | (columns > right + wide))[None] | (rows < top - wide)[:, None]
        skin, ground = float(mask[y, x].mean()), float(mask[far].mean())
        told = f"segment().skin: expected nose and cheeks over 0.5 and far pixels under 0.2; found {skin:.2f} and {ground:.2f}"
        demand(skin > 0.5 and ground < 0.2, f"{told}: 1 is skin, 0 is none, and rows come before columns")

    def test_a_mirrored_photo_has_the_mirrored_mask(self) -> None:
        """But for a tenth."""
        left, top, right, bottom = self.face.box
        width = self.photo.size[0]
        box = np.array([width - right, top, width - left, bottom], np.float32)
        face = locked(Face(box, mirrored_landmarks(self.face.landmarks, width), self.face.dense, self.face.score))
        self._demand_alike(self.plugin.segment(mirrored(self.photo), face).skin[:, ::-1], self.result.skin, "mirrored")

    def test_a_moved_photo_has_the_moved_mask(self) -> None:
        """By as many pixels, but for a tenth."""
        right, down = MOVE
        there = self.plugin.segment(moved(self.photo, *MOVE), moved_face(self.face, *MOVE)).skin
        self._demand_alike(there[down:, right:], self.result.skin[:-down, :-right], "moved")

    def _demand_alike(
        self, found: Float32[np.ndarray, "rows columns"], wanted: Shaped[np.ndarray, "rows columns"], what: str
    ) -> None:
        off = float(np.abs(found - wanted).sum() / max(float(wanted.sum()), 1.0))
        told = f"segment().skin of the {what} photo differs from the {what} mask by {off:.0%} of its area; at most {ALIKE:.0%}"
        demand(off <= ALIKE, f"{told}: pixel centres lie at +0.5, x before y in landmarks, rows before columns in arrays")
