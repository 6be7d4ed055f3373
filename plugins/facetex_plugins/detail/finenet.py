"""FineNet (Richardson, Sela, Or-El, Kimmel 2017, section 3.2): relief by a network that sees the photo and the coarse head.

The network changes the depth of the fitted head over the photo. The change becomes a displacement along the normals over the UV
map: the medium band, between what the mesh holds and what the texture tells; the fine band stays the texture's (`shading`).
Skin that the photo hides takes the medium band of its mirror.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import numpy as np
from facetex_model_zoo import model_path
from jaxtyping import Float32, Float64

from facetex_core import Camera, DelitView, Detail, Device, Fit, Meta, Photo, PhotoError, Texture, hookimpl
from facetex_core.geometry.camera import project
from facetex_core.geometry.geometry_images import GeometryImages, geometry_images
from facetex_core.geometry.uv_raster import interpolate
from facetex_core.imaging.colour import encode_srgb
from facetex_core.imaging.face_square import FaceSquare, cropped, grey
from facetex_core.imaging.masked_blur import blur_where
from facetex_core.io.onnx_session import open_session
from facetex_core.lazy import cv2
from facetex_core.texture.regions import region, skin_texels
from facetex_core.texture.unwrap import unwrap
from facetex_plugins.detail.shading import ShadingDetailer, normals_of
from facetex_plugins.detail.thresholds import COARSEST_RELIEF, RELIEF_FADE

if TYPE_CHECKING:
    import onnxruntime

api_version = 2
FACE_AROUND = 1.15
"""Sides of the crop in those of the square about the face."""
SIDES, CROP_STEP = (64, 320), 32
"""Pixels of a crop: fewer show no shape, and of more the network sees less of the face than it learned from; in such steps."""
BROADEST_RELIEF = 0.04
"""Blur, as a share of the map, above which the change is the shape of the head."""
FARTHEST = 0.004
"""Metres to either side that a displacement may have on its way to the map."""
Plane = Float32[np.ndarray, "side side"]


@hookimpl
def detailers() -> dict[str, type]:
    """One."""
    return {"finenet": FineNetDetailer}


class FineNetDetailer(ShadingDetailer):
    """Folds and cheeks by a network that looks at the photo; pores by the texture, as `shading` has them."""

    waived_checks = ("flat_skin_has_no_relief",)
    """A network's answer to a picture of nothing is small, not nothing."""

    def __init__(
        self,
        medium: Annotated[float, Meta(ge=0, description="how much of the network's relief is taken")] = 1.0,
        strength: Annotated[
            float, Meta(ge=0, description="displacement in millimetres where the luminance is e times that of the surroundings")
        ] = 1.0,
        limit: Annotated[float, Meta(gt=0, description="largest displacement of the fine band in millimetres")] = 0.3,
        device: Device = "cpu",
    ) -> None:
        super().__init__(strength, limit)
        self.medium, self.device = medium, device

    def add_detail(self, views: Sequence[DelitView], albedo: Texture) -> Detail:
        """Displacement in metres and its normals."""
        fit, size = views[0].fit, albedo.size
        fine = super().add_detail(views, albedo).displacement
        own, seen = self._medium(views[0], size)
        other = (1 - seen) * seen[:, ::-1]
        depth = (fine + self.medium * (seen * own + other * own[:, ::-1])).astype(np.float32)
        texels = skin_texels(fit.model, size)
        return Detail(depth, normals_of(depth, interpolate(texels, fit.model.mesh, fit.neutral), texels.inside))

    def _medium(self, view: DelitView, size: int) -> tuple[Float32[np.ndarray, "size size"], Float32[np.ndarray, "size size"]]:
        """The medium band over the map in metres, and how well each texel is seen."""
        square, side = _laid(view)
        near, flow = _camera_in(view.fit, square, side)
        images = geometry_images(
            near.camera, view.fit.vertices, view.fit.model.mesh, np.zeros_like(view.fit.vertices), ("skin",)
        )
        skin = cropped(np.dstack([view.observation.segmentation.skin] * 3), square, side)[..., 0]
        picture, metres_a_pixel = network_picture(grey(encode_srgb(cropped(view.photo.rgb, square, side))), images, near.camera)
        change = self._session.run(["change"], {"picture": picture[None]})[0][0]
        change = change - (change[images.mask].mean() if images.mask.any() else 0)  # how far away it is, a photo does not tell
        moved = change * metres_a_pixel * np.abs(images.normals[..., 2])
        shown = Photo(np.dstack([np.clip(0.5 + moved / (2 * FARTHEST), 0, 1)] * 3).astype(np.float32))
        found = unwrap(shown, replace(near, residual_flow=flow), (skin * images.mask).astype(np.float32), size)
        values, seen = (found.rgb[..., :1] - 0.5) * 2 * FARTHEST, found.visibility
        band = blur_where(values, seen, COARSEST_RELIEF * size) - blur_where(values, seen, BROADEST_RELIEF * size)
        return band[..., 0], faded(np.clip(2 * seen, 0, 1), RELIEF_FADE * size) * region(view.fit.model, "face", size)

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        return open_session(model_path("finenet"), self.device)


def faded(weight: Plane, sigma: float) -> Plane:
    """The same falling to 0 at its borders from inside: relief does not end in a step where the photo's skin ends."""
    return np.clip(2 * cv2.GaussianBlur(weight, (0, 0), sigma) - 1, 0, 1).astype(np.float32)


def network_picture(photo: Plane, images: GeometryImages, camera: Camera) -> tuple[Float32[np.ndarray, "4 side side"], float]:
    """Grey and coarse normals, 0 beside the head, as in training; and how many metres a pixel of depth is."""
    depth, mask = images.depth, images.mask
    middle = float(depth[mask].mean()) if mask.any() else 1.0
    scale = float(np.linalg.norm(camera.intrinsics[0, :2]))
    high = np.pad(height(depth, mask.astype(np.float32), scale), 1, mode="edge")
    along_x, along_y = (high[1:-1, 2:] - high[1:-1, :-2]) / 2, (high[2:, 1:-1] - high[:-2, 1:-1]) / 2
    ways = np.stack([-along_x, -along_y, np.ones_like(along_x)])
    ways /= np.linalg.norm(ways, axis=0)
    return (np.concatenate([photo[None] - 0.5, ways]) * mask).astype(np.float32), middle / scale


def height(depth: Plane, mask: Plane, scale: float) -> Plane:
    """Pixels towards the camera from the mask's mean depth, `scale` pixels being as long as a depth; 0 where nothing is."""
    middle = float((depth * mask).sum() / mask.sum()) if mask.any() else 1.0
    return np.where(depth > 0, (middle - depth) * (scale / middle), 0).astype(np.float32)


def square_around(fit: Fit) -> FaceSquare:
    """Upright, about the fitted face."""
    face = fit.model.regions["face"] > 0.5
    points = project(fit.camera, fit.vertices[face]).astype(np.float64)
    low, high = points.min(0), points.max(0)
    return FaceSquare((low + high) / 2, FACE_AROUND * float((high - low).max()), 0.0)


def _laid(view: DelitView) -> tuple[FaceSquare, int]:
    """The square, and the pixels of its crop, a multiple of CROP_STEP; refuses a face of too few."""
    square = square_around(view.fit)
    if square.side < SIDES[0]:
        told = f"the face is too small for finenet ({square.side:.0f} pixels about it; it needs {SIDES[0]})"
        raise PhotoError(f"{view.photo.name}: {told}")
    return square, CROP_STEP * round(min(square.side, SIDES[1]) / CROP_STEP)


def _camera_in(fit: Fit, square: FaceSquare, side: int) -> tuple[Fit, Float32[np.ndarray, "vertices 2"] | None]:
    """The fit as the crop's camera sees it, and where the crop shows its skin."""
    matrix: Float64[np.ndarray, "3 3"] = square.matrix(side)
    camera = Camera((matrix @ fit.camera.intrinsics).astype(np.float32), fit.camera.world_to_camera, (side, side))
    flow = None if fit.residual_flow is None else (fit.residual_flow @ matrix[:2, :2].T).astype(np.float32)
    return replace(fit, camera=camera), flow
