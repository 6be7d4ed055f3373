"""A photo's way through the stages of a pipeline, step by step: any of them can be run again, those before it held."""

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PIL import Image

from facetex_core import Pipeline
from facetex_core.descriptors.bank import under_mask
from facetex_core.descriptors.correlations import merge
from facetex_core.imaging.colour import decode_srgb, to_bytes
from facetex_core.structures import LitView, Observation, Photo, Target, Texture, View
from facetex_core.texture.regions import region
from facetex_core.texture.unwrap import unwrap

COMPRESSED = 15
"""JPEG's quality of the photo that is restored."""


def saved(photo: Photo, quality: int) -> Photo:
    held = io.BytesIO()
    Image.fromarray(to_bytes(photo.rgb)).save(held, "JPEG", quality=quality)
    return replace(photo, rgb=decode_srgb(np.asarray(Image.open(held), np.float32) / 255))


class Way(dict):
    """A photo's way through the default stages; each step is run when it is first asked for."""

    def __init__(self, pipeline: Pipeline, photo: Photo, known: dict | None = None) -> None:
        super().__init__(known or {})
        self.pipeline, self.photo = pipeline, photo

    def __missing__(self, step: str) -> object:
        self[step] = STEPS[step](self.pipeline, self)
        return self[step]

    def on_face(self, values: np.ndarray, where: np.ndarray | bool = True) -> np.ndarray:
        inside = (region(self["fit"].model, "face", self.pipeline.size) > 0.5) & where
        return np.where(inside.reshape(inside.shape + (1,) * (values.ndim - 2)), values, np.nan)

    def in_box(self, picture: np.ndarray) -> np.ndarray:
        left, top, right, bottom = self["face"].box.astype(int)
        return picture[top:bottom, left:right]


def target_of(p: Pipeline, w: Way) -> Target:
    own = p.own(w["delit"].albedo, w["fit"])
    return p.target(p.blend_solver.solve(merge(own.seen), under_mask(p.bank, own.seen)), own)


def unwrapped(p: Pipeline, w: Way) -> Texture:
    return unwrap(w.photo, w["fit"], w["observation"].segmentation.skin, p.size)


STEPS: dict[str, Callable[[Pipeline, Way], object]] = {
    "face": lambda p, w: next(iter(p.detector.detect(w.photo))),
    "restored": lambda p, w: p.restorer[0].restore(saved(w.photo, COMPRESSED), w["face"]),
    "observation": lambda p, w: Observation(w.photo, w["face"], p.segmenter.segment(w.photo, w["face"])),
    "fit": lambda p, w: p.fitter.fit([w["observation"]])[0],
    "unwrapped": lambda p, w: View(w["observation"], w["fit"], unwrapped(p, w)),
    "cleaned": lambda p, w: replace(w["unwrapped"], lit=p.cleaner[0].clean(w["unwrapped"])),
    "lit": lambda p, w: LitView(w["observation"], w["fit"], w["cleaned"].lit, p.light_estimator.estimate(w["cleaned"])),
    "delit": lambda p, w: p.delit(w["lit"]),
    "target": target_of,
    "skinned": lambda p, w: p.synthesizer.synthesize(w["delit"], w["target"], np.random.default_rng(p.seed)),
    "painted": lambda p, w: p.painter.paint(replace(w["delit"], albedo=w["skinned"])),
    "relief": lambda p, w: p.detailer.add_detail([w["delit"]], w["painted"]).displacement,
}
"""In running order."""
