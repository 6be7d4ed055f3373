"""What a comparison shows of each variant: pictures on one scale, and skin texel by texel."""

from base64 import b64encode

import numpy as np
from jaxtyping import Float32, UInt8

from facetex_core.delivery.pictures import data_uri
from facetex_core.delivery.pictures_of_shape import shape_pictures
from facetex_core.descriptors.bank import layout_of
from facetex_core.geometry.camera import cut_camera, portrait_camera
from facetex_core.imaging.colour import to_bytes
from facetex_core.imaging.resize import resized
from facetex_core.lazy import cv2
from facetex_core.lighting.studio import studio
from facetex_core.stages import Renderer
from facetex_core.structures import Camera, Fit, Head, Texture, View
from facetex_core.workbench.comparison.metrics import face_pixels

PAGE_SIDE = 512
"""Pixels of a picture."""
PAGE_QUALITY = 90
ROUND_FACE = 1.7
"""Side of the square that is shown of the photo, in sides of the face's box."""
YAWS = {"front": 0.0, "side": 60.0}
PROFILE = 90.0
"""Degrees; the outline of the face."""
CROP_SHARE = 6
"""A crop of skin is one part in so many of the map's side."""
CROP_PLACES = {"forehead": ((19, 24, 27), 1.0), "right cheek": ((2, 31), 0.0), "left cheek": ((14, 35), 0.0)}
"""Landmarks in whose middle a crop lies, and by how much of its own side it lies higher."""
ON_SHEET = ("photo", "again", "front", "side", "untextured", "profile", "normals", "albedo")
PICTURES = (*ON_SHEET, *CROP_PLACES)
"""In the order of the page."""

Pixels = UInt8[np.ndarray, "height width 3"]


def photo_cut(view: View) -> tuple[Texture, Camera]:
    """A square of the photo round the face, visible on its skin, and the fitted camera that sees just that."""
    low, high = view.observation.face.box[:2], view.observation.face.box[2:]
    width, height = view.photo.size
    side = max(min(round(ROUND_FACE * float((high - low).max())), width, height), 1)
    corner = np.rint((low + high - side) / 2).clip(0, [width - side, height - side])
    left, top = (int(edge) for edge in corner)
    box, rows, columns = (left, top, left + side, top + side), slice(top, top + side), slice(left, left + side)
    camera = cut_camera(view.fit.camera, box, (PAGE_SIDE, PAGE_SIDE))
    rgb = resized(view.photo.rgb[rows, columns], (PAGE_SIDE, PAGE_SIDE), smooth=True)
    skin = cv2.resize(
        np.ascontiguousarray(view.observation.segmentation.skin[rows, columns]),
        (PAGE_SIDE, PAGE_SIDE),
        interpolation=cv2.INTER_LINEAR,
    )
    seen = np.asarray((skin > 0.5) * face_pixels(view.fit, camera), np.float32)
    return Texture(np.clip(rgb, 0, 1).astype(np.float32), seen), camera


def renders_of(head: Head, camera: Camera, renderer: Renderer) -> dict[str, Float32[np.ndarray, "side side 3"]]:
    """Portraits in the studio, and `again`: from the photo's camera in the fitted light."""
    light = studio()
    portraits = {name: portrait_camera(head.fit, yaw, PAGE_SIDE) for name, yaw in YAWS.items()}
    renders = {name: renderer.render(head, view, light).rgb for name, view in portraits.items()}
    return {**renders, "again": renderer.render(head, camera, head.appearance.lighting).rgb}


def shapes_of(fit: Fit, relief: Float32[np.ndarray, "size size 3"]) -> dict[str, Pixels]:
    """The head without its texture, from the front and in profile; `relief` is its normal map."""
    front, profile = (shape_pictures(fit, relief, portrait_camera(fit, yaw, PAGE_SIDE)) for yaw in (YAWS["front"], PROFILE))
    return {"untextured": front[0], "profile": profile[0], "normals": front[1]}


def crops_of(head: Head) -> dict[str, Pixels]:
    """Squares of plain skin of the albedo, a pixel a texel, at the same landmarks in every map."""
    places, size = layout_of(head.fit.model), head.albedo.size
    side = size // CROP_SHARE
    crops = {}
    for name, (landmarks, higher) in CROP_PLACES.items():
        middle = places[list(landmarks)].mean(0) * size - [0, higher * side * 0.6]
        left, top = np.rint(middle - side / 2).clip(0, size - side).astype(int)
        crops[name] = to_bytes(head.albedo.rgb[top : top + side, left : left + side])
    return crops


def jpeg_uri(pixels: Pixels) -> str:
    """The picture inside an address, at most PAGE_SIDE pixels high."""
    if len(pixels) > PAGE_SIDE:
        pixels = cv2.resize(pixels, (PAGE_SIDE, PAGE_SIDE), interpolation=cv2.INTER_AREA)
    return data_uri(pixels, quality=PAGE_QUALITY)


def png_uri(png: bytes) -> str:
    """The picture inside an address, every pixel as it is."""
    return "data:image/png;base64," + b64encode(png).decode("ascii")
