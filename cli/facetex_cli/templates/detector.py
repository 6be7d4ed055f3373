"""Detector `example`: the faces that ship with facetex find, but only those it is sure of."""

from functools import cached_property
from typing import cast

from facetex_core import Face, Photo, Registry
from facetex_core.stages import Detector


class Example:
    """Faces of a score of at least `least`, in [0, 1], each with its 68 landmarks."""

    def __init__(self, least: float = 0.5) -> None:
        self.least = least

    def detect(self, photo: Photo) -> tuple[Face, ...]:
        """The largest first; none in a picture without."""
        return tuple(face for face in self._shipped.detect(photo) if face.score >= self.least)

    @cached_property
    def _shipped(self) -> Detector:
        # Models are read when they are first needed: a listing of plugins reads none.
        return cast("Detector", Registry().make("detector", "landmarks", {}))
