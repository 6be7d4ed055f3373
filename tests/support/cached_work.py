"""Work for a cache, and models that it may rest on."""

from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from sampled import tiny_texture, view_of

from facetex_core import Texture, warn
from facetex_core.listeners import listening
from facetex_core.workbench.comparison.cache import Cache


class Zoo:
    """One model file, which whoever is at work may ask for."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.asked: dict[str, Path] = {}

    @contextmanager
    def recording(self):
        before, self.asked = self.asked, {}
        try:
            yield self.asked
        finally:
            self.asked = before

    def place_of(self, name):
        assert name == "net"
        return self.file

    def ask(self):
        self.asked["net"] = self.file


class Brighter:
    """A delighter that counts its calls, asks for the model at the first, and warns."""

    def __init__(self, zoo, times=2.0):
        self.zoo, self.times, self.calls = zoo, times, 0

    def delight(self, view):
        texture = view.lit
        if not self.calls:
            self.zoo.ask()
        self.calls += 1
        warn("very bright")
        return Texture(np.asfortranarray(np.clip(texture.rgb * self.times, 0, 1).astype(np.float32)), texture.visibility)


@pytest.fixture
def zoo(tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"weights")
    return Zoo(tmp_path / "net.onnx")


@pytest.fixture
def stage(zoo):
    return Brighter(zoo)


def opened(tmp_path, zoo, stage, **identity):
    cache = Cache(tmp_path / "cache", zoo)
    cache.know(stage, "delighter", {"name": "brighter", **identity}, {})
    return cache


def work(cache, stage, texture=None, fit=None):
    said: list[str] = []
    with listening(said.append):
        made = cache.once(stage.delight, view_of(texture or tiny_texture(), fit))
    assert said == ["very bright"]
    return made
