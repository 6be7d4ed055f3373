"""A copy of a GLB that is small enough to stand in a page: coarser numbers, which deflate well, and smaller pictures."""

import json
from typing import Any

import numpy as np
from jaxtyping import Float, Float32

from facetex_core.lazy import cv2

LONGEST_TEXTURE = 1024
"""Texels along a picture's longer side."""
TEXTURE_QUALITY = 88
ROUNDED_TO = {"POSITION": 2.0**-14, "NORMAL": 2.0**-9, "TANGENT": 2.0**-9, "TEXCOORD_0": 2.0**-14}
MOVES_ROUNDED_TO = {"POSITION": 2.0**-14, "NORMAL": 2.0**-6}
"""To what vertex attributes, and what moves them, are rounded: places to 0.06 mm, moves of normals to a degree."""
FLOAT = 5126
"""glTF's number for single precision."""


def small_glb(glb: bytes) -> bytes:
    """The same heads; no number and no picture of it is the file's own any more."""
    length = int.from_bytes(glb[12:16], "little")
    document, binary = json.loads(glb[20 : 20 + length]), glb[28 + length :]
    steps, pictures = _steps(document), {each.get("bufferView"): each for each in document.get("images", ())}
    content = bytearray()
    for number, view in enumerate(document["bufferViews"]):
        start = view.get("byteOffset", 0)
        part = binary[start : start + view["byteLength"]]
        if number in pictures:
            part, pictures[number]["mimeType"] = _smaller(part, pictures[number].get("mimeType", ""))
        elif number in steps:
            part = _rounded(np.frombuffer(part, "<f4"), steps[number]).tobytes()
        view.update(byteOffset=len(content), byteLength=len(part))
        content += part + bytes(-len(part) % 4)
    document["buffers"] = [{"byteLength": len(content)}]
    text = json.dumps(document, separators=(",", ":")).encode()
    chunks = _chunk(b"JSON", text + b" " * (-len(text) % 4)) + _chunk(b"BIN\0", bytes(content))
    return b"glTF" + (2).to_bytes(4, "little") + (12 + len(chunks)).to_bytes(4, "little") + chunks


def _steps(document: dict[str, Any]) -> dict[int, float]:
    """By number of the buffer view: what holds a vertex attribute, or moves one. Bounds are rounded here."""
    primitives = [primitive for mesh in document["meshes"] for primitive in mesh["primitives"]]
    tables = [(each["attributes"], ROUNDED_TO) for each in primitives]
    tables += [(target, MOVES_ROUNDED_TO) for each in primitives for target in each.get("targets", ())]
    numbers = {number: kinds[name] for table, kinds in tables for name, number in table.items() if name in kinds}
    steps = {}
    for accessor, step in ((document["accessors"][number], step) for number, step in numbers.items()):
        if accessor["componentType"] == FLOAT:
            holders = (accessor, accessor.get("sparse", {}).get("values", {}))
            steps.update({each["bufferView"]: step for each in holders if "bufferView" in each})
            accessor.update({edge: _rounded(accessor[edge], step).tolist() for edge in ("min", "max") if edge in accessor})
    return steps


def _rounded(values: Float[np.ndarray, "numbers"] | list[float], step: float) -> Float32[np.ndarray, "numbers"]:
    return (np.rint(np.asarray(values) / step) * step + 0.0).astype("<f4")


def _smaller(picture: bytes, kind: str) -> tuple[bytes, str]:
    """As JPEG, or as PNG if it is see-through, and its media type; what OpenCV cannot read stays as it is."""
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        return picture, kind
    scale = LONGEST_TEXTURE / max(pixels.shape[:2])
    if scale < 1:
        pixels = np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    if pixels.shape[2:] == (4,):
        return cv2.imencode(".png", pixels)[1].tobytes(), "image/png"
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, TEXTURE_QUALITY])[1].tobytes(), "image/jpeg"


def _chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "little") + kind + content
