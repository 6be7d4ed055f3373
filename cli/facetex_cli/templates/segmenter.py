"""Segmenter `example`: the outline of the landmarks is the face."""

import numpy as np
from facetex_core import Face, Photo, Segmentation


class Example:
    """1 inside the convex hull of the landmarks, 0 outside, with an edge of `soft` pixels."""

    def __init__(self, soft: float = 2.0) -> None:
        self.soft = soft

    def segment(self, photo: Photo, face: Face) -> Segmentation:
        """The probability, in [0, 1], that a pixel shows bare skin; other classes may stand beside it."""
        import cv2  # heavy packages are imported where they are used

        width, height = photo.size
        mask = np.zeros((height, width), np.float32)
        # Pixel centres of facetex lie at +0.5, those of OpenCV at whole numbers.
        outline = cv2.convexHull(np.round(face.landmarks - 0.5).astype(np.int32))
        cv2.fillConvexPoly(mask, outline, 1.0)
        return Segmentation({"skin": np.clip(cv2.GaussianBlur(mask, (0, 0), self.soft), 0, 1)})
