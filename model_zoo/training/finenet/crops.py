"""Crops of the network's size: the photo, the coarse head, and of rendered heads the true one."""

import logging
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from facetex_plugins.detail.finenet import height, square_around
from jaxtyping import Float32, Float64

from facetex_core import FacetexError, Fit, Photo
from facetex_core.geometry.geometry_images import geometry_images
from facetex_core.imaging.colour import decode_srgb, luminance, to_bytes
from facetex_core.imaging.face_square import FaceSquare, cropped, grey
from facetex_core.lighting.estimate_lighting import albedo_model
from facetex_core.structures import Camera, MorphableModel
from training.common.making import needed, stacked
from training.common.portraits import basis, default_front_half
from training.finenet.net import SEEN
from training.finenet.settings import Settings
from training.world.degrade import degraded
from training.world.light import sampled
from training.world.model_truth import Row

SKIN = 1
"""Its label in the world's pictures."""
JITTER = 0.15
"""By which crops are larger or smaller than in use (the logarithm), and aside in their sides over three."""
MODES = 10
"""Albedo coefficients of a photo, as published."""
Plane = Float32[np.ndarray, "side side"]


@dataclass(frozen=True, eq=False)
class Laid:
    """A photo, the head that the default fit lays over it, and how much of each pixel is bare skin."""

    photo: Photo
    fit: Fit
    skin: Plane

    def square(self, rng: np.random.Generator) -> FaceSquare:
        """About the fitted face, nearly as in use."""
        square = square_around(self.fit)
        aside = rng.normal(0, JITTER / 3, 2) * square.side
        return FaceSquare(square.centre + aside, square.side * float(np.exp(rng.normal(0, JITTER))), 0.0)

    def crop(self, square: FaceSquare) -> Row:
        """`picture`; `coarse` height in pixels, to the camera, `there` where it is; `uv` of the pixels; `mask`: bare face."""
        intrinsics, model = square.matrix(SEEN) @ self.fit.camera.intrinsics, self.fit.model
        camera = Camera(intrinsics.astype(np.float32), self.fit.camera.world_to_camera, (SEEN, SEEN))
        images = geometry_images(camera, self.fit.vertices, model.mesh, uv_code(model), ("skin",))
        bare = cropped(np.dstack([self.skin] * 3), square, SEEN)[..., 0] > 0.99
        face = images.mask & (images.pncc[..., 2] > 0.5)
        return {
            "picture": cropped(to_bytes(self.photo.rgb), square, SEEN),
            "coarse": height(images.depth, images.mask.astype(np.float32), focal(intrinsics)),
            "there": images.mask.astype(np.float32),
            "uv": images.pncc[..., :2].astype(np.float16),
            "mask": cv2.erode((face & bare).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32),
        }


def focal(intrinsics: Float64[np.ndarray, "3 3"]) -> float:
    """In pixels of the crop."""
    return float(np.linalg.norm(intrinsics[0, :2]))


def laid(photo: Photo, skin: Plane | None = None) -> Laid | None:
    """By the default stages; none where no face is found. Where the skin is not known the segmenter says it."""
    logging.getLogger("facetex").setLevel(logging.ERROR)
    front = default_front_half()
    try:
        seen = front.observe(photo)
        (fit,) = front.fitter.fit([seen])
    except FacetexError:
        return None
    return Laid(seen.photo, fit, seen.segmentation.skin if skin is None else skin)


def head_crops(item: Row, count: int) -> list[Row]:
    """Of one rendered head: what `Laid.crop` gives, `true` height, and `number`. None where its face is not found."""
    skin = skin_of(item)
    one = laid(Photo(decode_srgb(item["picture"].astype(np.float32) / 255), str(item["number"])), skin)
    if one is None:
        return []
    rng = np.random.default_rng(int(item["number"]))
    squares = [one.square(rng) for _ in range(count)]
    return [one.crop(square) | {"true": true_height(item, skin, square), "number": item["number"]} for square in squares]


def portrait_crop(one: Laid) -> Row:
    """As in use."""
    return one.crop(square_around(one.fit))


def skin_of(item: Row) -> Plane:
    """1 where a picture of the world shows bare skin."""
    return ((item["depth"] > 0) & (item["label"] == SKIN)).astype(np.float32)


def true_height(item: Row, skin: Plane, square: FaceSquare) -> Plane:
    """Height with its relief, which stands along the normals; of use where all of a pixel is skin."""
    depth = skin * (item["depth"] - item["relief"].astype(np.float32) * np.abs(item["normals"][..., 2]))
    both = cropped(np.dstack([depth, skin, skin]).astype(np.float32), square, SEEN)
    return height(both[..., 0], (both[..., 1] > 0.99).astype(np.float32), focal(square.matrix(SEEN) @ item["intrinsics"]))


def uv_code(model: MorphableModel) -> Float32[np.ndarray, "vertices 3"]:
    """Where each vertex of the skin lies on the map, and whether it is the face's."""
    mesh, code = model.mesh, np.zeros_like(model.mean)
    skin = mesh.parts["skin"]
    code[:, 2] = model.regions["face"]
    code[mesh.triangles[skin].ravel(), :2] = mesh.uvs[mesh.uv_triangles[skin].ravel()]
    return code


@cache
def tones() -> Float32[np.ndarray, "size size tones"]:
    """Linear grey albedo over the map: the mean, and what it changes by for one deviation of each of ten modes."""
    albedo = albedo_model(basis(with_colour=True))
    size = albedo.mean.shape[0]
    mean = np.exp(albedo.mean + cv2.resize(albedo.detail, (size, size), interpolation=cv2.INTER_AREA))
    modes = [luminance((mean * mode).astype(np.float32)) for mode in albedo.modes[:MODES]]
    return np.dstack([luminance(mean.astype(np.float32)), *modes]).astype(np.float32)


class Crops:
    """Those of a folder or a file, the held-out heads first."""

    def __init__(self, paths: list[Path], settings: Settings) -> None:
        files = [dict(np.load(path, allow_pickle=False)) for path in paths]
        self.settings = settings
        self.rows = {name: np.concatenate([file[name] for file in files]) for name in files[0]}
        numbers = self.rows.pop("number", np.zeros(0))
        self.held = int((numbers < settings.held).sum())

    @classmethod
    def of_heads(cls, folder: Path, settings: Settings) -> "Crops":
        """Rendered ones."""
        return cls(sorted(needed(folder, "finenet crops").glob("*.npz")), settings)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.rows["mask"])

    def whole(self, numbers: np.ndarray) -> Row:
        """As they are."""
        return stacked([self._seen(int(number), self.rows["picture"][number]) for number in numbers])

    def batch(self, count: int, rng: np.random.Generator) -> Row:
        """Windows of crops that are learned from, spoiled and perhaps mirrored."""
        numbers = rng.integers(self.held, len(self), count)
        return stacked([self._window(int(number), rng) for number in numbers])

    def _window(self, number: int, rng: np.random.Generator) -> Row:
        side = self.settings.window
        y, x = (int(value) for value in rng.integers(0, SEEN - side + 1, 2))
        step = -1 if rng.random() < 0.5 else 1
        whole = self._seen(number, degraded(self.rows["picture"][number], self.settings.degradation, rng))
        return {
            name: np.ascontiguousarray(value[..., y : y + side, x : x + side][..., ::step]) for name, value in whole.items()
        }

    def _seen(self, number: int, picture: np.ndarray) -> Row:
        """`grey`, sRGB-coded; `light`, linear; `tones`: albedo modes; and what was written."""
        kept = {name: value[number] for name, value in self.rows.items() if name not in ("picture", "uv")}
        uv = self.rows["uv"][number].astype(np.float32)
        planes = sampled(tones(), uv.reshape(-1, 2)).reshape(*uv.shape[:2], -1).transpose(2, 0, 1)
        coded = picture.astype(np.float32) / 255
        return kept | {"grey": grey(coded), "light": luminance(decode_srgb(coded)), "tones": planes}
