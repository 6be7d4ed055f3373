"""What every detector promises."""

import numpy as np
import pytest

from facetex_core.stages import Detector
from facetex_core.structures import Face, Photo
from facetex_core.testing.contract import Contract
from facetex_core.testing.read_only import read_only
from facetex_core.testing.samples import portrait

NEAR = 0.08
"""Share of a box by which a mirrored photo's may be off."""


class DetectorContract(Contract):
    """Faces lie in the photo, the largest first; a mirrored photo has mirrored faces, an empty one none."""

    @pytest.fixture
    def photo(self) -> Photo:
        """A portrait; another one where the detector is made for other pictures."""
        return portrait()

    @pytest.fixture
    def faces(self, plugin: Detector, photo: Photo) -> tuple[Face, ...]:
        """What is found in it."""
        return plugin.detect(photo)

    def test_a_portrait_shows_a_face(self, faces: tuple[Face, ...]) -> None:
        """There is one."""
        assert faces

    def test_boxes_lie_in_the_photo(self, faces: tuple[Face, ...], photo: Photo) -> None:
        """Left above right below, within the picture."""
        boxes = np.stack([face.box for face in faces])
        assert (boxes >= 0).all()
        assert (boxes <= [*photo.size, *photo.size]).all()
        assert (boxes[:, :2] < boxes[:, 2:]).all()

    def test_the_largest_face_comes_first(self, faces: tuple[Face, ...]) -> None:
        """By the area of the box."""
        areas = [float(np.prod(face.box[2:] - face.box[:2])) for face in faces]
        assert areas == sorted(areas, reverse=True)

    def test_scores_lie_between_0_and_1(self, faces: tuple[Face, ...]) -> None:
        """As probabilities do."""
        assert all(0 <= face.score <= 1 for face in faces)

    def test_a_mirrored_photo_has_the_mirrored_face(self, plugin: Detector, photo: Photo, faces: tuple[Face, ...]) -> None:
        """The largest box, mirrored back, lies where it lay."""
        mirrored = plugin.detect(read_only(Photo(np.ascontiguousarray(photo.rgb[:, ::-1]), photo.name)))
        left, top, right, bottom = mirrored[0].box
        width = photo.size[0]
        extent = float((faces[0].box[2:] - faces[0].box[:2]).max())
        np.testing.assert_allclose([width - right, top, width - left, bottom], faces[0].box, atol=NEAR * extent)

    def test_an_empty_photo_shows_no_face(self, plugin: Detector) -> None:
        """One colour all over."""
        assert plugin.detect(read_only(Photo(np.full((200, 160, 3), 0.4, np.float32)))) == ()

    def test_the_same_photo_gives_the_same_faces(self, plugin: Detector, photo: Photo, faces: tuple[Face, ...]) -> None:
        """To the bit."""
        for face, again in zip(faces, plugin.detect(photo), strict=True):
            np.testing.assert_array_equal(again.landmarks, face.landmarks)
            np.testing.assert_array_equal(again.box, face.box)
