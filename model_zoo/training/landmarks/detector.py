"""The detector that ships, with networks of other files."""

from functools import cached_property
from pathlib import Path

import click
import onnxruntime
from facetex_plugins.detect.landmarks import LandmarkDetector
from facetex_plugins.detect.networks import FaceFinder, FacePoints

from facetex_core.io.onnx_session import open_session
from training.common.data import FILES


class Finder(FaceFinder):
    """With the face finder of a file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        return open_session(self.path)


class Points(FacePoints):
    """With the landmark network of a file."""

    def __init__(self, path: Path, min_score: float) -> None:
        super().__init__(min_score)
        self.path = path

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        return open_session(self.path)


def detector(finder: Path, points: Path, min_score: float = LandmarkDetector().min_score) -> LandmarkDetector:
    """Of two files, faces.onnx and landmarks.onnx."""
    made = LandmarkDetector(min_score)
    made.finder, made.points = Finder(finder), Points(points, min_score)
    return made


def latest(path: Path) -> Path:
    """The file of a model that was made here, or else the one of the same name that ships; says which."""
    click.echo(f"{path.name}: the one {'made here' if path.exists() else 'that ships'}")
    return path if path.exists() else FILES / path.name
