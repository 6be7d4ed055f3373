"""Texture maps as PNG files: colour coded by sRGB's curve, data linear; no metadata, the same bytes every time."""

import json
from io import BytesIO
from pathlib import Path

import numpy as np
from jaxtyping import Float32, UInt8, UInt16

from facetex_core.imaging.colour import to_bytes
from facetex_core.structures import Detail

ALBEDO, LIT, VISIBILITY, NORMAL, DISPLACEMENT = "albedo.png", "lit.png", "visibility.png", "normal.png", "displacement.png"
ROUGHNESS, HIGHLIGHTS, OCCLUSION = "roughness.png", "highlights.png", "occlusion.png"

MIDLEVEL = 32768 / 65535
"""The 16-bit value of no displacement."""
SCALE_STEP = 0.1
"""Millimetres; the range is rounded up to whole steps."""


def colour_png(linear: Float32[np.ndarray, "height width 3"]) -> bytes:
    """8-bit sRGB."""
    return encode_png(to_bytes(linear))


def data_png(values: Float32[np.ndarray, "*shape"]) -> bytes:
    """8 bits, linear, for values in [0, 1]."""
    return encode_png(np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8))


def normal_png(normals: Float32[np.ndarray, "height width 3"]) -> bytes:
    """A tangent-space normal map with +y up, as glTF wants it; 128, 128, 255 is straight out."""
    return data_png((normals * 0.5 + 0.5).astype(np.float32))


def surface_png(occlusion: Float32[np.ndarray, "size size"], roughness: Float32[np.ndarray, "size size"]) -> bytes:
    """Occlusion in red, roughness in green and no metal in blue, as glTF wants them."""
    return data_png(np.stack([occlusion, roughness, np.zeros_like(roughness)], -1))


def displacement_scale(detail: Detail) -> float:
    """Millimetres between black and white that hold every displacement of the map."""
    steps = np.ceil(2 * 1000 * float(np.abs(detail.displacement).max()) / SCALE_STEP)
    return round(SCALE_STEP * max(float(steps) + 1, 1), 1)


def displacement_png(detail: Detail) -> bytes:
    """16 bits: millimetres = (value / 65535 - MIDLEVEL) * scale."""
    share = 1000 * detail.displacement / displacement_scale(detail) + MIDLEVEL
    return encode_png(np.rint(np.clip(share, 0, 1) * 65535).astype(np.uint16))


def displacement_note(detail: Detail) -> str:
    """What the displacement's numbers mean, as JSON for the file beside it."""
    note = {
        "scale_mm": displacement_scale(detail),
        "midlevel": MIDLEVEL,
        "bits": 16,
        "formula": "displacement_mm = (value / 65535 - midlevel) * scale_mm, along the normal, outwards",
    }
    return json.dumps(note, indent=2) + "\n"


def encode_png(pixels: UInt8[np.ndarray, "*shape"] | UInt16[np.ndarray, "height width"]) -> bytes:
    """Grey or RGB pixels as PNG."""
    from PIL import Image

    file = BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG")
    return file.getvalue()


def write(path: Path, content: bytes | str) -> Path:
    """Writes the content, text as UTF-8 with line feeds on every system; returns the path."""
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path
