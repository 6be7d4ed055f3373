"""What is seen between the lips of drawn heads: enamel, gums and the mouth's dark sock, at rest and in shapes that open it.

python tests/benchmarks/mouth.py [--heads 12]

Square millimetres as seen from ahead, 20 and 45 degrees and from below, median and most of the heads. With lips shut no enamel
should be seen; with a jaw open by .3 and more, crowns should.
"""

import click
import numpy as np
from facetex_plugins.fit.basis import BasisFitter

from facetex_core.geometry.raycast import Scene

WIDE, ROWS = 0.08, 321
"""Metres of the square about the lips that is looked at, and rays along its side."""
DISTANCE = 0.3
SHAPES = {
    "rest": {},
    "jaw .1": {"jawOpen": 0.1},
    "jaw .3": {"jawOpen": 0.3},
    "jaw 1": {"jawOpen": 1.0},
    "smile": {"mouthSmileLeft": 1.0, "mouthSmileRight": 1.0},
}
VIEWS = {"ahead": (0, 0), "20": (20, 0), "45": (45, 0), "below": (0, -15)}
"""Degrees to the left and upwards."""
PARTS = ("teeth", "gums", "mouth")


def seen(model, vertices, yaw, pitch):
    """Square millimetres of each part."""
    e = model.embedding
    corners = vertices[model.mesh.triangles[e.landmark_triangles[48:]]]
    middle = np.einsum("pk,pkc->c", e.landmark_barycentric[48:], corners) / len(corners)
    a, b = np.radians([yaw, pitch])
    way = np.array([np.sin(a) * np.cos(b), np.sin(b), np.cos(a) * np.cos(b)])
    side = np.array([np.cos(a), 0, -np.sin(a)])
    line = np.linspace(-WIDE / 2, WIDE / 2, ROWS)
    x, y = (each.reshape(-1, 1) for each in np.meshgrid(line, line))
    origins = middle + x * side + y * np.cross(way, side) + DISTANCE * way
    ways = np.broadcast_to(-way, origins.shape)
    triangle = Scene(vertices, model.mesh.triangles).first_hits(origins.astype(np.float32), ways.astype(np.float32))[0]
    area = (1000 * WIDE / (ROWS - 1)) ** 2
    spans = [model.mesh.parts[name] for name in PARTS]
    return [area * ((triangle >= span.start) & (triangle < span.stop)).sum() for span in spans]


@click.command()
@click.option("--heads", default=12, show_default=True)
def main(heads):
    """Prints the table."""
    model, rng = BasisFitter().model, np.random.default_rng(0)
    people = [rng.standard_normal(len(model.identity)).astype(np.float32) * (k > 0) for k in range(heads)]
    print(f"{'':8}{'view':7}" + "".join(f"{name:>16}" for name in PARTS) + "   square mm: median, most")
    for shape, weights in SHAPES.items():
        expression = np.float32([weights.get(name, 0) for name in model.expression_names])
        for view, angles in VIEWS.items():
            rows = np.array([seen(model, model.vertices(person, expression), *angles) for person in people])
            print(f"{shape:8}{view:7}" + "".join(f"{np.median(row):8.1f}{row.max():8.1f}" for row in rows.T))


if __name__ == "__main__":
    main()
