"""Sheets of pictures by which a face basis is judged by eye."""

from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float

from training.face_basis.checks import texel_sizes
from training.face_basis.pictures import Picture, Vertices, density_picture, layout_picture, render
from training.face_basis.regions import dense_places
from training.face_basis.source import Arrays

GRIN = dict.fromkeys(("mouthSmileLeft", "mouthSmileRight", "mouthUpperUpLeft", "mouthUpperUpRight"), 0.8)
EYE, MOUTH, CORNER, NOSE = (0.032, 0.036), (0, -0.034), (0.02, -0.034), (0, -0.005)
"""Middles of close views, metres to the subject's left and up."""

Row = list[Picture]


def posed(arrays: Arrays, **weights: float) -> Vertices:
    """The mean with some expressions."""
    names = arrays["expression_names"].tolist()
    moves = [weight * arrays["expression"][names.index(name)].astype(np.float64) for name, weight in weights.items()]
    return arrays["mean"] + np.sum(moves, axis=0)


def marks(arrays: Arrays, kind: str) -> Float[np.ndarray, "points 3"]:
    """Where the `dense` points or the `landmark` ones lie on the mean."""
    corners = arrays["mean"].astype(np.float64)[arrays["triangles"][arrays[f"{kind}_triangles"]]]
    return np.einsum("pkc,pk->pc", corners, arrays[f"{kind}_barycentric"])


def faces(arrays: Arrays) -> dict[str, Row]:
    """The mean from three sides, faces that it makes, lids and lips from nearby, and where the eyes can look."""
    mean = arrays["mean"].astype(np.float64)
    blink = posed(arrays, eyeBlinkLeft=1, eyeBlinkRight=1)
    made = posed(arrays, **GRIN), posed(arrays, jawOpen=1), blink, posed(arrays, mouthSmileLeft=1, mouthSmileRight=1)
    looks = (posed(arrays, **{f"eyeLook{way}Left": 1}) for way in ("Up", "Down", "In", "Out"))
    return {
        "views": [render(mean, arrays, yaw=yaw, width=0.38) for yaw in (0, 40, 90)],
        "expressions": [render(face, arrays, width=0.24) for face in made],
        "close": [
            render(mean, arrays, width=0.05, centre=EYE),
            render(posed(arrays, eyeBlinkLeft=1), arrays, width=0.05, centre=EYE),
            render(mean, arrays, width=0.07, centre=MOUTH),
            render(posed(arrays, jawOpen=0.5), arrays, width=0.09, centre=(0, -0.045)),
        ],
        "gaze": [render(face, arrays, width=0.05, centre=EYE) for face in looks],
    }


def people(arrays: Arrays) -> Row:
    """Four heads that the modes draw."""
    rng, modes = np.random.default_rng(3), arrays["identity"].astype(np.float64)
    heads = [arrays["mean"] + np.tensordot(rng.standard_normal(len(modes)), modes, 1) for _ in range(4)]
    return [render(head, arrays, yaw=yaw, width=0.34) for head, yaw in zip(heads, (0, 20, -35, 60), strict=True)]


def landmarks(arrays: Arrays) -> dict[str, Row]:
    """Both sets of points on the mean, and the dense ones from nearby."""
    mean, dense = arrays["mean"].astype(np.float64), marks(arrays, "dense")
    both = dense, marks(arrays, "landmark")
    close = [render(mean, arrays, width=0.06, centre=at, marks=dense, size=900) for at in (CORNER, EYE, NOSE)]
    return {
        "landmarks": [render(mean, arrays, width=0.20, marks=points, size=1000) for points in both],
        "landmarks_close": close,
    }


def draw(arrays: Arrays, folder: Path) -> None:
    """Writes all sheets."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, row in (faces(arrays) | {"people": people(arrays)} | landmarks(arrays)).items():
        cv2.imwrite(str(folder / f"{name}.png"), np.hstack(row))
    cv2.imwrite(str(folder / "layout.png"), layout_picture(arrays, dense_places(arrays)))
    cv2.imwrite(str(folder / "density.png"), density_picture(arrays, texel_sizes(arrays)))
