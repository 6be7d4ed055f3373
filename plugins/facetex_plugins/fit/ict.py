"""Fitter with the full ICT-FaceKit (Li et al. 2020, github.com/ICT-VGL/ICT-FaceKit, MIT), from its folder or an archive.

FaceXModel/ holds a generic mesh, 100 identity shapes and 55 expressions as OBJ files in centimetres, all with the same
vertices. Its own UV map is left aside: the bank's cells are places of ours. Skin, eyes, mouth and teeth are kept;
gums, tongue, lashes and the helper meshes round the eyes, which our basis lacks, are not. The gaze moves the lids only.
"""

from pathlib import Path

import numpy as np
from facetex_model_zoo.folders import read_members
from jaxtyping import Float, Float64, Int32

from facetex_core import ModelImporter, hookimpl
from facetex_plugins.fit.bare_model import BareModel
from facetex_plugins.fit.licensed import LicensedFitter

CENTIMETRE = 1e-2
VERTICES, SKIN = 26719, 11248
BEHIND = {"left_eye": (21451, 22221), "right_eye": (23021, 23791), "mouth": (11248, 13294), "teeth": (17039, 21451)}
"""Ranges of vertices by the README of ICT-FaceKit; the eyes without the discs of their irises."""
ONE_SHAPE_IN_ARKIT = ("browInnerUp", "cheekPuff")
PUPIL_SHAPE = "PupilDilate"

api_version = 2


@hookimpl
def fitters() -> dict[str, type]:
    """The model that our own basis has learned from, whole."""
    return {"ict": IctFitter}


@hookimpl
def model_importers() -> dict[str, ModelImporter]:
    """Laid over our basis when it is added."""
    return {"ict": IctFitter.take_in}


class IctFitter(LicensedFitter):
    """Identity and ARKit expression coefficients of ICT-FaceKit: at most `identity` of 100, `expression` of 53."""

    model_name = "ict"

    @staticmethod
    def read(source: Path) -> BareModel:
        """The model of a folder or archive of the repository, or of its folder FaceXModel."""
        shapes, triangles = {}, np.zeros((0, 3), np.int32)
        for path, content in read_members(source, ".obj"):
            shapes[path.stem] = CENTIMETRE * read_vertices(content)
            if path.stem == "generic_neutral_mesh":
                triangles = read_triangles(content)
        mean = shapes.pop("generic_neutral_mesh", np.zeros((0, 3)))
        if len(mean) != VERTICES or any(len(points) != VERTICES for points in shapes.values()):
            raise ValueError(f"generic_neutral_mesh.obj and the shapes beside it should have {VERTICES} vertices each")
        identities = [f"identity{index:03d}" for index in range(sum(name.startswith("identity") for name in shapes))]
        if not identities:
            raise ValueError("it holds no identity000.obj, identity001.obj, ...")
        identity = np.stack([shapes.pop(name) - mean for name in identities])
        moves: dict[str, Float[np.ndarray, "vertices 3"]] = {}
        for name in sorted(name for name in shapes if not name.startswith(PUPIL_SHAPE)):
            moves[arkit_name(name)] = moves.get(arkit_name(name), 0) + shapes[name] - mean
        spans = {"skin": (0, SKIN), **BEHIND}
        pieces = {part: _within(triangles, span) for part, span in spans.items()}
        kept = np.unique(np.concatenate(list(pieces.values())))
        return BareModel(
            "ict",
            mean[kept].astype(np.float32),
            {part: np.searchsorted(kept, piece).astype(np.int32) for part, piece in pieces.items()},
            identity[:, kept].astype(np.float32),
            np.stack(list(moves.values()))[:, kept].astype(np.float32),
            tuple(moves),
        )


def arkit_name(name: str) -> str:
    """browDown_L is browDownLeft; what ARKit has for both sides at once goes by one name."""
    stem, _, side = name.partition("_")
    return stem if stem in ONE_SHAPE_IN_ARKIT else stem + {"L": "Left", "R": "Right", "": ""}[side]


def _within(triangles: Int32[np.ndarray, "triangles 3"], span: tuple[int, int]) -> Int32[np.ndarray, "_ 3"]:
    """Those that end in the range: where parts meet, a corner may lie in an earlier one."""
    return triangles[(triangles.max(1) >= span[0]) & (triangles.max(1) < span[1])]


def read_vertices(content: bytes) -> Float64[np.ndarray, "vertices 3"]:
    """The lines `v x y z`."""
    words = b" ".join(line[2:] for line in content.split(b"\n") if line.startswith(b"v ")).split()
    return np.array(words, np.float64).reshape(-1, 3)


def read_triangles(content: bytes) -> Int32[np.ndarray, "triangles 3"]:
    """The lines `f a/at b/bt c/ct ...`, each polygon fanned from its first corner."""
    lines = (line.split()[1:] for line in content.split(b"\n") if line.startswith(b"f "))
    corners = [[int(word.split(b"/")[0]) - 1 for word in line] for line in lines]
    fans = [(line[0], *line[k : k + 2]) for line in corners for k in range(1, len(line) - 1)]
    return np.array(fans, np.int32).reshape(-1, 3)
