"""One portrait of a bank: as the pipeline as far as the delighter, then judged, then described; and the sheet of all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8

from facetex_core import stages
from facetex_core.delivery.pictures import data_uri, template
from facetex_core.descriptors.bank import cells_of, layout_of
from facetex_core.errors import PhotoError
from facetex_core.imaging.colour import to_bytes
from facetex_core.imaging.push_pull import fill_smooth
from facetex_core.lazy import cv2
from facetex_core.observe import FrontHalf
from facetex_core.structures import MorphableModel, Observation, Photo, Texture
from facetex_core.texture.regions import face_crop, resize_texture, skin_only
from facetex_core.texture.unwrap import unwrap
from facetex_core.workbench.bank_builder.gather import Exemplar
from facetex_core.workbench.bank_builder.portrait_quality import complaint, figures_of

GRID = 8
"""Cells along one side of the face's box: finer than any mask that a turned head makes (measured)."""
LOW = 32
"""Texels of the low-frequency albedo."""
THUMBNAIL = 128
"""Pixels of a picture in the report."""
FIGURES = {
    "yaw": "turned {:.0f}°",
    "seen": "seen {:.0%}",
    "eyes": "eyes bare {:.0%}",
    "uneven": "sides differ {:.0%}",
    "mouth": "mouth {:.2f}",
    "sharpness": "sharpness {:.1f}",
}


@dataclass(frozen=True, eq=False, slots=True)
class ExaminedPortrait:
    """A portrait and what came of it: an exemplar, or the reason why not."""

    photo: str
    """The file's name."""
    picture: UInt8[np.ndarray, "height width 3"]
    """The photo's face and, if it came to that, the albedo beside it."""
    figures: Mapping[str, float] = field(default_factory=dict)
    refused: str = ""
    exemplar: Exemplar | None = None
    layout: Float32[np.ndarray, "points 2"] = field(default_factory=lambda: np.zeros((0, 2), np.float32))


@dataclass(frozen=True, eq=False, kw_only=True)
class PortraitExaminer(FrontHalf):
    """The stages that a portrait goes through."""

    descriptor_extractor: stages.DescriptorExtractor
    size: int = 512
    keep_textures: bool = False

    def examine(self, photo: Photo) -> ExaminedPortrait:
        """The portrait's exemplar, or why it cannot be used."""
        try:
            observation = self.observe(photo)
        except PhotoError as error:
            return ExaminedPortrait(photo.name, _thumbnail(photo.rgb), refused=_without_name(error, photo))
        picture = _thumbnail(_cut(observation))
        try:
            (fit,) = self.fitter.fit([observation])
            view = self.delit(self.unwrapped(observation, fit))
        except PhotoError as error:
            return ExaminedPortrait(photo.name, picture, refused=_without_name(error, photo))
        unmasked = unwrap(observation.photo, fit, np.ones_like(observation.segmentation.skin), self.size)
        figures = figures_of(view, unmasked)
        picture = np.concatenate([picture, _thumbnail(face_crop(view.albedo, fit.model).rgb)], 1)
        wrong = complaint(figures)
        if wrong:
            return ExaminedPortrait(photo.name, picture, figures, refused=wrong)
        exemplar = self._describe(photo, view.albedo, fit.model)
        return ExaminedPortrait(photo.name, picture, figures, "", exemplar, layout_of(fit.model))

    def _describe(self, photo: Photo, albedo: Texture, model: MorphableModel) -> Exemplar:
        skin = face_crop(skin_only(albedo, model), model)
        cells = self.descriptor_extractor.describe(skin, cells_of(GRID, skin.size))
        (face,) = self.descriptor_extractor.describe(face_crop(albedo, model))
        texture = None
        if self.keep_textures:
            texture = np.dstack([to_bytes(albedo.rgb), np.rint(albedo.visibility * 255).astype(np.uint8)])
        return Exemplar(Path(photo.name).stem, cells, face, low_albedo(skin), texture)


def low_albedo(skin: Texture) -> Float32[np.ndarray, "low low 3"]:
    """Smooth plain skin; what is hidden comes from its mirror, then from what lies around it."""
    small = resize_texture(skin, LOW)
    seen = (small.visibility > 0).astype(np.float32)
    known = np.maximum(seen, seen[:, ::-1])
    both = np.where(seen[..., None] > 0, small.rgb, small.rgb[:, ::-1])
    return fill_smooth(both.astype(np.float32), known)


def _cut(observation: Observation) -> Float32[np.ndarray, "height width 3"]:
    photo, face = observation.photo, observation.face
    left, top, right, bottom = np.clip(face.box.astype(int), 0, [*photo.size, *photo.size]).tolist()
    return photo.rgb[top : max(bottom, top + 1), left : max(right, left + 1)]


def _thumbnail(rgb: Float32[np.ndarray, "height width 3"]) -> UInt8[np.ndarray, "side side 3"]:
    """The picture in a square, on black."""
    scale = THUMBNAIL / max(rgb.shape[:2])
    size = max(round(rgb.shape[1] * scale), 1), max(round(rgb.shape[0] * scale), 1)
    small = to_bytes(np.ascontiguousarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.float32))
    square = np.zeros((THUMBNAIL, THUMBNAIL, 3), np.uint8)
    square[: size[1], : size[0]] = small
    return square


def blank() -> UInt8[np.ndarray, "side side 3"]:
    """Stands for a picture that cannot be read."""
    return np.zeros((THUMBNAIL, THUMBNAIL, 3), np.uint8)


def _without_name(error: PhotoError, photo: Photo) -> str:
    return str(error).removeprefix(f"{photo.name}: ")


def bank_html(name: str, sittings: Sequence[ExaminedPortrait], recipe: Mapping[str, object]) -> str:
    """One page that needs nothing but itself; the refused come first."""
    cards = []
    for each in sittings:
        figures = ", ".join(text.format(each.figures[key]) for key, text in FIGURES.items() if key in each.figures)
        cards.append((each.photo, data_uri(each.picture), each.refused, figures))
    refused = sorted((card for card in cards if card[2]), key=lambda card: card[2])
    accepted = [card for card in cards if not card[2]]
    return str(template(__package__, "bank").render(name=name, refused=refused, accepted=accepted, chosen=recipe["stages"]))
