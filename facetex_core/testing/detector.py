"""What every detector promises."""

import numpy as np

from facetex_core.structures import Face, Photo
from facetex_core.testing.contract import Contract, demand, demand_near
from facetex_core.testing.samples import LEFT_EYE, MOUTH, RIGHT_EYE, centre, mirrored, mirrored_landmarks, moved, portrait
from facetex_core.values import locked

MIRRORED, MOVED = 0.05, 0.02
"""Shares of a box by which what is found in a mirrored or moved photo may be off: ours is off by 0.01 and 0.002."""
MOVE = (24, 10)
"""Pixels to the right and down."""
FAR = 0.25
"""Distances between the eyes by which an eye may be off: what finds a face finds eyes better than that."""


class DetectorContract(Contract):
    """Faces are found in place, the largest first, and move and rotate with the photo; an empty photo has none."""

    role = "detector"
    eyes: tuple[tuple[float, float], tuple[float, float]] | None = ((204.0, 101.0), (247.0, 103.0))
    """Pixels of the photo in which the subject's right and left eye lie; none where that is not known."""

    @property
    def photo(self) -> Photo:
        """A portrait; another one where the detector is made for other pictures."""
        return portrait()

    def given(self) -> tuple[Photo]:
        """The photo."""
        return (self.photo,)

    def test_a_portrait_shows_a_face(self) -> None:
        """There is one."""
        demand(self.result, "detect(): expected a face in a portrait of 512 x 448 pixels; found (): lower the threshold")

    def test_boxes_lie_in_the_photo(self) -> None:
        """Left above right below, within the picture."""
        for face in self.result:
            left, top, right, bottom = face.box.tolist()
            kept = 0 <= left < right <= self.photo.size[0] and 0 <= top < bottom <= self.photo.size[1]
            wanted = f"expected left, top, right, bottom within {self.photo.size}"
            demand(kept, f"box: {wanted}; found {face.box.round().tolist()}: not x, y, width, height; clip to the photo")

    def test_the_largest_face_comes_first(self) -> None:
        """By the area of the box."""
        areas = [round(float(np.prod(face.box[2:] - face.box[:2]))) for face in self.result]
        demand(areas == sorted(areas, reverse=True), f"faces of {areas} square pixels: sort them, the largest first")

    def test_eyes_and_mouth_are_where_they_are(self) -> None:
        """The 68 of iBUG as x, y: the subject's right eye is on the left of the picture, both above the mouth."""
        points = self._face().landmarks
        right, left, mouth = (centre(points, part) for part in (RIGHT_EYE, LEFT_EYE, MOUTH))
        kept = right[0] < left[0] and mouth[1] > max(right[1], left[1])
        mend = "landmarks are x, y in pixels in the order of iBUG; 36-41 is the subject's right eye"
        demand(kept, f"landmarks: eyes at {right.round(1)} and {left.round(1)}, mouth at {mouth.round(1)}: {mend}")
        if self.eyes is not None:
            unit = float(np.linalg.norm(np.subtract(*self.eyes)))
            demand_near(np.stack([right, left]), np.array(self.eyes), "eyes (pixels)", mend, atol=FAR * unit)

    def test_a_mirrored_photo_has_the_mirrored_face(self) -> None:
        """The largest box lies where it lay, the right eye where the left one was."""
        there, width, mend = self._face(mirrored(self.photo)), self.photo.size[0], "treat both sides of the picture alike"
        left, top, right, bottom = there.box
        back = [width - right, top, width - left, bottom]
        demand_near(back, self._face().box, "box of the mirrored photo, mirrored back", mend, atol=self._share(MIRRORED))
        points = mirrored_landmarks(there.landmarks, width)
        demand_near(
            points, self._face().landmarks, "landmarks of the mirrored photo, mirrored back", mend, atol=self._share(MIRRORED)
        )

    def test_a_moved_photo_has_the_moved_face(self) -> None:
        """By as many pixels."""
        there = self._face(moved(self.photo, *MOVE))
        mend = f"the photo moved by {MOVE} pixels (x, y), so must box and landmarks: map them back as they were mapped there"
        demand_near(there.box - np.tile(MOVE, 2), self._face().box, "box, moved back", mend, atol=self._share(MOVED))
        demand_near(there.landmarks - MOVE, self._face().landmarks, "landmarks, moved back", mend, atol=self._share(MOVED))

    def test_an_empty_photo_shows_no_face(self) -> None:
        """One colour all over."""
        found = self.plugin.detect(locked(Photo(np.full((200, 160, 3), 0.4, np.float32))))
        demand(found == (), f"detect() of one colour all over: expected (); found {len(found)} faces: raise the threshold")

    def _face(self, photo: Photo | None = None) -> Face:
        found: tuple[Face, ...] = self.result if photo is None else self.plugin.detect(photo)
        demand(found, "detect(): expected a face; found (): the same face was mirrored or moved, no more")
        return found[0]

    def _share(self, share: float) -> float:
        """In pixels."""
        return share * float((self._face().box[2:] - self._face().box[:2]).max())
