"""Heavy packages that are imported when first used, so that `facetex --help` is quick and a listing loads nothing."""

from importlib import import_module
from typing import TYPE_CHECKING


class _Lazy:
    """Stands for a module."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> object:
        return getattr(import_module(self._name), attribute)


if TYPE_CHECKING:
    import cv2
    import pygltflib
else:
    cv2 = _Lazy("cv2")
    pygltflib = _Lazy("pygltflib")

__all__ = ["cv2", "pygltflib"]
