"""What stands in a GLB: accessors, pictures, meshes by name."""

from io import BytesIO

import numpy as np
from PIL import Image

KINDS = {5121: "u1", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


def read(document, number):
    """An accessor's values, sparse or not."""
    accessor = document.accessors[number]
    wide = WIDTHS[accessor.type]
    values = np.zeros((accessor.count, wide), KINDS[accessor.componentType])
    if accessor.bufferView is not None:
        values = view(document, accessor.bufferView, KINDS[accessor.componentType]).reshape(-1, wide).copy()
    if accessor.sparse:
        rows = view(document, accessor.sparse.indices.bufferView, KINDS[accessor.sparse.indices.componentType])
        values[rows] = view(document, accessor.sparse.values.bufferView, KINDS[accessor.componentType]).reshape(-1, wide)
    return values


def view(document, number, kind):
    place = document.bufferViews[number]
    return np.frombuffer(document.binary_blob(), np.uint8)[place.byteOffset : place.byteOffset + place.byteLength].view(kind)


def picture(document, name):
    image = next(image for image in document.images if image.name == name)
    return np.asarray(Image.open(BytesIO(view(document, image.bufferView, np.uint8).tobytes())))


def pieces(document):
    """The one primitive of every mesh, by the mesh's name."""
    return {mesh.name: mesh.primitives[0] for mesh in document.meshes}
