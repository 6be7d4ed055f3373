"""Detector: a heat map of face centres on a small pyramid, then 468 + 68 points on crops that are turned upright twice."""

from facetex_core import Device, Face, Photo, hookimpl
from facetex_plugins.detect.alignment import best_first, image_pyramid
from facetex_plugins.detect.networks import FaceFinder, FacePoints, MinScore
from facetex_plugins.detect.thresholds import MIN_SCORE

api_version = 2


@hookimpl
def detectors() -> dict[str, type]:
    """The one that ships."""
    return {"landmarks": LandmarkDetector}


class LandmarkDetector:
    """Finds faces from about 40 pixels up to nearly the whole photo, rotated by up to 45 degrees."""

    def __init__(self, min_score: MinScore = MIN_SCORE, device: Device = "cpu") -> None:
        self.min_score = min_score
        self.finder, self.points = FaceFinder(device), FacePoints(min_score, device)

    def detect(self, photo: Photo) -> tuple[Face, ...]:
        """The faces whose score passes, the largest first."""
        views = image_pyramid(photo.rgb)
        return best_first([self.points.measure(views, square) for square in self.finder.propose(views)], self.min_score)
