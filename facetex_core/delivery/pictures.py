"""Pictures of what the stages found, for the report."""

from base64 import b64encode
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Float32, Int32, UInt8

from facetex_core.geometry.camera import project
from facetex_core.geometry.mesh import triangle_normals
from facetex_core.imaging.colour import to_bytes
from facetex_core.imaging.resize import resized
from facetex_core.lighting.estimate_lighting import specular_map
from facetex_core.pipeline import Run
from facetex_core.structures import Fit, View
from facetex_core.texture.regions import face_slices

if TYPE_CHECKING:
    import jinja2

LONGEST_PICTURE = 560
"""Pixels along the longer side: sharp on a phone, and the report stays under a few megabytes."""
REPORT_QUALITY = 86
BLUE, GREEN, ORANGE = (38, 110, 230), (60, 190, 120), (240, 140, 30)
PALETTE = (BLUE, ORANGE, GREEN, (200, 70, 160), (120, 100, 220), (40, 180, 200), (190, 170, 40), (200, 70, 60))
"""What each photo gave is shown in a colour of its own; from the ninth on they come again."""

Pixels = UInt8[np.ndarray, "height width 3"]


def stage_pictures(run: Run) -> dict[str, Pixels]:
    """One picture a stage, by the stage's name; what is seen of a photo, of the main one."""
    head, main = run.head, run.views[0]
    return {
        "detect": _face_found(main, _head_box(main)),
        "fit": fit_over_photo(main),
        "segment": _skin_over_photo(main, _head_box(main)),
        "unwrap": small(to_bytes(head.lit.rgb)),
        "visibility": small(np.repeat(np.rint(run.visibility.clip(0, 1) * 255).astype(np.uint8)[..., None], 3, -1)),
        "delight": small(to_bytes(run.merged.albedo.rgb)),
        "specular": small(to_bytes(specular_map(head))),
        "synthesize": small(to_bytes(head.albedo.rgb)),
        "detail": small(np.rint((head.detail.normals * 0.5 + 0.5).clip(0, 1) * 255).astype(np.uint8)),
    }


def shares_picture(run: Run) -> Pixels:
    """The face's box of the albedo in grey, tinted by the colour of the photo that gave each texel."""
    box = face_slices(run.head.fit.model, run.merged.albedo.size)
    tints = np.array([colour_of(number) for number in range(len(run.views))], np.float32)
    light = 0.25 + 0.75 * to_bytes(run.merged.albedo.rgb[box]).mean(-1, dtype=np.float32)[..., None] / 255
    return small(np.rint(np.tensordot(run.merged.shares[:, *box], tints, (0, 0)) * light).astype(np.uint8))


def colour_of(number: int) -> tuple[int, int, int]:
    """Of photo `number`, counted from 0."""
    return PALETTE[number % len(PALETTE)]


def small(pixels: Pixels) -> UInt8[np.ndarray, "rows columns 3"]:
    """No longer than the report needs."""
    import cv2

    scale = LONGEST_PICTURE / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    size = (max(round(pixels.shape[1] * scale), 1), max(round(pixels.shape[0] * scale), 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def data_uri(pixels: Pixels, **how: int) -> str:
    """The picture inside an address; `how` JPEG is written."""
    from PIL import Image

    file = BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "JPEG", **{"quality": REPORT_QUALITY, **how})
    return "data:image/jpeg;base64," + b64encode(file.getvalue()).decode("ascii")


def _head_box(view: View) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of a square round the face, inside the photo."""
    low, high = view.observation.face.box[:2], view.observation.face.box[2:]
    middle, reach = (low + high) / 2, 0.85 * float((high - low).max())
    left, top = np.maximum(np.floor(middle - reach), 0).astype(int)
    right, bottom = np.minimum(np.ceil(middle + reach), view.photo.size).astype(int)
    return int(left), int(top), int(max(right, left + 1)), int(max(bottom, top + 1))


def _cut(picture: Float32[np.ndarray, "rows columns 3"], box: tuple[int, int, int, int]) -> tuple[Pixels, float]:
    """The box at the report's size, and how much larger or smaller it has become."""
    left, top, right, bottom = box
    cut = np.ascontiguousarray(to_bytes(picture[top:bottom, left:right]))
    scale = LONGEST_PICTURE / max(cut.shape[:2])
    size = (max(round(cut.shape[1] * scale), 1), max(round(cut.shape[0] * scale), 1))
    return resized(cut, size), scale


def _fixed(points: Float[np.ndarray, "*many 2"]) -> Int32[np.ndarray, "*many 2"]:
    """Sixteenths of a pixel, as OpenCV draws; its pixel centres are whole numbers."""
    return np.round((points - 0.5) * 16).astype(np.int32)


def _face_found(view: View, box: tuple[int, int, int, int]) -> Pixels:
    """Box, dense points and the 68 landmarks."""
    import cv2

    drawn, scale = _cut(view.photo.rgb, box)
    corner = np.array(box[:2])
    low, high = (_fixed((edge - corner) * scale) for edge in (view.observation.face.box[:2], view.observation.face.box[2:]))
    cv2.rectangle(drawn, low.tolist(), high.tolist(), BLUE, 2, cv2.LINE_AA, 4)
    for points, radius, colour in ((view.observation.face.dense, 0.9, GREEN), (view.observation.face.landmarks, 1.8, ORANGE)):
        for point in _fixed((points - corner) * scale).tolist():
            cv2.circle(drawn, point, round(radius * 16), colour, -1, cv2.LINE_AA, 4)
    return drawn


def fit_over_photo(view: View) -> Pixels:
    """The edges of the triangles that face the camera."""
    import cv2

    box = _head_box(view)
    cut, scale = _cut(view.photo.rgb, box)
    places = (project(view.fit.camera, view.fit.vertices) - np.array(box[:2])) * scale
    drawn = cut.copy()
    lines = [_fixed(places[triangle])[:, None] for triangle in _facing_triangles(view.fit)]
    cv2.polylines(drawn, lines, isClosed=True, color=BLUE, thickness=1, lineType=cv2.LINE_AA, shift=4)
    return np.asarray(cv2.addWeighted(cut, 0.7, drawn, 0.3, 0), np.uint8)


def _facing_triangles(fit: Fit) -> Int32[np.ndarray, "facing 3"]:
    triangles = fit.model.mesh.triangles[fit.model.mesh.parts["skin"]]
    towards = fit.camera.position - fit.vertices[triangles[:, 0]]
    return triangles[np.einsum("ti,ti->t", triangle_normals(fit.vertices, triangles), towards) > 0]


def _skin_over_photo(view: View, box: tuple[int, int, int, int]) -> Pixels:
    """What is no skin, in grey and dimmed."""
    import cv2

    left, top, right, bottom = box
    cut, _ = _cut(view.photo.rgb, box)
    skin = cv2.resize(view.observation.segmentation.skin[top:bottom, left:right], (cut.shape[1], cut.shape[0]))[..., None].clip(
        0, 1
    )
    dim = 0.35 * cut.mean(-1, keepdims=True) + 0.5 * np.array([40, 46, 60])
    return np.rint(cut * skin + dim * (1 - skin)).astype(np.uint8)


@cache
def template(package: str, name: str) -> "jinja2.Template":
    """The template `name`.html.jinja that lies in a package."""
    import jinja2

    text = files(package).joinpath(f"{name}.html.jinja").read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(text)
