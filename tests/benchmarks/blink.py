"""What is seen of the eyeballs of drawn heads that blink, in square millimetres: median and most.

python tests/benchmarks/blink.py [--heads 16]

Seen from ahead, from either side, from above and below. Of shut eyes nothing should be seen.
"""

import click
import numpy as np
from facetex_plugins.fit.basis import BasisFitter

from facetex_core import MorphableModel
from facetex_core.geometry.raycast import Scene

WIDE, ROWS = 0.045, 161
"""Metres of the square about the eye that is looked at, and rays along its side."""
DISTANCE = 0.2
VIEWS = {"ahead": (0, 0), "out": (45, 0), "in": (-20, 0), "above": (0, 15), "below": (0, -15)}
"""Degrees to the subject's left and upwards; the left eye is looked at."""
WEIGHTS = (0.0, 0.5, 0.9, 1.0)


def eyeball_seen(model: MorphableModel, vertices: np.ndarray, yaw: float, pitch: float) -> float:
    """Square millimetres of the left eyeball."""
    mesh, span = model.mesh, model.mesh.parts["left_eye"]
    middle = vertices[np.unique(mesh.triangles[span])].mean(0)
    a, b = np.radians([yaw, pitch])
    way = np.array([np.sin(a) * np.cos(b), np.sin(b), np.cos(a) * np.cos(b)])
    side = np.array([np.cos(a), 0, -np.sin(a)])
    line = np.linspace(-WIDE / 2, WIDE / 2, ROWS)
    x, y = (each.reshape(-1, 1) for each in np.meshgrid(line, line))
    origins = middle + x * side + y * np.cross(way, side) + DISTANCE * way
    ways = np.broadcast_to(-way, origins.shape)
    triangle = Scene(vertices, mesh.solid).first_hits(origins.astype(np.float32), ways.astype(np.float32))[0]
    return float(((triangle >= span.start) & (triangle < span.stop)).sum() * (1000 * WIDE / (ROWS - 1)) ** 2)


def blinking(model: MorphableModel, weight: float) -> np.ndarray:
    """Weights of the shapes."""
    return np.float32([weight if name.startswith("eyeBlink") else 0 for name in model.expression_names])


@click.command()
@click.option("--heads", default=16, show_default=True)
def main(heads: int) -> None:
    """Prints a row for each weight and view."""
    model, rng = BasisFitter().model, np.random.default_rng(0)
    people = [rng.standard_normal(len(model.identity)).astype(np.float32) * (k > 0) for k in range(heads)]
    for weight in WEIGHTS:
        faces = [model.vertices(person, blinking(model, weight)) for person in people]
        for view, angles in VIEWS.items():
            seen = [eyeball_seen(model, face, *angles) for face in faces]
            print(f"eyeBlink {weight:.1f}  {view:6} {np.median(seen):7.1f} {max(seen):7.1f}")


if __name__ == "__main__":
    main()
